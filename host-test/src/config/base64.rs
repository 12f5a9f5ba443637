//! Base64 as proto3's JSON knows it: written with padding, read with or without, both alphabets.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 of `bytes`, with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut bits: u32 = 0;
        for index in 0..3 {
            bits = bits << 8 | u32::from(chunk.get(index).copied().unwrap_or(0));
        }
        for index in 0..4 {
            let six = (bits >> (18 - 6 * index)) as usize & 63;
            match ALPHABET.get(six) {
                Some(letter) if index <= chunk.len() => text.push(char::from(*letter)),
                _ => text.push('='),
            }
        }
    }
    text
}

/// The bytes of a Base64 text; `None` when it is none.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    // A digit alone holds less than a byte; padding fills up to four or is not there.
    if digits.len() % 4 == 1 || padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for chunk in digits.as_bytes().chunks(4) {
        let mut bits: u32 = 0;
        for index in 0..4 {
            let six = chunk
                .get(index)
                .map_or(Some(0), |letter| six_bits(*letter))?;
            bits = bits << 6 | six;
        }
        let [_, out @ ..] = bits.to_be_bytes();
        bytes.extend(out.iter().take(chunk.len() * 6 / 8));
    }
    Some(bytes)
}

fn six_bits(letter: u8) -> Option<u32> {
    let standard = match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    let index = ALPHABET.iter().position(|known| *known == standard)?;
    u32::try_from(index).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_vectors_of_rfc_4648_are_met() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
            let bare = text.trim_end_matches('=');
            assert_eq!(decode(bare).as_deref(), Some(bytes.as_bytes()), "{bare}");
        }
    }

    #[test]
    fn both_alphabets_are_read() {
        assert_eq!(decode("-_-_"), decode("+/+/"));
        assert_eq!(encode(&decode("-_-_").unwrap()), "+/+/");
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["Z", "Zg=", "Zg===", "Z g=", "Zm9vZ", "=", "Zm9v=", "Zé"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
