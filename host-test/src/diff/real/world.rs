//! What steps do in the real Envoy, and what is seen there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::client::{Client, dial};
use super::http2;
use super::start::only_vm_id;
use super::{Dialled, RealWorld, failure};
use crate::abi::LogLevel;
use crate::config::NetworkFilter;
use crate::connection::Form;
use crate::scenario::{
    Answer, Connect, ConnectionIndex, ConnectionSeen, Exchange, FIRST_PORT, Look, Obstacle, Peer,
    Request, RequestIndex, Setup, Time, World, access_line, lines, message, resolve,
};

impl RealWorld {
    fn client(&mut self, index: ConnectionIndex) -> Result<&mut Client, Obstacle> {
        let refused = || Obstacle::Failure("the connection was refused: nobody listens".to_owned());
        let dialled = self.clients.get_mut(&index);
        dialled
            .map(|dialled| &mut dialled.client)
            .ok_or_else(refused)
    }

    fn port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
        port
    }

    fn goes_through_raw(&self, destination: SocketAddr) -> bool {
        let here = |address: &SocketAddr| {
            let same_ip = address.ip() == destination.ip() || address.ip().is_unspecified();
            address.port() == destination.port() && same_ip
        };
        let mut listeners = self.bootstrap.listeners.iter();
        let listener = listeners.find(|listener| listener.addresses.iter().any(here));
        let chains = listener
            .into_iter()
            .flat_map(|listener| listener.chains.iter().chain(&listener.default_chain));
        let mut filters = chains.flat_map(|chain| &chain.filters);
        filters.any(|filter| matches!(filter, NetworkFilter::TcpProxy { .. }))
    }

    /// Sends parts one after the other, each when all is done about the one before.
    fn send_parts(&mut self, on: ConnectionIndex, parts: &[Vec<u8>]) -> Result<(), Obstacle> {
        for part in parts {
            if let Some(dialled) = self.clients.get_mut(&on) {
                dialled.client.send(part);
            }
            self.settle()?;
        }
        Ok(())
    }

    fn neighbour(&self, vm_id: Option<&str>) -> Result<&super::Neighbour, Obstacle> {
        let vm_id = match vm_id {
            Some(id) => id.to_owned(),
            None => only_vm_id(&self.bootstrap)?,
        };
        let mut neighbours = self.neighbours.iter();
        let found = neighbours.find(|neighbour| neighbour.vm_id == vm_id);
        found.ok_or_else(|| Obstacle::Failure(format!("there is no neighbour for {vm_id:?}")))
    }
}

impl World for RealWorld {
    fn connect(&mut self, index: ConnectionIndex, connect: &Connect) -> Result<(), Obstacle> {
        let destination = resolve(&connect.destination, connect.source.ip(), &self.bootstrap)?;
        let port = match connect.source.port() {
            0 => self.port(),
            port => port,
        };
        if connect.tls.is_some() {
            return Err(Obstacle::Impossible("TLS".to_owned()));
        }
        let source = SocketAddr::new(connect.source.ip(), port);
        let Some(mut client) = dial(source, destination, connect.worker)? else {
            return Ok(());
        };
        if let Some((from, to)) = connect.proxied {
            client.send(&real_envoy::http::proxy_v1(from, to));
        }
        let awaits_upstream = self.goes_through_raw(destination);
        self.clients.insert(
            index,
            Dialled {
                source,
                client,
                awaits_upstream,
            },
        );
        self.settle()
    }

    fn send(&mut self, on: ConnectionIndex, bytes: &[u8], end: bool) -> Result<(), Obstacle> {
        let client = self.client(on)?;
        client.send(bytes);
        if end {
            client.finish();
        }
        self.settle()
    }

    fn upstream_send(
        &mut self,
        on: ConnectionIndex,
        bytes: &[u8],
        end: bool,
    ) -> Result<(), Obstacle> {
        self.client(on)?;
        if let Some(wire) = self.upstreams.behind(on) {
            wire.send(bytes);
            if end {
                wire.finish();
            }
        }
        self.settle()
    }

    fn close(&mut self, connection: ConnectionIndex, by: Peer) -> Result<(), Obstacle> {
        match by {
            Peer::Client => self.client(connection)?.finish(),
            Peer::Upstream => return self.upstream_send(connection, &[], true),
            Peer::Proxy => {
                let reason = "Envoy closes no connection because a test wants it";
                return Err(Obstacle::Impossible(reason.to_owned()));
            }
        }
        self.settle()
    }

    fn reset_connection(&mut self, connection: ConnectionIndex) -> Result<(), Obstacle> {
        self.client(connection)?.reset();
        self.settle()
    }

    fn request(
        &mut self,
        index: RequestIndex,
        on: ConnectionIndex,
        request: &Request,
    ) -> Result<(), Obstacle> {
        let parts = self.requests.add(index, on, request, &message(request));
        self.send_parts(on, &parts)
    }

    fn data(&mut self, request: RequestIndex, bytes: &[u8], end: bool) -> Result<(), Obstacle> {
        let (connection, form) = self.sent(request)?;
        self.client(connection)?;
        self.send_parts(connection, &form.data(bytes, end))
    }

    fn trailers(
        &mut self,
        request: RequestIndex,
        trailers: &[(String, String)],
    ) -> Result<(), Obstacle> {
        let (connection, form) = self.sent(request)?;
        let Some(part) = form.trailers(&lines(trailers)) else {
            let reason = "expected a request in chunks: one with content-length has no trailers";
            return Err(Obstacle::Mistake(reason.to_owned()));
        };
        self.send(connection, &part, false)
    }

    fn reset_request(&mut self, request: RequestIndex) -> Result<(), Obstacle> {
        let (connection, form) = self.sent(request)?;
        if let Some(sent) = self.requests.get_mut(request) {
            sent.is_given_up = true;
        }
        match form.reset() {
            Some(frame) => self.send(connection, &frame, false),
            None => self.reset_connection(connection),
        }
    }

    fn respond(&mut self, request: RequestIndex, answer: &Answer) -> Result<(), Obstacle> {
        self.sent(request)?;
        if let Some(sent) = self.requests.get_mut(request) {
            sent.answer = None;
        }
        self.upstreams.respond(request, answer, &mut self.requests);
        self.settle()
    }

    fn advance(&mut self, by: Duration) -> Result<(), Obstacle> {
        if let Some(clock) = self.envoy.clock() {
            clock.advance(by).map_err(failure)?;
        }
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.wall_nanos = self.wall_nanos.saturating_add(nanos);
        self.settle()
    }

    fn set_time(&mut self, time: Time) -> Result<(), Obstacle> {
        let wanted = match time {
            Time::Set(moment) => moment.0,
            Time::Back(by) => {
                let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
                self.wall_nanos.saturating_sub(nanos)
            }
        };
        let by = wanted
            .cast_signed()
            .wrapping_sub(self.wall_nanos.cast_signed());
        if let Some(clock) = self.envoy.clock() {
            clock.shift(by).map_err(failure)?;
        }
        self.wall_nanos = wanted;
        Ok(())
    }

    fn update(&mut self, setup: &Setup) -> Result<(), Obstacle> {
        self.change(setup)
    }

    fn tick(&mut self, _: usize) -> Result<(), Obstacle> {
        let reason = "Envoy's timers run when they are due";
        Err(Obstacle::Impossible(reason.to_owned()))
    }

    fn set_shared_data(
        &mut self,
        vm_id: Option<&str>,
        key: &str,
        value: &[u8],
    ) -> Result<(), Obstacle> {
        self.neighbour(vm_id)?.set(key, value)?;
        self.settle()
    }

    fn wipe_shared_data(&mut self) -> Result<(), Obstacle> {
        let reason = "Envoy forgets no shared data while it runs";
        Err(Obstacle::Impossible(reason.to_owned()))
    }

    fn exchange(&self, request: RequestIndex) -> Look<Exchange> {
        let Some(sent) = self.requests.get(request) else {
            return Look::Seen(Exchange::default());
        };
        let client = self
            .clients
            .get(&sent.connection)
            .map(|dialled| &dialled.client);
        let is_open = client.is_some_and(Client::is_open);
        let (response, is_reset) = match (client, sent.form) {
            (Some(client), Form::Frames(stream)) => http2::answer(client.received(), stream),
            (Some(client), _) => {
                let methods = self.requests.methods(sent.connection);
                (client.answers(methods).into_iter().nth(sent.place), false)
            }
            (None, _) => (None, false),
        };
        Look::Seen(Exchange {
            upstream: sent.upstream.clone(),
            reset: response.is_none() && (is_reset || sent.is_given_up || !is_open),
            response,
            details: self.details(request),
        })
    }

    fn connection(&self, connection: ConnectionIndex) -> Look<ConnectionSeen> {
        let received = self.upstreams.received(connection);
        let dialled = self.clients.get(&connection);
        Look::Seen(
            dialled
                .map(|dialled| dialled.client.seen(received))
                .unwrap_or_default(),
        )
    }

    fn filter_state(&self, _: ConnectionIndex, _: &str) -> Look<Option<Vec<u8>>> {
        // It is seen when the connection is over.
        Look::Hidden
    }

    fn log(&self, start: usize) -> Look<Vec<(LogLevel, String)>> {
        let lines = self.log.lines.iter().skip(start);
        Look::Seen(lines.map(|line| (line.level, line.text.clone())).collect())
    }

    fn metrics(&self) -> Look<BTreeMap<String, u64>> {
        // What cannot be asked any more shows that Envoy is gone, which the next step says.
        let stats = self.envoy.stats().unwrap_or_default().into_iter();
        let own = |name: String| match name.strip_prefix("wasmcustom.") {
            Some(own) => own.to_owned(),
            None => name,
        };
        Look::Seen(stats.map(|(name, value)| (own(name), value)).collect())
    }

    fn shared_data(&self, vm_id: Option<&str>, key: &str) -> Look<Option<Vec<u8>>> {
        let value = self
            .neighbour(vm_id)
            .and_then(|neighbour| neighbour.get(key));
        value.map_or(Look::Hidden, Look::Seen)
    }

    fn access_log(&self) -> Look<Vec<BTreeMap<String, String>>> {
        Look::Seen(
            self.access_log
                .lines
                .iter()
                .map(|line| access_line(line))
                .collect(),
        )
    }

    fn callbacks(&self) -> Look<BTreeMap<String, u64>> {
        Look::Hidden
    }

    fn host_calls(&self) -> Look<BTreeMap<String, u64>> {
        Look::Hidden
    }

    fn traps(&self, start: usize) -> Look<Vec<String>> {
        Look::Seen(self.log.traps.iter().skip(start).cloned().collect())
    }

    fn trace(&self, _: usize) -> Vec<String> {
        Vec::new()
    }

    fn trace_len(&self) -> usize {
        0
    }
}

impl RealWorld {
    fn sent(&self, index: RequestIndex) -> Result<(ConnectionIndex, Form), Obstacle> {
        let missing = || Obstacle::Mistake("the request was not sent".to_owned());
        let sent = self.requests.get(index).ok_or_else(missing)?;
        Ok((sent.connection, sent.form))
    }
}
