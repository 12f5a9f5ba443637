//! What Envoy is configured to run: listeners, their filters, plugins.
//!
//! Built in Rust, or read from an Envoy YAML. A [`Bootstrap`] is complete and checked: every name
//! in it that stands for something else is there.

mod access_log;
pub(crate) mod base64;
mod filter;
mod http;
mod listener;
mod matching;
mod node;
mod plugin;
mod rbac;
mod route;
mod simple;

pub mod format;
pub mod yaml;

pub use access_log::{AccessLog, Comparison, LogFilter, LogFormat, LogValue, Term};
pub use filter::NetworkFilter;
pub use http::{
    AppendAction, Codec, HeaderMutation, HeaderMutations, HttpConnectionManager, HttpFilter,
    HttpTimeouts, Mutation, UnderscoresAction,
};
pub use listener::{
    ChainMatch, FilterChain, Listener, ListenerFilter, TrafficDirection, TransportSocket,
};
pub use matching::{HeaderMatch, HeaderTest, Pattern, StringMatch, StringTest};
pub use plugin::{Code, FailurePolicy, Plugin, Service, VmConfig};
pub use rbac::{Policy, Rbac, RbacAction, Rule};
pub use route::{PathMatch, Redirect, RedirectPath, Route, RouteAction, RouteMatch, VirtualHost};

use std::{collections::BTreeSet, sync::Arc};

/// One Envoy process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bootstrap {
    /// What the process says of itself; guests read it as properties.
    pub node: Node,
    /// Listeners in the order of their configuration.
    pub listeners: Vec<Listener>,
    /// Plugins that run without any connection (`envoy.bootstrap.wasm`).
    pub services: Vec<Service>,
    /// Names of clusters that calls and routes may name.
    pub clusters: BTreeSet<String>,
    /// Where it was read from; `None` when it was built in Rust.
    pub source: Option<Source>,
}

impl Bootstrap {
    /// The plugins of all filters, in the order of the configuration; one for each filter.
    pub fn filter_plugins(&self) -> impl Iterator<Item = &Arc<Plugin>> {
        let chains = self
            .listeners
            .iter()
            .flat_map(|listener| listener.chains.iter().chain(&listener.default_chain));
        chains.flat_map(|chain| &chain.filters).flat_map(|filter| {
            let (own, http) = match filter {
                NetworkFilter::Wasm(plugin) => (Some(plugin), &[][..]),
                NetworkFilter::Http(manager) => (None, &manager.filters[..]),
                _ => (None, &[][..]),
            };
            let of_http = http.iter().filter_map(|filter| match filter {
                HttpFilter::Wasm(plugin) => Some(plugin),
                _ => None,
            });
            own.into_iter().chain(of_http)
        })
    }

    /// The same with other code in every VM.
    #[must_use]
    pub fn with_code(mut self, code: &Code) -> Self {
        let change = |plugin: &mut Plugin| plugin.vm.code = code.clone();
        let chains = self.listeners.iter_mut().flat_map(|listener| {
            let chains = listener.chains.iter_mut();
            chains.chain(&mut listener.default_chain)
        });
        for filter in chains.flat_map(|chain| &mut chain.filters) {
            match filter {
                NetworkFilter::Wasm(plugin) => change(Arc::make_mut(plugin)),
                NetworkFilter::Http(manager) => {
                    for filter in &mut manager.filters {
                        if let HttpFilter::Wasm(plugin) = filter {
                            change(Arc::make_mut(plugin));
                        }
                    }
                }
                _ => {}
            }
        }
        for service in &mut self.services {
            change(&mut service.plugin);
        }
        self
    }

    /// All plugins: those of filters, then those of services.
    pub fn plugins(&self) -> impl Iterator<Item = &Plugin> {
        let filters = self.filter_plugins().map(|plugin| &**plugin);
        filters.chain(self.services.iter().map(|service| &service.plugin))
    }
}

/// The text that a [`Bootstrap`] was read from: a real Envoy can be started with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that messages use: the path of the file.
    pub name: String,
    /// The text, as it was.
    pub text: Arc<str>,
}

/// `envoy.config.core.v3.Node`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// `node.id`.
    pub id: String,
    /// `node.cluster`.
    pub cluster: String,
    /// `node.metadata`; an object, or null when there is none.
    pub metadata: serde_json::Value,
    /// `node.locality`: region, zone and sub-zone.
    pub locality: [String; 3],
}
