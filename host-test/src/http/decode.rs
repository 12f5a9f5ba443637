//! How a request passes the filters (`FilterManager::decodeHeaders` and so on).

use super::body::Source;
use super::filter::{DataStatus, Direction, FilterKind, HeadersStatus, TrailersStatus};
use super::flow::{self, Start, after_data, after_headers, after_trailers, next};
use super::state::{Handle, Place};
use super::{callbacks, local_reply, native, router, timeouts};
use crate::connection::runner::Runner;
use crate::shared::lock;

const DECODE: Direction = Direction::Decode;

/// What stands at a place, without its data.
#[derive(Clone, Copy)]
enum Kind {
    Plugin,
    HeaderMutation,
    Rbac,
    Router,
}

fn kind(place: &Place) -> Option<Kind> {
    let state = lock(&place.stream);
    let filter = state.filters.get(place.index)?;
    Some(match filter.kind {
        FilterKind::Plugin(_) => Kind::Plugin,
        FilterKind::HeaderMutation(_) => Kind::HeaderMutation,
        FilterKind::Rbac(_) => Kind::Rbac,
        FilterKind::Router => Kind::Router,
    })
}

/// The headers, with which everything may end.
pub(super) fn headers(runner: &mut dyn Runner, stream: &Handle, start: Start, is_end: bool) {
    let count = lock(stream).filters.len();
    let mut at = start.first(stream, DECODE);
    // A filter that has added a body to a request that had none.
    let mut adder = None;
    while let Some(index) = at {
        let place = Place {
            stream: stream.clone(),
            index,
        };
        let ends_here = is_end && adder.is_none();
        enter(&place, ends_here);
        let mut status = match kind(&place) {
            Some(Kind::Plugin) => callbacks::on_request_headers(runner, &place, ends_here),
            Some(Kind::HeaderMutation) => native::mutate_request(&place),
            Some(Kind::Rbac) => native::check(runner, &place),
            Some(Kind::Router) => router::on_headers(runner, &place, ends_here),
            None => return,
        };
        leave(stream);
        if lock(stream).request.is_aborted {
            local_reply::send_prepared(runner, stream);
            status = HeadersStatus::StopIteration;
        }
        let goes_on = after_headers(stream, DECODE, index, status);
        let is_last = index + 1 == count;
        let is_answered = lock(stream).is_answered;
        if (is_answered || !goes_on) && !is_last {
            break;
        }
        if is_end && adder.is_none() && lock(stream).request.kept.is_some() {
            adder = Some(index);
        }
        at = next(DECODE, index, count);
    }
    if let Some(index) = adder {
        flow::fake_stop(stream, DECODE, index);
        flow::go_on(runner, stream, DECODE, index);
    }
}

/// A part of the body.
pub(super) fn data(
    runner: &mut dyn Runner,
    stream: &Handle,
    start: Start,
    source: Source,
    is_end: bool,
) {
    timeouts::moved(runner, stream);
    let (count, had_trailers) = {
        let state = lock(stream);
        if state.is_answered {
            return;
        }
        (state.filters.len(), state.has_trailers(DECODE))
    };
    let mut at = start.first(stream, DECODE);
    let mut is_end = is_end;
    let mut adder = None;
    while let Some(index) = at {
        if flow::waits(runner, stream, DECODE, index, source) {
            return;
        }
        let place = Place {
            stream: stream.clone(),
            index,
        };
        let ends_here = is_end && !lock(stream).has_trailers(DECODE);
        enter(&place, ends_here);
        let status = match kind(&place) {
            Some(Kind::Plugin) => callbacks::on_request_body(runner, &place, source, ends_here),
            Some(Kind::Router) => router::on_data(runner, &place, source, ends_here),
            _ => DataStatus::Continue,
        };
        leave(stream);
        if lock(stream).request.is_aborted {
            local_reply::send_prepared(runner, stream);
            return;
        }
        if !had_trailers && adder.is_none() && lock(stream).has_trailers(DECODE) {
            is_end = false;
            adder = Some(index);
        }
        if !after_data(runner, stream, DECODE, index, status, source) && index + 1 != count {
            break;
        }
        at = next(DECODE, index, count);
    }
    if let Some(index) = adder {
        trailers(runner, stream, Start::At(index));
    }
}

/// The trailers, the end.
pub(super) fn trailers(runner: &mut dyn Runner, stream: &Handle, start: Start) {
    timeouts::moved(runner, stream);
    let count = {
        let state = lock(stream);
        if state.is_answered {
            return;
        }
        state.filters.len()
    };
    let mut at = start.first(stream, DECODE);
    while let Some(index) = at {
        if flow::is_stopped_all(stream, DECODE, index) {
            return;
        }
        let place = Place {
            stream: stream.clone(),
            index,
        };
        enter(&place, true);
        let mut status = match kind(&place) {
            Some(Kind::Plugin) => callbacks::on_request_trailers(runner, &place),
            Some(Kind::HeaderMutation) => native::mutate_request_trailers(&place),
            Some(Kind::Router) => router::on_trailers(runner, &place),
            _ => TrailersStatus::Continue,
        };
        leave(stream);
        if lock(stream).request.is_aborted {
            local_reply::send_prepared(runner, stream);
            status = TrailersStatus::StopIteration;
        }
        if !after_trailers(runner, stream, DECODE, index, status) {
            return;
        }
        at = next(DECODE, index, count);
    }
}

/// A filter is asked.
fn enter(place: &Place, ends_here: bool) {
    let mut state = lock(&place.stream);
    state.request.depth += 1;
    state.request.is_ending = ends_here;
    if let Some(filter) = state.filters.get_mut(place.index) {
        filter.decode.has_end = ends_here;
    }
}

/// A filter has answered.
fn leave(stream: &Handle) {
    let mut state = lock(stream);
    state.request.depth = state.request.depth.saturating_sub(1);
    state.request.is_ending = false;
}
