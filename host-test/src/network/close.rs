//! How connections end.

use super::chain::{FilterKind, Place};
use super::state::{ClosedBy, Handle, Phase};
use super::{access_log, plugin};
use crate::connection::runner::Runner;
use crate::http;
use crate::shared::lock;

/// Closes it from this side as soon as everything is written; at once if nothing is left. What a
/// TCP connection says to `details` is in the access log, unless something was said before.
pub(crate) fn close_flushed(runner: &mut dyn Runner, connection: &Handle, details: &str) {
    let is_now = {
        let mut state = lock(connection);
        if state.phase != Phase::Open {
            return;
        }
        if !details.is_empty() {
            state.local_close_reason = details.to_owned();
        }
        if !state.output.is_empty() {
            state.phase = Phase::Flushing;
        }
        state.output.is_empty()
    };
    if is_now {
        closed(runner, connection, ClosedBy::Local);
    }
}

/// Closes it from this side when everything is written and the client has closed it too, at the
/// latest a second after that.
pub(crate) fn close_delayed(runner: &mut dyn Runner, connection: &Handle, details: &str) {
    const DELAY_NANOS: u64 = 1_000_000_000;
    let now = runner.shared().clock.monotonic_nanos();
    let mut state = lock(connection);
    if state.phase == Phase::Open {
        let at = now.saturating_add(DELAY_NANOS);
        state.phase = Phase::Delaying;
        state.closes_at_nanos = Some(at);
        details.clone_into(&mut state.local_close_reason);
        runner.due(state.id, at);
    }
}

/// Closes it if the client has had its second.
pub(super) fn close_due(runner: &mut dyn Runner, connection: &Handle) {
    let now = runner.shared().clock.monotonic_nanos();
    let is_due = lock(connection).closes_at_nanos.is_some_and(|at| at <= now);
    if is_due {
        closed(runner, connection, ClosedBy::Local);
    }
}

/// Closes it from this side without writing what is left.
pub(super) fn close_abruptly(runner: &mut dyn Runner, connection: &Handle, details: &str) {
    {
        let mut state = lock(connection);
        state.output.clear();
        details.clone_into(&mut state.local_close_reason);
    }
    closed(runner, connection, ClosedBy::Local);
}

/// The TLS handshake has failed: the client gets `alert`, and the filters, who have heard of the
/// connection, hear of its end.
pub(super) fn fail_handshake(
    runner: &mut dyn Runner,
    connection: &Handle,
    reason: &str,
    alert: &[u8],
) {
    {
        let mut state = lock(connection);
        reason.clone_into(&mut state.transport_failure_reason);
        state.at_client.extend_from_slice(alert);
    }
    close_remote(runner, connection);
}

/// The client has closed it, or reset it.
pub(crate) fn close_remote(runner: &mut dyn Runner, connection: &Handle) {
    closed(runner, connection, ClosedBy::Remote);
}

/// It is over: every filter hears of it, in their order.
pub(super) fn closed(runner: &mut dyn Runner, connection: &Handle, by: ClosedBy) {
    let count = {
        let mut state = lock(connection);
        if matches!(state.phase, Phase::Closed(_)) {
            return;
        }
        state.phase = Phase::Closed(by);
        state.closes_at_nanos = None;
        state.filters.len()
    };
    runner.touched(connection);
    for index in 0..count {
        let place = Place {
            connection: connection.clone(),
            index,
        };
        let (is_plugin, is_http) = {
            let mut state = lock(connection);
            match state.filters.get_mut(index).map(|filter| &mut filter.kind) {
                Some(FilterKind::Plugin(_)) => (true, false),
                Some(FilterKind::Http(_)) => (false, true),
                Some(FilterKind::ConnectionLimit { slot, .. }) => {
                    *slot = None;
                    (false, false)
                }
                _ => (false, false),
            }
        };
        if is_plugin {
            plugin::on_close(runner, &place, by);
        }
        if is_http {
            http::on_connection_close(runner, &place, by);
        }
    }
}

/// Lets go of what a closed connection holds in the VMs; after everything else of a turn. Says
/// whether it was closed.
pub(crate) fn finish(runner: &mut dyn Runner, connection: &Handle) -> bool {
    {
        let mut state = lock(connection);
        let is_closed = matches!(state.phase, Phase::Closed(_));
        if !is_closed || std::mem::replace(&mut state.is_finished, true) {
            return false;
        }
    }
    access_log::write(runner, connection);
    let filters = std::mem::take(&mut lock(connection).filters);
    for filter in filters {
        if let FilterKind::Plugin(plugin) = filter.kind
            && let Some(context) = plugin.context
        {
            runner.release(context);
        }
    }
    true
}
