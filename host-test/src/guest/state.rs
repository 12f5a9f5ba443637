//! What the host knows of one VM while its guest runs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::abi::{AbiVersion, BufferType, Callback, HostCall, StreamType};
use crate::callout::Book;
use crate::config::{Node, Plugin, VmConfig};
use crate::http::{self, LocalReply};
use crate::network;
use crate::shared::{MetricHandle, Shared, ThreadId};

/// The data of a wasmtime store.
pub(crate) struct State {
    pub(crate) shared: Arc<Shared>,
    pub(crate) thread: ThreadId,
    /// The number of the VM in the process, the same on all threads.
    pub(crate) vm: usize,
    pub(crate) config: Arc<VmConfig>,
    pub(crate) abi: AbiVersion,
    /// Host functions and callbacks that are allowed; all of them if none.
    pub(crate) capabilities: Option<BTreeSet<String>>,
    pub(crate) contexts: BTreeMap<u32, Context>,
    /// The context of the callback that runs; 0 is the VM's own.
    pub(crate) current: u32,
    /// The context that the guest has asked for; 0 for none.
    pub(crate) effective: u32,
    /// The plugin whose configuration can be read: while its root is made and configured.
    pub(crate) configuring: Option<Arc<Plugin>>,
    /// Roots that have answered `on_done` with false.
    pub(crate) pending_done: BTreeSet<u32>,
    /// Roots that have said `done` since.
    pub(crate) pending_delete: BTreeSet<u32>,
    /// What is done after the callback.
    pub(crate) deferred: VecDeque<Deferred>,
    /// A local reply was sent in this callback: no filter goes on, whatever the guest returns.
    pub(crate) is_iteration_stopped: bool,
    /// Host calls that are allowed although others are not; none if all are.
    pub(crate) restricted: Option<&'static [HostCall]>,
    /// What the process says of itself.
    pub(crate) node: Arc<Node>,
    /// Timers by root context.
    pub(crate) timers: BTreeMap<u32, Timer>,
    /// Calls to clusters.
    pub(crate) callouts: Book,
    /// Metrics that this VM has defined; see [`crate::calls`] for their numbers.
    pub(crate) metrics: [Vec<MetricHandle>; 3],
    /// How often each host call was made.
    pub(crate) host_calls: [u64; HostCall::ALL.len()],
    /// Bytes that host calls have returned.
    pub(crate) bytes_returned: u64,
    pub(crate) memory: Option<wasmtime::Memory>,
    pub(crate) allocator: Option<Arc<wasmtime::TypedFunc<u32, u32>>>,
    pub(crate) limits: wasmtime::StoreLimits,
    /// The callback that runs, for messages.
    pub(crate) callback: Callback,
    next_context: u32,
}

/// A timer of a root context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    pub(crate) period_nanos: u64,
    /// On the monotonic clock.
    pub(crate) due_nanos: u64,
}

/// A context of the guest.
pub(crate) struct Context {
    /// Its root; 0 for a root.
    pub(crate) parent: u32,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) kind: Kind,
    /// The guest knows of it.
    pub(crate) is_created: bool,
    /// The buffer that it has looked at last.
    pub(crate) last_buffer: Option<BufferType>,
    /// What it has declared about properties, by name.
    pub(crate) declared: BTreeMap<Vec<u8>, network::Prototype>,
}

/// What a context stands for.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A plugin.
    Root,
    /// A plugin at a connection.
    Network(network::Place),
    /// A plugin at a stream.
    Http(http::Place),
}

impl Deferred {
    /// The context that it is about; 0 for the whole VM.
    pub(crate) fn context(&self) -> u32 {
        match self {
            Self::Continue { context, .. }
            | Self::Close { context, .. }
            | Self::LocalReply { context, .. } => *context,
            Self::FinishShutdown => 0,
        }
    }
}

/// Something that a host call asks for and that is done when the guest has returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deferred {
    /// A paused stream goes on.
    Continue {
        /// Its context.
        context: u32,
        /// The direction.
        stream: StreamType,
    },
    /// A stream is closed.
    Close {
        /// Its context.
        context: u32,
        /// The direction.
        stream: StreamType,
    },
    /// A stream is answered.
    LocalReply {
        /// Its context.
        context: u32,
        /// The answer.
        reply: LocalReply,
    },
    /// Roots that said `done` are deleted.
    FinishShutdown,
}

impl State {
    pub(crate) fn new(
        shared: Arc<Shared>,
        thread: ThreadId,
        vm: usize,
        config: Arc<VmConfig>,
        abi: AbiVersion,
        node: Arc<Node>,
        memory_bytes: usize,
    ) -> Self {
        Self {
            shared,
            thread,
            vm,
            config,
            abi,
            capabilities: None,
            contexts: BTreeMap::new(),
            current: 0,
            effective: 0,
            configuring: None,
            pending_done: BTreeSet::new(),
            pending_delete: BTreeSet::new(),
            deferred: VecDeque::new(),
            is_iteration_stopped: false,
            restricted: None,
            node,
            timers: BTreeMap::new(),
            callouts: Book::default(),
            metrics: Default::default(),
            host_calls: [0; HostCall::ALL.len()],
            bytes_returned: 0,
            memory: None,
            allocator: None,
            limits: wasmtime::StoreLimitsBuilder::new()
                .memory_size(memory_bytes)
                .build(),
            callback: Callback::Start,
            next_context: 1,
        }
    }

    /// Makes a context. Its number, which no living context has.
    pub(crate) fn add_context(&mut self, context: Context) -> u32 {
        loop {
            let id = self.next_context;
            self.next_context = self.next_context.wrapping_add(1).max(1);
            if let std::collections::btree_map::Entry::Vacant(place) = self.contexts.entry(id) {
                place.insert(context);
                return id;
            }
        }
    }

    /// The context that host calls act on, with its number; none before there is any.
    pub(crate) fn context(&self) -> Option<(u32, &Context)> {
        let wanted = [self.effective, self.current];
        wanted
            .into_iter()
            .find_map(|id| Some((id, self.contexts.get(&id)?)))
    }

    /// The root of the context that host calls act on, with its number.
    pub(crate) fn root(&self) -> Option<(u32, &Context)> {
        let (id, context) = self.context()?;
        if context.parent == 0 {
            return Some((id, context));
        }
        Some((context.parent, self.contexts.get(&context.parent)?))
    }

    /// The plugin as it stands before the text of a log line: a root context does not say its
    /// name.
    pub(crate) fn log_prefix(&self) -> String {
        let words = match self.context() {
            Some((_, context)) => {
                let plugin = &context.plugin;
                let is_root = matches!(context.kind, Kind::Root);
                let name = if is_root { "" } else { &plugin.name };
                [name, &plugin.root_id, &plugin.vm.vm_id]
            }
            // What a guest logs while it initializes is of nobody.
            None => [""; 3],
        };
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.join(" ")
    }

    pub(crate) fn is_allowed(&self, capability: &str) -> bool {
        let all = self.capabilities.as_ref();
        all.is_none_or(|capabilities| capabilities.contains(capability))
    }
}
