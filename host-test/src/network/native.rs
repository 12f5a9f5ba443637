//! Network filters that Envoy itself brings.

use super::chain::{FilterKind, Place, Slot};
use super::close::{close_abruptly, close_flushed};
use super::due::moved;
use super::read::Status;
use super::state::State;
use super::write::write;
use crate::connection::rbac::Visitor;
use crate::connection::runner::Runner;
use crate::shared::lock;

/// What a filter does; decided with the connection locked, done without.
enum Step {
    Continue,
    Stop,
    /// There is an upstream.
    Proxy,
    /// Bytes have passed to the upstream.
    Passed,
    /// Writes what was read.
    Echo,
    /// Writes this, ends this half and closes.
    Respond(Vec<u8>),
    /// Closes at once, with this in the access log.
    Close(&'static str),
}

/// The connection has come to the filter.
pub(super) fn on_new_connection(runner: &mut dyn Runner, place: &Place) -> Status {
    let step = {
        let mut state = lock(&place.connection);
        match state
            .filters
            .get_mut(place.index)
            .map(|filter| &mut filter.kind)
        {
            Some(FilterKind::ConnectionLimit { max, slot, active }) => {
                *slot = Slot::take(active, *max);
                if slot.is_some() {
                    Step::Continue
                } else {
                    Step::Close("")
                }
            }
            Some(FilterKind::DirectResponse { body }) => Step::Respond(std::mem::take(body)),
            Some(FilterKind::TcpProxy { cluster, .. }) if !runner.has_cluster(cluster) => {
                Step::Close("")
            }
            Some(FilterKind::TcpProxy { .. }) => Step::Proxy,
            _ => Step::Continue,
        }
    };
    act(runner, place, step)
}

/// Bytes have come to the filter.
pub(super) fn on_data(runner: &mut dyn Runner, place: &Place) -> Status {
    let step = {
        let mut state = lock(&place.connection);
        let refusal = refusal(&state, place.index);
        match state
            .filters
            .get_mut(place.index)
            .map(|filter| &mut filter.kind)
        {
            Some(FilterKind::Rbac { .. }) if refusal.is_some() => {
                state.termination_details = refusal;
                Step::Close("rbac_deny_close")
            }
            Some(FilterKind::Rbac { has_passed, .. }) => {
                *has_passed = true;
                Step::Continue
            }
            Some(FilterKind::Echo) => Step::Echo,
            Some(FilterKind::ConnectionLimit { slot: None, .. }) => Step::Stop,
            Some(FilterKind::TcpProxy { .. }) => {
                let bytes = std::mem::take(&mut state.read_buffer);
                state.at_upstream.extend(bytes);
                Step::Passed
            }
            _ => Step::Continue,
        }
    };
    act(runner, place, step)
}

/// Why a filter for access control does not let the connection pass, if it is one.
fn refusal(state: &State, index: usize) -> Option<String> {
    let Some(FilterKind::Rbac {
        rules,
        continuous,
        has_passed,
    }) = state.filters.get(index).map(|filter| &filter.kind)
    else {
        return None;
    };
    if *has_passed && !continuous {
        return None;
    }
    let judgement = rules.judge(&Visitor {
        direct_remote: state.addresses.direct_remote,
        remote: state.addresses.remote,
        local: state.addresses.local,
        server_name: &state.requested_server_name,
        states: [None, Some(&state.filter_state)],
        headers: None,
    });
    (!judgement.is_allowed).then(|| judgement.details())
}

fn act(runner: &mut dyn Runner, place: &Place, step: Step) -> Status {
    let connection = &place.connection;
    match step {
        Step::Continue => return Status::Continue,
        Step::Proxy => {
            moved(runner, connection);
            return Status::Continue;
        }
        Step::Passed => moved(runner, connection),
        Step::Stop => {}
        Step::Echo => {
            let (bytes, is_end) = {
                let mut state = lock(connection);
                (std::mem::take(&mut state.read_buffer), state.has_read_end)
            };
            let stopped = write(runner, connection, bytes, is_end);
            // What a filter has stopped on its way back is still in the buffer.
            lock(connection).read_buffer.splice(0..0, stopped);
        }
        Step::Respond(body) => {
            if !body.is_empty() {
                write(runner, connection, body, true);
            }
            lock(connection).response_code_details = Some("direct_response");
            close_flushed(runner, connection, "");
        }
        Step::Close(details) => close_abruptly(runner, connection, details),
    }
    Status::Stop
}
