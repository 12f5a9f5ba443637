//! What happens to a slot.

use alloc::boxed::Box;

use crate::counters::Counters;
use crate::evidence::{Evidence, EvidenceSet, Nats};
use crate::model::{Change, Model, Place};
use crate::source::SourceKey;
use crate::state::hash::Seed;
use crate::state::pool::{self, WIDE_FROM_PORTS};
use crate::state::sketch::combined_count;
use crate::state::slot::Slot;
use crate::state::store::Store;
use crate::state::table::Geometry;
use crate::state::targets::Target;
use crate::time::Time;

/// What is asked of shared data besides the slot, where it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether the source is in good standing.
    InStanding,
    /// Whether its network is flagged.
    NetworkIsFlagged,
}

/// Something that a contact did.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// It was made; to a decoy of this weight, if to one.
    Open { decoy: Option<Nats> },
    /// Its bytes or its end showed something; a decoy contact weighs so much more for it.
    Seen { add: Nats, seen: Seen },
    /// It asked a decoy for a served name: so much less.
    TakeBack { less: Nats, flagged_here: bool },
    /// It was served at a real port.
    Served,
}

/// What the bytes, the requests or the end of a contact showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// `Silent`, `Handshake`, `Mismatch` and `LiteralHost`.
    pub(super) kinds: EvidenceSet,
    /// A short session where logins happen.
    pub(super) is_short_session: bool,
    /// That session was the first contact with this decoy.
    pub(super) is_first_visit: bool,
    /// It asked for what attackers ask for: the number of the exploit and its weight.
    pub(super) exploit: Option<(u16, Nats)>,
}

impl Seen {
    /// Nothing.
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
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
    /// What it was before is wanted, too.
    pub(super) wants_events: bool,
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
    /// The slot before, if its source was flagged and events are wanted.
    pub(super) flagged_before: Option<Box<Slot>>,
    pub(super) change: Change,
    /// What counted as evidence.
    pub(super) evidence: EvidenceSet,
    /// The source had no slot before.
    pub(super) is_new: bool,
    /// It touched a suspicious target that it had not touched before.
    pub(super) is_new_target: bool,
}

impl Event {
    /// The slot after this event, or `None` if it does not change or come to be. A source without
    /// slot gets one only for suspicious evidence; then its standing is asked for. Where what the
    /// source did does not suffice, its network is.
    pub(super) fn apply(
        self,
        context: &Context<'_>,
        existing: Option<Slot>,
        mut ask: impl FnMut(Question) -> bool,
    ) -> Option<Applied> {
        let Context {
            model,
            seed,
            source,
            target,
            is_known,
            now,
            ..
        } = *context;
        let is_suspicious = match self {
            Self::Open { decoy } => decoy.is_some() || is_known,
            Self::Seen { .. } => true,
            Self::TakeBack { .. } | Self::Served => false,
        };
        let is_spent = existing.is_none_or(|slot| model.is_spent(&slot, now));
        if is_spent && !is_suspicious {
            return None;
        }
        let is_new = existing.is_none();
        let mut slot = existing.unwrap_or_else(|| {
            let mut slot = Slot::new(source, now);
            if ask(Question::InStanding) {
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
            Self::Seen { add, seen } => {
                if is_new {
                    Model::connected(&mut slot, now);
                }
                if add > Nats::ZERO {
                    model.reweigh_decoy(&mut slot, now, add);
                }
                evidence = seen.count(context, &mut slot);
            }
            Self::TakeBack { less, flagged_here } => {
                model.asked_for_a_name(&mut slot, now, less);
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
        let is_new_target = !slot.targets.is_empty()
            && existing.is_none_or(|before| before.targets != slot.targets);
        // A health check from such a network is no part of its scans.
        let is_more_than_silent = match self {
            Self::Seen { .. } => evidence
                .iter()
                .any(|kind| !matches!(kind, Evidence::Silent | Evidence::Ports)),
            Self::Open { .. } => is_new_target,
            Self::TakeBack { .. } | Self::Served => false,
        };
        if is_suspicious {
            let judged = model.judge(&mut slot, now);
            let may_ask = slot.flag.is_none()
                && is_more_than_silent
                && !model.without.contains(Evidence::Network)
                && !slot.tags.contains(Evidence::Network);
            if judged == Change::None && may_ask && ask(Question::NetworkIsFlagged) {
                evidence.extend(model.network(&mut slot, now, target).iter());
                model.judge(&mut slot, now);
            }
        }
        if !was_flagged && slot.flag.is_some() {
            change = Change::Flagged;
        }
        // A client that asks for a bare address does so with every request: that is read, not
        // written again.
        if slot.flag.is_none() && existing == Some(slot) {
            return None;
        }
        Some(Applied {
            slot,
            flagged_before: existing
                .filter(|slot| context.wants_events && slot.flag.is_some())
                .map(Box::new),
            change,
            evidence,
            is_new,
            is_new_target,
        })
    }
}

impl Seen {
    /// Adds what was seen to `slot`. Returns the evidence that counted.
    fn count(self, context: &Context<'_>, slot: &mut Slot) -> EvidenceSet {
        let Context {
            model,
            seed,
            target,
            place,
            now,
            ..
        } = *context;
        let mut counted = EvidenceSet::default();
        for kind in self.kinds.iter() {
            let more = match (kind, place) {
                (Evidence::Silent, Place::Decoy) => model.silent_at_decoy(slot, now, target),
                _ => model.soft(slot, now, seed, target, kind),
            };
            counted.extend(more.iter());
        }
        // One session at each of many services is a scan, and no trying of passwords.
        if self.is_short_session && (slot.sessions == 0 || !self.is_first_visit) {
            counted.extend(model.short_session(slot, now, seed, target).iter());
        }
        if let Some(exploit) = self.exploit {
            counted.extend(model.exploit(slot, now, seed, target, exploit).iter());
        }
        counted
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
