//! How a connection begins: listener, listener filters, filter chain.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::ConnectionId;
use super::client;
use super::listeners::Active;
use super::turn::Waiting;
use crate::Worker;
use crate::abi::MetricType;
use crate::config::{ListenerFilter, TransportSocket};
use crate::network::{self, Addresses, Offer, Tls, TlsInfo};
use crate::shared::lock;

/// A connection of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// Who connects.
    pub source: SocketAddr,
    /// What the client has dialled.
    pub destination: SocketAddr,
    /// What the client says in TLS; none for a client that does not speak it.
    pub tls: Option<TlsInfo>,
    /// Source and destination in the PROXY header that the client begins with, if it does.
    pub proxied: Option<(SocketAddr, SocketAddr)>,
}

impl Connect {
    /// A connection without TLS and PROXY header.
    #[must_use]
    pub fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        Self {
            source,
            destination,
            tls: None,
            proxied: None,
        }
    }
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// Nobody listens there.
    Refused(SocketAddr),
    /// There is no such worker.
    NoWorker(usize),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(address) => write!(f, "no listener takes connections to {address}"),
            Self::NoWorker(worker) => write!(f, "there is no worker {worker}"),
        }
    }
}

impl std::error::Error for ConnectError {}

impl Worker {
    /// Accepts a connection: its listener filters decide or wait, then its network filters hear
    /// of it.
    ///
    /// Fails when nobody listens at the destination.
    pub fn connect(&mut self, connect: Connect) -> Result<ConnectionId, ConnectError> {
        let listeners = Arc::clone(&self.traffic.listeners);
        let Some(listener) = listeners.find(connect.destination) else {
            return Err(ConnectError::Refused(connect.destination));
        };
        let id = ConnectionId {
            worker: self.traffic.worker,
            id: listeners.next_connection(),
        };
        let now_nanos = self.thread.plan.shared.clock.monotonic_nanos();
        let mut waiting = Waiting::new(connect, listener, now_nanos);
        if let Some(header) = waiting.stray_header(listener) {
            waiting.bytes = header;
        }
        self.decide(id, waiting, listener, false);
        self.end_turn();
        Ok(id)
    }

    /// Lets the listener filters look at what has come; the connection waits on, is closed, or
    /// gets its filters.
    pub(super) fn decide(
        &mut self,
        id: ConnectionId,
        waiting: Waiting,
        listener: &Active,
        has_ended: bool,
    ) {
        match waiting.verdict(listener) {
            Verdict::Wait if has_ended => {
                self.count(&listener.counter("downstream_listener_filter_remote_close"));
                self.swallow(id.id, &waiting.connect, listener, &[]);
            }
            Verdict::Wait => self.traffic.wait(id.id, Box::new(waiting)),
            Verdict::Refuse => {
                self.count("downstream_cx_proxy_proto_error");
                self.swallow(id.id, &waiting.connect, listener, &[]);
            }
            Verdict::Accept => self.accept(id, waiting, listener),
        }
    }

    /// Chooses the filter chain and begins.
    pub(super) fn accept(&mut self, id: ConnectionId, waiting: Waiting, listener: &Active) {
        let connect = waiting.connect;
        let addresses = listener.addresses(&connect);
        let server_name = listener.server_name(&connect);
        let transport_protocol = match (listener.inspects_tls(), &connect.tls) {
            (true, Some(_)) => "tls",
            (true, None) => "raw_buffer",
            (false, _) => "",
        };
        let offer = Offer {
            local: addresses.local,
            remote: addresses.remote,
            direct_remote: addresses.direct_remote,
            server_name: &server_name,
            transport_protocol,
            application_protocols: &[],
        };
        let Some(chain) = listener.chain(&offer) else {
            self.count(&listener.counter("no_filter_chain_match"));
            self.swallow(id.id, &connect, listener, &["NR"]);
            return;
        };
        listener.count_accepted(&self.thread.plan.shared.metrics);
        let connection = self.begin(id.id, &connect, listener, &chain.blueprint.name);
        if let TransportSocket::Tls {
            require_client_certificate,
        } = chain.transport
        {
            let tls = Tls::new(connect.tls, require_client_certificate);
            lock(&connection).tls = Some(tls);
        }
        self.traffic.opened(id.id, &connection);
        chain.blueprint.instantiate(self, &connection);
        network::rests(self, &connection);
        client::reserve(&connection, &waiting.streams);
        network::start(self, &connection);
        network::handshake(self, &connection);
        if !waiting.bytes.is_empty() {
            network::receive(self, &connection, &waiting.bytes, false);
        }
    }

    /// A connection without filters.
    fn begin(&self, id: u64, connect: &Connect, listener: &Active, chain: &str) -> network::Handle {
        let config = Arc::clone(&listener.config);
        let clock = &self.thread.plan.shared.clock;
        let now = clock.unix_nanos();
        let addresses = listener.addresses(connect);
        let connection = network::State::accepted(id, config, chain.into(), addresses, now);
        {
            let mut state = lock(&connection);
            state.began_nanos = clock.monotonic_nanos();
            state.requested_server_name = listener.server_name(connect);
        }
        connection
    }

    /// Ends a connection that no filter has heard of; the access log of the listener does.
    pub(super) fn swallow(
        &mut self,
        id: u64,
        connect: &Connect,
        listener: &Active,
        flags: &[&'static str],
    ) {
        let connection = self.begin(id, connect, listener, "");
        {
            let mut state = lock(&connection);
            state.response_flags.extend(flags);
            if flags.contains(&"NR") {
                state.response_code_details = Some("filter_chain_not_found");
            }
        }
        network::log_access(self, &connection);
        self.traffic.swallowed(id);
    }

    pub(super) fn count(&mut self, counter: &str) {
        let metrics = &self.thread.plan.shared.metrics;
        metrics.define(MetricType::Counter, counter).add(1);
    }
}

/// What the listener filters say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accept,
    /// They need more bytes.
    Wait,
    Refuse,
}

impl Waiting {
    /// What the listener filters say to what has come so far.
    fn verdict(&self, listener: &Active) -> Verdict {
        let connect = &self.connect;
        for filter in &listener.config.listener_filters {
            let verdict = match filter {
                ListenerFilter::OriginalDestination => Verdict::Accept,
                ListenerFilter::ProxyProtocol {
                    allow_requests_without_proxy_protocol,
                } => match (&connect.proxied, self.bytes.is_empty()) {
                    (Some(_), _) => Verdict::Accept,
                    (None, true) => Verdict::Wait,
                    (None, false) if *allow_requests_without_proxy_protocol => Verdict::Accept,
                    (None, false) => Verdict::Refuse,
                },
                ListenerFilter::TlsInspector => match (&connect.tls, self.bytes.is_empty()) {
                    (None, true) => Verdict::Wait,
                    _ => Verdict::Accept,
                },
            };
            if verdict != Verdict::Accept {
                return verdict;
            }
        }
        Verdict::Accept
    }

    /// The PROXY header as bytes, where no listener filter takes it.
    fn stray_header(&self, listener: &Active) -> Option<Vec<u8>> {
        let (source, destination) = self.connect.proxied?;
        if listener.reads_proxy_header() {
            return None;
        }
        let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
        let (from, to) = (source.ip(), destination.ip());
        let ports = (source.port(), destination.port());
        Some(format!("PROXY {family} {from} {to} {} {}\r\n", ports.0, ports.1).into_bytes())
    }
}

impl Active {
    /// Where filters see the connection come from and go to.
    fn addresses(&self, connect: &Connect) -> Addresses {
        let believed = connect.proxied.filter(|_| self.reads_proxy_header());
        let (remote, local) = believed.unwrap_or((connect.source, connect.destination));
        Addresses {
            remote,
            direct_remote: connect.source,
            local,
        }
    }

    /// The server name, if a TLS inspector has seen one.
    fn server_name(&self, connect: &Connect) -> String {
        let tls = connect.tls.as_ref().filter(|_| self.inspects_tls());
        tls.map_or_else(String::new, |tls| tls.server_name.to_ascii_lowercase())
    }

    fn inspects_tls(&self) -> bool {
        self.config
            .listener_filters
            .contains(&ListenerFilter::TlsInspector)
    }

    fn reads_proxy_header(&self) -> bool {
        let reads =
            |filter: &ListenerFilter| matches!(filter, ListenerFilter::ProxyProtocol { .. });
        self.config.listener_filters.iter().any(reads)
    }
}
