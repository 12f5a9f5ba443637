//! How a response passes the filters, in the reverse order (`FilterManager::encodeHeaders` and so
//! on).

use super::body::Source;
use super::filter::{DataStatus, Direction, FilterKind, HeadersStatus, TrailersStatus};
use super::flow::{self, Start, after_data, after_headers, after_trailers, next};
use super::local_reply::{self, LocalReply};
use super::state::{Handle, Place};
use super::{callbacks, departure, ending, native, timeouts};
use crate::connection::runner::Runner;
use crate::shared::lock;

const ENCODE: Direction = Direction::Encode;

/// What stands at a place, as far as it looks at responses.
#[derive(Clone, Copy)]
enum Kind {
    Plugin,
    HeaderMutation,
    Other,
}

fn kind(place: &Place) -> Kind {
    let state = lock(&place.stream);
    match state.filters.get(place.index).map(|filter| &filter.kind) {
        Some(FilterKind::Plugin(_)) => Kind::Plugin,
        Some(FilterKind::HeaderMutation(_)) => Kind::HeaderMutation,
        _ => Kind::Other,
    }
}

/// The headers, with which everything may end.
pub(super) fn headers(runner: &mut dyn Runner, stream: &Handle, start: Start, is_end: bool) {
    timeouts::moved(runner, stream);
    let count = begin(stream, start, is_end);
    let mut at = start.first(stream, ENCODE);
    let mut adder = None;
    while let Some(index) = at {
        let place = Place {
            stream: stream.clone(),
            index,
        };
        let ends_here = is_end && adder.is_none();
        enter(&place, ends_here);
        let mut status = match kind(&place) {
            Kind::Plugin => callbacks::on_response_headers(runner, &place, ends_here),
            Kind::HeaderMutation => native::mutate_response(&place),
            Kind::Other => HeadersStatus::Continue,
        };
        let is_aborted = leave(stream);
        if is_aborted {
            status = HeadersStatus::StopIteration;
        }
        if !after_headers(stream, ENCODE, index, status) {
            if !ends_here && let Some(index) = adder {
                flow::fake_stop(stream, ENCODE, index);
                flow::go_on(runner, stream, ENCODE, index);
            }
            return;
        }
        if is_end && adder.is_none() && lock(stream).response.kept.is_some() {
            adder = Some(index);
        }
        at = next(ENCODE, index, count);
    }
    if !has_status(stream) {
        let message = "missing required header: :status";
        let reply = LocalReply {
            code: 502,
            body: message.as_bytes().to_vec(),
            details: format!(
                "filter_removed_required_response_headers{{{}}}",
                message.replace(' ', "_")
            ),
            ..LocalReply::default()
        };
        local_reply::send(runner, stream, reply);
        return;
    }
    let is_whole = is_end && adder.is_none();
    lock(stream).has_sent_headers = true;
    departure::headers(runner, stream, is_whole);
    if lock(stream).is_destroyed {
        return;
    }
    ended(runner, stream, is_whole);
    if let Some(index) = adder {
        flow::fake_stop(stream, ENCODE, index);
        flow::go_on(runner, stream, ENCODE, index);
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
    let count = begin(stream, start, is_end);
    let had_trailers = lock(stream).has_trailers(ENCODE);
    let mut at = start.first(stream, ENCODE);
    let mut adder = None;
    while let Some(index) = at {
        if flow::waits(runner, stream, ENCODE, index, source) {
            return;
        }
        let place = Place {
            stream: stream.clone(),
            index,
        };
        let ends_here = is_end && !lock(stream).has_trailers(ENCODE);
        enter(&place, ends_here);
        let mut status = match kind(&place) {
            Kind::Plugin => callbacks::on_response_body(runner, &place, source, ends_here),
            _ => DataStatus::Continue,
        };
        if leave(stream) {
            status = DataStatus::StopNoBuffer;
        }
        if !had_trailers && adder.is_none() && lock(stream).has_trailers(ENCODE) {
            adder = Some(index);
        }
        if !after_data(runner, stream, ENCODE, index, status, source) {
            return;
        }
        at = next(ENCODE, index, count);
    }
    let is_whole = is_end && adder.is_none();
    let bytes = {
        let mut state = lock(stream);
        let bytes = state.response.source(source).map(std::mem::take);
        bytes.unwrap_or_default()
    };
    departure::data(runner, stream, &bytes, is_whole);
    if lock(stream).is_destroyed {
        return;
    }
    ended(runner, stream, is_whole);
    if let Some(index) = adder {
        trailers(runner, stream, Start::At(index));
    }
}

/// The trailers, the end.
pub(super) fn trailers(runner: &mut dyn Runner, stream: &Handle, start: Start) {
    timeouts::moved(runner, stream);
    let count = begin(stream, start, true);
    let mut at = start.first(stream, ENCODE);
    while let Some(index) = at {
        if flow::is_stopped_all(stream, ENCODE, index) {
            return;
        }
        let place = Place {
            stream: stream.clone(),
            index,
        };
        enter(&place, true);
        let status = match kind(&place) {
            Kind::Plugin => callbacks::on_response_trailers(runner, &place),
            Kind::HeaderMutation => native::mutate_response_trailers(&place),
            Kind::Other => TrailersStatus::Continue,
        };
        leave(stream);
        if !after_trailers(runner, stream, ENCODE, index, status) {
            return;
        }
        at = next(ENCODE, index, count);
    }
    departure::trailers(runner, stream);
    if !lock(stream).is_destroyed {
        ended(runner, stream, true);
    }
}

/// A way through the filters begins; from the first one it says whether the response is whole.
fn begin(stream: &Handle, start: Start, is_end: bool) -> usize {
    let mut state = lock(stream);
    if matches!(start, Start::First) {
        state.is_answered = is_end;
    }
    state.filters.len()
}

/// A filter is asked.
fn enter(place: &Place, ends_here: bool) {
    let mut state = lock(&place.stream);
    state.response.depth += 1;
    state.response.is_ending = ends_here;
    if let Some(filter) = state.filters.get_mut(place.index) {
        filter.encode.has_end = ends_here;
    }
}

/// A filter has answered. Whether a local reply has ended the way.
fn leave(stream: &Handle) -> bool {
    let mut state = lock(stream);
    state.response.depth = state.response.depth.saturating_sub(1);
    state.response.is_ending = false;
    state.response.is_aborted
}

fn has_status(stream: &Handle) -> bool {
    let state = lock(stream);
    let status = state.response_headers.as_ref().and_then(|headers| {
        let status = std::str::from_utf8(headers.get(b":status")?).ok()?;
        status.parse::<u16>().ok()
    });
    status.is_some()
}

fn ended(runner: &mut dyn Runner, stream: &Handle, is_whole: bool) {
    if is_whole {
        lock(stream).is_sent = true;
        ending::end_stream(runner, stream);
    }
}
