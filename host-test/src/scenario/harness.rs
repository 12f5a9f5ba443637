//! A scenario in the harness.

mod convert;
mod seeing;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::invalid::InvalidScenario;
use super::model::{Answer, Case, Connect, ConnectionIndex, Peer, Request, RequestIndex, Time};
use super::run::{Outcome, play, play_on};
use super::setup::Setup;
use super::world::{ConnectionSeen, Exchange, Look, Obstacle, World, resolve};
use crate::abi::{LogLevel, Status};
use crate::config::Bootstrap;
use crate::connection::{self, By, ConnectionId, Gone, StreamId};
use crate::guest::Engine;
use crate::trace::TraceEntry;
use crate::{BuildError, Host};

/// Plays a case in the harness. A case that fails is played again with a trace, which its failures
/// then hold.
///
/// # Errors
///
/// When the scenario turns out to be wrong on the way.
pub fn play_in_harness(case: &Case, engine: &Engine) -> Result<Outcome, InvalidScenario> {
    let outcome = play(case, |case| Harness::start(case, engine, Tracing::Off))?;
    match outcome.failures.is_empty() {
        true => Ok(outcome),
        false => play(case, |case| Harness::start(case, engine, Tracing::On)),
    }
}

/// Plays a case in the harness with a trace; what came of it, and everything that guests and host
/// have done. A configuration that is refused leaves no trace.
pub fn trace_in_harness(
    case: &Case,
    engine: &Engine,
) -> (Result<Outcome, InvalidScenario>, Vec<TraceEntry>) {
    match Harness::start(case, engine, Tracing::On) {
        Ok(mut harness) if case.refused.is_empty() => {
            let result = play_on(case, &mut harness);
            (result, harness.host.shared().trace.since(0))
        }
        Ok(harness) => {
            let entries = harness.host.shared().trace.since(0);
            (play(case, |_| Ok(harness)), entries)
        }
        Err(obstacle) => (play::<Harness>(case, |_| Err(obstacle)), Vec::new()),
    }
}

/// Whether host calls are traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracing {
    /// They are not.
    Off,
    /// They are, from the start on.
    On,
}

/// A host that plays a scenario.
pub struct Harness {
    host: Host,
    bootstrap: Arc<Bootstrap>,
    connections: BTreeMap<ConnectionIndex, ConnectionId>,
    requests: BTreeMap<RequestIndex, Sent>,
    /// Answers of upstreams that wait until the request is whole there.
    answers: BTreeMap<RequestIndex, Answer>,
    next_port: u16,
    /// The mark from which on callbacks are timed.
    profile_from: Option<&'static str>,
}

/// A request that was sent.
#[derive(Clone, Copy, Debug)]
struct Sent {
    connection: ConnectionIndex,
    /// None if the connection could not take it.
    stream: Option<StreamId>,
    /// More of the body is sent in chunks.
    is_chunked: bool,
}

impl Harness {
    /// Starts the host of a case.
    ///
    /// # Errors
    ///
    /// When the configuration is refused.
    pub fn start(case: &Case, engine: &Engine, tracing: Tracing) -> Result<Self, Obstacle> {
        let bootstrap = Arc::clone(&case.setup.bootstrap);
        let host = Host::builder(Bootstrap::clone(&bootstrap))
            .workers(case.workers)
            .start_at(case.start.0)
            .folder(&case.setup.folder)
            .engine(engine)
            .random_seed(case.seed)
            .trace(tracing == Tracing::On)
            .build()
            .map_err(refused)?;
        Ok(Self {
            host,
            bootstrap,
            connections: BTreeMap::new(),
            requests: BTreeMap::new(),
            answers: BTreeMap::new(),
            next_port: FIRST_PORT,
            profile_from: None,
        })
    }

    /// Times callbacks and counts their host calls from this mark on.
    pub fn profile_from(&mut self, mark: &'static str) {
        self.profile_from = Some(mark);
    }

    /// The host, to look at what expectations do not speak of.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    fn connection_id(&self, index: ConnectionIndex) -> Result<ConnectionId, Obstacle> {
        let refused = || Obstacle::Failure("the connection was refused: nobody listens".to_owned());
        self.connections.get(&index).copied().ok_or_else(refused)
    }

    fn sent(&self, index: RequestIndex) -> Result<Sent, Obstacle> {
        let missing = || Obstacle::Mistake("the request was not sent".to_owned());
        self.requests.get(&index).copied().ok_or_else(missing)
    }

    /// A client's port that no other connection of this case has had for a while.
    fn port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
        port
    }

    /// The only VM id of the configuration, where a step names none.
    fn vm_id<'a>(&'a self, named: Option<&'a str>) -> Result<&'a str, Obstacle> {
        if let Some(name) = named {
            return Ok(name);
        }
        let mut ids: Vec<&str> = self
            .bootstrap
            .plugins()
            .map(|plugin| plugin.vm.vm_id.as_str())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        match ids.as_slice() {
            [id] => Ok(id),
            _ => Err(Obstacle::Mistake(format!(
                "expected a vm_id, since there is not just one; there are {}",
                ids.join(", ")
            ))),
        }
    }

    /// Lets upstreams answer requests that are whole by now.
    fn answer(&mut self) -> Result<(), Obstacle> {
        loop {
            let whole = self
                .answers
                .iter()
                .find(|(index, _)| self.is_whole(**index));
            let Some((index, answer)) = whole.map(|(index, answer)| (*index, answer.clone()))
            else {
                return Ok(());
            };
            self.answers.remove(&index);
            self.respond_now(index, &answer)?;
        }
    }

    fn is_whole(&self, index: RequestIndex) -> bool {
        let stream = self.requests.get(&index).and_then(|sent| sent.stream);
        let view = stream.and_then(|stream| self.host.stream(stream).ok());
        view.and_then(|view| view.upstream)
            .is_some_and(|upstream| upstream.is_complete)
    }

    fn respond_now(&mut self, index: RequestIndex, answer: &Answer) -> Result<(), Obstacle> {
        // A request that has not got to an upstream has no answer from there.
        let Some(stream) = self.sent(index)?.stream else {
            return Ok(());
        };
        let result = match answer {
            Answer::Response(status, message) => self
                .host
                .respond(stream, convert::response(*status, message)),
            Answer::Reset => self.host.upstream_reset(stream),
        };
        ignore_gone(result)
    }

    fn dial(&mut self, index: ConnectionIndex, connect: &Connect) -> Result<(), Obstacle> {
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
        match self.host.connect(connect.worker, wanted) {
            Ok(id) => {
                self.connections.insert(index, id);
                Ok(())
            }
            // A client learns that nobody listens, and goes its way.
            Err(connection::ConnectError::Refused(_)) => Ok(()),
            Err(error) => Err(Obstacle::Mistake(error.to_string())),
        }
    }
}

impl World for Harness {
    fn mark(&mut self, name: &str) {
        if self.profile_from == Some(name) {
            self.host.shared().profile.switch(true);
        }
    }

    fn connect(&mut self, index: ConnectionIndex, connect: &Connect) -> Result<(), Obstacle> {
        self.dial(index, connect)
    }

    fn send(&mut self, on: ConnectionIndex, bytes: &[u8], end: bool) -> Result<(), Obstacle> {
        let id = self.connection_id(on)?;
        let sent = match (bytes, end) {
            ([], true) => self.host.half_close(id),
            (bytes, true) => self.host.send_last(id, bytes),
            (bytes, false) => self.host.send(id, bytes),
        };
        ignore_gone(sent)?;
        self.answer()
    }

    fn upstream_send(
        &mut self,
        on: ConnectionIndex,
        bytes: &[u8],
        end: bool,
    ) -> Result<(), Obstacle> {
        let id = self.connection_id(on)?;
        if !bytes.is_empty() {
            ignore_gone(self.host.upstream_send(id, bytes))?;
        }
        if end {
            ignore_gone(self.host.upstream_close(id))?;
        }
        Ok(())
    }

    fn close(&mut self, connection: ConnectionIndex, by: Peer) -> Result<(), Obstacle> {
        let id = self.connection_id(connection)?;
        ignore_gone(match by {
            Peer::Client => self.host.close(id, By::Client),
            Peer::Proxy => self.host.close(id, By::Envoy),
            Peer::Upstream => self.host.upstream_close(id),
        })
    }

    fn reset_connection(&mut self, connection: ConnectionIndex) -> Result<(), Obstacle> {
        let id = self.connection_id(connection)?;
        ignore_gone(self.host.reset(id))
    }

    fn request(
        &mut self,
        index: RequestIndex,
        on: ConnectionIndex,
        request: &Request,
    ) -> Result<(), Obstacle> {
        let message = convert::request(request)?;
        let is_chunked = message.is_open && !convert::has_length(request);
        let stream = match self.connections.get(&on) {
            None => None,
            Some(id) => match self.host.request(*id, &message) {
                Ok(stream) => Some(stream),
                // What a client sends on a closed connection gets nowhere.
                Err(Gone::Connection(_) | Gone::Stream(_)) => None,
                Err(error) => return Err(Obstacle::Failure(error.to_string())),
            },
        };
        self.requests.insert(
            index,
            Sent {
                connection: on,
                stream,
                is_chunked,
            },
        );
        if let Some(answer) = &request.answer {
            self.answers.insert(index, answer.clone());
        }
        self.answer()
    }

    fn data(&mut self, request: RequestIndex, bytes: &[u8], end: bool) -> Result<(), Obstacle> {
        let sent = self.sent(request)?;
        let bytes = match sent.is_chunked {
            true => convert::chunk(bytes, end),
            false => bytes.to_vec(),
        };
        self.send(sent.connection, &bytes, false)
    }

    fn trailers(
        &mut self,
        request: RequestIndex,
        trailers: &[(String, String)],
    ) -> Result<(), Obstacle> {
        let sent = self.sent(request)?;
        if !sent.is_chunked {
            let reason = "expected a request in chunks: one with content-length has no trailers";
            return Err(Obstacle::Mistake(reason.to_owned()));
        }
        self.send(sent.connection, &convert::trailers(trailers), false)
    }

    fn reset_request(&mut self, request: RequestIndex) -> Result<(), Obstacle> {
        // HTTP/1.1 knows no other way.
        self.reset_connection(self.sent(request)?.connection)
    }

    fn respond(&mut self, request: RequestIndex, answer: &Answer) -> Result<(), Obstacle> {
        self.answers.remove(&request);
        self.respond_now(request, answer)?;
        self.answer()
    }

    fn advance(&mut self, by: Duration) -> Result<(), Obstacle> {
        self.host.advance(by);
        self.answer()
    }

    fn set_time(&mut self, time: Time) -> Result<(), Obstacle> {
        let clock = self.host.clock();
        clock.set_unix_nanos(match time {
            Time::Set(moment) => moment.0,
            Time::Back(by) => {
                let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
                clock.unix_nanos().saturating_sub(nanos)
            }
        });
        Ok(())
    }

    fn update(&mut self, _: &Setup) -> Result<(), Obstacle> {
        Err(Obstacle::Mistake(
            "the harness takes no new configuration while it runs".to_owned(),
        ))
    }

    fn set_shared_data(
        &mut self,
        vm_id: Option<&str>,
        key: &str,
        value: &[u8],
    ) -> Result<(), Obstacle> {
        let vm_id = self.vm_id(vm_id)?;
        match self.host.shared().data.set(vm_id, key.as_bytes(), value, 0) {
            Status::Ok => Ok(()),
            status => Err(Obstacle::Failure(format!(
                "the write was answered {status:?}"
            ))),
        }
    }

    fn wipe_shared_data(&mut self) -> Result<(), Obstacle> {
        self.host.shared().data.wipe();
        Ok(())
    }

    fn exchange(&self, request: RequestIndex) -> Look<Exchange> {
        let stream = self.requests.get(&request).and_then(|sent| sent.stream);
        let view = stream.and_then(|stream| self.host.stream(stream).ok());
        Look::Seen(view.map(|view| seeing::exchange(&view)).unwrap_or_default())
    }

    fn connection(&self, connection: ConnectionIndex) -> Look<ConnectionSeen> {
        let id = self.connections.get(&connection);
        let view = id.and_then(|id| self.host.connection(*id).ok());
        Look::Seen(
            view.map(|view| seeing::connection(&view))
                .unwrap_or_default(),
        )
    }

    fn filter_state(&self, connection: ConnectionIndex, key: &str) -> Look<Option<Vec<u8>>> {
        let id = self.connections.get(&connection);
        let view = id.and_then(|id| self.host.connection(*id).ok());
        Look::Seen(view.and_then(|view| view.filter_state(key).map(<[u8]>::to_vec)))
    }

    fn log(&self, start: usize) -> Look<Vec<(LogLevel, String)>> {
        let lines = self.host.shared().log.since(start);
        Look::Seen(
            lines
                .into_iter()
                .map(|line| (line.level, line.text))
                .collect(),
        )
    }

    fn metrics(&self) -> Look<BTreeMap<String, u64>> {
        let metrics = self.host.shared().metrics.all();
        Look::Seen(
            metrics
                .into_iter()
                .map(|(name, metric)| (name, metric.value))
                .collect(),
        )
    }

    fn shared_data(&self, vm_id: Option<&str>, key: &str) -> Look<Option<Vec<u8>>> {
        // Without a VM id that is clear there is no value that is meant.
        let value = self
            .vm_id(vm_id)
            .ok()
            .and_then(|vm_id| self.host.shared().data.get(vm_id, key.as_bytes()));
        Look::Seen(value.map(|value| value.bytes))
    }

    fn access_log(&self) -> Look<Vec<BTreeMap<String, String>>> {
        let lines = self.host.shared().access_log.since(0);
        Look::Seen(
            lines
                .iter()
                .map(|line| seeing::access_log(&line.text))
                .collect(),
        )
    }

    fn callbacks(&self) -> Look<BTreeMap<String, u64>> {
        let counts = self.host.shared().counts.callbacks().into_iter();
        Look::Seen(
            counts
                .map(|(callback, count)| (callback.name().to_owned(), count))
                .collect(),
        )
    }

    fn host_calls(&self) -> Look<BTreeMap<String, u64>> {
        let counts = self.host.shared().counts.host_calls().into_iter();
        Look::Seen(
            counts
                .map(|(call, count)| (call.name().to_owned(), count))
                .collect(),
        )
    }

    fn traps(&self, start: usize) -> Look<Vec<String>> {
        let traps = self.host.shared().traps.since(start).into_iter();
        let words = traps.map(|(thread, trap)| format!("on {thread}: {trap}"));
        Look::Seen(words.collect())
    }

    fn trace(&self, start: usize) -> Vec<String> {
        let entries = self.host.shared().trace.since(start);
        entries.iter().map(crate::report::trace_line).collect()
    }

    fn trace_len(&self) -> usize {
        self.host.shared().trace.len()
    }
}

/// A client that sends to what is closed already notices nothing at first.
fn ignore_gone(result: Result<(), Gone>) -> Result<(), Obstacle> {
    match result {
        Ok(()) | Err(Gone::Connection(_) | Gone::Stream(_)) => Ok(()),
        Err(error) => Err(Obstacle::Failure(error.to_string())),
    }
}

fn refused(error: BuildError) -> Obstacle {
    let log = match &error {
        BuildError::VmStartRefused { log, .. } | BuildError::ConfigurationRefused { log, .. } => {
            log.clone()
        }
        _ => Vec::new(),
    };
    // What wasmtime says of a trap at the start has several lines.
    let reason = error.to_string();
    let lines: Vec<&str> = reason.lines().map(str::trim).collect();
    Obstacle::Refused {
        reason: lines.join(" "),
        log,
    }
}

const FIRST_PORT: u16 = 32_768;
