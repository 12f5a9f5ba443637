//! A plugin among the filters of a stream (Envoy's `Context` as an HTTP filter).

use super::body::Source;
use super::filter::{Direction, FilterKind};
use super::local_reply::{self, LocalReply};
use super::state::{Place, State};
use super::{ending, flow};
use crate::abi::Callback;
use crate::connection::runner::{Called, ContextKey, Runner};
use crate::shared::lock;

/// The state of one plugin at one stream.
#[derive(Debug)]
pub(super) struct PluginFilter {
    /// None if the VM was dead when the stream came.
    pub(super) context: Option<ContextKey>,
    /// Whether the body goes on to the guest while the headers wait there.
    pub(super) allows_stop_iteration: bool,
    /// Whether the guest knows the context.
    pub(super) is_created: bool,
    /// Whether a failure has ended the stream.
    pub(super) has_failed: bool,
    /// Whether the guest has heard of the end.
    pub(super) is_destroyed: bool,
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
    pub(super) fn new(context: Option<ContextKey>, allows_stop_iteration: bool) -> Self {
        Self {
            context,
            allows_stop_iteration,
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
    pub(super) fn with<T>(&self, read: impl FnOnce(&mut PluginFilter) -> T) -> Option<T> {
        lock(&self.stream).plugin(self.index).map(read)
    }

    pub(super) fn view<T>(
        &self,
        direction: Direction,
        read: impl FnOnce(&mut View) -> T,
    ) -> Option<T> {
        self.with(|plugin| read(plugin.view(direction)))
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
    ending::reset(runner, &place.stream);
}

/// The guest hears of responses once it has heard of the request, and no more after a failure.
pub(super) fn hears_of_response(place: &Place) -> bool {
    place.with(|plugin| plugin.is_created && !plugin.has_failed) == Some(true)
}

/// Tells the guest of the stream, once.
pub(super) fn create(runner: &mut dyn Runner, place: &Place) {
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
pub(super) fn tell(runner: &mut dyn Runner, place: &Place, callback: Callback) {
    let context = place.with(|plugin| plugin.context).flatten();
    if let Some(context) = context.filter(|context| !runner.is_failed(*context)) {
        runner.call(context, callback, &[]);
        runner.settle(context.vm);
    }
}

/// What a guest has said, or the failure policy for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The filter is as if it were not there.
    Open,
    /// The stream ends here.
    Closed,
    /// The guest returned this.
    Value(u32),
}

/// Calls the guest. Where it cannot be called nothing passes: the failure policy decides only what
/// becomes of those that come later.
pub(super) fn call(
    runner: &mut dyn Runner,
    place: &Place,
    callback: Callback,
    arguments: &[u32],
) -> Answer {
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
