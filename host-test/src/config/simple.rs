//! The smallest configurations that run a plugin.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::{
    Bootstrap, FilterChain, HttpConnectionManager, HttpFilter, Listener, NetworkFilter, PathMatch,
    Plugin, Route, RouteAction, RouteMatch, VirtualHost,
};

impl Bootstrap {
    /// Where the one listener of [`Bootstrap::http_filter`] and [`Bootstrap::network_filter`]
    /// listens: 127.0.0.1:10000.
    pub const ADDRESS: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 10_000);

    /// A listener that speaks HTTP, with this plugin before the router; every request goes to the
    /// cluster `upstream`.
    #[must_use]
    pub fn http_filter(plugin: Plugin) -> Self {
        let filters = vec![HttpFilter::Wasm(Arc::new(plugin)), HttpFilter::Router];
        Self::listening(vec![http(filters)])
    }

    /// A listener with this plugin as its network filter, and HTTP behind it; every request goes
    /// to the cluster `upstream`.
    #[must_use]
    pub fn network_filter(plugin: Plugin) -> Self {
        let plugin = NetworkFilter::Wasm(Arc::new(plugin));
        Self::listening(vec![plugin, http(vec![HttpFilter::Router])])
    }

    fn listening(filters: Vec<NetworkFilter>) -> Self {
        let listener = Listener {
            name: "listener".to_owned(),
            addresses: vec![Self::ADDRESS],
            chains: vec![FilterChain {
                filters,
                ..FilterChain::default()
            }],
            ..Listener::default()
        };
        Self {
            listeners: vec![listener],
            clusters: BTreeSet::from([UPSTREAM.to_owned()]),
            ..Self::default()
        }
    }
}

const UPSTREAM: &str = "upstream";

/// Envoy's default.
const ROUTE_TIMEOUT: Duration = Duration::from_secs(15);

fn http(filters: Vec<HttpFilter>) -> NetworkFilter {
    let everything = Route {
        name: String::new(),
        matching: RouteMatch {
            path: PathMatch::Prefix("/".to_owned()),
            case_sensitive: true,
            headers: Vec::new(),
        },
        action: RouteAction::Cluster {
            cluster: UPSTREAM.to_owned(),
            timeout: Some(ROUTE_TIMEOUT),
            prefix_rewrite: String::new(),
            host_rewrite: String::new(),
        },
    };
    NetworkFilter::Http(Box::new(HttpConnectionManager {
        filters,
        virtual_hosts: vec![VirtualHost {
            name: UPSTREAM.to_owned(),
            domains: vec!["*".to_owned()],
            routes: vec![everything],
        }],
        ..HttpConnectionManager::default()
    }))
}
