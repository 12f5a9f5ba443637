//! Port-scan detection inside Envoy: thin adapters from proxy-wasm callbacks to `portscan-core`.
//!
//! One module serves all roles; the configuration of each filter says which. All filters of one
//! worker share one VM, and so one `worker::Worker`.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    clippy::string_slice,
    reason = "a trap closes connections: nothing that a client sends may cause one"
)]
#![deny(unsafe_code)]

mod host;
mod keeper;
mod metrics;
mod portal;
mod root;
mod sensor;
mod shared;
mod tagger;
mod worker;

mod entry {
    proxy_wasm::main! {{
        proxy_wasm::set_root_context(|context_id| Box::new(crate::root::Root::new(context_id)));
    }}
}
