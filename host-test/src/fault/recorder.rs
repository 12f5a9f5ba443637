//! Which host calls are made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::abi::HostCall;
use crate::hook::{CallInfo, Hook, Injection};
use crate::shared::lock;
use crate::trace::{TraceEntry, TraceEvent, Value};

/// Counts the calls of each host function, and keeps their keys.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<BTreeMap<HostCall, Calls>>);

/// The calls of one host function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    /// How many.
    pub(super) count: u64,
    /// What they were about.
    pub(super) keys: BTreeSet<Vec<u8>>,
    /// The numbers of those that returned bytes.
    pub(super) returning: BTreeSet<u64>,
}

impl Hook for Recorder {
    fn before(&self, call: &CallInfo) -> Injection {
        let mut all = lock(&self.0);
        let calls = all.entry(call.call).or_default();
        calls.count += 1;
        if !call.key.is_empty() {
            calls.keys.insert(call.key.clone());
        }
        Injection::None
    }
}

impl Recorder {
    /// What was recorded, with what the trace of the same run says of bytes that came back.
    pub(super) fn calls(&self, trace: &[TraceEntry]) -> BTreeMap<HostCall, Calls> {
        let mut all = lock(&self.0).clone();
        let mut counts: BTreeMap<HostCall, u64> = BTreeMap::new();
        for entry in trace {
            let TraceEvent::HostCall { call, values, .. } = &entry.event else {
                continue;
            };
            let nth = counts.entry(*call).or_default();
            *nth += 1;
            let returned = |(name, value): &(&str, Value)| {
                *name == "returned" && matches!(value, Value::Bytes(bytes) if !bytes.is_empty())
            };
            if let Some(calls) = all.get_mut(call).filter(|_| values.iter().any(returned)) {
                calls.returning.insert(*nth);
            }
        }
        all
    }
}
