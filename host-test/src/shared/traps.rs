//! Guests that did not return.

use std::sync::Mutex;

use super::{ThreadId, lock};
use crate::guest::Trap;

/// Traps that are kept; the first ones.
const TRAPS_MAX: usize = 10_000;

/// What trapped in one process, in order. A VM traps once, since it is dead then.
#[derive(Debug, Default)]
pub struct Traps(Mutex<Vec<(ThreadId, Trap)>>);

impl Traps {
    pub(crate) fn push(&self, thread: ThreadId, trap: Trap) {
        let mut traps = lock(&self.0);
        if traps.len() < TRAPS_MAX {
            traps.push((thread, trap));
        }
    }

    /// The traps from number `start` on.
    #[must_use]
    pub fn since(&self, start: usize) -> Vec<(ThreadId, Trap)> {
        lock(&self.0).get(start..).unwrap_or_default().to_vec()
    }
}
