//! A scenario in the harness.

mod call;
mod clients;
mod convert;
mod edge;
mod play;
mod race;
mod seeing;

pub use play::{Traced, play_in_harness, trace_in_harness};
pub use race::{NotRaced, race_in_harness, replay_in_harness};

pub(crate) use clients::FIRST_PORT;
pub(crate) use convert::{lines, request as message};
pub(crate) use seeing::access_log as access_line;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::clients::Clients;
use super::model::{
    Answer, AnswerCall, Case, Connect, ConnectionIndex, Peer, Placed, Request, RequestIndex, Time,
};
use super::setup::Setup;
use super::world::{CallSeen, ConnectionSeen, Exchange, Look, Obstacle, World};
use crate::abi::{LogLevel, Status};
use crate::config::Bootstrap;
use crate::guest::Engine;
use crate::hook::Hook;
use crate::race::Race;
use crate::{BuildError, Host, HostBuilder};

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
    clients: Clients,
    bootstrap: Arc<Bootstrap>,
    /// What schedules steps that are done at the same time; without it they are done one after the
    /// other.
    race: Option<Race>,
    /// The mark from which on callbacks are timed.
    profile_from: Option<&'static str>,
}

impl Harness {
    /// Starts the host of a case.
    ///
    /// # Errors
    ///
    /// When the configuration is refused.
    pub fn start(case: &Case, engine: &Engine, tracing: Tracing) -> Result<Self, Obstacle> {
        let host = builder(case, engine, tracing).build().map_err(refused)?;
        Ok(Self::of(case, host))
    }

    /// Starts the host of a case; `hook` sees every host call from the beginning.
    ///
    /// # Errors
    ///
    /// When the configuration is refused.
    pub fn start_hooked(
        case: &Case,
        engine: &Engine,
        tracing: Tracing,
        hook: Arc<dyn Hook>,
    ) -> Result<Self, BuildError> {
        let host = builder(case, engine, tracing).hook(hook).build()?;
        Ok(Self::of(case, host))
    }

    fn of(case: &Case, host: Host) -> Self {
        let bootstrap = Arc::clone(&case.setup.bootstrap);
        Self {
            host,
            clients: Clients::new(Arc::clone(&bootstrap)),
            bootstrap,
            race: None,
            profile_from: None,
        }
    }

    /// What came of every request so far, in the order in which they were sent.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        let exchanges = self
            .clients
            .requests()
            .map(|request| match self.exchange(request) {
                Look::Seen(exchange) => exchange,
                Look::Hidden => Exchange::default(),
            });
        exchanges.collect()
    }

    /// Times callbacks and counts their host calls from this mark on.
    pub fn profile_from(&mut self, mark: &'static str) {
        self.profile_from = Some(mark);
    }

    /// The host, to look at what expectations do not speak of.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
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
}

impl World for Harness {
    fn mark(&mut self, name: &str) {
        if self.profile_from == Some(name) {
            self.host.shared().profile.switch(true);
        }
    }

    fn connect(&mut self, index: ConnectionIndex, connect: &Connect) -> Result<(), Obstacle> {
        self.clients.connect(&mut self.host, index, connect)
    }

    fn send(&mut self, on: ConnectionIndex, bytes: &[u8], end: bool) -> Result<(), Obstacle> {
        self.clients.send(&mut self.host, on, bytes, end)
    }

    fn upstream_send(
        &mut self,
        on: ConnectionIndex,
        bytes: &[u8],
        end: bool,
    ) -> Result<(), Obstacle> {
        self.clients.upstream_send(&mut self.host, on, bytes, end)
    }

    fn close(&mut self, connection: ConnectionIndex, by: Peer) -> Result<(), Obstacle> {
        self.clients.close(&mut self.host, connection, by)
    }

    fn reset_connection(&mut self, connection: ConnectionIndex) -> Result<(), Obstacle> {
        self.clients.reset(&mut self.host, connection)
    }

    fn request(
        &mut self,
        index: RequestIndex,
        on: ConnectionIndex,
        request: &Request,
    ) -> Result<(), Obstacle> {
        self.clients.request(&mut self.host, index, on, request)
    }

    fn data(&mut self, request: RequestIndex, bytes: &[u8], end: bool) -> Result<(), Obstacle> {
        self.clients.data(&mut self.host, request, bytes, end)
    }

    fn trailers(
        &mut self,
        request: RequestIndex,
        trailers: &[(String, String)],
    ) -> Result<(), Obstacle> {
        self.clients.trailers(&mut self.host, request, trailers)
    }

    fn reset_request(&mut self, request: RequestIndex) -> Result<(), Obstacle> {
        self.clients.reset_request(&mut self.host, request)
    }

    fn respond(&mut self, request: RequestIndex, answer: &Answer) -> Result<(), Obstacle> {
        self.clients.respond(&mut self.host, request, answer)
    }

    fn together(&mut self, lists: &[Vec<Placed>]) -> Option<Result<(), Obstacle>> {
        let race = self.race.as_ref()?;
        Some(race::together(
            race,
            &mut self.host,
            &mut self.clients,
            lists,
        ))
    }

    fn answer_call(&mut self, answer: &AnswerCall) -> Result<(), Obstacle> {
        self.tell(answer)?;
        self.clients.answer(&mut self.host)
    }

    fn advance(&mut self, by: Duration) -> Result<(), Obstacle> {
        self.host.advance(by);
        self.clients.answer(&mut self.host)
    }

    fn tick(&mut self, worker: usize) -> Result<(), Obstacle> {
        self.clients.tick(&mut self.host, worker)
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

    fn update(&mut self, setup: &Setup) -> Result<(), Obstacle> {
        self.host.update(&setup.bootstrap).map_err(refused)?;
        self.bootstrap = Arc::clone(&setup.bootstrap);
        Ok(())
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
        let view = self.clients.stream_view(&self.host, request);
        Look::Seen(view.map(|view| seeing::exchange(&view)).unwrap_or_default())
    }

    fn connection(&self, connection: ConnectionIndex) -> Look<ConnectionSeen> {
        let view = self.clients.connection_view(&self.host, connection);
        Look::Seen(
            view.map(|view| seeing::connection(&view))
                .unwrap_or_default(),
        )
    }

    fn filter_state(&self, connection: ConnectionIndex, key: &str) -> Look<Option<Vec<u8>>> {
        let view = self.clients.connection_view(&self.host, connection);
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

    fn calls(&self) -> Look<Vec<CallSeen>> {
        let calls = self.host.pending_calls();
        Look::Seen(calls.iter().map(|call| call::seen(&call.request)).collect())
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

    fn dropped(&self) -> Option<String> {
        self.host.shared().dropped()
    }

    fn trace(&self, start: usize) -> Vec<String> {
        let entries = self.host.shared().trace.since(start);
        let mut lines: Vec<_> = entries.iter().map(crate::report::trace_line).collect();
        lines.extend(self.host.shared().trace.missing());
        lines
    }

    fn trace_len(&self) -> usize {
        self.host.shared().trace.len()
    }
}

fn builder(case: &Case, engine: &Engine, tracing: Tracing) -> HostBuilder {
    Host::builder(Bootstrap::clone(&case.setup.bootstrap))
        .workers(case.workers)
        .start_at(case.start.0)
        .folder(&case.setup.folder)
        .engine(engine)
        .random_seed(case.seed)
        .trace(tracing == Tracing::On)
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
