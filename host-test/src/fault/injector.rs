//! Makes one fault happen.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Fault;
use crate::hook::{CallInfo, Hook, Injection};

/// Makes one fault happen.
#[derive(Debug)]
pub(super) struct Injector {
    fault: Fault,
    calls: AtomicU64,
    hits: AtomicU64,
}

impl Injector {
    pub(super) fn new(fault: Fault) -> Self {
        Self {
            fault,
            calls: AtomicU64::new(0),
            hits: AtomicU64::new(0),
        }
    }

    /// How often it has happened.
    pub(super) fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }
}

impl Hook for Injector {
    fn before(&self, call: &CallInfo) -> Injection {
        if call.call != self.fault.call {
            return Injection::None;
        }
        let nth = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.fault.is_at(nth, &call.key) {
            return Injection::None;
        }
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.fault.injection
    }
}
