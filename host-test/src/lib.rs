//! A proxy-wasm host on wasmtime that does what Envoy does, for tests of proxy-wasm plugins.
//!
//! A [`Host`] is one Envoy process: a main thread, workers, a VM with the plugin on each of them,
//! and the state they share. Clients connect and send requests, upstreams answer, time goes by when
//! it is told to; what has come of it is looked at afterwards.
//!
//! ```
//! use host_test::config::{Bootstrap, Code, Plugin};
//! use host_test::{Connect, Host, Request, Response};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A plugin, here in the text form of wasm: it refuses requests without `x-api-key`.
//! let module = r#"(module
//!   (import "env" "proxy_get_header_map_value"
//!     (func $get (param i32 i32 i32 i32 i32) (result i32)))
//!   (import "env" "proxy_send_local_response"
//!     (func $answer (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
//!   (memory (export "memory") 1)
//!   (data (i32.const 16) "x-api-key")
//!   (func (export "proxy_abi_version_0_2_1"))
//!   (func (export "malloc") (param i32) (result i32) (i32.const 1024))
//!   (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
//!     (if (call $get (i32.const 0) (i32.const 16) (i32.const 9) (i32.const 0) (i32.const 4))
//!       (then (drop (call $answer (i32.const 401) (i32.const 0) (i32.const 0) (i32.const 0)
//!         (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1)))))
//!     (i32.const 0)))"#;
//! let plugin = Plugin::new("gate", Code::Inline(module.as_bytes().into()));
//!
//! // One worker, one listener that speaks HTTP, the plugin before the router.
//! let mut host = Host::builder(Bootstrap::http_filter(plugin)).build()?;
//! let worker = &mut host.workers_mut()[0];
//! worker.set_default_response(Some(Response::new(200)));
//!
//! let client = "203.0.113.7:40000".parse()?;
//! let connection = worker.connect(Connect::new(client, Bootstrap::ADDRESS))?;
//!
//! let refused = worker.request(connection, &Request::new("GET", "/", "example.org"))?;
//! assert_eq!(worker.stream(refused)?.response_code, Some(401));
//! assert_eq!(worker.stream(refused)?.upstream, None);
//!
//! let connection = worker.connect(Connect::new(client, Bootstrap::ADDRESS))?;
//! let request = Request::new("GET", "/", "example.org").header("X-Api-Key", "secret");
//! let passed = worker.request(connection, &request)?;
//! let upstream = worker.stream(passed)?.upstream.ok_or("the upstream has got nothing")?;
//! assert_eq!(upstream.headers.get(b"x-api-key"), Some(&b"secret"[..]));
//! # Ok(())
//! # }
//! ```
//!
//! [`scenario`] does the same in YAML, [`race`] in every interleaving of workers, [`conformance`]
//! is what real Envoys have answered to small guests.
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
pub mod diff;
pub mod fault;
pub mod guest;
pub mod hook;
mod host;
pub mod http;
pub mod network;
mod process;
pub mod profile;
pub mod race;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod shared;
pub mod trace;
mod worker;

pub use connection::{
    By, Connect, ConnectError, ConnectionId, ConnectionView, Gone, Request, Response, StreamId,
    StreamView,
};
pub use host::{Host, HostBuilder, Restless};
pub use process::{BuildError, InvalidBootstrap};
pub use worker::Worker;
