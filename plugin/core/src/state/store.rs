//! The port through which the core reaches shared data.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

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
    pub bytes: Bytes,
    /// What must be handed back to overwrite exactly this value.
    pub cas: u32,
}

/// The bytes of a value. Most are looked at and never changed: a store in memory need not copy them.
#[derive(Clone, Debug)]
pub enum Bytes {
    /// A copy, as hosts hand it out.
    Owned(Vec<u8>),
    /// What the store holds and nobody but this program ever wrote: a page there needs no checking.
    Shared(Arc<Vec<u8>>),
}

impl Bytes {
    /// The bytes for changing them; what the store holds is copied.
    pub fn to_mut(&mut self) -> &mut Vec<u8> {
        if let Self::Shared(shared) = self {
            *self = Self::Owned(shared.to_vec());
        }
        match self {
            Self::Owned(bytes) => bytes,
            Self::Shared(shared) => Arc::make_mut(shared),
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes)
    }
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
