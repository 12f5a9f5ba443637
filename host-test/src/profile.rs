//! How long callbacks take, and what they ask of the host.
#![expect(
    clippy::disallowed_methods,
    reason = "what a callback costs is real time, the only one in this crate"
)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::abi::{Callback, HostCall};
use crate::guest::State;
use crate::shared::{ThreadId, lock};

/// What one callback has cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Where it ran.
    pub thread: ThreadId,
    /// The VM, by its number in the process.
    pub vm: usize,
    /// The context it ran in.
    pub context: u32,
    /// Real time, host calls included.
    pub nanos: u64,
    /// Host calls, each with how often it was made; those that were not made are left out.
    pub host_calls: BTreeMap<HostCall, u64>,
    /// Bytes that host calls returned.
    pub bytes_returned: u64,
}

/// Samples of one callback that are kept; the first ones.
const SAMPLES_MAX: usize = 1_000_000;

/// Samples of all callbacks of a process; off until it is switched on.
#[derive(Debug, Default)]
pub struct Profile {
    is_on: AtomicBool,
    samples: Mutex<BTreeMap<Callback, Vec<Sample>>>,
}

/// The state of a VM when a callback began.
pub(crate) struct Beginning {
    at: Instant,
    host_calls: [u64; HostCall::ALL.len()],
    bytes_returned: u64,
}

impl Profile {
    /// Switches it on or off.
    pub fn switch(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
    }

    /// Takes the samples out, by callback, in the order in which they were taken.
    #[must_use]
    pub fn take(&self) -> BTreeMap<Callback, Vec<Sample>> {
        std::mem::take(&mut lock(&self.samples))
    }

    pub(crate) fn begin(&self, state: &State) -> Option<Beginning> {
        self.is_on.load(Ordering::Relaxed).then(|| Beginning {
            host_calls: state.host_calls,
            bytes_returned: state.bytes_returned,
            at: Instant::now(),
        })
    }

    /// Takes a sample, in the context that is still the present one.
    pub(crate) fn end(&self, callback: Callback, beginning: &Beginning, state: &State) {
        let nanos = u64::try_from(beginning.at.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let made = state.host_calls.iter().zip(beginning.host_calls);
        let made = HostCall::ALL
            .iter()
            .copied()
            .zip(made.map(|(after, before)| after - before));
        let sample = Sample {
            thread: state.thread,
            vm: state.vm,
            context: state.current,
            nanos,
            host_calls: made.filter(|(_, count)| *count > 0).collect(),
            bytes_returned: state.bytes_returned - beginning.bytes_returned,
        };
        let mut samples = lock(&self.samples);
        let samples = samples.entry(callback).or_default();
        if samples.len() < SAMPLES_MAX {
            samples.push(sample);
        }
    }
}
