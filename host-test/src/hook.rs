//! What stands between a guest and the host: sees every host call, and can change its result.

use crate::abi::{HostCall, Status};
use crate::shared::ThreadId;

/// A host call that is about to be made.
#[derive(Clone, Debug)]
pub struct CallInfo {
    /// Where.
    pub thread: ThreadId,
    /// The VM, by its number in the process.
    pub vm: usize,
    /// What is called.
    pub call: HostCall,
    /// What it is about: a key, a path, the name of a header or metric. Empty where the call has
    /// none, or its pointer lies outside the memory.
    pub key: Vec<u8>,
}

/// What is to happen instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Injection {
    /// Nothing: the call is made.
    #[default]
    None,
    /// The call is not made, and answers this.
    Status(Status),
    /// The allocator of the guest gives 0 to this call.
    AllocationFails,
    /// At most this many bytes are returned.
    Truncate(usize),
    /// Only the first half of the bytes is returned.
    Halve,
    /// The guest is out of fuel as soon as the call returns.
    OutOfFuel,
}

/// Sees every host call.
pub trait Hook: Send + Sync + std::fmt::Debug {
    /// Before a call is made. It may block: whoever explores the interleavings of threads lets one
    /// at a time go on.
    fn before(&self, call: &CallInfo) -> Injection;
}
