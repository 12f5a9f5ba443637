//! The data of one connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use super::chain::Filter;
use super::tls::Tls;
use super::{FilterState, Prototype, ReadOnly};
use crate::config::Listener;

/// A connection that several contexts see.
pub(crate) type Handle = Arc<Mutex<State>>;

/// Where a connection comes from and goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The source as filters see it: what a PROXY header says, else who connected.
    pub remote: SocketAddr,
    /// Who connected.
    pub direct_remote: SocketAddr,
    /// The destination as filters see it: the original one where a firewall has redirected the
    /// connection or a PROXY header names it.
    pub local: SocketAddr,
}

/// Who closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedBy {
    /// Envoy, or a filter.
    Local,
    /// The client.
    Remote,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Bytes go both ways.
    Open,
    /// It is closed as soon as everything is written; nothing is read.
    Flushing,
    /// It is closed when the client has closed it, or a second after everything is written.
    Delaying,
    /// It is over.
    Closed(ClosedBy),
}

/// One connection: everything that its filters share.
#[derive(Debug)]
pub struct State {
    /// Its number in the process.
    pub id: u64,
    /// Where it was accepted.
    pub listener: Arc<Listener>,
    /// The name of its filter chain; may be empty.
    pub chain_name: String,
    /// Source and destination.
    pub addresses: Addresses,
    /// The server name, if a TLS inspector has seen one.
    pub requested_server_name: String,
    /// TLS, on a chain that ends it.
    pub(crate) tls: Option<Tls>,
    /// Why the TLS handshake failed.
    pub transport_failure_reason: String,
    /// What Envoy has answered itself, such as `direct_response`.
    pub response_code_details: Option<&'static str>,
    /// Envoy's flags, such as `DPE`.
    pub response_flags: Vec<&'static str>,
    /// Why Envoy closed it, where it says so.
    pub termination_details: Option<String>,
    /// What filters have left for each other.
    pub filter_state: FilterState,
    /// Nanoseconds since 1970 when it was accepted.
    pub started_nanos: u64,
    /// The same on the monotonic clock, which durations go by.
    pub began_nanos: u64,
    /// Bytes that came from the client.
    pub bytes_received: u64,
    /// Bytes that were written to the client.
    pub bytes_sent: u64,
    pub(super) phase: Phase,
    /// Its filters, in their order.
    pub(super) filters: Vec<Filter>,
    /// What came and no filter has taken yet.
    pub(super) read_buffer: Vec<u8>,
    /// Whether the client has ended its half.
    pub(super) has_read_end: bool,
    /// Whether a filter wants to hear of the end of one half.
    pub(super) keeps_half_closed: bool,
    /// Filters that want no data now.
    pub(super) read_disabled: u32,
    /// What passes the write filters at the moment.
    pub(super) write_buffer: Option<Vec<u8>>,
    /// Whether Envoy has ended its half.
    pub(super) has_write_end: bool,
    /// What has passed the write filters and is not at the client yet.
    pub(super) output: Vec<u8>,
    /// What the client has got.
    pub(super) at_client: Vec<u8>,
    /// What a proxy of bytes has passed on.
    pub(super) at_upstream: Vec<u8>,
    /// What was given as the reason to close it from this side.
    pub(crate) local_close_reason: String,
    /// Whether the client has asked for the connection to be closed behind its request.
    pub(crate) wants_close: bool,
    /// When a close that waits for the client is not put off any longer.
    pub(super) closes_at_nanos: Option<u64>,
    /// When a proxy of bytes gives it up unless bytes come.
    pub(super) tcp_idle_at_nanos: Option<u64>,
    /// Its filters are gone.
    pub(super) is_finished: bool,
    /// The socket is to be read again, because a filter has enabled that.
    pub(super) is_resumed: bool,
    /// What has come while no filter wanted data.
    pub(super) unread: Vec<u8>,
}

impl State {
    /// A connection that was just accepted, without filters.
    pub(crate) fn accepted(
        id: u64,
        listener: Arc<Listener>,
        chain_name: String,
        addresses: Addresses,
        now_nanos: u64,
    ) -> Handle {
        Arc::new(Mutex::new(Self {
            id,
            listener,
            chain_name,
            addresses,
            requested_server_name: String::new(),
            tls: None,
            transport_failure_reason: String::new(),
            response_code_details: None,
            response_flags: Vec::new(),
            termination_details: None,
            filter_state: FilterState::default(),
            started_nanos: now_nanos,
            began_nanos: 0,
            bytes_received: 0,
            bytes_sent: 0,
            phase: Phase::Open,
            filters: Vec::new(),
            read_buffer: Vec::new(),
            has_read_end: false,
            keeps_half_closed: false,
            read_disabled: 0,
            write_buffer: None,
            has_write_end: false,
            output: Vec::new(),
            at_client: Vec::new(),
            at_upstream: Vec::new(),
            local_close_reason: String::new(),
            wants_close: false,
            closes_at_nanos: None,
            tcp_idle_at_nanos: None,
            is_resumed: false,
            is_finished: false,
            unread: Vec::new(),
        }))
    }

    /// Everything that a proxy of bytes has passed on.
    #[must_use]
    pub fn sent_upstream(&self) -> &[u8] {
        &self.at_upstream
    }

    /// Whether filters still run.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Who closed it, once it is closed.
    #[must_use]
    pub fn closed_by(&self) -> Option<ClosedBy> {
        match self.phase {
            Phase::Closed(by) => Some(by),
            Phase::Open | Phase::Flushing | Phase::Delaying => None,
        }
    }

    /// Everything that the client has got.
    #[must_use]
    pub fn sent_to_client(&self) -> &[u8] {
        &self.at_client
    }

    /// Writes a value that lives as long as the connection. Fails if the one that is there is
    /// read-only.
    pub fn set_filter_state(
        &mut self,
        name: &[u8],
        bytes: &[u8],
        prototype: Prototype,
    ) -> Result<(), ReadOnly> {
        self.filter_state.set(name, bytes, prototype)
    }

    /// What came from the client and the filter at `index` may see now; none outside of its
    /// callbacks, unless it has stopped there.
    pub(crate) fn downstream_data(&mut self, index: usize) -> Option<&mut Vec<u8>> {
        let sees = self.plugin(index)?.sees_downstream;
        sees.then_some(&mut self.read_buffer)
    }

    /// What goes to the client and the filter at `index` may see now.
    pub(crate) fn upstream_data(&mut self, index: usize) -> Option<&mut Vec<u8>> {
        let sees = self.plugin(index)?.sees_upstream;
        self.write_buffer.as_mut().filter(|_| sees)
    }

    /// A filter wants no data for now.
    pub(crate) fn disable_reading(&mut self) {
        self.read_disabled += 1;
    }

    /// A filter wants data again.
    pub(crate) fn enable_reading(&mut self) {
        self.read_disabled = self.read_disabled.saturating_sub(1);
        let has_more = !self.read_buffer.is_empty() || !self.unread.is_empty();
        self.is_resumed |= self.read_disabled == 0 && has_more;
    }
}
