//! Envoy's shared data as the core's store.

use portscan_core::state::store::{Expected, SetError, Store, StoreError, Value};

use crate::host::{self, CAS_CREATE, CAS_MISMATCH};

/// Shared data of this `vm_id`.
pub(crate) struct SharedData;

impl Store for SharedData {
    fn get(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        let found = host::shared_data(key).map_err(|error| StoreError(error.0))?;
        Ok(found.map(|(bytes, cas)| Value {
            bytes: bytes.into(),
            cas,
        }))
    }

    fn set(&mut self, key: &str, bytes: &[u8], expected: Expected) -> Result<(), SetError> {
        let cas = match expected {
            Expected::Absent => CAS_CREATE,
            Expected::Cas(cas) => cas,
        };
        host::set_shared_data(key, bytes, cas).map_err(|error| match error {
            CAS_MISMATCH => SetError::Changed,
            error => SetError::Failed(StoreError(error.0)),
        })
    }
}
