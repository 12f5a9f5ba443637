//! Clients of HTTP: what they have sent of their requests, and how they send the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::operations::Gone;
use super::request::{Form, Request};
use super::turn::Place;
use super::{ConnectionId, StreamId};
use crate::Worker;
use crate::network;
use crate::shared::lock;

/// The clients of a worker.
#[derive(Debug, Default)]
pub(super) struct Clients {
    connections: BTreeMap<u64, Client>,
    /// Requests by the number of their stream.
    requests: BTreeMap<u64, Sent>,
}

/// One connection.
#[derive(Debug, Default)]
struct Client {
    /// Requests in HTTP/2 so far.
    http2: u32,
    /// Streams whose requests are known.
    streams: BTreeSet<u64>,
}

/// A request that was sent, to its end or not.
#[derive(Clone, Copy, Debug)]
struct Sent {
    connection: ConnectionId,
    form: Form,
}

impl Clients {
    /// Notes a request on its way. What is sent of it.
    fn add(
        &mut self,
        connection: ConnectionId,
        stream: u64,
        request: &Request,
        is_tls: bool,
    ) -> Vec<Vec<u8>> {
        let client = self.connections.entry(connection.id).or_default();
        client.streams.insert(stream);
        let (form, parts) = request.sent(client.http2, is_tls);
        client.http2 += u32::from(form.is_http2());
        self.requests.insert(stream, Sent { connection, form });
        parts
    }

    fn sent(&self, stream: u64) -> Result<Sent, Gone> {
        let sent = self.requests.get(&stream).copied();
        sent.ok_or(Gone::Stream(stream))
    }

    /// Forgets a request.
    pub(super) fn forget_stream(&mut self, stream: u64) {
        if let Some(sent) = self.requests.remove(&stream)
            && let Some(client) = self.connections.get_mut(&sent.connection.id)
        {
            client.streams.remove(&stream);
        }
    }

    /// Forgets a connection and its requests.
    pub(super) fn forget_connection(&mut self, connection: u64) {
        let client = self.connections.remove(&connection);
        for stream in client.unwrap_or_default().streams {
            self.requests.remove(&stream);
        }
    }
}

/// Gives the next streams of a connection these numbers, if it speaks HTTP.
pub(super) fn reserve(connection: &network::Handle, streams: &[u64]) {
    let mut state = lock(connection);
    let index = state.http_index();
    if let Some((manager, _)) = index.and_then(|index| state.http(index)) {
        streams.iter().for_each(|stream| manager.reserve(*stream));
    }
}

impl Worker {
    /// The client sends a request: its headers, then each part of its body, each in one go. What
    /// filters hold back waits there. Where nobody speaks HTTP the bytes are sent all the same, and
    /// there will be no such stream. Before its first request in HTTP/2 a client says which settings
    /// it has.
    ///
    /// Fails when the connection is not open.
    pub fn request(&mut self, id: ConnectionId, request: &Request) -> Result<StreamId, Gone> {
        let stream = self.traffic.reserve_stream();
        let is_tls = if let Place::Waiting(mut waiting) = self.place(id)? {
            // The first bytes decide which filters there will be.
            let is_tls = waiting.connect.tls.is_some();
            waiting.streams.push(stream);
            self.traffic.wait(id.id, waiting);
            is_tls
        } else {
            let connection = self.handle(id)?;
            reserve(&connection, &[stream]);
            lock(&connection).tls.is_some()
        };
        let parts = self.traffic.clients.add(id, stream, request, is_tls);
        self.deliver(id, parts)?;
        Ok(StreamId {
            worker: id.worker,
            id: stream,
        })
    }

    /// The client sends more of the body of a request that was left open.
    ///
    /// Fails when there is no such request, or its connection is closed.
    pub fn request_data(&mut self, id: StreamId, bytes: &[u8], is_end: bool) -> Result<(), Gone> {
        let sent = self.traffic.clients.sent(id.id)?;
        let parts = sent.form.data(bytes, is_end);
        self.deliver(sent.connection, parts)
    }

    /// The client ends a request that was left open with trailers.
    ///
    /// Fails when there is no such request, its connection is closed, or its body has a length:
    /// in HTTP/1.1 trailers stand behind chunks only.
    pub fn request_trailers(
        &mut self,
        id: StreamId,
        trailers: &[(String, Vec<u8>)],
    ) -> Result<(), Gone> {
        let sent = self.traffic.clients.sent(id.id)?;
        let part = sent
            .form
            .trailers(trailers)
            .ok_or(Gone::NoTrailers(id.id))?;
        self.deliver(sent.connection, vec![part])
    }

    /// The client gives a request up: it resets its stream in HTTP/2, its connection in HTTP/1.1.
    ///
    /// Fails when there is no such request, or its connection is closed.
    pub fn request_reset(&mut self, id: StreamId) -> Result<(), Gone> {
        let sent = self.traffic.clients.sent(id.id)?;
        match sent.form.reset() {
            Some(frame) => self.deliver(sent.connection, vec![frame]),
            None => self.reset(sent.connection),
        }
    }

    fn deliver(&mut self, id: ConnectionId, parts: Vec<Vec<u8>>) -> Result<(), Gone> {
        for part in parts.iter().filter(|part| !part.is_empty()) {
            self.send(id, part)?;
        }
        Ok(())
    }
}
