//! What the threads of one Envoy process share.
//!
//! Each part has a lock of its own that is held for one operation only, as Envoy's own are: what a
//! guest reads and writes in two host calls can be interleaved with other threads in between.

mod access_log;
mod bounded;
mod clock;
mod counts;
mod data;
mod log;
mod metrics;
mod queues;
mod random;
mod traps;

pub use access_log::{AccessLogLine, AccessLogs};
pub use clock::Clock;
pub use counts::Counts;
pub use data::{SharedData, SharedValue};
pub use log::{Log, LogLine};
pub use metrics::{Metric, MetricHandle, Metrics};
pub use queues::{QueueReady, Queues};
pub use random::Random;
pub use traps::Traps;

pub(crate) use bounded::Bounded;
pub(crate) use clock::nanos;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::callout::Callouts;
use crate::hook::Hook;
use crate::profile::Profile;
use crate::trace::Trace;

/// A thread of Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThreadId {
    /// The main thread: configuration, services; no connections.
    Main,
    /// A worker, counted from 0.
    Worker(usize),
}

impl std::fmt::Display for ThreadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Main => f.write_str("main"),
            Self::Worker(index) => write!(f, "worker {index}"),
        }
    }
}

/// Everything that is one in the process.
#[derive(Debug, Default)]
pub struct Shared {
    /// Time.
    pub clock: Clock,
    /// Values under keys.
    pub data: SharedData,
    /// Queues.
    pub queues: Queues,
    /// Metrics.
    pub metrics: Metrics,
    /// Log lines.
    pub log: Log,
    /// What access logs have written.
    pub access_log: AccessLogs,
    /// Clusters, and who answers for them.
    pub callouts: Callouts,
    /// Random bytes.
    pub random: Random,
    /// Guests that did not return.
    pub traps: Traps,
    /// Host calls, where somebody wants to know them.
    pub trace: Trace,
    /// How often callbacks ran and host functions were called.
    pub counts: Counts,
    /// What callbacks cost, where somebody wants to know it.
    pub profile: Profile,
    /// Whether there is a hook: asked at every host call.
    is_hooked: AtomicBool,
    hook: RwLock<Option<Arc<dyn Hook>>>,
}

impl Shared {
    /// Lets `hook` see every host call from now on, and change its result.
    pub fn set_hook(&self, hook: Option<Arc<dyn Hook>>) {
        let mut place = self.hook.write().unwrap_or_else(PoisonError::into_inner);
        self.is_hooked.store(hook.is_some(), Ordering::Release);
        *place = hook;
    }

    pub(crate) fn hook(&self) -> Option<Arc<dyn Hook>> {
        if !self.is_hooked.load(Ordering::Acquire) {
            return None;
        }
        let hook = self.hook.read().unwrap_or_else(PoisonError::into_inner);
        hook.clone()
    }

    /// What did not fit into log, access log and list of traps, in words: what is expected of them
    /// says nothing then. `None` where everything is there.
    #[must_use]
    pub fn dropped(&self) -> Option<String> {
        let lists = [
            (self.log.dropped(), "lines of the log"),
            (self.access_log.dropped(), "lines of the access log"),
            (self.traps.dropped(), "traps"),
        ];
        let dropped = lists.iter().filter(|(count, _)| *count > 0);
        let words: Vec<_> = dropped
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        (!words.is_empty()).then(|| format!("{} did not fit and are lost", words.join(", ")))
    }
}

/// Locks `mutex`. A thread that died while it held the lock has left nothing half done: every
/// holder does one small thing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
