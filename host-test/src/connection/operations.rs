//! What a client does with a connection.

use std::fmt;
use std::sync::Arc;

use super::turn::{Place, Waiting};
use super::{ConnectionId, StreamId};
use crate::Worker;
use crate::network;
use crate::shared::lock;

/// Who closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The client.
    Client,
    /// Envoy, as when it is drained.
    Envoy,
}

/// A connection or stream that is not there: it never was, or it is long over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// The connection.
    Connection(u64),
    /// The stream.
    Stream(u64),
    /// The request of the stream can have no trailers.
    NoTrailers(u64),
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(id) => write!(f, "there is no open connection {id}"),
            Self::Stream(id) => write!(f, "there is no stream {id}"),
            Self::NoTrailers(id) => write!(
                f,
                "the request of stream {id} has a length: trailers cannot follow; leave it open"
            ),
        }
    }
}

impl std::error::Error for Gone {}

/// What has come from a client.
#[derive(Clone, Copy, Debug)]
struct Input<'a> {
    bytes: &'a [u8],
    is_end: bool,
}

impl Worker {
    /// The client sends these bytes, in one go.
    ///
    /// Fails when there is no such connection; to a closed one it sends in vain.
    pub fn send(&mut self, id: ConnectionId, bytes: &[u8]) -> Result<(), Gone> {
        let is_end = false;
        self.receive(id, Input { bytes, is_end })
    }

    /// The client ends its half of the connection. Where no filter cares for halves Envoy closes
    /// the connection.
    ///
    /// Fails when there is no such connection.
    pub fn half_close(&mut self, id: ConnectionId) -> Result<(), Gone> {
        let is_end = true;
        self.receive(id, Input { bytes: &[], is_end })
    }

    /// The client sends these bytes, in one go, and ends its half of the connection.
    ///
    /// Fails when there is no such connection.
    pub fn send_last(&mut self, id: ConnectionId, bytes: &[u8]) -> Result<(), Gone> {
        let is_end = true;
        self.receive(id, Input { bytes, is_end })
    }

    /// One side closes the connection.
    ///
    /// Fails when there is no such connection.
    pub fn close(&mut self, id: ConnectionId, by: By) -> Result<(), Gone> {
        match by {
            By::Client => self.half_close(id),
            By::Envoy => {
                if let Place::Filters(connection) = self.place(id)? {
                    network::close_flushed(self, &connection, "");
                    self.end_turn();
                }
                Ok(())
            }
        }
    }

    /// The client resets the connection: Envoy hears of it at once.
    ///
    /// Fails when there is no such connection.
    pub fn reset(&mut self, id: ConnectionId) -> Result<(), Gone> {
        match self.place(id)? {
            Place::Filters(connection) => {
                network::close_remote(self, &connection);
                self.end_turn();
                Ok(())
            }
            Place::Waiting(_) => self.half_close(id),
            Place::Swallowed => Ok(()),
        }
    }

    /// An upstream sends bytes through the proxy of bytes of this connection.
    ///
    /// Fails when there is no such connection.
    pub fn upstream_send(&mut self, id: ConnectionId, bytes: &[u8]) -> Result<(), Gone> {
        self.upstream(id, bytes.to_vec(), false)
    }

    /// An upstream ends its half of the connection behind the proxy of bytes.
    ///
    /// Fails when there is no such connection.
    pub fn upstream_close(&mut self, id: ConnectionId) -> Result<(), Gone> {
        self.upstream(id, Vec::new(), true)
    }

    fn upstream(&mut self, id: ConnectionId, bytes: Vec<u8>, is_end: bool) -> Result<(), Gone> {
        if let Place::Filters(connection) = self.place(id)? {
            network::write(self, &connection, bytes, is_end);
            network::moved(self, &connection);
            self.end_turn();
        }
        Ok(())
    }

    /// Something of a connection is due.
    pub(super) fn connection_due(&mut self, id: u64, at_nanos: u64) {
        match self.traffic.place(id).cloned() {
            Some(Place::Filters(connection)) => network::due(self, &connection),
            Some(Place::Waiting(waiting)) if waiting.ends_at_nanos == Some(at_nanos) => {
                self.filters_timed_out(id, *waiting);
            }
            _ => {}
        }
    }

    /// The listener filters have not decided in time.
    fn filters_timed_out(&mut self, id: u64, waiting: Waiting) {
        let listeners = Arc::clone(&self.traffic.listeners);
        let Some(listener) = listeners.find(waiting.connect.destination) else {
            return;
        };
        if listener.config.continue_on_listener_filters_timeout {
            let worker = self.traffic.worker;
            self.accept(ConnectionId { worker, id }, waiting, listener);
        } else {
            self.count(&listener.counter("downstream_pre_cx_timeout"));
            self.swallow(id, &waiting.connect, listener, &[]);
        }
    }

    fn receive(&mut self, id: ConnectionId, input: Input<'_>) -> Result<(), Gone> {
        match self.place(id)? {
            Place::Filters(connection) => {
                network::receive(self, &connection, input.bytes, input.is_end);
            }
            Place::Waiting(mut waiting) => {
                let listeners = Arc::clone(&self.traffic.listeners);
                waiting.bytes.extend_from_slice(input.bytes);
                if let Some(listener) = listeners.find(waiting.connect.destination) {
                    self.decide(id, *waiting, listener, input.is_end);
                }
                if let (true, Place::Filters(connection)) = (input.is_end, self.place(id)?) {
                    network::receive(self, &connection, &[], true);
                }
            }
            Place::Swallowed => {}
        }
        self.end_turn();
        Ok(())
    }

    /// Whether a connection is open, or can still be looked at.
    pub(crate) fn knows(&self, id: ConnectionId) -> bool {
        self.traffic.place(id.id).is_some()
    }

    /// Whether a stream is under way, or can still be looked at.
    pub(crate) fn knows_stream(&self, id: StreamId) -> bool {
        self.traffic.stream(id.id).is_some()
    }

    pub(super) fn place(&self, id: ConnectionId) -> Result<Place, Gone> {
        let place = self.traffic.place(id.id).cloned();
        place.ok_or(Gone::Connection(id.id))
    }

    /// The connection, at its filters.
    pub(super) fn handle(&self, id: ConnectionId) -> Result<network::Handle, Gone> {
        match self.place(id)? {
            Place::Filters(connection) if lock(&connection).is_open() => Ok(connection),
            _ => Err(Gone::Connection(id.id)),
        }
    }
}
