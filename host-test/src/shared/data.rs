//! Shared data: values under keys, a scope for each `vm_id`.

use std::sync::{Arc, Mutex};

use hashbrown::HashMap;

use super::lock;
use crate::abi::Status;

/// A value and the number of the write that put it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedValue {
    /// The bytes, shared with whoever has read them.
    pub bytes: Arc<Vec<u8>>,
    /// The compare-and-swap number: one counter for all keys of the process, never 0.
    pub cas: u32,
}

/// Shared data of the process.
#[derive(Debug, Default)]
pub struct SharedData(Mutex<Scopes>);

#[derive(Debug, Default)]
struct Scopes {
    scopes: HashMap<String, HashMap<Vec<u8>, SharedValue>>,
    last_cas: u32,
    /// Of all keys and values.
    len_bytes: usize,
}

/// Bytes of all keys and values. Envoy has no limit, and dies of a guest that never stops.
const BYTES_MAX: usize = 256 << 20;

impl SharedData {
    /// The value under `key`.
    #[must_use]
    pub fn get(&self, vm_id: &str, key: &[u8]) -> Option<SharedValue> {
        lock(&self.0).scopes.get(vm_id)?.get(key).cloned()
    }

    /// Writes `bytes` under `key`. A number `cas` other than 0 must be that of the value there;
    /// where there is no value it is not looked at. What does not fit into 256 MiB is refused with
    /// [`Status::InternalFailure`].
    pub fn set(&self, vm_id: &str, key: &[u8], bytes: &[u8], cas: u32) -> Status {
        let mut all = lock(&self.0);
        let next = all.last_cas.checked_add(1).unwrap_or(1);
        let Scopes {
            scopes,
            last_cas,
            len_bytes,
        } = &mut *all;
        if !scopes.contains_key(vm_id) {
            scopes.insert(vm_id.to_owned(), HashMap::new());
        }
        let Some(scope) = scopes.get_mut(vm_id) else {
            return Status::InternalFailure;
        };
        let old = scope.get(key);
        let old_len = old.map_or(0, |old| key.len() + old.bytes.len());
        let len = *len_bytes - old_len + key.len() + bytes.len();
        match scope.get_mut(key) {
            Some(value) if cas != 0 && cas != value.cas => return Status::CasMismatch,
            _ if len > BYTES_MAX => return Status::InternalFailure,
            // The old allocation is kept, unless somebody still reads it: a table is written again
            // and again.
            Some(value) => {
                match Arc::get_mut(&mut value.bytes) {
                    Some(place) => {
                        place.clear();
                        place.extend_from_slice(bytes);
                    }
                    None => value.bytes = Arc::new(bytes.to_vec()),
                }
                value.cas = next;
            }
            None => {
                let value = SharedValue {
                    bytes: Arc::new(bytes.to_vec()),
                    cas: next,
                };
                scope.insert(key.to_vec(), value);
            }
        }
        (*last_cas, *len_bytes) = (next, len);
        Status::Ok
    }

    /// Every key of `vm_id`, in order.
    #[must_use]
    pub fn keys(&self, vm_id: &str) -> Vec<Vec<u8>> {
        let all = lock(&self.0);
        let scope = all.scopes.get(vm_id);
        let mut keys = scope.map_or_else(Vec::new, |scope| scope.keys().cloned().collect());
        keys.sort_unstable();
        keys
    }

    /// Bytes of all keys and values.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        lock(&self.0).len_bytes
    }

    /// Forgets everything, as a hot restart does. Numbers go on.
    pub fn wipe(&self) {
        let mut all = lock(&self.0);
        all.scopes.clear();
        all.len_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::SharedData;
    use crate::abi::Status;

    #[test]
    fn a_number_is_checked_only_where_there_is_a_value() {
        let data = SharedData::default();
        assert_eq!(data.set("vm", b"key", b"first", 12345), Status::Ok);
        let first = data.get("vm", b"key").unwrap();
        assert_eq!(
            data.set("vm", b"key", b"x", first.cas + 1),
            Status::CasMismatch
        );
        assert_eq!(data.set("vm", b"key", b"x", u32::MAX), Status::CasMismatch);
        assert_eq!(data.set("vm", b"key", b"second", first.cas), Status::Ok);
        assert_eq!(data.set("vm", b"key", b"third", 0), Status::Ok);
        assert_eq!(*first.bytes, b"first", "what was read stays as it was");
        assert_eq!(*data.get("vm", b"key").unwrap().bytes, b"third");
    }

    #[test]
    fn one_counter_numbers_all_writes() {
        let data = SharedData::default();
        data.set("a", b"1", b"", 0);
        data.set("b", b"2", b"", 0);
        assert_eq!(data.get("a", b"1").unwrap().cas, 1);
        assert_eq!(data.get("b", b"2").unwrap().cas, 2);
        assert_eq!(data.get("a", b"2"), None, "scopes are apart");
    }

    #[test]
    fn the_counter_leaves_out_zero() {
        let data = SharedData::default();
        super::lock(&data.0).last_cas = u32::MAX;
        data.set("vm", b"key", b"", 0);
        assert_eq!(data.get("vm", b"key").unwrap().cas, 1);
    }

    #[test]
    fn a_guest_that_never_stops_writing_is_refused() {
        let data = SharedData::default();
        let value = vec![0; 100 << 20];
        assert_eq!(data.set("vm", b"one", &value, 0), Status::Ok);
        assert_eq!(data.set("vm", b"two", &value, 0), Status::Ok);
        assert_eq!(data.set("vm", b"three", &value, 0), Status::InternalFailure);
        // What is there already makes room for what replaces it.
        assert_eq!(data.set("vm", b"two", &value, 0), Status::Ok);
        assert_eq!(data.len_bytes(), 2 * value.len() + 6);
        data.wipe();
        assert_eq!(data.len_bytes(), 0);
        assert_eq!(data.set("vm", b"three", &value, 0), Status::Ok);
    }
}
