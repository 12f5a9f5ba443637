//! What workers tell each other: each learns on its tick, and says what it saw.

use super::Detector;
use crate::counters::Counter;
use crate::state::geometries::{self, MARK_SECS, Tables};
use crate::state::hash::Seed;
use crate::state::ring::{Changes, Ring};
use crate::state::seed::{self, NoSeed};
use crate::state::store::Store;
use crate::state::touched;
use crate::time::Time;

/// Contacts that a worker keeps until its next tick; it tells at once of each that is more.
const UNNOTED_MAX: usize = 128;

/// How often a worker reads what was learnt of decoy ports.
const LEARN_SECS: u32 = 10;

/// Changes that a worker keeps for telling them later.
const UNTOLD_MAX: usize = 64;

impl Detector {
    /// Learns what other workers changed. To be called once before the first connection, and then
    /// at least twice a second; `random` is asked only where the edge has no seed yet.
    pub fn tick(
        &mut self,
        store: &mut impl Store,
        now: Time,
        random: impl FnOnce() -> Option<[u8; Seed::LEN]>,
    ) {
        if now < self.ticked_at {
            self.counters.count(Counter::ClockSteps);
        }
        let seed = match seed::read_or_make(store, &mut self.counters, random) {
            Ok(seed) => Some(seed),
            Err(NoSeed::Refused) => self.seed,
            Err(NoSeed::NoRandomness) => None,
        };
        if seed != self.seed {
            self.seed = seed;
            self.forget();
        }
        self.ticked_at = now;
        self.note(store, now);
        if now.secs_since(self.learnt_at) >= LEARN_SECS || now < self.learnt_at {
            self.learnt_at = now;
            self.discounts = touched::discounts(store, &mut self.counters, now);
        }
        self.tell_untold(store);
        match self.ring.poll(store, &mut self.counters) {
            Changes::Unknown => self.forget(),
            Changes::Of(changed) => {
                for fingerprint in changed {
                    self.cache.remove(fingerprint);
                    self.epoch = self.epoch.wrapping_add(1);
                }
            }
        }
    }

    /// Says that this worker uses its tables, so that they are not emptied. To be called at least
    /// every minute, where there is a filter that watches.
    pub fn mark_tables(&mut self, store: &mut impl Store, now: Time) {
        if now.secs_since(self.marked_at) >= MARK_SECS || now < self.marked_at {
            self.marked_at = now;
            let tables = [
                Tables::Sources(self.table.geometry),
                Tables::Standing(self.standing),
                Tables::Networks(self.neighbours.geometry),
            ];
            geometries::mark(store, &mut self.counters, &tables, now);
        }
    }

    /// Tells networks and ports what was seen since the last time.
    fn note(&mut self, store: &mut impl Store, now: Time) {
        if let Some(seed) = self.seed {
            for suspicion in core::mem::take(&mut self.suspicions) {
                let counters = &mut self.counters;
                self.neighbours
                    .note(store, counters, &seed, &suspicion, now);
            }
        }
        if !self.touches.is_empty() {
            let touches = core::mem::take(&mut self.touches);
            touched::note(store, &mut self.counters, &touches, now);
        }
    }

    /// Tells at once of what is more than is kept: in a flood each contact costs one update more,
    /// and none of them all the updates.
    pub(super) fn note_one_too_many(&mut self, store: &mut impl Store, now: Time) {
        if self.suspicions.len() > UNNOTED_MAX
            && let Some(seed) = self.seed
            && let Some(suspicion) = self.suspicions.pop()
        {
            let counters = &mut self.counters;
            self.neighbours
                .note(store, counters, &seed, &suspicion, now);
        }
        if self.touches.len() > UNNOTED_MAX
            && let Some(touch) = self.touches.pop()
        {
            touched::note(store, &mut self.counters, &[touch], now);
        }
    }

    pub(super) fn tell_others(&mut self, store: &mut impl Store, fingerprint: u64) {
        if !Ring::push(store, &mut self.counters, fingerprint) {
            self.untold.push(fingerprint);
        }
    }

    /// Tells what could not be told before; when it is too much, that anything may have changed.
    fn tell_untold(&mut self, store: &mut impl Store) {
        let counters = &mut self.counters;
        if self.untold.len() > UNTOLD_MAX {
            if Ring::push_unknown(store, counters) {
                self.untold.clear();
            }
            self.untold.truncate(UNTOLD_MAX + 1);
            return;
        }
        self.untold
            .retain(|fingerprint| !Ring::push(store, counters, *fingerprint));
    }

    fn forget(&mut self) {
        self.cache.clear();
        self.epoch = self.epoch.wrapping_add(1);
    }
}
