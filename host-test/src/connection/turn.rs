//! The connections of one worker, and what happens at the end of each turn of its event loop.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::client::Clients;
use super::connect::Connect;
use super::listeners::{Active, Listeners};
use super::runner::Runner;
use super::stream::Response;
use crate::Worker;
use crate::http;
use crate::network;
use crate::shared::{lock, nanos};

/// Connections and streams of one worker.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(super) worker: usize,
    pub(crate) listeners: Arc<Listeners>,
    pub(super) connections: BTreeMap<u64, Place>,
    pub(super) streams: BTreeMap<u64, http::Handle>,
    /// Closed connections that can still be looked at, the oldest first.
    closed: VecDeque<u64>,
    /// Ended streams that can still be looked at, the oldest first.
    ended: VecDeque<u64>,
    /// Connections of which something is to be written, read or let go of.
    pub(super) touched: VecDeque<network::Handle>,
    /// Streams that are over and hold something in the VMs.
    pub(super) released: Vec<http::Handle>,
    /// Streams whose requests are whole at the upstream.
    pub(super) answerable: VecDeque<http::Handle>,
    /// When something of a connection is due, on the monotonic clock.
    due: BTreeSet<(u64, u64)>,
    /// The same by connection, of which each is there once at most.
    woken: BTreeMap<u64, u64>,
    pub(super) clients: Clients,
    next_stream: u64,
    pub(super) answer: Option<Response>,
}

/// Where a connection is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// At the listener filters.
    Waiting(Box<Waiting>),
    /// At its network filters, or past them.
    Filters(network::Handle),
    /// It ended before a network filter heard of it.
    Swallowed,
}

/// A connection at the listener filters.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) connect: Connect,
    /// What has come so far.
    pub(super) bytes: Vec<u8>,
    /// Streams of the requests that begin in these bytes.
    pub(super) streams: Vec<u64>,
    /// When the listener filters must have decided, on the monotonic clock.
    pub(super) ends_at_nanos: Option<u64>,
}

impl Waiting {
    pub(super) fn new(connect: Connect, listener: &Active, now_nanos: u64) -> Self {
        let timeout = listener.config.listener_filters_timeout;
        Self {
            connect,
            bytes: Vec::new(),
            streams: Vec::new(),
            ends_at_nanos: timeout.map(|timeout| now_nanos.saturating_add(nanos(timeout))),
        }
    }
}

/// Connections and streams that can be looked at after their end.
const REMEMBERED_MAX: usize = 4_096;

impl Traffic {
    pub(crate) fn new(worker: usize, listeners: Arc<Listeners>) -> Self {
        Self {
            worker,
            listeners,
            connections: BTreeMap::new(),
            streams: BTreeMap::new(),
            closed: VecDeque::new(),
            ended: VecDeque::new(),
            touched: VecDeque::new(),
            released: Vec::new(),
            answerable: VecDeque::new(),
            due: BTreeSet::new(),
            woken: BTreeMap::new(),
            clients: Clients::default(),
            next_stream: 1,
            answer: None,
        }
    }

    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.connections.values()
    }

    pub(super) fn place(&self, id: u64) -> Option<&Place> {
        self.connections.get(&id)
    }

    pub(super) fn stream(&self, id: u64) -> Option<&http::Handle> {
        self.streams.get(&id)
    }

    /// The streams of this connection, the oldest first.
    pub(super) fn streams_of(&self, connection: &network::Handle) -> Vec<u64> {
        let is_of = |(id, stream): (&u64, &http::Handle)| {
            Arc::ptr_eq(&lock(stream).connection, connection).then_some(*id)
        };
        self.streams.iter().filter_map(is_of).collect()
    }

    pub(super) fn wait(&mut self, id: u64, waiting: Box<Waiting>) {
        if let Some(at) = waiting.ends_at_nanos {
            self.wake(id, at);
        }
        self.connections.insert(id, Place::Waiting(waiting));
    }

    pub(super) fn opened(&mut self, id: u64, connection: &network::Handle) {
        let place = Place::Filters(Arc::clone(connection));
        self.connections.insert(id, place);
    }

    pub(super) fn swallowed(&mut self, id: u64) {
        self.connections.insert(id, Place::Swallowed);
        self.remember_closed(id);
    }

    /// Wakes a connection at this time or before.
    pub(super) fn wake(&mut self, id: u64, at_nanos: u64) {
        if self.woken.get(&id).is_some_and(|at| *at <= at_nanos) {
            return;
        }
        self.let_sleep(id);
        self.due.insert((at_nanos, id));
        self.woken.insert(id, at_nanos);
    }

    fn let_sleep(&mut self, id: u64) {
        if let Some(at) = self.woken.remove(&id) {
            self.due.remove(&(at, id));
        }
    }

    fn remember_closed(&mut self, id: u64) {
        self.let_sleep(id);
        self.closed.push_back(id);
        if self.closed.len() > REMEMBERED_MAX
            && let Some(oldest) = self.closed.pop_front()
        {
            self.connections.remove(&oldest);
            self.clients.forget_connection(oldest);
        }
    }

    fn remember_ended(&mut self, id: u64) {
        self.ended.push_back(id);
        if self.ended.len() > REMEMBERED_MAX
            && let Some(oldest) = self.ended.pop_front()
        {
            self.streams.remove(&oldest);
            self.clients.forget_stream(oldest);
        }
    }

    /// The number of the next stream.
    pub(super) fn reserve_stream(&mut self) -> u64 {
        let id = self.next_stream;
        self.next_stream += 1;
        id
    }
}

impl Worker {
    /// Ends a turn of the event loop: what was written gets to the clients, sockets are read again
    /// where a filter wants that, upstreams answer, and what is over is let go of.
    pub(crate) fn end_turn(&mut self) {
        loop {
            if let Some(connection) = self.traffic.touched.pop_front() {
                network::flush(self, &connection);
                network::resume(self, &connection);
                if network::finish(self, &connection) {
                    let id = lock(&connection).id;
                    self.traffic.remember_closed(id);
                }
            } else if let Some(stream) = self.traffic.answerable.pop_front() {
                if let Some(answer) = self.traffic.answer.clone() {
                    self.answer(&stream, answer);
                }
            } else {
                break;
            }
        }
        for stream in std::mem::take(&mut self.traffic.released) {
            http::release(self, &stream);
            let id = lock(&stream).id;
            self.traffic.remember_ended(id);
        }
    }

    /// When something is due next, on the monotonic clock.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let guest = self.thread.next_due();
        let connection = self.traffic.due.first().map(|(at, _)| *at);
        guest.into_iter().chain(connection).min()
    }

    /// Does what is due next.
    pub(crate) fn run_due(&mut self) {
        let guest_nanos = self.thread.next_due().unwrap_or(u64::MAX);
        match self.traffic.due.first().copied() {
            Some((at, id)) if at <= guest_nanos => {
                self.traffic.let_sleep(id);
                self.connection_due(id, at);
            }
            _ => self.thread.run_due(),
        }
    }

    /// Does what callbacks have asked for, and ends the turn.
    pub(crate) fn settle(&mut self) {
        for vm in self.thread.vm_refs() {
            Runner::settle(self, vm);
        }
        self.end_turn();
    }
}
