//! Events meet slots: in shared data, and in what is learnt from them.

use super::Detector;
use super::event::{Applied, Context, Event, Outcome, Question};
use crate::contact::Watched;
use crate::counters::{Counter, Counters};
use crate::model::{Change, Model, Place};
use crate::source::NetworkKey;
use crate::state::ended;
use crate::state::hash::Seed;
use crate::state::neighbours::Suspicion;
use crate::state::slot::Slot;
use crate::state::store::Store;
use crate::state::table::SlotStep;
use crate::state::touched::Touch;
use crate::time::Time;

impl Detector {
    /// Applies `event` to the slot of the source, and tells the other workers what changed.
    pub(super) fn apply<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        watched: &mut Watched,
        event: Event,
    ) -> Outcome {
        watched.is_slotless = false;
        let Some(seed) = self.seed else {
            return Outcome::GivenUp;
        };
        let (model, standing, geometry) = (self.model, self.standing, self.table.geometry);
        let context = Context {
            model: &model,
            seed: &seed,
            source: watched.source,
            target: watched.target,
            place: watched.place,
            is_known: watched.actor.is_some(),
            wants_events: self.policy.events,
            now,
        };
        let (source, hash) = (watched.source, watched.standing_hash);
        let network = source.network(geometry.networks);
        let neighbours = self.neighbours;
        let change = |store: &mut S, counters: &mut Counters, slot: Option<Slot>| {
            let ask = |question| match question {
                Question::InStanding => standing.contains(store, counters, hash, now),
                Question::NetworkIsFlagged => {
                    neighbours.is_flagged(store, counters, &seed, &network, now)
                }
            };
            match event.apply(&context, slot, ask) {
                None if slot.is_some_and(|slot| context.model.is_spent(&slot, now)) => {
                    SlotStep::Remove(Outcome::NoSlot)
                }
                None if slot.is_some() => SlotStep::Keep(Outcome::Unchanged),
                None => SlotStep::Keep(Outcome::NoSlot),
                Some(mut applied) => {
                    applied.count_widely(store, counters, &geometry, &context);
                    SlotStep::Write(applied.slot, Outcome::Applied(applied))
                }
            }
        };
        let updated = self
            .table
            .update(store, &mut self.counters, &seed, &source, now, change);
        let Some(updated) = updated else {
            // Whatever comes next on this connection looks again.
            watched.epoch = self.epoch.wrapping_sub(1);
            return Outcome::GivenUp;
        };
        let Outcome::Applied(applied) = &updated.result else {
            watched.is_slotless = matches!(updated.result, Outcome::NoSlot);
            return updated.result;
        };
        self.learn(applied, watched, &network, &seed, now);
        if updated.is_over_quota {
            let counters = &mut self.counters;
            self.neighbours.flag(store, counters, &seed, &network, now);
        }
        self.note_one_too_many(store, now);
        watched.has_slot = updated.is_stored;
        for evidence in applied.evidence.iter() {
            self.counters.count(Counter::evidence(evidence));
        }
        if updated.is_stored {
            self.cache.remove(watched.fingerprint);
        }
        if applied.change == Change::Withdrawn {
            ended::note(store, &mut self.counters, &source, now);
        }
        if updated.is_stored && (applied.is_new || applied.change != Change::None) {
            self.epoch = self.epoch.wrapping_add(1);
            watched.epoch = self.epoch;
            self.tell_others(store, watched.fingerprint);
        }
        updated.result
    }
}

impl Detector {
    /// Keeps what a contact teaches about networks and ports until the next tick.
    fn learn(
        &mut self,
        applied: &Applied,
        watched: &Watched,
        network: &NetworkKey,
        seed: &Seed,
        now: Time,
    ) {
        let slot = &applied.slot;
        if !applied.is_new_target || watched.actor.is_some() {
            return;
        }
        if Model::in_good_standing(slot, now) {
            if slot.flag.is_none() && watched.place == Place::Decoy {
                self.touches.push(Touch {
                    port: watched.target.port,
                    network: seed.network(network),
                });
            }
            return;
        }
        if slot.targets.port_count() <= SUSPICIOUS_PORTS_MAX {
            self.suspicions.push(Suspicion {
                network: *network,
                source: watched.fingerprint,
                target: watched.target,
            });
        }
    }
}

/// Ports of one source that its network is told of: what it does beyond says no more about its
/// neighbours, and would cost shared data two calls for each port of a scan.
const SUSPICIOUS_PORTS_MAX: u32 = 8;
