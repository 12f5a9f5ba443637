//! How connections and streams of a worker call its plugins.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::runner::{Called, ContextKey, Opened, Runner, perform};
use crate::Worker;
use crate::abi::Callback;
use crate::config::AccessLog;
use crate::guest::{Context, Kind};
use crate::http;
use crate::network;
use crate::process::{Admission, PluginIndex, VmRef};
use crate::shared::{Shared, lock};

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
        self.traffic.wake(connection, at_nanos);
    }

    fn answerable(&mut self, stream: &http::Handle) {
        self.traffic.answerable.push_back(Arc::clone(stream));
    }

    fn logged(&mut self, log: &AccessLog, line: String) {
        self.thread.plan.shared.access_log.write(&log.path, line);
    }
}
