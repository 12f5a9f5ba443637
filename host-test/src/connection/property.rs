//! Properties: their values and how they cross to a guest.

use crate::abi::encode_pairs;

/// The value of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Property {
    /// A text or bytes.
    Bytes(Vec<u8>),
    /// A number with a sign; also moments and durations, in nanoseconds.
    Int(i64),
    /// A number without a sign.
    Uint(u64),
    /// True or false.
    Bool(bool),
    /// A map that can be listed.
    Map(Vec<(Vec<u8>, Vec<u8>)>),
    /// A map that only answers for a key.
    Opaque,
}

/// Who has properties.
pub(crate) trait Lookup {
    /// The value under this path; none where there is none.
    fn find(&self, path: &[&[u8]]) -> Option<Property>;
}

/// A map that cannot be given to a guest as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotSerializable;

impl Property {
    /// A text.
    pub(crate) fn text(text: impl AsRef<[u8]>) -> Self {
        Self::Bytes(text.as_ref().to_vec())
    }

    /// The bytes that a guest gets: numbers in 8, truths in 1, all little-endian.
    pub(crate) fn serialize(self) -> Result<Vec<u8>, NotSerializable> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Int(number) => Ok(number.to_le_bytes().to_vec()),
            Self::Uint(number) => Ok(number.to_le_bytes().to_vec()),
            Self::Bool(truth) => Ok(vec![u8::from(truth)]),
            // No pairs are four bytes of zero here, other than in header calls.
            Self::Map(pairs) if pairs.is_empty() => Ok(vec![0; 4]),
            Self::Map(pairs) => Ok(encode_pairs(&pairs)),
            Self::Opaque => Err(NotSerializable),
        }
    }
}

/// The segments of a path; a single 0 at its end does not count.
pub(crate) fn segments(path: &[u8]) -> Vec<&[u8]> {
    if path.is_empty() {
        return Vec::new();
    }
    path.strip_suffix(b"\0")
        .unwrap_or(path)
        .split(|byte| *byte == 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{NotSerializable, Property, segments};

    #[test]
    fn values_cross_as_their_bytes() {
        for (value, bytes) in [
            (Property::text("a"), Ok(b"a".to_vec())),
            (
                Property::Int(-2),
                Ok(vec![254, 255, 255, 255, 255, 255, 255, 255]),
            ),
            (Property::Uint(2), Ok(vec![2, 0, 0, 0, 0, 0, 0, 0])),
            (Property::Bool(true), Ok(vec![1])),
            (Property::Map(Vec::new()), Ok(vec![0; 4])),
            (Property::Opaque, Err(NotSerializable)),
        ] {
            assert_eq!(value.serialize(), bytes);
        }
    }

    #[test]
    fn a_path_is_split_at_its_zeros() {
        assert_eq!(segments(b"a\0bc"), [&b"a"[..], b"bc"]);
        assert_eq!(segments(b"a\0"), [b"a"]);
        assert_eq!(segments(b"a\0\0b"), [&b"a"[..], b"", b"b"]);
        assert_eq!(segments(b""), [b""; 0]);
    }
}
