//! Virtual time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::lock;

/// Two clocks that stand still until they are moved: the wall clock, which can step, and the
/// monotonic one, which timers go by.
#[derive(Debug)]
pub struct Clock {
    unix_nanos: AtomicU64,
    monotonic_nanos: AtomicU64,
    date: Mutex<Date>,
}

/// What `date` in responses goes by: Envoy looks at the wall clock twice a second and remembers.
#[derive(Clone, Copy, Debug, Default)]
struct Date {
    /// When the wall clock was set last, on the monotonic clock.
    set_at: u64,
    /// How far the wall clock had been ahead of the monotonic one before.
    ahead: u64,
}

const DATE_EVERY_NANOS: u64 = 500_000_000;

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

    /// What the wall clock shows at the beginning.
    pub(crate) fn start_at(&self, unix_nanos: u64) {
        self.unix_nanos.store(unix_nanos, Ordering::SeqCst);
    }

    /// Sets the wall clock, forwards or backwards. Timers do not notice.
    pub fn set_unix_nanos(&self, nanos: u64) {
        let now = self.monotonic_nanos();
        let ahead = self.unix_nanos().wrapping_sub(now);
        {
            let mut date = lock(&self.date);
            let is_remembered = self.looked_at() <= date.set_at && date.ahead != 0;
            *date = Date {
                set_at: now,
                ahead: if is_remembered { date.ahead } else { ahead },
            };
        }
        self.unix_nanos.store(nanos, Ordering::SeqCst);
    }

    /// What `date` in responses shows, in nanoseconds since the Unix epoch: a wall clock that was
    /// set shows there half a second later at most.
    pub(crate) fn date_nanos(&self) -> u64 {
        let looked_at = self.looked_at();
        let date = *lock(&self.date);
        let ahead = match looked_at <= date.set_at && date.ahead != 0 {
            true => date.ahead,
            false => self.unix_nanos().wrapping_sub(self.monotonic_nanos()),
        };
        ahead.wrapping_add(looked_at)
    }

    /// When the wall clock was looked at for dates, on the monotonic clock.
    fn looked_at(&self) -> u64 {
        let now = self.monotonic_nanos();
        now - now % DATE_EVERY_NANOS
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
            date: Mutex::default(),
        }
    }
}
