//! Listeners and how a connection finds its filters.

use std::{net::SocketAddr, time::Duration};

use ipnet::IpNet;

use super::{AccessLog, NetworkFilter};

/// Addresses that are listened on, and what is done with their connections.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    /// Its name; unique, or empty.
    pub name: String,
    /// Where it listens. The unspecified address stands for all of its family; `[::]` that of an
    /// `ipv4_compat` address stands for both and is here twice.
    pub addresses: Vec<SocketAddr>,
    /// What guests read as `listener_direction`.
    pub direction: TrafficDirection,
    /// What looks at a connection before a filter chain is chosen.
    pub listener_filters: Vec<ListenerFilter>,
    /// How long those may take; `None`: without an end. Envoy's default is 15 s.
    pub listener_filters_timeout: Option<Duration>,
    /// After that time a filter chain is chosen all the same; the connection is closed otherwise.
    pub continue_on_listener_filters_timeout: bool,
    /// Filter chains; the best match is taken, as Envoy does.
    pub chains: Vec<FilterChain>,
    /// Taken when no other chain matches; without it the connection is closed.
    pub default_chain: Option<FilterChain>,
    /// Written when a connection ends.
    pub access_logs: Vec<AccessLog>,
    /// `per_connection_buffer_limit_bytes`: more than this of a body filters cannot keep. Envoy's
    /// default is 1 MiB.
    pub buffer_limit_bytes: usize,
}

impl Default for Listener {
    fn default() -> Self {
        Self {
            name: String::new(),
            addresses: Vec::new(),
            direction: TrafficDirection::Unspecified,
            listener_filters: Vec::new(),
            listener_filters_timeout: Some(Duration::from_secs(15)),
            continue_on_listener_filters_timeout: false,
            chains: Vec::new(),
            default_chain: None,
            access_logs: Vec::new(),
            buffer_limit_bytes: 1 << 20,
        }
    }
}

/// Whose connections a listener takes; the numbers are what guests read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrafficDirection {
    /// Not said.
    #[default]
    Unspecified = 0,
    /// Of clients.
    Inbound = 1,
    /// Of the service beside it.
    Outbound = 2,
}

/// A listener filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerFilter {
    /// Restores the destination that a firewall has redirected.
    OriginalDestination,
    /// Takes the addresses from the PROXY header; swallows connections that end before it.
    ProxyProtocol {
        /// Connections without the header pass as they are.
        allow_requests_without_proxy_protocol: bool,
    },
    /// Reads the server name from the TLS greeting; swallows connections that end before it.
    TlsInspector,
}

/// What a connection must be like for a chain to be taken. What is empty or `None` does not
/// matter. Envoy looks at the properties in the order of the fields, the most specific value of
/// each first, and does not come back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainMatch {
    /// Destination port.
    pub destination_port: Option<u16>,
    /// Networks of the destination.
    pub destination_networks: Vec<IpNet>,
    /// Server names in lower case, `*.example.org` too.
    pub server_names: Vec<String>,
    /// What the TLS inspector has seen: `tls` or `raw_buffer`.
    pub transport_protocol: Option<String>,
    /// Application protocols of the TLS greeting, such as `h2`.
    pub application_protocols: Vec<String>,
    /// Networks of the peer of the TCP connection.
    pub direct_source_networks: Vec<IpNet>,
    /// Networks of the source, which a PROXY header may have changed.
    pub source_networks: Vec<IpNet>,
    /// Ports of the source.
    pub source_ports: Vec<u16>,
}

/// Filters of a connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilterChain {
    /// Its name; may be empty.
    pub name: String,
    /// When it is taken.
    pub matching: ChainMatch,
    /// What encrypts the connection.
    pub transport: TransportSocket,
    /// Network filters in their order. Envoy closes a connection that has none.
    pub filters: Vec<NetworkFilter>,
}

/// What stands between the bytes of the socket and the filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransportSocket {
    /// Nothing.
    #[default]
    Raw,
    /// TLS, ended by Envoy.
    Tls {
        /// Envoy refuses a client without a valid certificate. In the harness the test says what
        /// comes of a handshake.
        require_client_certificate: bool,
    },
}
