//! What a plugin hears of its stream, in Envoy's words (`Context::decodeHeaders` and so on).

use super::body::Source;
use super::filter::{DataStatus, Direction, HeadersStatus, TrailersStatus};
use super::limit;
use super::plugin::{Answer, call, create, hears_of_response, tell};
use super::state::Place;
use crate::abi::Callback;
use crate::connection::runner::Runner;
use crate::shared::lock;

pub(super) fn on_request_headers(
    runner: &mut dyn Runner,
    place: &Place,
    is_end: bool,
) -> HeadersStatus {
    create(runner, place);
    on_headers(runner, place, Direction::Decode, is_end)
}

pub(super) fn on_response_headers(
    runner: &mut dyn Runner,
    place: &Place,
    is_end: bool,
) -> HeadersStatus {
    if !hears_of_response(place) {
        return HeadersStatus::Continue;
    }
    on_headers(runner, place, Direction::Encode, is_end)
}

fn on_headers(
    runner: &mut dyn Runner,
    place: &Place,
    direction: Direction,
    is_end: bool,
) -> HeadersStatus {
    place.view(direction, |view| {
        view.headers = true;
        view.has_end = is_end;
    });
    let count = {
        let state = lock(&place.stream);
        let headers = match direction {
            Direction::Decode => &state.request_headers,
            Direction::Encode => &state.response_headers,
        };
        headers.as_ref().map_or(0, |headers| number(headers.len()))
    };
    let callback = match direction {
        Direction::Decode => Callback::RequestHeaders,
        Direction::Encode => Callback::ResponseHeaders,
    };
    let status = call(runner, place, callback, &[count, u32::from(is_end)]);
    let allows_stop = place.with(|plugin| plugin.allows_stop_iteration) == Some(true);
    let status = match status {
        Answer::Open | Answer::Value(0 | 2) => HeadersStatus::Continue,
        Answer::Value(1) if allows_stop => HeadersStatus::StopIteration,
        Answer::Value(3) => HeadersStatus::StopAllBuffer,
        // Where the configuration does not allow it, 1 does not stop the headers alone: a guest that
        // waits for the answer to a call would get the body meanwhile.
        Answer::Value(_) | Answer::Closed => HeadersStatus::StopAllWatermark,
    };
    if status == HeadersStatus::Continue {
        place.view(direction, |view| view.headers = false);
    }
    status
}

pub(super) fn on_request_body(
    runner: &mut dyn Runner,
    place: &Place,
    source: Source,
    is_end: bool,
) -> DataStatus {
    if place.with(|plugin| plugin.is_created) != Some(true) {
        return DataStatus::Continue;
    }
    on_body(runner, place, Direction::Decode, source, is_end)
}

pub(super) fn on_response_body(
    runner: &mut dyn Runner,
    place: &Place,
    source: Source,
    is_end: bool,
) -> DataStatus {
    if !hears_of_response(place) {
        return DataStatus::Continue;
    }
    on_body(runner, place, Direction::Encode, source, is_end)
}

fn on_body(
    runner: &mut dyn Runner,
    place: &Place,
    direction: Direction,
    source: Source,
    is_end: bool,
) -> DataStatus {
    if place.view(direction, |view| view.keeps_body) == Some(true) {
        lock(&place.stream).body(direction).keep(source);
        limit::check(runner, &place.stream, direction);
        if place.with(|plugin| plugin.is_destroyed) == Some(true) {
            return DataStatus::StopAndBuffer;
        }
    }
    let bytes = {
        let mut state = lock(&place.stream);
        if let Some(plugin) = state.plugin(place.index) {
            let view = plugin.view(direction);
            view.body = Some(source);
            view.has_end = is_end;
        }
        state
            .seen_body(place.index, direction)
            .map_or(0, |body| number(body.len()))
    };
    let callback = match direction {
        Direction::Decode => Callback::RequestBody,
        Direction::Encode => Callback::ResponseBody,
    };
    let status = match call(runner, place, callback, &[bytes, u32::from(is_end)]) {
        Answer::Open | Answer::Value(0) => DataStatus::Continue,
        Answer::Value(1) => DataStatus::StopAndBuffer,
        Answer::Value(2) => DataStatus::StopAndWatermark,
        Answer::Value(_) | Answer::Closed => DataStatus::StopNoBuffer,
    };
    place.view(direction, |view| {
        view.keeps_body = status == DataStatus::StopAndBuffer;
        if status == DataStatus::Continue {
            view.body = None;
        }
    });
    status
}

pub(super) fn on_request_trailers(runner: &mut dyn Runner, place: &Place) -> TrailersStatus {
    if place.with(|plugin| plugin.is_created) != Some(true) {
        return TrailersStatus::Continue;
    }
    on_trailers(runner, place, Direction::Decode)
}

pub(super) fn on_response_trailers(runner: &mut dyn Runner, place: &Place) -> TrailersStatus {
    if !hears_of_response(place) {
        return TrailersStatus::Continue;
    }
    on_trailers(runner, place, Direction::Encode)
}

fn on_trailers(runner: &mut dyn Runner, place: &Place, direction: Direction) -> TrailersStatus {
    place.view(direction, |view| view.trailers = true);
    let (callback, count) = {
        let state = lock(&place.stream);
        let (callback, trailers) = match direction {
            Direction::Decode => (Callback::RequestTrailers, &state.request_trailers),
            Direction::Encode => (Callback::ResponseTrailers, &state.response_trailers),
        };
        (
            callback,
            trailers
                .as_ref()
                .map_or(0, |trailers| number(trailers.len())),
        )
    };
    let status = match call(runner, place, callback, &[count]) {
        Answer::Open | Answer::Value(0) => TrailersStatus::Continue,
        Answer::Value(_) | Answer::Closed => TrailersStatus::StopIteration,
    };
    if status == TrailersStatus::Continue {
        place.view(direction, |view| view.trailers = false);
    }
    status
}

/// The stream is over: the last moment to write about it. A guest that has never heard of the
/// stream hears of it now.
pub(super) fn on_log(runner: &mut dyn Runner, place: &Place) {
    create(runner, place);
    place.with(|plugin| plugin.is_logging = true);
    tell(runner, place, Callback::Log);
    place.with(|plugin| plugin.is_logging = false);
}

/// The filters go. What `on_done` returns does not matter for a stream.
pub(super) fn on_destroy(runner: &mut dyn Runner, place: &Place) {
    let is_first = place
        .with(|plugin| plugin.is_created && !std::mem::replace(&mut plugin.is_destroyed, true));
    if is_first == Some(true) {
        tell(runner, place, Callback::Done);
        tell(runner, place, Callback::Delete);
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
