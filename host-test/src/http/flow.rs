//! What the ways of request and response through the filters have in common
//! (`ActiveStreamFilterBase`).

use super::body::Source;
use super::filter::{DataStatus, Direction, HeadersStatus, Iteration, TrailersStatus};
use super::state::Handle;
use super::{decode, encode, limit};
use crate::connection::runner::Runner;
use crate::shared::lock;

/// Where a way through the filters begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start {
    /// At the first filter.
    First,
    /// Behind this one.
    Behind(usize),
    /// At this one if it has stopped everything, else behind it.
    At(usize),
}

impl Start {
    /// The filter that comes first.
    pub(super) fn first(self, stream: &Handle, direction: Direction) -> Option<usize> {
        let mut state = lock(stream);
        let count = state.filters.len();
        match (self, direction) {
            (Self::First, Direction::Decode) => (count > 0).then_some(0),
            (Self::First, Direction::Encode) => count.checked_sub(1),
            (Self::Behind(index), _) => next(direction, index, count),
            (Self::At(index), _) => {
                let filter = state.filters.get_mut(index)?;
                if filter.side(direction).starts_here {
                    Some(index)
                } else {
                    next(direction, index, count)
                }
            }
        }
    }
}

/// The filter behind `index`.
pub(super) fn next(direction: Direction, index: usize, count: usize) -> Option<usize> {
    match direction {
        Direction::Decode => index.checked_add(1).filter(|next| *next < count),
        Direction::Encode => index.checked_sub(1),
    }
}

/// Goes on where a filter has stopped (`commonContinue`).
pub(super) fn go_on(runner: &mut dyn Runner, stream: &Handle, direction: Direction, index: usize) {
    let (does_headers, ends_with_headers) = {
        let mut state = lock(stream);
        if !state.can_continue(direction) || state.is_destroyed {
            return;
        }
        let is_whole = state.is_complete(direction)
            && !state.has_trailers(direction)
            && state.body(direction).kept.is_none();
        let Some(filter) = state.filters.get_mut(index) else {
            return;
        };
        let side = filter.side(direction);
        side.starts_here |= side.is_stopped_all();
        side.iteration = Iteration::Continue;
        let does_headers = !std::mem::replace(&mut side.has_continued_headers, true);
        (does_headers, is_whole)
    };
    if does_headers {
        headers(
            runner,
            stream,
            direction,
            Start::Behind(index),
            ends_with_headers,
        );
    }
    let (has_body, has_trailers, is_complete) = {
        let mut state = lock(stream);
        let has_body = state.body(direction).kept.is_some();
        (
            has_body,
            state.has_trailers(direction),
            state.is_complete(direction),
        )
    };
    if has_body {
        let is_end = is_complete && !has_trailers;
        data(
            runner,
            stream,
            direction,
            Start::At(index),
            Source::Kept,
            is_end,
        );
    }
    if has_trailers {
        trailers(runner, stream, direction, Start::At(index));
    }
    if let Some(filter) = lock(stream).filters.get_mut(index) {
        filter.side(direction).starts_here = false;
    }
}

fn headers(
    runner: &mut dyn Runner,
    stream: &Handle,
    direction: Direction,
    start: Start,
    is_end: bool,
) {
    match direction {
        Direction::Decode => decode::headers(runner, stream, start, is_end),
        Direction::Encode => encode::headers(runner, stream, start, is_end),
    }
}

fn data(
    runner: &mut dyn Runner,
    stream: &Handle,
    direction: Direction,
    start: Start,
    source: Source,
    is_end: bool,
) {
    match direction {
        Direction::Decode => decode::data(runner, stream, start, source, is_end),
        Direction::Encode => encode::data(runner, stream, start, source, is_end),
    }
}

fn trailers(runner: &mut dyn Runner, stream: &Handle, direction: Direction, start: Start) {
    match direction {
        Direction::Decode => decode::trailers(runner, stream, start),
        Direction::Encode => encode::trailers(runner, stream, start),
    }
}

/// Notes what a filter says after headers. Whether the next one comes.
pub(super) fn after_headers(
    stream: &Handle,
    direction: Direction,
    index: usize,
    status: HeadersStatus,
) -> bool {
    let mut state = lock(stream);
    let Some(filter) = state.filters.get_mut(index) else {
        return false;
    };
    let side = filter.side(direction);
    side.iteration = match status {
        HeadersStatus::Continue => {
            side.has_continued_headers = true;
            side.iteration
        }
        HeadersStatus::StopIteration => Iteration::StopSingle,
        HeadersStatus::StopAllBuffer => Iteration::StopAllBuffer,
        HeadersStatus::StopAllWatermark => Iteration::StopAllWatermark,
    };
    !side.is_stopped_all() && status != HeadersStatus::StopIteration
}

/// Notes what a filter says after a part of the body. Whether the next one comes.
pub(super) fn after_data(
    runner: &mut dyn Runner,
    stream: &Handle,
    direction: Direction,
    index: usize,
    status: DataStatus,
    source: Source,
) -> bool {
    let goes_on = {
        let mut state = lock(stream);
        let has_trailers = state.has_trailers(direction);
        let is_complete = state.is_complete(direction);
        let is_destroyed = state.is_destroyed;
        let Some(filter) = state.filters.get_mut(index) else {
            return false;
        };
        let side = filter.side(direction);
        if status == DataStatus::Continue {
            if side.iteration != Iteration::StopSingle {
                return true;
            }
            state.body(direction).keep(source);
            true
        } else {
            side.iteration = Iteration::StopSingle;
            let body = state.body(direction);
            match status {
                DataStatus::StopAndBuffer | DataStatus::StopAndWatermark => {
                    body.is_streaming = status == DataStatus::StopAndWatermark;
                    body.keep(source);
                }
                // An end without bytes must be there when everything goes on.
                _ if is_complete && !has_trailers && !is_destroyed => {
                    body.kept.get_or_insert_default();
                }
                _ => {}
            }
            false
        }
    };
    if goes_on {
        go_on(runner, stream, direction, index);
    }
    false
}

/// Notes what a filter says after trailers. Whether the next one comes.
pub(super) fn after_trailers(
    runner: &mut dyn Runner,
    stream: &Handle,
    direction: Direction,
    index: usize,
    status: TrailersStatus,
) -> bool {
    let goes_on = {
        let mut state = lock(stream);
        let Some(filter) = state.filters.get_mut(index) else {
            return false;
        };
        let side = filter.side(direction);
        match status {
            TrailersStatus::Continue => {
                if side.iteration != Iteration::StopSingle {
                    return true;
                }
                true
            }
            TrailersStatus::StopIteration => {
                if side.can_iterate() {
                    side.iteration = Iteration::StopSingle;
                }
                false
            }
        }
    };
    if goes_on {
        go_on(runner, stream, direction, index);
    }
    false
}

/// Lets a filter that has gone on look as if it had stopped, so that it can go on with the body.
pub(super) fn fake_stop(stream: &Handle, direction: Direction, index: usize) {
    if let Some(filter) = lock(stream).filters.get_mut(index) {
        filter.side(direction).iteration = Iteration::StopSingle;
    }
}

/// Whether a filter has stopped everything.
pub(super) fn is_stopped_all(stream: &Handle, direction: Direction, index: usize) -> bool {
    let mut state = lock(stream);
    let filter = state.filters.get_mut(index);
    filter.is_some_and(|filter| filter.side(direction).is_stopped_all())
}

/// Whether a part of the body does not get to this filter: it is kept if everything has stopped
/// here, and belongs to somebody else if the filter has seen the end.
pub(super) fn waits(
    runner: &mut dyn Runner,
    stream: &Handle,
    direction: Direction,
    index: usize,
    source: Source,
) -> bool {
    {
        let mut state = lock(stream);
        let Some(filter) = state.filters.get_mut(index) else {
            return true;
        };
        let side = *filter.side(direction);
        if !side.is_stopped_all() {
            return side.has_end;
        }
        let body = state.body(direction);
        body.is_streaming = side.iteration == Iteration::StopAllWatermark;
        body.keep(source);
    }
    limit::check(runner, stream, direction);
    true
}
