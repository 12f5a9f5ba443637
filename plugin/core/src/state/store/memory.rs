//! Shared data in the memory of one process, for tests.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use super::{Expected, SetError, Store, StoreError, Value};

/// A [`Store`] with the semantics of Envoy's: one counter for all keys, which skips zero.
#[derive(Debug, Default)]
pub struct MemoryStore {
    values: BTreeMap<String, Value>,
    last_cas: u32,
    reads: u64,
    writes: u64,
}

impl MemoryStore {
    /// Bytes of all values.
    pub fn bytes(&self) -> usize {
        self.values.values().map(|value| value.bytes.len()).sum()
    }

    /// How often a value was asked for.
    pub const fn reads(&self) -> u64 {
        self.reads
    }

    /// How often a value was written, or refused to be.
    pub const fn writes(&self) -> u64 {
        self.writes
    }

    /// Every key with its value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.values
            .iter()
            .map(|(key, value)| (key.as_str(), &*value.bytes))
    }

    /// Writes without a condition, as a neighbour in the same shared data could.
    pub fn overwrite(&mut self, key: &str, bytes: &[u8]) {
        self.last_cas = self.last_cas.wrapping_add(1).max(1);
        let value = Value {
            bytes: bytes.to_vec().into(),
            cas: self.last_cas,
        };
        self.values.insert(key.to_string(), value);
    }

    /// Forgets everything, as a restart does.
    pub fn wipe(&mut self) {
        self.values.clear();
    }
}

impl Store for MemoryStore {
    fn get(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        self.reads += 1;
        Ok(self.values.get(key).cloned())
    }

    fn set(&mut self, key: &str, bytes: &[u8], expected: Expected) -> Result<(), SetError> {
        self.writes += 1;
        match (self.values.get(key), expected) {
            (None, Expected::Absent | Expected::Cas(_)) => {}
            (Some(value), Expected::Cas(cas)) if value.cas == cas => {}
            (Some(_), _) => return Err(SetError::Changed),
        }
        self.overwrite(key, bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_writer_wins() {
        let mut store = MemoryStore::default();
        assert_eq!(store.set("k", b"a", Expected::Absent), Ok(()));
        assert_eq!(
            store.set("k", b"b", Expected::Absent),
            Err(SetError::Changed)
        );
        let value = store.get("k").unwrap().unwrap();
        assert_eq!(*value.bytes, *b"a");
        assert_eq!(store.set("k", b"c", Expected::Cas(value.cas)), Ok(()));
        assert_eq!(
            store.set("k", b"d", Expected::Cas(value.cas)),
            Err(SetError::Changed)
        );
    }

    #[test]
    fn an_emptied_value_is_still_there() {
        let mut store = MemoryStore::default();
        store.overwrite("k", b"");
        assert_eq!(
            store.set("k", b"a", Expected::Absent),
            Err(SetError::Changed)
        );
    }
}
