//! Header maps as hosts hand them over.
//!
//! proxy-wasm ABI 0.2.1, "Serialized maps": the number of pairs, then the length of each name and
//! value, then all names and values, each with a NUL behind it. Numbers are u32, little-endian.

use alloc::vec::Vec;

/// Most pairs that are read.
pub const PAIRS_MAX: u32 = 1_024;

/// The pairs in `bytes`, as far as these are well-formed.
pub fn pairs(bytes: &[u8]) -> Pairs<'_> {
    let (count, rest) = match bytes.split_first_chunk() {
        Some((count, rest)) => (u32::from_le_bytes(*count).min(PAIRS_MAX), rest),
        None => (0, bytes),
    };
    let lengths_len = usize::try_from(count).unwrap_or(0).saturating_mul(8);
    let (lengths, texts) = rest.split_at_checked(lengths_len).unwrap_or_default();
    Pairs { lengths, texts }
}

/// The bytes of a map with these pairs.
pub fn serialized<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = Vec::from(number(pairs.clone().count()));
    for (name, value) in pairs.clone() {
        bytes.extend(number(name.len()));
        bytes.extend(number(value.len()));
    }
    for text in pairs.flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(text);
        bytes.push(0);
    }
    bytes
}

/// Names and values that are left.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    lengths: &'a [u8],
    texts: &'a [u8],
}

impl<'a> Pairs<'a> {
    fn text(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.lengths.split_first_chunk()?;
        self.lengths = rest;
        let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        let (text, rest) = self.texts.split_at_checked(len)?;
        self.texts = rest.strip_prefix(b"\0")?;
        Some(text)
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.text()?, self.text()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes_of(headers: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let pairs = headers.iter();
        serialized(pairs.map(|(name, value)| (name.as_slice(), value.as_slice())))
    }

    proptest! {
        #[test]
        fn what_was_serialized_is_read(headers: Vec<(Vec<u8>, Vec<u8>)>) {
            let bytes = bytes_of(&headers);
            let read: Vec<_> = pairs(&bytes).map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
            prop_assert_eq!(read, headers);
        }

        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            prop_assert!(pairs(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn what_is_cut_off_is_read_so_far() {
        let headers = [
            (b"a".to_vec(), b"1".to_vec()),
            (b"b".to_vec(), b"2".to_vec()),
        ];
        let bytes = bytes_of(&headers);
        assert_eq!(pairs(&bytes[..bytes.len() - 1]).count(), 1);
        assert_eq!(pairs(&[0xff; 64]).count(), 0);
        assert_eq!(pairs(b"").count(), 0);
    }
}
