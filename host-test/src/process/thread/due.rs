//! What a thread has to do for its VMs when it is due: ticks, and queues that have something.

use super::{Thread, VmRef};
use crate::abi::Callback;
use crate::shared::QueueReady;

/// A tick that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tick {
    pub(crate) due_nanos: u64,
    vm: VmRef,
    root: u32,
}

impl Thread {
    /// When the next tick is due, on the monotonic clock.
    pub(crate) fn next_tick(&self) -> Option<Tick> {
        let places = self.vms.iter().enumerate();
        places
            .filter_map(|(vm, place)| {
                let living = place.as_ref()?;
                let (due_nanos, root) = living.vm.next_tick()?;
                let vm = VmRef {
                    vm,
                    generation: living.generation,
                };
                Some(Tick {
                    due_nanos,
                    vm,
                    root,
                })
            })
            .min_by_key(|tick| (tick.due_nanos, tick.vm.vm, tick.root))
    }

    /// Runs a tick.
    pub(crate) fn tick(&mut self, tick: &Tick) {
        if let Some(vm) = self.vm_mut(tick.vm) {
            vm.tick(tick.root);
        }
    }

    /// Runs the tick of each root that has a timer.
    pub(crate) fn tick_all(&mut self) {
        for living in self.vms.iter_mut().flatten() {
            let timers = &living.vm.state().timers;
            let roots: Vec<u32> = timers.keys().copied().collect();
            for root in roots {
                living.vm.tick(root);
            }
        }
    }

    /// Tells the registrar of a queue that there is something in it, if it still lives.
    pub(crate) fn queue_ready(&mut self, ready: QueueReady) {
        let Some(living) = self.vms.get_mut(ready.vm).and_then(Option::as_mut) else {
            return;
        };
        if living.vm.state().contexts.contains_key(&ready.context) {
            let arguments = [ready.context, ready.token];
            // A trap is logged and kept.
            let _ = living
                .vm
                .call(Callback::QueueReady, ready.context, &arguments);
        }
    }
}
