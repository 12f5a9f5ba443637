//! How streams end, and connections with them.

use std::sync::Arc;

use super::filter::FilterKind;
use super::manager::{self, with};
use super::output::{self, Rank};
use super::plugin::PluginFilter;
use super::state::{Handle, Place, Protocol};
use super::{access_log, callbacks, frame, http2, timeouts};
use crate::connection::runner::Runner;
use crate::network::{self, ClosedBy};
use crate::shared::lock;

/// The response is written. In HTTP/1 a request that is not whole yet ends with the connection,
/// in HTTP/2 it is reset.
pub(super) fn end_stream(runner: &mut dyn Runner, stream: &Handle) {
    let (is_received, is_http2, wire, place) = {
        let state = lock(stream);
        let is_http2 = state.protocol == Protocol::Http2;
        (state.is_received, is_http2, state.wire, state.place())
    };
    match (is_http2, is_received) {
        (true, true) => output::end(runner, &place, stream),
        (true, false) => {
            destroy(runner, stream);
            let bytes = frame::reset(wire, http2::NO_ERROR);
            output::write(runner, &place, Rank::Reset, bytes);
        }
        (false, true) => destroy(runner, stream),
        (false, false) => {
            with(&place, |manager| manager.is_closing = true);
            destroy(runner, stream);
        }
    }
    close_if_idle(runner, &place, is_received);
}

/// Ends the stream without a response, and in HTTP/1 its connection.
pub(super) fn reset(runner: &mut dyn Runner, stream: &Handle) {
    let (place, is_http2, wire) = {
        let mut state = lock(stream);
        if state.is_destroyed {
            return;
        }
        state.is_answered = true;
        let is_http2 = state.protocol == Protocol::Http2;
        (state.place(), is_http2, state.wire)
    };
    if is_http2 {
        destroy(runner, stream);
        let bytes = frame::reset(wire, http2::INTERNAL_ERROR);
        output::write(runner, &place, Rank::Regular, bytes);
        return;
    }
    with(&place, |manager| manager.is_closing = true);
    destroy(runner, stream);
    close_if_idle(runner, &place, false);
}

/// The client has given the stream up, in HTTP/2.
pub(super) fn given_up(runner: &mut dyn Runner, stream: &Handle) {
    end_for(stream, "DR");
    destroy(runner, stream);
}

/// The body has not the length that the client has said, in HTTP/2.
pub(super) fn mismatched(runner: &mut dyn Runner, place: &network::Place, stream: &Handle) {
    end_for(stream, "DPE");
    let bytes = frame::reset(lock(stream).wire, http2::PROTOCOL_ERROR);
    output::write(runner, place, Rank::Regular, bytes);
    output::end(runner, place, stream);
}

fn end_for(stream: &Handle, flag: &'static str) {
    let mut state = lock(stream);
    state.is_answered = true;
    state.response_code_details = Some("http2.remote_reset".to_owned());
    state.response_flags.push(flag);
}

/// The stream is over: it is logged, then its filters go.
pub(super) fn destroy(runner: &mut dyn Runner, stream: &Handle) {
    let now = runner.shared().clock.monotonic_nanos();
    let count = {
        let mut state = lock(stream);
        if std::mem::replace(&mut state.is_destroyed, true) {
            return;
        }
        state.ended_nanos = Some(now);
        state.filters.len()
    };
    for index in 0..count {
        on_plugin(runner, stream, index, callbacks::on_log);
    }
    access_log::write(runner, stream);
    for index in 0..count {
        on_plugin(runner, stream, index, callbacks::on_destroy);
    }
    let (place, wire, holds_reading) = {
        let mut state = lock(stream);
        let holds_reading = std::mem::take(&mut state.holds_reading);
        (state.place(), state.wire, holds_reading)
    };
    let mut connection = lock(&place.connection);
    if holds_reading {
        connection.enable_reading();
        runner.touched(&place.connection);
    }
    if let Some((manager, _)) = connection.http(place.index) {
        manager
            .streams
            .retain(|(_, other)| !Arc::ptr_eq(other, stream));
        manager.codec.forget(wire);
    }
    drop(connection);
    timeouts::rests(runner, &place);
    runner.ended(stream);
}

fn on_plugin(
    runner: &mut dyn Runner,
    stream: &Handle,
    index: usize,
    tell: fn(&mut dyn Runner, &Place),
) {
    let is_plugin = lock(stream).plugin(index).is_some();
    if is_plugin {
        let place = Place {
            stream: Arc::clone(stream),
            index,
        };
        tell(runner, &place);
    }
}

/// Lets go of what an ended stream holds in the VMs; after everything else of a turn.
pub(crate) fn release(runner: &mut dyn Runner, stream: &Handle) {
    let filters = std::mem::take(&mut lock(stream).filters);
    for filter in filters {
        if let FilterKind::Plugin(PluginFilter {
            context: Some(context),
            ..
        }) = filter.kind
        {
            runner.release(context);
        }
    }
}

/// Closes a connection that is to be closed when its last stream is over. Unless the client has
/// asked for it, it has a second to take what was written.
pub(super) fn close_if_idle(runner: &mut dyn Runner, place: &network::Place, is_asked_for: bool) {
    let is_time = with(place, |manager| {
        manager.is_closing && manager.streams.is_empty()
    });
    if is_time != Some(true) {
        return;
    }
    let details = "deferred_close_on_drained_connection";
    let wants_close = lock(&place.connection).wants_close;
    if is_asked_for && wants_close {
        network::close_flushed(runner, &place.connection, details);
    } else {
        network::close_delayed(runner, &place.connection, details);
    }
}

/// The connection is closed, and every stream on it with it, the newest first.
pub(crate) fn on_connection_close(runner: &mut dyn Runner, place: &network::Place, by: ClosedBy) {
    for stream in manager::streams(place).into_iter().rev() {
        let details = match by {
            ClosedBy::Remote => "downstream_remote_disconnect".to_owned(),
            ClosedBy::Local => {
                let reason = lock(&place.connection).local_close_reason.replace(' ', "_");
                format!("downstream_local_disconnect({reason})")
            }
        };
        {
            let mut state = lock(&stream);
            state.response_code_details = Some(details);
            state.response_flags.push("DC");
        }
        destroy(runner, &stream);
    }
}
