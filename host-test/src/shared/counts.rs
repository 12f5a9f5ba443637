//! How often callbacks ran and host functions were called, in all VMs, those that died included.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::abi::{Callback, HostCall};

/// Counts of the process.
#[derive(Debug)]
pub struct Counts {
    callbacks: [AtomicU64; Callback::ALL.len()],
    host_calls: [AtomicU64; HostCall::ALL.len()],
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            callbacks: std::array::from_fn(|_| AtomicU64::new(0)),
            host_calls: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl Counts {
    pub(crate) fn count_callback(&self, callback: Callback) {
        if let Some(count) = self.callbacks.get(usize::from(callback as u8)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn count_host_call(&self, call: HostCall) {
        if let Some(count) = self.host_calls.get(usize::from(call as u8)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often each callback ran, those that did.
    #[must_use]
    pub fn callbacks(&self) -> BTreeMap<Callback, u64> {
        with_counts(Callback::ALL, &self.callbacks)
    }

    /// How often each host function was called, those that were.
    #[must_use]
    pub fn host_calls(&self) -> BTreeMap<HostCall, u64> {
        with_counts(HostCall::ALL, &self.host_calls)
    }
}

fn with_counts<T: Copy + Ord>(all: &[T], counts: &[AtomicU64]) -> BTreeMap<T, u64> {
    let counts = counts.iter().map(|count| count.load(Ordering::Relaxed));
    all.iter()
        .copied()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_happened_is_listed() {
        let counts = Counts::default();
        counts.count_callback(Callback::Tick);
        counts.count_host_call(HostCall::Log);
        counts.count_host_call(HostCall::Log);
        assert_eq!(counts.callbacks(), BTreeMap::from([(Callback::Tick, 1)]));
        assert_eq!(counts.host_calls(), BTreeMap::from([(HostCall::Log, 2)]));
    }
}
