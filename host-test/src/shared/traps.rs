//! Guests that did not return.

use std::sync::Mutex;

use super::{ThreadId, bounded::Bounded, lock};
use crate::guest::Trap;

/// Traps that are kept.
const TRAPS_MAX: usize = 10_000;

/// What trapped in one process, in order; of more than 10,000 the first ones. A VM traps once,
/// since it is dead then.
#[derive(Debug)]
pub struct Traps(Mutex<Bounded<(ThreadId, Trap)>>);

impl Default for Traps {
    fn default() -> Self {
        Self(Mutex::new(Bounded::of(TRAPS_MAX)))
    }
}

impl Traps {
    pub(crate) fn push(&self, thread: ThreadId, trap: Trap) {
        lock(&self.0).push((thread, trap), 0);
    }

    /// The traps from number `start` on.
    #[must_use]
    pub fn since(&self, start: usize) -> Vec<(ThreadId, Trap)> {
        lock(&self.0).since(start)
    }

    /// Traps that did not fit.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        lock(&self.0).dropped()
    }
}
