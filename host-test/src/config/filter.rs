//! Network filters: those that the harness models.

use std::{sync::Arc, time::Duration};

use super::{AccessLog, HttpConnectionManager, Plugin, Rbac};

/// A network filter.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkFilter {
    /// `envoy.filters.network.wasm`.
    Wasm(Arc<Plugin>),
    /// `envoy.filters.network.rbac`: closes a connection at its first bytes.
    Rbac {
        /// Its rules.
        rbac: Rbac,
        /// Asks again at all further bytes too (`CONTINUOUS`).
        continuous: bool,
    },
    /// `envoy.filters.network.connection_limit`: closes what is beyond.
    ConnectionLimit {
        /// Connections at a time, over all workers.
        max_connections: u64,
    },
    /// `envoy.filters.network.echo`: sends back what it gets.
    Echo,
    /// `envoy.filters.network.tcp_proxy`: passes the bytes on to a server.
    TcpProxy {
        /// Where to.
        cluster: String,
        /// Envoy closes a connection without bytes for so long; `None`: never. The harness waits
        /// for ever.
        idle_timeout: Option<Duration>,
        /// Written when the connection ends.
        access_logs: Vec<AccessLog>,
    },
    /// `envoy.filters.network.direct_response`: says something and closes.
    DirectResponse {
        /// What it says.
        body: Vec<u8>,
    },
    /// `envoy.filters.network.http_connection_manager`.
    Http(Box<HttpConnectionManager>),
}
