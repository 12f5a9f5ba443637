//! Secrets as a configuration knows them: by their digest.

use core::fmt;

/// The SHA-256 of a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// The digest that `text` writes in 64 hex digits; `None` if it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = digits else { return None };
            let nibble = |digit: &u8| char::from(*digit).to_digit(16);
            *byte = u8::try_from(nibble(high)? << 4 | nibble(low)?).ok()?;
        }
        Some(Self(bytes))
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Not even the digest is for logs.
impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_sixty_four_hex_digits() {
        let digest = SecretDigest::parse(&"0aF9".repeat(16)).unwrap();
        assert_eq!(digest.as_bytes()[..4], [0x0a, 0xf9, 0x0a, 0xf9]);
        for text in [
            "",
            &"0".repeat(63),
            &"0".repeat(65),
            &"0g".repeat(32),
            &"é".repeat(32),
        ] {
            assert_eq!(SecretDigest::parse(text), None, "{text}");
        }
        assert!(!std::format!("{digest:?}").contains("0a"));
    }
}
