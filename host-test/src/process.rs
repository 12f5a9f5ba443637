//! Envoy's process model: which VMs there are, on which threads, and what becomes of them.
//!
//! ```text
//!  VM key = vm_id + VM configuration + code
//!  ┌───────────────────────────── process ──────────────────────────────┐
//!  │ base VM         started, never configured                          │
//!  │ canary          started and configured once per plugin, then gone  │
//!  │ main thread  ┐                                                     │
//!  │ worker 0     ├─ one VM each; a root context per plugin             │
//!  │ worker 1     ┘                                                     │
//!  └────────────────────────────────────────────────────────────────────┘
//! ```

mod calls;
mod plan;
mod start;
mod thread;
mod vm;

pub use plan::InvalidBootstrap;
pub use start::BuildError;

pub(crate) use plan::{Plan, PluginIndex};
pub(crate) use start::{check_by_canary, start_on};
pub(crate) use thread::{Admission, Thread, VmRef};
pub(crate) use vm::Vm;
