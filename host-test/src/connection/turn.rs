//! The connections of one worker, and what happens at the end of each turn of its event loop.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::connect::Connect;
use super::listeners::{Active, Listeners};
use super::runner::{Called, ContextKey, Opened, Runner, perform};
use super::stream::Response;
use crate::Worker;
use crate::abi::Callback;
use crate::config::AccessLog;
use crate::guest::{Context, Kind};
use crate::http;
use crate::network;
use crate::process::{Admission, PluginIndex, VmRef};
use crate::shared::{Shared, lock, nanos};

/// Connections and streams of one worker.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(super) worker: usize,
    pub(crate) listeners: Arc<Listeners>,
    connections: BTreeMap<u64, Place>,
    streams: BTreeMap<u64, http::Handle>,
    /// Closed connections that can still be looked at, the oldest first.
    closed: VecDeque<u64>,
    /// Ended streams that can still be looked at, the oldest first.
    ended: VecDeque<u64>,
    /// Connections of which something is to be written, read or let go of.
    touched: VecDeque<network::Handle>,
    /// Streams that are over and hold something in the VMs.
    released: Vec<http::Handle>,
    /// Streams whose requests are whole at the upstream.
    answerable: VecDeque<http::Handle>,
    /// When something of a connection is due, on the monotonic clock.
    due: BTreeSet<(u64, u64)>,
    next_stream: u64,
    pub(super) answer: Option<Response>,
}

/// Where a connection is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// At the listener filters.
    Waiting(Box<Waiting>),
    /// At its network filters, or past them.
    Filters(network::Handle),
    /// It ended before a network filter heard of it.
    Swallowed,
}

/// A connection at the listener filters.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) connect: Connect,
    /// What has come so far.
    pub(super) bytes: Vec<u8>,
    /// When the listener filters must have decided, on the monotonic clock.
    pub(super) ends_at_nanos: Option<u64>,
}

impl Waiting {
    pub(super) fn new(connect: Connect, listener: &Active, now_nanos: u64) -> Self {
        let timeout = listener.config.listener_filters_timeout;
        Self {
            connect,
            bytes: Vec::new(),
            ends_at_nanos: timeout.map(|timeout| now_nanos.saturating_add(nanos(timeout))),
        }
    }
}

/// Connections and streams that can be looked at after their end.
const REMEMBERED_MAX: usize = 4_096;

impl Traffic {
    pub(crate) fn new(worker: usize, listeners: Arc<Listeners>) -> Self {
        Self {
            worker,
            listeners,
            connections: BTreeMap::new(),
            streams: BTreeMap::new(),
            closed: VecDeque::new(),
            ended: VecDeque::new(),
            touched: VecDeque::new(),
            released: Vec::new(),
            answerable: VecDeque::new(),
            due: BTreeSet::new(),
            next_stream: 1,
            answer: None,
        }
    }

    pub(super) fn place(&self, id: u64) -> Option<&Place> {
        self.connections.get(&id)
    }

    pub(super) fn stream(&self, id: u64) -> Option<&http::Handle> {
        self.streams.get(&id)
    }

    /// The streams of this connection, the oldest first.
    pub(super) fn streams_of(&self, connection: &network::Handle) -> Vec<u64> {
        let is_of = |(id, stream): (&u64, &http::Handle)| {
            Arc::ptr_eq(&lock(stream).connection, connection).then_some(*id)
        };
        self.streams.iter().filter_map(is_of).collect()
    }

    pub(super) fn wait(&mut self, id: u64, waiting: Box<Waiting>) {
        self.due.extend(waiting.ends_at_nanos.map(|at| (at, id)));
        self.connections.insert(id, Place::Waiting(waiting));
    }

    pub(super) fn opened(&mut self, id: u64, connection: &network::Handle) {
        let place = Place::Filters(Arc::clone(connection));
        self.connections.insert(id, place);
    }

    pub(super) fn swallowed(&mut self, id: u64) {
        self.connections.insert(id, Place::Swallowed);
        self.remember_closed(id);
    }

    fn remember_closed(&mut self, id: u64) {
        self.closed.push_back(id);
        if self.closed.len() > REMEMBERED_MAX
            && let Some(oldest) = self.closed.pop_front()
        {
            self.connections.remove(&oldest);
        }
    }

    fn remember_ended(&mut self, id: u64) {
        self.ended.push_back(id);
        if self.ended.len() > REMEMBERED_MAX
            && let Some(oldest) = self.ended.pop_front()
        {
            self.streams.remove(&oldest);
        }
    }

    /// The number of the next stream.
    pub(super) fn reserve_stream(&mut self) -> u64 {
        let id = self.next_stream;
        self.next_stream += 1;
        id
    }
}

impl Worker {
    /// Ends a turn of the event loop: what was written gets to the clients, sockets are read again
    /// where a filter wants that, upstreams answer, and what is over is let go of.
    pub(crate) fn end_turn(&mut self) {
        loop {
            if let Some(connection) = self.traffic.touched.pop_front() {
                network::flush(self, &connection);
                network::resume(self, &connection);
                if network::finish(self, &connection) {
                    let id = lock(&connection).id;
                    self.traffic.remember_closed(id);
                }
            } else if let Some(stream) = self.traffic.answerable.pop_front() {
                if let Some(answer) = self.traffic.answer.clone() {
                    self.answer(&stream, answer);
                }
            } else {
                break;
            }
        }
        for stream in std::mem::take(&mut self.traffic.released) {
            http::release(self, &stream);
            let id = lock(&stream).id;
            self.traffic.remember_ended(id);
        }
    }

    /// When something is due next, on the monotonic clock.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let guest = self.thread.next_due();
        let connection = self.traffic.due.first().map(|(at, _)| *at);
        guest.into_iter().chain(connection).min()
    }

    /// Does what is due next.
    pub(crate) fn run_due(&mut self) {
        let guest_nanos = self.thread.next_due().unwrap_or(u64::MAX);
        match self.traffic.due.first().copied() {
            Some((at, id)) if at <= guest_nanos => {
                self.traffic.due.pop_first();
                self.connection_due(id, at);
            }
            _ => self.thread.run_due(),
        }
    }

    /// Does what callbacks have asked for, and ends the turn.
    pub(crate) fn settle(&mut self) {
        for vm in self.thread.vm_refs() {
            Runner::settle(self, vm);
        }
        self.end_turn();
    }
}

impl Runner for Worker {
    fn open(&mut self, plugin: PluginIndex, kind: Kind) -> Opened {
        let (vm, root) = match self.thread.admit(plugin) {
            Admission::Run { vm, root } => (vm, root),
            Admission::Bypass => return Opened::Bypassed,
            Admission::Refuse => return Opened::Dead,
        };
        let planned = self.thread.plan.plugins.get(plugin.0);
        let plugin = planned.map(|planned| Arc::clone(&planned.plugin));
        match (self.thread.vm_mut(vm), plugin) {
            (Some(living), Some(plugin)) => {
                let id = living.state_mut().add_context(Context {
                    parent: root,
                    plugin,
                    kind,
                    is_created: false,
                    last_buffer: None,
                    declared: BTreeMap::new(),
                });
                Opened::Context(ContextKey { vm, id })
            }
            _ => Opened::Dead,
        }
    }

    fn create(&mut self, context: ContextKey) {
        if let Some(vm) = self.thread.vm_mut(context.vm) {
            let found = vm.state().contexts.get(&context.id);
            let root = found.map_or(0, |context| context.parent);
            // A trap is logged and kept; the next callback finds it.
            let _ = vm.create(context.id, root);
        }
    }

    fn call(&mut self, context: ContextKey, callback: Callback, arguments: &[u32]) -> Called {
        let Some(vm) = self.thread.vm_mut(context.vm) else {
            return Called::Failed;
        };
        if !vm.has(callback) {
            return Called::Missing;
        }
        let arguments = [&[context.id], arguments].concat();
        match vm.call(callback, context.id, &arguments) {
            Ok(returned) => Called::Returned {
                value: returned.value.unwrap_or(0),
                is_stopped: returned.is_iteration_stopped,
            },
            Err(_) => Called::Failed,
        }
    }

    fn settle(&mut self, vm: VmRef) {
        loop {
            let Some(living) = self.thread.vm_mut(vm) else {
                return;
            };
            let Some(deferred) = living.next_deferred() else {
                return;
            };
            let context = living.state().contexts.get(&deferred.context());
            if let Some(kind) = context.map(|context| context.kind.clone()) {
                perform(self, kind, deferred);
            }
        }
    }

    fn is_failed(&mut self, context: ContextKey) -> bool {
        self.thread.vm_mut(context.vm).is_none()
    }

    fn release(&mut self, context: ContextKey) {
        if let Some(vm) = self.thread.vm_mut(context.vm) {
            vm.state_mut().contexts.remove(&context.id);
        }
    }

    fn shared(&self) -> &Shared {
        &self.thread.plan.shared
    }

    fn has_cluster(&self, name: &str) -> bool {
        self.traffic.listeners.clusters.contains(name)
    }

    fn next_stream(&mut self) -> u64 {
        self.traffic.reserve_stream()
    }

    fn touched(&mut self, connection: &network::Handle) {
        self.traffic.touched.push_back(Arc::clone(connection));
    }

    fn began(&mut self, stream: &http::Handle) {
        let id = lock(stream).id;
        self.traffic.streams.insert(id, Arc::clone(stream));
    }

    fn ended(&mut self, stream: &http::Handle) {
        self.traffic.released.push(Arc::clone(stream));
    }

    fn due(&mut self, connection: u64, at_nanos: u64) {
        self.traffic.due.insert((at_nanos, connection));
    }

    fn answerable(&mut self, stream: &http::Handle) {
        self.traffic.answerable.push_back(Arc::clone(stream));
    }

    fn logged(&mut self, log: &AccessLog, line: String) {
        self.thread.plan.shared.access_log.write(&log.path, line);
    }
}
