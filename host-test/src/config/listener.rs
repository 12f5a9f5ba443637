//! Listeners and how a connection finds its filters.

use std::net::SocketAddr;

use ipnet::IpNet;

use super::NetworkFilter;

/// Addresses that are listened on, and what is done with their connections.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    /// Its name, unique.
    pub name: String,
    /// Where it listens. The unspecified address stands for all of its family.
    pub addresses: Vec<SocketAddr>,
    /// What looks at a connection before a filter chain is chosen.
    pub listener_filters: Vec<ListenerFilter>,
    /// Filter chains; the best match is taken, as Envoy does.
    pub chains: Vec<FilterChain>,
    /// Taken when no other chain matches; without it the connection is closed.
    pub default_chain: Option<FilterChain>,
    /// Written when a connection ends.
    pub access_logs: Vec<super::AccessLog>,
}

/// A listener filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerFilter {
    /// Restores the destination that a firewall has redirected.
    OriginalDestination,
    /// Takes the addresses from the PROXY header.
    ProxyProtocol,
    /// Reads the server name from the TLS greeting; swallows connections without one.
    TlsInspector,
}

/// What a connection must be like for a chain to be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainMatch {
    /// Server names (`*.example.org` too); any if empty.
    pub server_names: Vec<String>,
    /// The transport that the TLS inspector has seen: `tls` or `raw_buffer`.
    pub transport_protocol: Option<String>,
    /// Destination port.
    pub destination_port: Option<u16>,
    /// Networks of the source; any if empty.
    pub source_networks: Vec<IpNet>,
}

/// Filters of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterChain {
    /// Its name; may be empty.
    pub name: String,
    /// When it is taken.
    pub matching: ChainMatch,
    /// What encrypts the connection.
    pub transport: TransportSocket,
    /// Network filters in their order.
    pub filters: Vec<NetworkFilter>,
}

/// What stands between the bytes of the socket and the filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransportSocket {
    /// Nothing.
    #[default]
    Raw,
    /// TLS, ended by Envoy.
    Tls,
}
