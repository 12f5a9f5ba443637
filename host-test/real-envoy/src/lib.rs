//! Starts and drives a real Envoy for tests, and everything a test needs around it.
//!
//! - [`Envoy`]: one proxy process on free ports, with its log, statistics and admin interface;
//! - [`http`]: clients that choose their source address and every byte of their headers, and an
//!   upstream that repeats what reached it;
//! - [`Netns`]: network namespaces, for addresses other than loopback and for all 65,535 ports;
//! - virtual time ([`envoy::Builder::virtual_time`]): timers run exactly at their time, days go by
//!   in a moment, and nothing is waited for with a guess;
//! - [`eventually`]: the one way to wait for something.
//!
//! It works for any proxy-wasm module and knows nothing about what the module does. Linux only.
#![forbid(unsafe_code)]

mod poll;
mod workspace;

pub mod envoy;
pub mod http;
pub mod netns;

pub use anyhow::Result;
pub use envoy::Envoy;
pub use netns::Netns;
pub use poll::eventually;
pub use workspace::{Scratch, workspace_root};
