//! What happens to a slot.

use super::Detector;
use crate::contact::Watched;
use crate::counters::{Counter, Counters};
use crate::evidence::{Evidence, EvidenceSet, Nats};
use crate::model::{Change, Model, Place};
use crate::source::SourceKey;
use crate::state::hash::Seed;
use crate::state::pool::{self, WIDE_FROM_PORTS};
use crate::state::sketch::combined_count;
use crate::state::slot::Slot;
use crate::state::store::Store;
use crate::state::table::{Geometry, SlotStep};
use crate::state::targets::Target;
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
            now,
        };
        let (source, hash) = (watched.source, watched.standing_hash);
        let change = |store: &mut S, counters: &mut Counters, slot: Option<Slot>| {
            let in_standing = || standing.contains(store, counters, hash, now);
            match event.apply(&context, slot, in_standing) {
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
        watched.has_slot = updated.is_stored;
        for evidence in applied.evidence.iter() {
            self.counters.count(Counter::evidence(evidence));
        }
        if updated.is_stored {
            self.cache.remove(watched.fingerprint);
        }
        if updated.is_stored && (applied.is_new || applied.change != Change::None) {
            self.epoch = self.epoch.wrapping_add(1);
            watched.epoch = self.epoch;
            self.tell_others(store, watched.fingerprint);
        }
        updated.result
    }
}

/// Something that a contact did.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// It was made; to a decoy of this weight, if to one.
    Open { decoy: Option<Nats> },
    /// It is over (or counts as it is): so much more, and silent or not.
    End { add: Nats, is_silent: bool },
    /// It asked a decoy for a served name: so much less.
    TakeBack { less: Nats, flagged_here: bool },
    /// It was served at a real port.
    Served,
}

/// Who, where and when.
pub(super) struct Context<'a> {
    pub(super) model: &'a Model,
    pub(super) seed: &'a Seed,
    pub(super) source: SourceKey,
    pub(super) target: Target,
    pub(super) place: Place,
    /// The source is a declared scanner's.
    pub(super) is_known: bool,
    pub(super) now: Time,
}

/// What became of an event.
pub(super) enum Outcome {
    /// The slot changed.
    Applied(Applied),
    /// There is a slot, and it stays as it is.
    Unchanged,
    /// The source has no slot, and gets none.
    NoSlot,
    /// Shared data refused (counted).
    GivenUp,
}

/// What became of a slot that changed.
pub(super) struct Applied {
    pub(super) slot: Slot,
    pub(super) change: Change,
    /// What counted as evidence.
    pub(super) evidence: EvidenceSet,
    /// The source had no slot before.
    pub(super) is_new: bool,
}

impl Event {
    /// The slot after this event, or `None` if it does not change or come to be. A source without
    /// slot gets one only for suspicious evidence; then `in_standing` is asked.
    pub(super) fn apply(
        self,
        context: &Context<'_>,
        existing: Option<Slot>,
        in_standing: impl FnOnce() -> bool,
    ) -> Option<Applied> {
        let Context {
            model,
            seed,
            source,
            target,
            place,
            is_known,
            now,
        } = *context;
        let is_suspicious = match self {
            Self::Open { decoy } => decoy.is_some() || is_known,
            Self::End { .. } => true,
            Self::TakeBack { .. } | Self::Served => false,
        };
        let is_spent = existing.is_none_or(|slot| model.is_spent(&slot, now));
        if is_spent && !is_suspicious {
            return None;
        }
        let is_new = existing.is_none();
        let mut slot = existing.unwrap_or_else(|| {
            let mut slot = Slot::new(source, now);
            if in_standing() {
                Model::begin_with_standing(&mut slot, now);
            }
            slot
        });
        let was_flagged = slot.flag.is_some();
        let mut evidence = EvidenceSet::default();
        let mut change = Change::None;
        if !is_known && slot.tags.contains(Evidence::Known) {
            change = model.no_longer_known(&mut slot, now);
        }
        match self {
            Self::Open { decoy } => {
                Model::connected(&mut slot, now);
                if let Some(weight) = decoy {
                    evidence = model.decoy(&mut slot, now, seed, target, weight);
                }
                if is_known {
                    model.known(&mut slot, now, seed, target);
                    evidence.insert(Evidence::Known);
                }
            }
            Self::End { add, is_silent } => {
                if is_new {
                    Model::connected(&mut slot, now);
                }
                if add > Nats::ZERO {
                    model.reweigh_decoy(&mut slot, now, add);
                }
                if is_silent {
                    evidence = model.silent(&mut slot, now, seed, target, place);
                }
            }
            Self::TakeBack { less, flagged_here } => {
                model.reweigh_decoy(&mut slot, now, Nats::ZERO.minus(less));
                if flagged_here {
                    change = model.withdraw(&mut slot, now);
                }
            }
            Self::Served => {
                if !model.served(&mut slot, now) {
                    return None;
                }
            }
        }
        if is_suspicious && model.judge(&mut slot, now) == Change::Flagged
            || (!was_flagged && slot.flag.is_some())
        {
            change = Change::Flagged;
        }
        Some(Applied {
            slot,
            change,
            evidence,
            is_new,
        })
    }
}

impl Applied {
    /// Counts the ports of a source that touched more than its slot can count.
    pub(super) fn count_widely(
        &mut self,
        store: &mut impl Store,
        counters: &mut Counters,
        geometry: &Geometry,
        context: &Context<'_>,
    ) {
        let narrow = self.slot.targets.port_count();
        if narrow <= WIDE_FROM_PORTS || context.place == Place::Real {
            return;
        }
        let Context {
            seed, target, now, ..
        } = *context;
        let counted = pool::count(
            store,
            counters,
            geometry,
            seed,
            &self.slot,
            target.port,
            now,
        );
        if let Some(wide) = counted {
            let ports = combined_count(narrow, wide, WIDE_FROM_PORTS);
            self.slot.ports = self
                .slot
                .ports
                .max(u16::try_from(ports).unwrap_or(u16::MAX));
        }
    }
}
