//! The proxy-wasm ABI: what crosses the border between module and host.
//!
//! Versions 0.1.0, 0.2.0 and 0.2.1, as Envoy links them. Pure data, without a word about wasmtime.

mod call;
mod callback;
mod pairs;
mod status;
mod types;
mod version;

pub use call::{Family, HostCall, Signature, ValueType, WASI_MODULES};
pub use callback::{Callback, Results};
pub use pairs::{Pairs, decode_pairs, encode_pairs};
pub use status::Status;
pub use types::{BufferType, HeaderMapType, LogLevel, MetricType, PeerType, StreamType};
pub use version::AbiVersion;
