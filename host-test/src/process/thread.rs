//! One thread's VMs, and the way to a plugin on it.

mod due;

use std::sync::Arc;

use super::{Plan, PluginIndex, Vm};
use crate::abi::MetricType;
use crate::config::FailurePolicy;
use crate::shared::ThreadId;

/// One thread.
pub(crate) struct Thread {
    pub(crate) id: ThreadId,
    pub(crate) plan: Arc<Plan>,
    /// The VMs by their number; a dead one stays until another one takes its place.
    vms: Vec<Option<Living>>,
    handles: Vec<Option<Handle>>,
}

struct Living {
    vm: Vm,
    generation: u32,
}

/// A thread's way to a plugin.
struct Handle {
    vm: VmRef,
    root: u32,
    loaded_nanos: u64,
}

/// A certain VM: not the one that takes its place after a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VmRef {
    vm: usize,
    generation: u32,
}

/// What becomes of a new stream at a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The plugin sees it, in this VM, under this root.
    Run {
        /// The VM.
        vm: VmRef,
        /// The root context.
        root: u32,
    },
    /// It passes without the plugin.
    Bypass,
    /// It is refused: the plugin is dead.
    Refuse,
}

impl Thread {
    pub(crate) fn new(id: ThreadId, plan: Arc<Plan>) -> Self {
        Self {
            id,
            vms: plan.vms.iter().map(|_| None).collect(),
            handles: plan.plugins.iter().map(|_| None).collect(),
            plan,
        }
    }

    /// Goes on with a plan that has more in it.
    pub(crate) fn follow(&mut self, plan: Arc<Plan>) {
        self.vms.resize_with(plan.vms.len(), || None);
        self.handles.resize_with(plan.plugins.len(), || None);
        self.plan = plan;
    }

    /// Whether a plugin was started here, and not ended since.
    pub(crate) fn has(&self, index: PluginIndex) -> bool {
        self.handles.get(index.0).is_some_and(Option::is_some)
    }

    /// Ends a plugin, and its VM with the last of them. It stays while streams of it are open:
    /// then false.
    pub(crate) fn retire(&mut self, index: PluginIndex) -> bool {
        let Some(Some(handle)) = self.handles.get(index.0) else {
            return true;
        };
        let (vm, root) = (handle.vm, handle.root);
        if let Some(living) = self.vm_mut(vm) {
            let mut contexts = living.state().contexts.values();
            if contexts.any(|context| context.parent == root) {
                return false;
            }
            living.shut_down(index);
        }
        if let Some(handle) = self.handles.get_mut(index.0) {
            *handle = None;
        }
        let mut handles = self.handles.iter().flatten();
        if !handles.any(|handle| handle.vm.vm == vm.vm)
            && let Some(place) = self.vms.get_mut(vm.vm)
        {
            *place = None;
        }
        true
    }

    /// Ends a plugin whatever is open.
    pub(crate) fn shut_down(&mut self, index: PluginIndex) {
        let handle = self.handles.get_mut(index.0).and_then(Option::take);
        if let Some(handle) = handle
            && let Some(living) = self.vm_mut(handle.vm)
        {
            living.shut_down(index);
        }
    }

    /// Starts a plugin here, and its VM unless there is a living one.
    pub(super) fn start(&mut self, index: PluginIndex) -> Result<(), super::vm::StartError> {
        let plan = self.plan.clone();
        let Some(planned) = plan.plugins.get(index.0) else {
            return Ok(());
        };
        let Some(place) = self.vms.get_mut(planned.vm) else {
            return Ok(());
        };
        let is_alive = |living: &Living| living.vm.trap().is_none();
        let generation = match place {
            Some(living) if is_alive(living) => living.generation,
            dead => {
                let generation = dead.as_ref().map_or(0, |dead| dead.generation + 1);
                let vm = Vm::new(&plan, planned.vm, self.id)?;
                *dead = Some(Living { vm, generation });
                generation
            }
        };
        let vm = VmRef {
            vm: planned.vm,
            generation,
        };
        let Some(living) = self.vm_mut(vm) else {
            return Ok(());
        };
        let started = living.start(index, &planned.plugin);
        // What a plugin asks for while it is configured has nothing to act on.
        living.forget_deferred();
        let root = started?;
        let loaded_nanos = plan.shared.clock.monotonic_nanos();
        if let Some(handle) = self.handles.get_mut(index.0) {
            *handle = Some(Handle {
                vm,
                root,
                loaded_nanos,
            });
        }
        Ok(())
    }

    /// What becomes of a new stream at this plugin. A plugin that may be loaded again is.
    pub(crate) fn admit(&mut self, index: PluginIndex) -> Admission {
        if let Some(admission) = self.living(index) {
            return admission;
        }
        let plan = self.plan.clone();
        let policy = plan
            .plugins
            .get(index.0)
            .map_or(FailurePolicy::FailClosed, |planned| {
                planned.plugin.failure_policy
            });
        match policy {
            FailurePolicy::FailOpen => Admission::Bypass,
            FailurePolicy::FailClosed => Admission::Refuse,
            FailurePolicy::FailReload {
                base_interval_millis,
            } => self
                .reload(index, base_interval_millis)
                .unwrap_or(Admission::Refuse),
        }
    }

    fn living(&mut self, index: PluginIndex) -> Option<Admission> {
        let handle = self.handles.get(index.0)?.as_ref()?;
        let (vm, root) = (handle.vm, handle.root);
        self.vm_mut(vm)?;
        Some(Admission::Run { vm, root })
    }

    /// Loads a plugin again whose VM is dead, unless that was tried less than the back-off ago.
    fn reload(&mut self, index: PluginIndex, base_interval_millis: u64) -> Option<Admission> {
        const NANOS_PER_MILLI: u64 = 1_000_000;
        let now = self.plan.shared.clock.monotonic_nanos();
        let handle = self.handles.get_mut(index.0)?.as_mut()?;
        let backoff_nanos = base_interval_millis.saturating_mul(NANOS_PER_MILLI);
        if now.saturating_sub(handle.loaded_nanos) < backoff_nanos {
            self.count("vm_reload_backoff", index);
            return None;
        }
        handle.loaded_nanos = now;
        match self.start(index) {
            Ok(()) => {
                self.count("vm_reload_success", index);
                self.living(index)
            }
            Err(_) => {
                self.count("vm_reload_failure", index);
                None
            }
        }
    }

    fn count(&self, event: &str, index: PluginIndex) {
        let Some(planned) = self.plan.plugins.get(index.0) else {
            return;
        };
        let name = format!("wasm.{}.{event}", planned.plugin.name);
        let metrics = &self.plan.shared.metrics;
        metrics.define(MetricType::Counter, &name).add(1);
    }

    /// This VM, if it is alive.
    pub(crate) fn vm_mut(&mut self, wanted: VmRef) -> Option<&mut Vm> {
        let living = self.vms.get_mut(wanted.vm)?.as_mut()?;
        let is_it = living.generation == wanted.generation && living.vm.trap().is_none();
        is_it.then_some(&mut living.vm)
    }

    /// All VMs that are alive, with their numbers.
    pub(crate) fn living_vms(&self) -> impl Iterator<Item = (usize, &Vm)> {
        let alive = |living: &&Living| living.vm.trap().is_none();
        self.vms
            .iter()
            .enumerate()
            .filter_map(move |(number, place)| {
                let living = place.as_ref().filter(alive)?;
                Some((number, &living.vm))
            })
    }

    /// All VMs that are alive.
    pub(super) fn living_vms_mut(&mut self) -> impl Iterator<Item = &mut Vm> {
        let vms = self.vms.iter_mut().flatten().map(|living| &mut living.vm);
        vms.filter(|vm| vm.trap().is_none())
    }

    /// The VMs that are there now, also dead ones.
    pub(crate) fn vm_refs(&self) -> Vec<VmRef> {
        let there = |(vm, place): (usize, &Option<Living>)| {
            let generation = place.as_ref()?.generation;
            Some(VmRef { vm, generation })
        };
        self.vms.iter().enumerate().filter_map(there).collect()
    }

    /// Does nothing of what callbacks have asked for: this thread has no connections.
    pub(crate) fn forget_deferred(&mut self) {
        for living in self.vms.iter_mut().flatten() {
            living.vm.forget_deferred();
        }
    }
}
