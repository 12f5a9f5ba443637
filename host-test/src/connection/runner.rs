//! What connections and streams need from the worker they run on.

use crate::abi::{Callback, StreamType};
use crate::config::{AccessLog, Plugin};
use crate::guest::{Deferred, Kind};
use crate::http;
use crate::network;
use crate::process::{Plan, PluginIndex, VmRef};
use crate::shared::Shared;

/// A context of a VM on this worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ContextKey {
    /// The VM.
    pub(crate) vm: VmRef,
    /// The context, by its number in the VM.
    pub(crate) id: u32,
}

/// A plugin of a filter: its number; none if the process does not have it, which is like a dead
/// one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PluginRef(Option<PluginIndex>);

impl PluginRef {
    /// The plugin in this process.
    pub(crate) fn new(plan: &Plan, plugin: &Plugin) -> Self {
        Self(plan.find(plugin))
    }

    /// Takes a context of it.
    pub(crate) fn open(self, runner: &mut dyn Runner, kind: Kind) -> Opened {
        match self.0 {
            Some(index) => runner.open(index, kind),
            None => Opened::Dead,
        }
    }
}

/// A plugin that was asked for a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// Here it is. The guest has not heard of it yet.
    Context(ContextKey),
    /// The VM is dead, and so is everything that passes the filter.
    Dead,
    /// The VM is dead, and everything passes as if there were no filter.
    Bypassed,
}

/// How a callback went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// The module does not have it.
    Missing,
    /// It returned.
    Returned {
        /// What; 0 where the callback returns nothing.
        value: u32,
        /// Whether the guest has answered the stream meanwhile (`stopNextIteration`).
        is_stopped: bool,
    },
    /// It trapped, or the VM was dead already.
    Failed,
}

/// Calls the plugins of connections and streams: a worker, or a script in a test.
///
/// Nothing is locked while a callback runs: the guest reads and writes the connection through its
/// host calls. What it asks for is done by [`Runner::settle`], after it has returned, as in Envoy.
pub(crate) trait Runner {
    /// Takes a context in the VM of this plugin; the next number of the VM.
    fn open(&mut self, plugin: PluginIndex, kind: Kind) -> Opened;

    /// Tells the guest of the context, if it wants to know.
    fn create(&mut self, context: ContextKey);

    /// Calls the guest; the context is the first argument, `arguments` follow.
    fn call(&mut self, context: ContextKey, callback: Callback, arguments: &[u32]) -> Called;

    /// Does what the guest of this VM has asked for in its host calls, in that order. Needed
    /// after every [`Runner::create`] and [`Runner::call`].
    fn settle(&mut self, vm: VmRef);

    /// Whether the VM of the context is dead.
    fn is_failed(&mut self, context: ContextKey) -> bool;

    /// Forgets the context; the guest can no longer name it.
    fn release(&mut self, context: ContextKey);

    /// What the threads of the process share: clock, randomness, counters.
    fn shared(&self) -> &Shared;

    /// Whether the process knows a cluster of this name.
    fn has_cluster(&self, name: &str) -> bool;

    /// The number of the next stream.
    fn next_stream(&mut self) -> u64;

    /// Something of the connection is to be written, read or let go of at the end of the turn.
    fn touched(&mut self, connection: &network::Handle);

    /// Something of the connection is due then, on the monotonic clock.
    fn due(&mut self, connection: u64, at_nanos: u64);

    /// An upstream has a whole request and can answer it.
    fn answerable(&mut self, stream: &http::Handle);

    /// A stream has begun.
    fn began(&mut self, stream: &http::Handle);

    /// A stream is over, and its filters can go after everything else of this turn.
    fn ended(&mut self, stream: &http::Handle);

    /// An access log has written a line.
    fn logged(&mut self, log: &AccessLog, line: String);
}

/// Does one thing that a guest has asked for in the context of `kind`.
pub(crate) fn perform(runner: &mut dyn Runner, kind: Kind, deferred: Deferred) {
    match (kind, deferred) {
        (
            Kind::Network(place),
            Deferred::Continue {
                stream: StreamType::Downstream,
                ..
            },
        ) => network::continue_reading(runner, &place),
        (Kind::Network(place), Deferred::Close { stream, .. }) => {
            let reason = match stream {
                StreamType::Downstream => "wasm_downstream_close",
                StreamType::Upstream => "wasm_upstream_close",
                StreamType::Request | StreamType::Response => return,
            };
            network::close_flushed(runner, &place.connection, reason);
        }
        (Kind::Http(place), Deferred::Continue { stream, .. }) => match stream {
            StreamType::Request => http::continue_decoding(runner, &place),
            StreamType::Response => http::continue_encoding(runner, &place),
            StreamType::Downstream | StreamType::Upstream => {}
        },
        (Kind::Http(place), Deferred::Close { stream, .. }) => match stream {
            StreamType::Request | StreamType::Response => http::reset_by_filter(runner, &place),
            StreamType::Downstream | StreamType::Upstream => {}
        },
        (Kind::Http(place), Deferred::LocalReply { reply, .. }) => {
            http::local_reply(runner, &place, reply);
        }
        _ => {}
    }
}
