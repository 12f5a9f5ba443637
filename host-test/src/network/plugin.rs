//! A plugin among the filters of a connection (Envoy's `Context` as a network filter).

use super::chain::Place;
use super::close::close_flushed;
use super::read::Status;
use super::state::ClosedBy;
use crate::abi::{Callback, PeerType};
use crate::connection::runner::{Called, ContextKey, Runner};
use crate::shared::lock;

/// The state of one plugin at one connection.
#[derive(Debug)]
pub(super) struct PluginFilter {
    /// None if the VM was dead when the connection came.
    pub(super) context: Option<ContextKey>,
    /// Whether the guest knows the context.
    is_created: bool,
    /// Whether a failure has closed the connection.
    has_failed: bool,
    /// Whether the guest has heard of the end.
    is_closed: bool,
    /// Whether what came from the client can be read and written.
    pub(super) sees_downstream: bool,
    /// Whether what goes to the client can be read and written.
    pub(super) sees_upstream: bool,
}

impl PluginFilter {
    pub(super) fn new(context: Option<ContextKey>) -> Self {
        Self {
            context,
            is_created: false,
            has_failed: false,
            is_closed: false,
            sees_downstream: false,
            sees_upstream: false,
        }
    }
}

impl Place {
    fn with<T>(&self, read: impl FnOnce(&mut PluginFilter) -> T) -> Option<T> {
        lock(&self.connection).plugin(self.index).map(read)
    }
}

/// The connection has come to the plugin.
pub(super) fn on_new_connection(runner: &mut dyn Runner, place: &Place) -> Status {
    let context = place.with(|plugin| {
        plugin.is_created = true;
        plugin.context
    });
    if let Some(context) = context.flatten() {
        runner.create(context);
        runner.settle(context.vm);
    }
    call(runner, place, Callback::NewConnection, &[])
}

/// Bytes have come to the plugin: all that are in the buffer.
pub(super) fn on_data(runner: &mut dyn Runner, place: &Place) -> Status {
    if place.with(|plugin| plugin.is_created) != Some(true) {
        return Status::Continue;
    }
    place.with(|plugin| plugin.sees_downstream = true);
    let arguments = {
        let state = lock(&place.connection);
        [length(&state.read_buffer), u32::from(state.has_read_end)]
    };
    let status = call(runner, place, Callback::DownstreamData, &arguments);
    if status == Status::Continue {
        place.with(|plugin| plugin.sees_downstream = false);
    }
    status
}

/// Bytes go to the client: all that are in the buffer.
pub(super) fn on_write(runner: &mut dyn Runner, place: &Place, is_end: bool) -> Status {
    if place.with(|plugin| plugin.is_created) != Some(true) {
        return Status::Continue;
    }
    place.with(|plugin| plugin.sees_upstream = true);
    let bytes = {
        let state = lock(&place.connection);
        length(state.write_buffer.as_deref().unwrap_or_default())
    };
    let arguments = [bytes, u32::from(is_end)];
    let status = call(runner, place, Callback::UpstreamData, &arguments);
    if status == Status::Continue {
        place.with(|plugin| plugin.sees_upstream = false);
    }
    if is_end {
        let unknown = [PeerType::Unknown.code()];
        tell(runner, place, Callback::UpstreamConnectionClose, &unknown);
    }
    status
}

/// The connection is closed: the guest hears of it, then of the end of the context. What
/// `on_done` returns does not matter for a connection.
pub(super) fn on_close(runner: &mut dyn Runner, place: &Place, by: ClosedBy) {
    let is_first = place.with(|plugin| {
        let is_first = plugin.is_created && !plugin.is_closed;
        plugin.is_closed |= plugin.is_created;
        is_first
    });
    if is_first != Some(true) {
        return;
    }
    let by = match by {
        ClosedBy::Local => PeerType::Local,
        ClosedBy::Remote => PeerType::Remote,
    };
    let callbacks: [(Callback, &[u32]); 4] = [
        (Callback::DownstreamConnectionClose, &[by.code()]),
        (Callback::Done, &[]),
        (Callback::Log, &[]),
        (Callback::Delete, &[]),
    ];
    for (callback, arguments) in callbacks {
        tell(runner, place, callback, arguments);
    }
}

/// Calls the guest about something that it cannot change.
fn tell(runner: &mut dyn Runner, place: &Place, callback: Callback, arguments: &[u32]) {
    let context = place.with(|plugin| plugin.context).flatten();
    if let Some(context) = context.filter(|context| !runner.is_failed(*context)) {
        runner.call(context, callback, arguments);
        runner.settle(context.vm);
    }
}

/// Calls the guest. Where it cannot be called nothing passes: the failure policy decides only what
/// becomes of those that come later.
fn call(runner: &mut dyn Runner, place: &Place, callback: Callback, arguments: &[u32]) -> Status {
    let Some(context) = place.with(|plugin| plugin.context) else {
        return Status::Continue;
    };
    let called = match context {
        Some(context) => runner.call(context, callback, arguments),
        None => Called::Failed,
    };
    let status = match called {
        Called::Missing | Called::Returned { value: 0, .. } => Status::Continue,
        Called::Returned { .. } => Status::Stop,
        Called::Failed => {
            let is_first = place.with(|plugin| !std::mem::replace(&mut plugin.has_failed, true));
            if is_first == Some(true) {
                close_flushed(runner, &place.connection, "");
            }
            Status::Stop
        }
    };
    if let Some(context) = context {
        runner.settle(context.vm);
    }
    status
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
