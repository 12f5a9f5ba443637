//! Time-outs of connections, on the monotonic clock.
//!
//! A connection is woken at the first of its deadlines. One that is put off leaves the waking where
//! it is: what is then not due yet is waited for again.

use super::chain::{FilterKind, Place};
use super::close;
use super::state::{Handle, State};
use crate::connection::runner::Runner;
use crate::http;
use crate::shared::{lock, nanos};

/// The proxy of bytes has got its connection to the upstream, or bytes have passed it.
pub(crate) fn moved(runner: &mut dyn Runner, connection: &Handle) {
    let now = runner.shared().clock.monotonic_nanos();
    let mut state = lock(connection);
    if let Some(idle) = tcp_idle_nanos(&state) {
        let at = now.saturating_add(idle);
        let is_first = state.tcp_idle_at_nanos.replace(at).is_none();
        if is_first {
            runner.due(state.id, at);
        }
    }
}

fn tcp_idle_nanos(state: &State) -> Option<u64> {
    state.filters.iter().find_map(|filter| match &filter.kind {
        FilterKind::TcpProxy { idle, .. } => idle.map(nanos),
        _ => None,
    })
}

/// The connection is there: it has no stream yet.
pub(crate) fn rests(runner: &mut dyn Runner, connection: &Handle) {
    if let Some(place) = http_place(connection) {
        http::rests(runner, &place);
    }
}

fn http_place(connection: &Handle) -> Option<Place> {
    let index = lock(connection).http_index()?;
    Some(Place {
        connection: connection.clone(),
        index,
    })
}

/// Does what is due on the connection.
pub(crate) fn due(runner: &mut dyn Runner, connection: &Handle) {
    let now = runner.shared().clock.monotonic_nanos();
    close::close_due(runner, connection);
    let is_idle = {
        let state = lock(connection);
        state.is_open() && state.tcp_idle_at_nanos.is_some_and(|at| at <= now)
    };
    if is_idle {
        close::close_abruptly(runner, connection, "tcp_session_idle_timeout");
    }
    let place = http_place(connection);
    if let Some(place) = &place {
        http::due(runner, place);
    }
    let next = {
        let state = lock(connection);
        let is_open = state.is_open();
        let own = [
            state.closes_at_nanos,
            state.tcp_idle_at_nanos.filter(|_| is_open),
        ];
        own.into_iter().flatten().filter(|at| *at > now).min()
    };
    let of_streams = place.and_then(|place| http::next_due(&place));
    let id = lock(connection).id;
    for at in next.into_iter().chain(of_streams).filter(|at| *at > now) {
        runner.due(id, at);
    }
}
