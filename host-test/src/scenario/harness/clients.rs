//! What clients and upstreams do, and what they have done so far.

mod requests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::convert;
use super::edge::Edge;
use crate::Worker;
use crate::config::Bootstrap;
use crate::connection::{
    self, By, ConnectError, ConnectionId, ConnectionView, Gone, StreamId, StreamView,
};
use crate::scenario::model::{Action, Answer, Connect, ConnectionIndex, Peer, RequestIndex};
use crate::scenario::world::{Obstacle, resolve};

/// The clients and upstreams of a case.
#[derive(Clone)]
pub(super) struct Clients {
    bootstrap: Arc<Bootstrap>,
    connections: BTreeMap<ConnectionIndex, ConnectionId>,
    requests: BTreeMap<RequestIndex, Sent>,
    /// Answers of upstreams that wait until the request is whole there.
    answers: BTreeMap<RequestIndex, Answer>,
    next_port: u16,
    /// How many connections and requests there may be before those are forgotten that the host has
    /// forgotten.
    kept_max: usize,
    has_forgotten: bool,
}

/// Connections and requests that are kept at least.
const KEPT_MIN: usize = 10_000;

/// A request that was sent.
#[derive(Clone, Copy, Debug)]
struct Sent {
    connection: ConnectionIndex,
    /// None if the connection could not take it.
    stream: Option<StreamId>,
}

/// The port of the first client that names none; the next one has the next.
pub(crate) const FIRST_PORT: u16 = 32_768;

impl Clients {
    pub(super) fn new(bootstrap: Arc<Bootstrap>) -> Self {
        Self {
            bootstrap,
            connections: BTreeMap::new(),
            requests: BTreeMap::new(),
            answers: BTreeMap::new(),
            next_port: FIRST_PORT,
            kept_max: KEPT_MIN,
            has_forgotten: false,
        }
    }

    /// The part of them that acts on one worker, which may take so many ports. Whoever acts on it
    /// gives it back to [`Clients::join`].
    pub(super) fn part(&mut self, worker: usize, ports: usize) -> Self {
        let is_there = |connections: &BTreeMap<_, ConnectionId>, sent: &Sent| {
            let id = connections.get(&sent.connection);
            id.is_some_and(|id| id.worker == worker)
        };
        let mut part = self.clone();
        part.answers.retain(|request, _| {
            let sent = part.requests.get(request);
            sent.is_some_and(|sent| is_there(&part.connections, sent))
        });
        self.answers
            .retain(|request, _| !part.answers.contains_key(request));
        (0..ports).for_each(|_| _ = self.port());
        part
    }

    /// Takes back a part.
    pub(super) fn join(&mut self, part: Self) {
        self.connections.extend(part.connections);
        self.requests.extend(part.requests);
        self.answers.extend(part.answers);
    }

    /// Where a connection is; none if it was refused.
    pub(super) fn connection(&self, index: ConnectionIndex) -> Option<ConnectionId> {
        self.connections.get(&index).copied()
    }

    pub(super) fn connection_view(
        &self,
        edge: &impl Edge,
        index: ConnectionIndex,
    ) -> Option<ConnectionView> {
        let id = self.connection(index)?;
        edge.at(id.worker)?.connection(id).ok()
    }

    pub(super) fn stream_view(&self, edge: &impl Edge, index: RequestIndex) -> Option<StreamView> {
        let id = self.requests.get(&index)?.stream?;
        edge.at(id.worker)?.stream(id).ok()
    }

    /// Whether nothing is known any more of a connection that was accepted.
    pub(super) fn has_forgotten(&self, edge: &impl Edge, index: ConnectionIndex) -> bool {
        match self.connection(index) {
            Some(id) => !edge.at(id.worker).is_some_and(|worker| worker.knows(id)),
            None => self.has_forgotten,
        }
    }

    /// Whether nothing is known any more of a request.
    pub(super) fn has_forgotten_request(&self, edge: &impl Edge, index: RequestIndex) -> bool {
        match self.requests.get(&index).map(|sent| sent.stream) {
            Some(Some(id)) => !edge.at(id.worker).is_some_and(|at| at.knows_stream(id)),
            Some(None) => false,
            None => self.has_forgotten,
        }
    }

    /// Whether a request was sent on a connection that is closed, or that nobody accepted.
    pub(super) fn is_cut_off(&self, edge: &impl Edge, index: RequestIndex) -> bool {
        let Some(sent) = self.requests.get(&index) else {
            return false;
        };
        let view = self.connection_view(edge, sent.connection);
        !view.is_some_and(|view| view.is_open)
    }

    /// Does a step that needs one worker alone; `None` if it is none.
    pub(super) fn act(
        &mut self,
        edge: &mut impl Edge,
        action: &Action,
    ) -> Option<Result<(), Obstacle>> {
        Some(match action {
            Action::Connect(index, connect) => self.connect(edge, *index, connect),
            Action::Send {
                connection,
                by: Peer::Upstream,
                bytes,
                end,
            } => self.upstream_send(edge, *connection, bytes, *end),
            Action::Send {
                connection,
                bytes,
                end,
                ..
            } => self.send(edge, *connection, bytes, *end),
            Action::Close(connection, by) => self.close(edge, *connection, *by),
            Action::ResetConnection(connection) => self.reset(edge, *connection),
            Action::ResetRequest(request) => self.reset_request(edge, *request),
            Action::Request {
                request,
                connection,
                connect,
                message,
            } => {
                let connected = connect
                    .as_ref()
                    .map_or(Ok(()), |connect| self.connect(edge, *connection, connect));
                connected.and_then(|()| self.request(edge, *request, *connection, message))
            }
            Action::Data {
                request,
                bytes,
                end,
            } => self.data(edge, *request, bytes, *end),
            Action::Trailers(request, trailers) => self.trailers(edge, *request, trailers),
            Action::Respond(request, answer) => self.respond(edge, *request, answer),
            Action::Tick(worker) => self.tick(edge, *worker),
            _ => return None,
        })
    }

    pub(super) fn tick(&mut self, edge: &mut impl Edge, worker: usize) -> Result<(), Obstacle> {
        let ticked = edge.on(worker, Worker::tick);
        ticked.ok_or_else(|| Obstacle::Mistake(format!("there is no worker {worker}")))?;
        self.answer(edge)
    }

    pub(super) fn connect(
        &mut self,
        edge: &mut impl Edge,
        index: ConnectionIndex,
        connect: &Connect,
    ) -> Result<(), Obstacle> {
        self.forget(edge);
        let destination = resolve(&connect.destination, connect.source.ip(), &self.bootstrap)?;
        let port = match connect.source.port() {
            0 => self.port(),
            port => port,
        };
        let wanted = connection::Connect {
            source: SocketAddr::new(connect.source.ip(), port),
            destination,
            tls: connect.tls.as_ref().map(convert::tls),
            proxied: connect.proxied,
        };
        let none = ConnectError::NoWorker(connect.worker);
        let connected = edge.on(connect.worker, |worker| worker.connect(wanted));
        match connected.unwrap_or(Err(none)) {
            Ok(id) => {
                self.connections.insert(index, id);
                Ok(())
            }
            // A client learns that nobody listens, and goes its way.
            Err(ConnectError::Refused(_)) => Ok(()),
            Err(error) => Err(Obstacle::Mistake(error.to_string())),
        }
    }

    /// Forgets connections and requests that are long over, so that a case with a million of them
    /// needs no more memory than one with a few.
    fn forget(&mut self, edge: &impl Edge) {
        if self.connections.len() + self.requests.len() < self.kept_max {
            return;
        }
        self.connections.retain(|_, id| {
            let worker = edge.at(id.worker);
            worker.is_some_and(|worker| worker.knows(*id))
        });
        self.has_forgotten = true;
        let connections = &self.connections;
        self.requests.retain(|_, sent| match sent.stream {
            Some(id) => edge.at(id.worker).is_some_and(|at| at.knows_stream(id)),
            None => connections.contains_key(&sent.connection),
        });
        let left = self.connections.len() + self.requests.len();
        self.kept_max = KEPT_MIN.max(left.saturating_mul(2));
    }

    /// A client's port that no other connection of this case has had for a while.
    fn port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
        port
    }

    pub(super) fn send(
        &mut self,
        edge: &mut impl Edge,
        on: ConnectionIndex,
        bytes: &[u8],
        end: bool,
    ) -> Result<(), Obstacle> {
        self.on(edge, on, |worker, id| match (bytes, end) {
            ([], true) => worker.half_close(id),
            (bytes, true) => worker.send_last(id, bytes),
            (bytes, false) => worker.send(id, bytes),
        })?;
        self.answer(edge)
    }

    pub(super) fn upstream_send(
        &mut self,
        edge: &mut impl Edge,
        on: ConnectionIndex,
        bytes: &[u8],
        end: bool,
    ) -> Result<(), Obstacle> {
        if !bytes.is_empty() {
            self.on(edge, on, |worker, id| worker.upstream_send(id, bytes))?;
        }
        if end {
            self.on(edge, on, |worker, id| worker.upstream_close(id))?;
        }
        Ok(())
    }

    pub(super) fn close(
        &mut self,
        edge: &mut impl Edge,
        connection: ConnectionIndex,
        by: Peer,
    ) -> Result<(), Obstacle> {
        self.on(edge, connection, |worker, id| match by {
            Peer::Client => worker.close(id, By::Client),
            Peer::Proxy => worker.close(id, By::Envoy),
            Peer::Upstream => worker.upstream_close(id),
        })
    }

    pub(super) fn reset(
        &mut self,
        edge: &mut impl Edge,
        connection: ConnectionIndex,
    ) -> Result<(), Obstacle> {
        self.on(edge, connection, |worker, id| worker.reset(id))
    }

    /// Does something with a connection.
    fn on(
        &self,
        edge: &mut impl Edge,
        index: ConnectionIndex,
        act: impl FnOnce(&mut Worker, ConnectionId) -> Result<(), Gone>,
    ) -> Result<(), Obstacle> {
        let refused =
            || Obstacle::Failure("the connection was refused, or is long over".to_owned());
        let id = self.connection(index).ok_or_else(refused)?;
        // Who sends to what is closed already notices nothing at first.
        let _ = edge.on(id.worker, |worker| act(worker, id));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Clients, KEPT_MIN};
    use crate::Host;
    use crate::config::{Bootstrap, FilterChain, Listener, NetworkFilter};
    use crate::scenario::model::{Connect, ConnectionIndex, Destination, Peer};

    #[test]
    fn connections_that_are_long_over_are_forgotten() {
        let listener = Listener {
            addresses: vec!["0.0.0.0:80".parse().unwrap()],
            default_chain: Some(FilterChain {
                filters: vec![NetworkFilter::Echo],
                ..FilterChain::default()
            }),
            ..Listener::default()
        };
        let bootstrap = Bootstrap {
            listeners: vec![listener],
            ..Bootstrap::default()
        };
        let mut host = Host::builder(bootstrap.clone()).build().unwrap();
        let mut clients = Clients::new(Arc::new(bootstrap));
        let connect = Connect {
            worker: 0,
            source: "203.0.113.7:0".parse().unwrap(),
            destination: Destination::First,
            place: Default::default(),
            tls: None,
            proxied: None,
        };
        let open = ConnectionIndex(0);
        clients.connect(&mut host, open, &connect).unwrap();
        for number in 1..3 * KEPT_MIN {
            let index = ConnectionIndex(number);
            clients.connect(&mut host, index, &connect).unwrap();
            clients.close(&mut host, index, Peer::Client).unwrap();
            assert!(clients.connections.len() <= KEPT_MIN);
        }
        assert!(clients.connection(open).is_some(), "it is open still");
        let last = ConnectionIndex(3 * KEPT_MIN - 1);
        assert!(clients.connection_view(&host, last).is_some());
    }
}
