//! What Envoy is configured to run: listeners, their filters, plugins.
//!
//! Built in Rust, or read from an Envoy YAML. A [`Bootstrap`] is complete and checked: every name
//! in it that stands for something else is there.

mod base64;
mod filter;
mod listener;
mod plugin;

pub mod format;

pub use filter::{
    AccessLog, AppendAction, HeaderMutation, HeaderMutations, HttpConnectionManager, HttpFilter,
    Mutation, NetworkFilter, Rbac, RbacAction, Route, RouteAction, StringMatch,
};
pub use listener::{ChainMatch, FilterChain, Listener, ListenerFilter, TransportSocket};
pub use plugin::{Code, FailurePolicy, Plugin, Service, VmConfig};

use std::collections::BTreeSet;

/// One Envoy process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bootstrap {
    /// Listeners in the order of their configuration.
    pub listeners: Vec<Listener>,
    /// Plugins that run without any connection (`envoy.bootstrap.wasm`).
    pub services: Vec<Service>,
    /// Names of clusters that calls may name.
    pub clusters: BTreeSet<String>,
}
