//! What steps do in the real Envoy, and what is seen there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::client::{Client, dial};
use super::http2;
use super::tls::greeting;
use super::{Dialled, Raw, RealWorld, failure};
use crate::abi::LogLevel;
use crate::connection::Form;
use crate::scenario::{
    Answer, Connect, ConnectionIndex, ConnectionSeen, Exchange, Look, Obstacle, Peer, Request,
    RequestIndex, Setup, Time, World, access_line, lines, message, resolve,
};

impl World for RealWorld {
    fn connect(&mut self, index: ConnectionIndex, connect: &Connect) -> Result<(), Obstacle> {
        let destination = resolve(&connect.destination, connect.source.ip(), &self.bootstrap)?;
        let port = match connect.source.port() {
            0 => self.port(),
            port => port,
        };
        let greeting = connect
            .tls
            .as_ref()
            .map(|tls| greeting(tls, destination.ip()));
        let greeting = greeting.transpose()?;
        let source = SocketAddr::new(connect.source.ip(), port);
        let Some(mut client) = dial(source, destination, connect.worker)? else {
            return Ok(());
        };
        if let Some((from, to)) = connect.proxied {
            client.send_in_clear(&real_envoy::http::proxy_v1(from, to));
        }
        if let Some(greeting) = greeting {
            client.greet(greeting);
        }
        let raw = self.goes_through_raw(destination).then_some(Raw {
            awaits_upstream: true,
            ended_by: Peer::Proxy,
            closed_by: None,
        });
        self.clients.insert(
            index,
            Dialled {
                source,
                client,
                raw,
            },
        );
        self.settle()
    }

    fn send(&mut self, on: ConnectionIndex, bytes: &[u8], end: bool) -> Result<(), Obstacle> {
        let client = self.client(on)?;
        client.send(bytes);
        if end {
            client.finish();
            self.ends(on, Peer::Client);
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
                self.ends(on, Peer::Proxy);
            }
        }
        self.settle()
    }

    fn close(&mut self, connection: ConnectionIndex, by: Peer) -> Result<(), Obstacle> {
        match by {
            Peer::Client => self.send(connection, &[], true),
            Peer::Upstream => self.upstream_send(connection, &[], true),
            Peer::Proxy => {
                let reason = "Envoy closes no connection because a test wants it";
                Err(Obstacle::Impossible(reason.to_owned()))
            }
        }
    }

    fn reset_connection(&mut self, connection: ConnectionIndex) -> Result<(), Obstacle> {
        self.client(connection)?.reset();
        self.ends(connection, Peer::Client);
        self.settle()
    }

    fn request(
        &mut self,
        index: RequestIndex,
        on: ConnectionIndex,
        request: &Request,
    ) -> Result<(), Obstacle> {
        let open = self.requests.without_upstream();
        let is_over = |index: &RequestIndex| match self.exchange(*index) {
            Look::Seen(exchange) => exchange.response.is_some(),
            Look::Hidden => false,
        };
        let over: Vec<RequestIndex> = open.filter(is_over).collect();
        self.requests.note_over(&over);
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
        let Some(dialled) = self.clients.get(&connection) else {
            return Look::Seen(ConnectionSeen::default());
        };
        let mut seen = dialled.client.seen(received);
        if let Some(raw) = &dialled.raw {
            (seen.open, seen.closed_by) = (raw.closed_by.is_none(), raw.closed_by);
        }
        Look::Seen(seen)
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
