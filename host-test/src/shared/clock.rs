//! Virtual time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Two clocks that stand still until they are moved: the wall clock, which can step, and the
/// monotonic one, which timers go by.
#[derive(Debug)]
pub struct Clock {
    unix_nanos: AtomicU64,
    monotonic_nanos: AtomicU64,
}

impl Clock {
    /// Nanoseconds since the Unix epoch.
    #[must_use]
    pub fn unix_nanos(&self) -> u64 {
        self.unix_nanos.load(Ordering::SeqCst)
    }

    /// Nanoseconds since the process began.
    #[must_use]
    pub fn monotonic_nanos(&self) -> u64 {
        self.monotonic_nanos.load(Ordering::SeqCst)
    }

    /// Lets time pass on both clocks; they stop at their largest number.
    pub fn advance(&self, by: Duration) {
        let by = nanos(by);
        for clock in [&self.unix_nanos, &self.monotonic_nanos] {
            clock.store(
                clock.load(Ordering::SeqCst).saturating_add(by),
                Ordering::SeqCst,
            );
        }
    }

    /// Sets the wall clock, forwards or backwards. Timers do not notice.
    pub fn set_unix_nanos(&self, nanos: u64) {
        self.unix_nanos.store(nanos, Ordering::SeqCst);
    }
}

/// Nanoseconds of `duration`; the largest number if it is longer than 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// 2026-09-21 14:13:20 UTC.
const START_UNIX_NANOS: u64 = 1_790_000_000_000_000_000;

impl Default for Clock {
    fn default() -> Self {
        Self {
            unix_nanos: AtomicU64::new(START_UNIX_NANOS),
            monotonic_nanos: AtomicU64::new(0),
        }
    }
}
