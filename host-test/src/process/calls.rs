//! Calls of guests on one thread: who has made them, what is delivered, when they time out.

use super::{Thread, Vm};
use crate::callout::{CallAnswer, CallId, InvalidAnswer};

impl Vm {
    /// Tells the guest of the next answer to one of its calls; whether there was one.
    fn deliver(&mut self) -> bool {
        let Some(delivery) = self.state_mut().callouts.next() else {
            return false;
        };
        // A trap is logged and kept.
        let _ = self.call(delivery.callback, delivery.root, &delivery.arguments);
        self.state_mut().callouts.finish();
        true
    }

    fn has_call(&self, id: CallId) -> bool {
        let mut calls = self.state().callouts.pending();
        calls.any(|call| call.id == id)
    }
}

impl Thread {
    /// Whether a living guest of this thread has made the call, and it is open.
    pub(crate) fn has_call(&self, id: CallId) -> bool {
        self.living_vms().any(|(_, vm)| vm.has_call(id))
    }

    /// Says what happens to a call of a guest of this thread. It hears of it later.
    pub(crate) fn answer_call(
        &mut self,
        id: CallId,
        answer: CallAnswer,
        now: u64,
    ) -> Result<(), InvalidAnswer> {
        let vm = self.living_vms_mut().find(|vm| vm.has_call(id));
        let vm = vm.ok_or(InvalidAnswer::NoCall(id))?;
        vm.state_mut().callouts.answer(id, answer, now)
    }

    /// Tells one guest of one answer; whether there was one.
    pub(crate) fn deliver(&mut self) -> bool {
        self.living_vms_mut().any(Vm::deliver)
    }

    /// When something is due next, on the monotonic clock: a tick, or the end of a call.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let ends = self.living_vms();
        let ends = ends.filter_map(|(_, vm)| vm.state().callouts.next_due());
        let tick = self.next_tick().map(|tick| tick.due_nanos);
        ends.chain(tick).min()
    }

    /// Does what is due now: calls end, and one tick runs.
    pub(crate) fn run_due(&mut self) {
        let now = self.plan.shared.clock.monotonic_nanos();
        for vm in self.living_vms_mut() {
            vm.state_mut().callouts.expire(now);
        }
        if let Some(tick) = self.next_tick().filter(|tick| tick.due_nanos <= now) {
            self.tick(&tick);
        }
    }
}
