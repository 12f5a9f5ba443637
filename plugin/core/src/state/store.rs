//! The port through which the core reaches shared data.

use alloc::vec::Vec;
use core::fmt;

pub mod memory;

/// Shared data as proxy-wasm offers it: keys, values, and a counter per value for compare-and-swap.
///
/// There is no delete, no listing and no expiry (ABI 0.2.1, "Shared key-value store"), so every
/// key that is ever written must be one of a fixed set.
pub trait Store {
    /// The value under `key`; `None` where there never was one.
    ///
    /// # Errors
    /// [`StoreError`] when the host refuses.
    fn get(&mut self, key: &str) -> Result<Option<Value>, StoreError>;

    /// Writes `bytes` under `key`, if it still is as `expected`.
    ///
    /// # Errors
    /// [`SetError::Changed`] when somebody else was faster, [`SetError::Failed`] when the host
    /// refuses.
    fn set(&mut self, key: &str, bytes: &[u8], expected: Expected) -> Result<(), SetError>;
}

/// What [`Store::get`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The bytes, possibly none: clearing a key leaves an empty value.
    pub bytes: Vec<u8>,
    /// What must be handed back to overwrite exactly this value.
    pub cas: u32,
}

/// What must hold for [`Store::set`] to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The key was never written.
    Absent,
    /// The value is still the one that came with this number.
    Cas(u32),
}

/// The host refused, with this status of the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreError(pub u32);

/// Why [`Store::set`] wrote nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError {
    /// The value changed since it was read: read again.
    Changed,
    /// The host refused.
    Failed(StoreError),
}

impl From<StoreError> for SetError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shared data answered with status {}", self.0)
    }
}
