//! Time-outs of connection managers, streams and routes, on the monotonic clock.

use super::local_reply::{self, LocalReply};
use super::manager::{self, Manager, with};
use super::output::{self, Rank};
use super::state::{Handle, State};
use super::{ending, frame, router};
use crate::config::RouteAction;
use crate::connection::runner::Runner;
use crate::network;
use crate::shared::{lock, nanos};

/// When a stream is given up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deadlines {
    /// Nothing moves.
    idle: Option<u64>,
    /// The headers of the request have not come.
    headers: Option<u64>,
    /// The upstream has not answered to the end.
    response: Option<u64>,
}

impl Deadlines {
    fn next(&self) -> Option<u64> {
        let all = [self.idle, self.headers, self.response];
        all.into_iter().flatten().min()
    }
}

/// When a connection manager does something with its connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rest {
    /// It has had no stream for long.
    idle: Option<u64>,
    /// It takes no new streams, after a while in which clients could learn that.
    drained: Option<u64>,
    /// Clients are told to go.
    pub(super) is_draining: bool,
}

/// What a client of HTTP/2 is told that begins to go: streams on their way are still taken.
const LAST_STREAM: u32 = 0x7fff_ffff;

/// The connection has no stream, at first or again.
pub(crate) fn rests(runner: &mut dyn Runner, place: &network::Place) {
    let now = runner.shared().clock.monotonic_nanos();
    let at = with(place, |manager| {
        let idle = manager.blueprint.config.timeouts.idle;
        let is_free = manager.streams.is_empty() && !manager.rest.is_draining;
        manager.rest.idle = idle
            .filter(|_| is_free)
            .map(|idle| now.saturating_add(nanos(idle)));
        manager.rest.idle
    });
    if let Some(at) = at.flatten() {
        runner.due(lock(&place.connection).id, at);
    }
}

/// A stream has begun.
pub(super) fn began(runner: &mut dyn Runner, place: &network::Place, stream: &Handle) {
    let now = runner.shared().clock.monotonic_nanos();
    with(place, |manager| manager.rest.idle = None);
    let at = {
        let mut state = lock(stream);
        let timeouts = state.blueprint.config.timeouts;
        let after = |timeout| now.saturating_add(nanos(timeout));
        state.deadlines.idle = timeouts.stream_idle.map(after);
        state.deadlines.headers = timeouts.request_headers.map(after);
        state.deadlines.next()
    };
    if let Some(at) = at {
        runner.due(lock(&place.connection).id, at);
    }
}

/// The headers of the request have come.
pub(super) fn has_headers(runner: &dyn Runner, stream: &Handle) {
    lock(stream).deadlines.headers = None;
    moved(runner, stream);
}

/// A part of the request or of the response has come to the filters.
pub(super) fn moved(runner: &dyn Runner, stream: &Handle) {
    let mut state = lock(stream);
    if let Some(idle) = state.blueprint.config.timeouts.stream_idle {
        let now = runner.shared().clock.monotonic_nanos();
        state.deadlines.idle = Some(now.saturating_add(nanos(idle)));
    }
}

/// The upstream has the whole request.
pub(super) fn asked(runner: &mut dyn Runner, stream: &Handle) {
    let now = runner.shared().clock.monotonic_nanos();
    let (at, connection) = {
        let mut state = lock(stream);
        let action = state.route.as_ref().map(|route| &route.action);
        let Some(RouteAction::Cluster {
            timeout: Some(timeout),
            ..
        }) = action
        else {
            return;
        };
        let at = now.saturating_add(nanos(*timeout));
        if timeout.is_zero() || state.deadlines.response.is_some() {
            return;
        }
        state.deadlines.response = Some(at);
        (at, state.connection.clone())
    };
    runner.due(lock(&connection).id, at);
}

/// When something is due next.
pub(crate) fn next_due(place: &network::Place) -> Option<u64> {
    let streams = manager::streams(place);
    let of_streams = streams
        .iter()
        .filter_map(|stream| lock(stream).deadlines.next());
    let own = with(place, |manager| [manager.rest.idle, manager.rest.drained]);
    own.into_iter().flatten().flatten().chain(of_streams).min()
}

/// Gives up what has not come in time.
pub(crate) fn due(runner: &mut dyn Runner, place: &network::Place) {
    let now = runner.shared().clock.monotonic_nanos();
    for stream in manager::streams(place) {
        stream_due(runner, &stream, now);
    }
    if !lock(&place.connection).is_open() {
        return;
    }
    let is_due = |at: &mut Option<u64>| at.take_if(|at| *at <= now).is_some();
    if with(place, |manager| is_due(&mut manager.rest.drained)) == Some(true) {
        manager::set_closing(place);
        go_away(runner, place, |manager| manager.codec.last_stream());
        ending::close_if_idle(runner, place, false);
    }
    if with(place, |manager| is_due(&mut manager.rest.idle)) == Some(true) {
        drain(runner, place, now);
    }
}

/// Closes a connection on which nothing has come, and tells clients of others that they are to go.
fn drain(runner: &mut dyn Runner, place: &network::Place, now: u64) {
    let is_silent = with(place, |manager| manager.codec.is_unknown()) == Some(true);
    if is_silent {
        network::close_flushed(runner, &place.connection, "on_idle_timeout");
        return;
    }
    let at = with(place, |manager| {
        let at = now.saturating_add(nanos(manager.blueprint.config.timeouts.drain));
        manager.rest.is_draining = true;
        manager.rest.drained = Some(at);
        at
    });
    go_away(runner, place, |_| LAST_STREAM);
    if let Some(at) = at {
        runner.due(lock(&place.connection).id, at);
    }
}

/// Tells a client of HTTP/2 which streams are still taken.
fn go_away(runner: &mut dyn Runner, place: &network::Place, last: impl FnOnce(&Manager) -> u32) {
    let last = with(place, |manager| {
        manager.codec.is_http2().then(|| last(manager))
    });
    if let Some(last) = last.flatten() {
        let payload = [last.to_be_bytes(), [0; 4]].concat();
        let bytes = frame::frame(frame::Kind::GoAway, 0, 0, &payload);
        output::write(runner, place, Rank::Regular, bytes);
    }
}

fn stream_due(runner: &mut dyn Runner, stream: &Handle, now: u64) {
    let is_due = |at: Option<u64>| at.is_some_and(|at| at <= now);
    let deadlines = {
        let mut state = lock(stream);
        let before = state.deadlines;
        let left = |at: Option<u64>| at.filter(|at| *at > now);
        state.deadlines = Deadlines {
            idle: left(before.idle),
            headers: left(before.headers),
            response: left(before.response),
        };
        before
    };
    if is_due(deadlines.response) {
        router::timed_out(runner, stream);
    }
    if is_due(deadlines.headers) {
        let reply = reply(408, "request header timeout", "request_header_timeout");
        local_reply::send(runner, stream, reply);
    }
    if is_due(deadlines.idle) {
        let code = {
            let mut state = lock(stream);
            note_idle(&mut state)
        };
        if let Some(code) = code {
            let reply = reply(code, "stream timeout", "stream_idle_timeout");
            local_reply::send(runner, stream, reply);
        }
    }
}

/// The status for a stream on which nothing moves, unless it is over.
fn note_idle(state: &mut State) -> Option<u16> {
    if state.is_over() {
        return None;
    }
    state.response_flags.push("SI");
    Some(if state.is_received { 504 } else { 408 })
}

fn reply(code: u16, body: &str, details: &str) -> LocalReply {
    LocalReply {
        code,
        body: body.into(),
        details: details.into(),
        ..LocalReply::default()
    }
}
