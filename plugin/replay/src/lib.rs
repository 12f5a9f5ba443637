//! Replays accept traces through a detector: what it would have said of whom, and when.
//!
//! [`trace`] reads a trace, [`replay`] feeds it to an [`Engine`](engine::Engine) contact by
//! contact, in the order of time, and sums up what came of it. [`native`] is the detector itself;
//! the module in a harness is another engine, and says the same.

pub mod engine;
pub mod native;
pub mod replay;
pub mod setup;
pub mod store;
pub mod tag;
pub mod trace;
