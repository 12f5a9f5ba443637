//! Shared data of a replay: in memory, and handed out without copying it.

use std::sync::Arc;

use hashbrown::HashMap;
use portscan_core::state::store::{Bytes, Expected, SetError, Store, StoreError, Value};

/// A [`Store`] with the semantics of Envoy's: one counter for all keys, which skips zero.
#[derive(Debug, Default)]
pub struct Pages {
    pages: HashMap<String, Page>,
    last_cas: u32,
    copies: bool,
}

#[derive(Debug)]
struct Page {
    bytes: Arc<Vec<u8>>,
    cas: u32,
}

impl Pages {
    /// A store that hands out copies, as a host does; so what is read is checked.
    pub fn like_a_host() -> Self {
        Self {
            copies: true,
            ..Self::default()
        }
    }

    /// Bytes of all values.
    pub fn bytes(&self) -> usize {
        self.pages.values().map(|page| page.bytes.len()).sum()
    }
}

impl Store for Pages {
    fn get(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        Ok(self.pages.get(key).map(|page| Value {
            bytes: match self.copies {
                true => Bytes::Owned(page.bytes.to_vec()),
                false => Bytes::Shared(Arc::clone(&page.bytes)),
            },
            cas: page.cas,
        }))
    }

    fn set(&mut self, key: &str, bytes: &[u8], expected: Expected) -> Result<(), SetError> {
        let next = self.last_cas.wrapping_add(1).max(1);
        match (self.pages.get_mut(key), expected) {
            (Some(page), Expected::Cas(cas)) if page.cas == cas => {
                // The reader has let go of it, or has its own by now: no page is allocated anew.
                let place = Arc::make_mut(&mut page.bytes);
                place.clear();
                place.extend_from_slice(bytes);
                page.cas = next;
            }
            (Some(_), _) => return Err(SetError::Changed),
            (None, _) => {
                let page = Page {
                    bytes: Arc::new(bytes.to_vec()),
                    cas: next,
                };
                self.pages.insert(key.to_owned(), page);
            }
        }
        self.last_cas = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_writer_wins() {
        let mut store = Pages::default();
        assert_eq!(store.set("k", b"a", Expected::Absent), Ok(()));
        let late = store.set("k", b"b", Expected::Absent);
        assert_eq!(late, Err(SetError::Changed));
        let value = store.get("k").unwrap().unwrap();
        assert_eq!(store.set("k", b"cd", Expected::Cas(value.cas)), Ok(()));
        let late = store.set("k", b"d", Expected::Cas(value.cas));
        assert_eq!(late, Err(SetError::Changed));
        assert_eq!(*value.bytes, *b"a", "what was read stays as it was");
        assert_eq!(*store.get("k").unwrap().unwrap().bytes, *b"cd");
        assert_eq!(store.bytes(), 2);
    }
}
