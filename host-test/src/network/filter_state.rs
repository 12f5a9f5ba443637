//! What filters leave for each other: values under names.

use std::collections::BTreeMap;

/// How long a value lives (`StreamInfo::FilterState::LifeSpan`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LifeSpan {
    /// As long as the filters: in a network filter the connection, in an HTTP filter the stream.
    #[default]
    FilterChain,
    /// As long as a request, also when it is sent to another place.
    Request,
    /// As long as the connection.
    Connection,
}

/// What a plugin has declared about a value (`declare_property`); the default otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prototype {
    /// Whether the first value is the last.
    pub is_read_only: bool,
    /// How long it lives.
    pub life_span: LifeSpan,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    bytes: Vec<u8>,
    is_read_only: bool,
}

/// The values of a connection or of a stream, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterState(BTreeMap<Vec<u8>, Entry>);

/// A value that may not be written any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOnly;

impl FilterState {
    /// The value under this name.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.0.get(name).map(|entry| entry.bytes.as_slice())
    }

    /// Writes the value under this name; a new one becomes what `prototype` says. Fails if the one
    /// that is there is read-only.
    pub fn set(&mut self, name: &[u8], bytes: &[u8], prototype: Prototype) -> Result<(), ReadOnly> {
        match self.0.get_mut(name) {
            Some(entry) if entry.is_read_only => return Err(ReadOnly),
            Some(entry) => entry.bytes = bytes.to_vec(),
            None => {
                let entry = Entry {
                    bytes: bytes.to_vec(),
                    is_read_only: prototype.is_read_only,
                };
                self.0.insert(name.to_vec(), entry);
            }
        }
        Ok(())
    }

    /// Every name with its value.
    #[must_use]
    pub fn entries(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let entry = |(name, entry): (&Vec<u8>, &Entry)| (name.clone(), entry.bytes.clone());
        self.0.iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{FilterState, LifeSpan, Prototype, ReadOnly};

    #[test]
    fn a_value_is_written_again_and_again() {
        let mut state = FilterState::default();
        assert_eq!(state.get(b"wasm.x"), None);
        for value in ["one", "two", ""] {
            let written = state.set(b"wasm.x", value.as_bytes(), Prototype::default());
            assert_eq!(written, Ok(()));
            assert_eq!(state.get(b"wasm.x"), Some(value.as_bytes()));
        }
    }

    #[test]
    fn a_read_only_value_is_written_once() {
        let mut state = FilterState::default();
        let once = Prototype {
            is_read_only: true,
            life_span: LifeSpan::Connection,
        };
        assert_eq!(state.set(b"wasm.x", b"1", once), Ok(()));
        assert_eq!(
            state.set(b"wasm.x", b"2", Prototype::default()),
            Err(ReadOnly)
        );
        assert_eq!(state.get(b"wasm.x"), Some(&b"1"[..]));
    }
}
