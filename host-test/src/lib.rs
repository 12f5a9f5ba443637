//! A proxy-wasm host on wasmtime that does what Envoy does, for tests of proxy-wasm plugins.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "nothing that a guest does may end the harness"
    )
)]

pub mod abi;
pub mod bench;
pub mod callout;
mod calls;
pub mod check;
pub mod config;
pub mod conformance;
pub mod connection;
pub mod guest;
pub mod hook;
mod host;
pub mod http;
pub mod network;
mod process;
pub mod profile;
pub mod race;
pub mod report;
pub mod scenario;
pub mod shared;
pub mod trace;
mod worker;

pub use connection::{
    By, Connect, ConnectError, ConnectionId, ConnectionView, Gone, Request, Response, StreamId,
    StreamView,
};
pub use host::{Host, HostBuilder};
pub use process::{BuildError, InvalidBootstrap};
pub use worker::Worker;
