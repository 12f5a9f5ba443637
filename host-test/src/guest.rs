//! The guest: a module, compiled once, and instances of it. This and `calls` know wasmtime.

mod engine;
mod instance;
pub(crate) mod memory;
mod module;
mod state;
mod trap;

#[cfg(test)]
mod tests;

pub use engine::{Engine, Limits};
pub use module::{InvalidModule, Module, UnknownImports};
pub use trap::{Trap, TrapReason};

pub(crate) use instance::Instance;
pub(crate) use memory::MemoryError;
pub(crate) use state::{Context, Deferred, Kind, State, Timer};
pub(crate) use trap::HostTrap;
