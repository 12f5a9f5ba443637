//! The harness as a world that a scenario is played in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Harness, call, race, refused, seeing};
use crate::abi::{LogLevel, Status};
use crate::scenario::model::{
    Answer, AnswerCall, Connect, ConnectionIndex, Peer, Placed, Request, RequestIndex, Time,
};
use crate::scenario::setup::Setup;
use crate::scenario::world::{CallSeen, ConnectionSeen, Exchange, Look, Obstacle, World};

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
        // Whether it has come to rest is asked after each step.
        let _ = self.host.advance(by);
        self.clients.answer(&mut self.host)
    }

    fn at_rest(&self) -> Result<(), Obstacle> {
        let at_rest = self.host.at_rest();
        at_rest.map_err(|restless| Obstacle::Failure(restless.to_string()))
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
        let mut exchange = view.map(|view| seeing::exchange(&view)).unwrap_or_default();
        if exchange.response.is_none() {
            // Nothing comes any more on a connection that is closed.
            exchange.reset |= self.clients.is_cut_off(&self.host, request);
        }
        Look::Seen(exchange)
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
        Look::Seen(value.map(|value| value.bytes.to_vec()))
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
