//! A plugin among the filters of a stream (Envoy's `Context` as an HTTP filter).

use super::filter::{DataStatus, Direction, FilterKind, HeadersStatus, TrailersStatus};
use super::local_reply::{self, LocalReply};
use super::state::{Place, Source, State};
use super::{flow, limit, manager};
use crate::abi::Callback;
use crate::connection::runner::{Called, ContextKey, Runner};
use crate::shared::lock;

/// The state of one plugin at one stream.
#[derive(Debug)]
pub(super) struct PluginFilter {
    /// None if the VM was dead when the stream came.
    pub(super) context: Option<ContextKey>,
    /// Whether the guest knows the context.
    is_created: bool,
    /// Whether a failure has ended the stream.
    has_failed: bool,
    /// Whether the guest has heard of the end.
    is_destroyed: bool,
    /// What the guest may see of the request and of the response.
    pub(super) request: View,
    pub(super) response: View,
    /// The stream is logged: headers can be read, not written.
    pub(super) is_logging: bool,
}

/// What a guest may see of one direction: it sees it in the callback about it, and longer if it
/// stops there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    pub(super) headers: bool,
    pub(super) body: Option<Source>,
    pub(super) trailers: bool,
    /// The guest keeps the body: it sees all of it.
    pub(super) keeps_body: bool,
    /// The last callback was about the end.
    pub(super) has_end: bool,
}

impl PluginFilter {
    pub(super) fn new(context: Option<ContextKey>) -> Self {
        Self {
            context,
            is_created: false,
            has_failed: false,
            is_destroyed: false,
            request: View::default(),
            response: View::default(),
            is_logging: false,
        }
    }

    pub(super) fn view(&mut self, direction: Direction) -> &mut View {
        match direction {
            Direction::Decode => &mut self.request,
            Direction::Encode => &mut self.response,
        }
    }
}

impl State {
    /// The plugin at `index`; none if another filter is there.
    pub(super) fn plugin(&mut self, index: usize) -> Option<&mut PluginFilter> {
        match &mut self.filters.get_mut(index)?.kind {
            FilterKind::Plugin(plugin) => Some(plugin),
            _ => None,
        }
    }
}

impl Place {
    fn with<T>(&self, read: impl FnOnce(&mut PluginFilter) -> T) -> Option<T> {
        lock(&self.stream).plugin(self.index).map(read)
    }

    fn view<T>(&self, direction: Direction, read: impl FnOnce(&mut View) -> T) -> Option<T> {
        self.with(|plugin| read(plugin.view(direction)))
    }
}

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
    let status = match status {
        Answer::Open | Answer::Value(0 | 2) => HeadersStatus::Continue,
        Answer::Value(3) => HeadersStatus::StopAllBuffer,
        // 1 would stop the headers only, and let the body overtake them.
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

/// The request goes on behind the plugin.
pub(crate) fn continue_decoding(runner: &mut dyn Runner, place: &Place) {
    flow::go_on(runner, &place.stream, Direction::Decode, place.index);
}

/// The response goes on behind the plugin.
pub(crate) fn continue_encoding(runner: &mut dyn Runner, place: &Place) {
    flow::go_on(runner, &place.stream, Direction::Encode, place.index);
}

/// The plugin answers the stream.
pub(crate) fn local_reply(runner: &mut dyn Runner, place: &Place, reply: LocalReply) {
    local_reply::send(runner, &place.stream, reply);
}

/// The plugin resets the stream.
pub(crate) fn reset_by_filter(runner: &mut dyn Runner, place: &Place) {
    {
        let mut state = lock(&place.stream);
        for direction in [Direction::Decode, Direction::Encode] {
            let body = state.body(direction);
            if body.depth > 0 {
                body.is_aborted = true;
                break;
            }
        }
    }
    manager::reset(runner, &place.stream);
}

/// The guest hears of responses once it has heard of the request, and no more after a failure.
fn hears_of_response(place: &Place) -> bool {
    place.with(|plugin| plugin.is_created && !plugin.has_failed) == Some(true)
}

fn create(runner: &mut dyn Runner, place: &Place) {
    let context = place.with(|plugin| {
        let is_new = !std::mem::replace(&mut plugin.is_created, true);
        plugin.context.filter(|_| is_new)
    });
    if let Some(context) = context.flatten() {
        runner.create(context);
        runner.settle(context.vm);
    }
}

/// Calls the guest about something that it cannot change.
fn tell(runner: &mut dyn Runner, place: &Place, callback: Callback) {
    let context = place.with(|plugin| plugin.context).flatten();
    if let Some(context) = context.filter(|context| !runner.is_failed(*context)) {
        runner.call(context, callback, &[]);
        runner.settle(context.vm);
    }
}

/// What a guest has said, or the failure policy for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The filter is as if it were not there.
    Open,
    /// The stream ends here.
    Closed,
    /// The guest returned this.
    Value(u32),
}

/// Calls the guest. Where it cannot be called nothing passes: the failure policy decides only what
/// becomes of those that come later.
fn call(runner: &mut dyn Runner, place: &Place, callback: Callback, arguments: &[u32]) -> Answer {
    let Some(context) = place.with(|plugin| plugin.context) else {
        return Answer::Open;
    };
    let called = match context {
        Some(context) => runner.call(context, callback, arguments),
        None => Called::Failed,
    };
    let answer = match called {
        Called::Missing => Answer::Open,
        Called::Returned {
            is_stopped: true, ..
        } => Answer::Value(u32::MAX),
        Called::Returned { value, .. } => Answer::Value(value),
        Called::Failed => {
            let is_first = place.with(|plugin| !std::mem::replace(&mut plugin.has_failed, true));
            if is_first == Some(true) {
                let reply = LocalReply {
                    code: 503,
                    grpc_status: Some(GRPC_UNAVAILABLE),
                    details: "wasm_fail_stream".into(),
                    ..LocalReply::default()
                };
                local_reply::send(runner, &place.stream, reply);
            }
            Answer::Closed
        }
    };
    if let Some(context) = context {
        runner.settle(context.vm);
    }
    answer
}

const GRPC_UNAVAILABLE: u32 = 14;

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
