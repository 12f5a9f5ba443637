//! Calls that guests make, answered by whoever embeds the host.

use std::sync::Arc;

use super::{Host, HostBuilder};
use crate::callout::{CallAnswer, CallId, InvalidAnswer, PendingCall, Responder};
use crate::process::Thread;

impl HostBuilder {
    /// Lets `responder` answer the calls to a cluster, also those that plugins make while they are
    /// configured.
    pub fn responder(self, cluster: &str, responder: impl Responder + 'static) -> Self {
        let responder: Arc<dyn Responder> = Arc::new(responder);
        self.callouts.set_responder(cluster, Some(responder));
        self
    }
}

impl Host {
    /// The calls of guests that nobody has answered yet, in the order in which they were made.
    #[must_use]
    pub fn pending_calls(&self) -> Vec<PendingCall> {
        let vms = self.living_vms();
        let mut calls: Vec<PendingCall> = vms
            .flat_map(|(_, vm)| vm.state().callouts.pending())
            .cloned()
            .collect();
        calls.sort_by_key(|call| call.id);
        calls
    }

    /// Says what happens to a call. The guest hears of it, and everything that follows happens.
    ///
    /// Fails when there is no such call, or when its kind never hears that.
    pub fn answer_call(&mut self, id: CallId, answer: CallAnswer) -> Result<(), InvalidAnswer> {
        let now = self.shared.clock.monotonic_nanos();
        let is_made = |thread: &&mut Thread| thread.has_call(id);
        let answered = match self.threads_mut().find(is_made) {
            Some(thread) => thread.answer_call(id, answer, now),
            None => Err(InvalidAnswer::NoCall(id)),
        };
        self.settle();
        answered
    }

    /// Lets `responder` answer the calls to a cluster from now on.
    pub fn set_responder(&self, cluster: &str, responder: impl Responder + 'static) {
        let responder: Arc<dyn Responder> = Arc::new(responder);
        self.shared.callouts.set_responder(cluster, Some(responder));
    }
}
