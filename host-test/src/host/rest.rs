//! When a process does not come to rest.

use std::fmt;

/// Callbacks that may follow from one event: a guest could feed itself for ever.
pub(super) const ROUNDS_MAX: usize = 100_000;

/// Moments at which something is due that may pass in one go.
pub(super) const MOMENTS_MAX: u64 = 10_000_000;

/// Why a process was stopped before it came to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Restless {
    /// Callbacks, such as those of queues, bring about one another.
    Callbacks,
    /// More was due in the time that was to pass than is done in one go.
    Time,
}

impl fmt::Display for Restless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Callbacks => write!(
                f,
                "callbacks do not come to rest: more than {ROUNDS_MAX} rounds follow from one \
                 event; a plugin feeds its own queue or call"
            ),
            Self::Time => write!(
                f,
                "too much is due: more than {MOMENTS_MAX} timers and time-outs in one advance; let \
                 less time pass, or make the period of the plugin's timer longer"
            ),
        }
    }
}

impl std::error::Error for Restless {}
