//! How header maps cross the border.
//!
//! ```text
//! ┌───────┬────────────┬──────────────┬─────┬────────┬───┬──────────┬───┬─────┐
//! │ count │ name 0 len │ value 0 len  │  …  │ name 0 │ 0 │ value 0  │ 0 │  …  │
//! │ u32   │ u32        │ u32          │     │ bytes  │   │ bytes    │   │     │
//! └───────┴────────────┴──────────────┴─────┴────────┴───┴──────────┴───┴─────┘
//! ```

/// Names and values in order, as bytes.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// The bytes of these pairs; nothing for none.
#[must_use]
pub fn encode_pairs(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let word = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = word(pairs.len()).to_vec();
    for (name, value) in pairs {
        bytes.extend(word(name.len()));
        bytes.extend(word(value.len()));
    }
    for part in pairs.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend(part);
        bytes.push(0);
    }
    bytes
}

/// The pairs in these bytes. Where they are too short for what they announce there are none, as in
/// Envoy; a length that reaches beyond the end is cut there.
#[must_use]
pub fn decode_pairs(bytes: &[u8]) -> Pairs {
    let word = |at: usize| -> Option<usize> {
        let word: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(word)).ok()
    };
    let Some(count) = word(0) else {
        return Pairs::new();
    };
    let Some(mut at) = count
        .checked_mul(8)
        .and_then(|lengths| lengths.checked_add(4))
        .filter(|end| *end <= bytes.len())
    else {
        return Pairs::new();
    };
    let mut take = |len: usize| {
        let end = at.saturating_add(len).min(bytes.len());
        let part = bytes.get(at..end).unwrap_or_default().to_vec();
        at = end.saturating_add(1);
        part
    };
    (0..count)
        .map(|i| {
            let name = take(word(4 + i * 8).unwrap_or_default());
            let value = take(word(8 + i * 8).unwrap_or_default());
            (name, value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Pairs, decode_pairs, encode_pairs};

    fn pairs(of: &[(&str, &str)]) -> Pairs {
        let bytes = |text: &&str| text.as_bytes().to_vec();
        of.iter().map(|(n, v)| (bytes(n), bytes(v))).collect()
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for some in [
            &[][..],
            &[("a", "")],
            &[(":path", "/"), ("x", "1"), ("x", "2")],
        ] {
            assert_eq!(decode_pairs(&encode_pairs(&pairs(some))), pairs(some));
        }
    }

    #[test]
    fn bytes_that_are_too_short_hold_no_pairs() {
        let bytes = encode_pairs(&pairs(&[("name", "value"), ("x", "y")]));
        for len in 0..20 {
            assert_eq!(decode_pairs(&bytes[..len]), Pairs::new(), "{len} bytes");
        }
        assert_eq!(decode_pairs(&u32::MAX.to_le_bytes()), Pairs::new());
    }

    #[test]
    fn lengths_beyond_the_end_are_cut() {
        let mut bytes = encode_pairs(&pairs(&[("name", "value")]));
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        let decoded = decode_pairs(&bytes);
        assert_eq!(decoded.len(), 1);
        assert!(decoded[0].0.starts_with(b"name\0value"));
    }
}
