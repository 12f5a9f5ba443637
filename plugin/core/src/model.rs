//! The sequential hypothesis test: what each contact does to a slot, and when a source is flagged.
//!
//! Per source a log-likelihood ratio is kept: evidence adds its weight ([`crate::evidence`]), good
//! standing takes off a bounded credit, and both halve every half-life. The source is flagged when
//! the sum reaches the threshold `ln(P_detect / P_false)`.

use crate::decay::decayed;
use crate::evidence::{Evidence, EvidenceSet, Nats, weight};
use crate::reasons::Reason;
use crate::state::hash::Seed;
use crate::state::slot::{Flag, Slot};
use crate::state::targets::Target;
use crate::time::{DAY_SECS, HOUR_SECS, MINUTE_SECS, Time};

/// How sure the detector is before it flags, and how long it remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// The sum of evidence that flags a source.
    pub threshold: Nats,
    /// Seconds in which half of all evidence is forgotten.
    pub half_life_secs: u32,
    /// Seconds for which a verdict holds after the last evidence.
    pub verdict_ttl_secs: u32,
}

/// Suspicious targets up to which a source in good standing is spared if only one of them is a
/// decoy: that one, and two real ports where it was silent (idle pre-connects, a health check).
const SPARED_TARGETS_MAX: u32 = 3;

/// Evidence that is as good as forgotten: what is left of one decoy contact after six half-lives.
const SPENT_MAX: Nats = Nats::from_hundredths(10);

/// What a contact did to the verdict of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: flagged or not, as before.
    None,
    /// The source is flagged now and was not before.
    Flagged,
    /// The source was flagged by this very contact, and is not any more.
    Withdrawn,
}

impl Model {
    /// Brings `slot` up to `now`: an expired verdict ends, an old memory of targets is emptied,
    /// and times that lie in the future (the clock stepped back) become now.
    pub fn refresh(&self, slot: &mut Slot, now: Time) {
        for time in [
            &mut slot.first,
            &mut slot.last,
            &mut slot.scored_at,
            &mut slot.memory_at,
        ] {
            *time = time.at_most(now);
        }
        if let Some(flag) = &mut slot.flag {
            flag.at = flag.at.at_most(now);
            flag.expires = flag.expires.at_most(now.plus_secs(self.verdict_ttl_secs));
            if flag.expires <= now {
                slot.flag = None;
            }
        }
        if now.secs_since(slot.memory_at) >= self.half_life_secs {
            slot.memory_at = now;
            slot.targets = crate::state::targets::Targets::empty();
            slot.decoy_targets = 0;
            slot.silent_at_decoy = false;
            if slot.flag.is_none() {
                slot.ports = 0;
                slot.hosts = 0;
                slot.tags = EvidenceSet::default();
            }
        }
    }

    /// The sum of evidence at `now`, credit taken off.
    pub fn sum(&self, slot: &Slot, now: Time) -> Nats {
        self.aged(slot.score, slot, now)
            .minus(self.aged(slot.credit, slot, now))
    }

    /// The evidence against the source at `now`, whatever its credit.
    pub fn evidence(&self, slot: &Slot, now: Time) -> Nats {
        self.aged(slot.score, slot, now)
    }

    /// Whether nothing is left that is worth remembering: no verdict, no target, no evidence.
    pub fn is_spent(&self, slot: &Slot, now: Time) -> bool {
        slot.flag.is_none()
            && slot.targets == crate::state::targets::Targets::empty()
            && self.evidence(slot, now) <= SPENT_MAX
    }

    /// The source is on no list of declared scanners any more: what the list brought about ends.
    /// Whether that ended a verdict.
    pub fn no_longer_known(&self, slot: &mut Slot, now: Time) -> Change {
        slot.tags.remove(Evidence::Known);
        self.withdraw(slot, now)
    }

    /// Whether the source was served in the last 24 hours.
    pub fn in_good_standing(slot: &Slot, now: Time) -> bool {
        let hours = hour_stamp(now).wrapping_sub(slot.standing_hour);
        slot.standing_hour != 0 && u32::from(hours) <= DAY_SECS / HOUR_SECS
    }

    /// A source that is in good standing gets its slot.
    pub fn begin_with_standing(slot: &mut Slot, now: Time) {
        slot.credit = weight::STANDING;
        slot.standing_hour = hour_stamp(now);
    }

    /// The source was served: takes one nat off for each further hour, down to the floor. Whether
    /// that changed the slot.
    ///
    /// Not so while it is flagged: with one well-formed request a scanner would buy itself a lower
    /// risk, also where the request was refused.
    pub fn served(&self, slot: &mut Slot, now: Time) -> bool {
        if slot.flag.is_some() || slot.standing_hour == hour_stamp(now) {
            return false;
        }
        self.rebase(slot, now);
        slot.credit = slot
            .credit
            .plus(weight::STANDING_HOURLY)
            .min(weight::STANDING_MAX);
        slot.standing_hour = hour_stamp(now);
        true
    }

    /// Counts a connection.
    pub fn connected(slot: &mut Slot, now: Time) {
        slot.hits = slot.hits.saturating_add(1);
        slot.last = now;
    }

    /// A contact with `target`, a decoy of weight `decoy_weight`. Returns the evidence that counted:
    /// none if the target is not new in this memory.
    pub fn decoy(
        &self,
        slot: &mut Slot,
        now: Time,
        seed: &Seed,
        target: Target,
        decoy_weight: Nats,
    ) -> EvidenceSet {
        let mut counted = EvidenceSet::default();
        if self.target(slot, now, seed, target, &mut counted) {
            self.add(slot, now, Evidence::Decoy, target.port, decoy_weight);
            counted.insert(Evidence::Decoy);
            slot.decoy_targets = slot.decoy_targets.saturating_add(1);
        }
        self.renew(slot, now);
        counted
    }

    /// A decoy contact turned out worse (or, with a negative `difference`, better) than it looked.
    pub fn reweigh_decoy(&self, slot: &mut Slot, now: Time, difference: Nats) {
        self.rebase(slot, now);
        slot.score = slot
            .score
            .plus(difference)
            .clamp(Nats::ZERO, weight::SCORE_MAX);
    }

    /// A contact without a byte with `target`. Returns the evidence that counted.
    pub fn silent(
        &self,
        slot: &mut Slot,
        now: Time,
        seed: &Seed,
        target: Target,
        place: Place,
    ) -> EvidenceSet {
        let stamp = second_stamp(now);
        let is_soon = slot.tags.contains(Evidence::Silent)
            && u32::from(stamp.wrapping_sub(slot.silent_stamp)) < MINUTE_SECS;
        let allowance = match place {
            Place::Decoy if slot.silent_at_decoy => Nats::ZERO,
            Place::Decoy => weight::SILENT,
            Place::Real if is_soon => Nats::ZERO,
            Place::Real => {
                let left = weight::SILENT_REAL_MAX.minus(self.aged(slot.silent, slot, now));
                left.clamp(Nats::ZERO, weight::SILENT)
            }
        };
        let mut counted = EvidenceSet::default();
        // A client that is served here has reasons to hold a connection ready.
        if place == Place::Real && !Self::in_good_standing(slot, now) {
            self.target(slot, now, seed, target, &mut counted);
        }
        self.renew(slot, now);
        if allowance == Nats::ZERO {
            return counted;
        }
        self.add(slot, now, Evidence::Silent, target.port, allowance);
        counted.insert(Evidence::Silent);
        match place {
            Place::Decoy => slot.silent_at_decoy = true,
            Place::Real => {
                slot.silent = slot.silent.plus(allowance);
                slot.silent_stamp = stamp;
            }
        }
        counted
    }

    /// The source is on a list of declared scanners: flagged at once.
    pub fn known(&self, slot: &mut Slot, now: Time, seed: &Seed, target: Target) {
        slot.tags.insert(Evidence::Known);
        slot.reasons.push(Reason {
            evidence: Evidence::Known,
            port: target.port,
        });
        self.remember(slot, seed, target);
        let at = slot.flag.map_or(now, |flag| flag.at);
        slot.flag = Some(Flag {
            at,
            expires: now.plus_secs(self.verdict_ttl_secs),
        });
    }

    /// Flags the source if the evidence is enough by now.
    pub fn judge(&self, slot: &mut Slot, now: Time) -> Change {
        if slot.flag.is_some() || self.sum(slot, now) < self.threshold || Self::is_spared(slot, now)
        {
            return Change::None;
        }
        slot.flag = Some(Flag {
            at: now,
            expires: now.plus_secs(self.verdict_ttl_secs),
        });
        Change::Flagged
    }

    /// Takes back a verdict that the same contact had brought about, if the evidence is not enough
    /// after all.
    pub fn withdraw(&self, slot: &mut Slot, now: Time) -> Change {
        let is_enough = self.sum(slot, now) >= self.threshold && !Self::is_spared(slot, now);
        if slot.flag.is_none() || is_enough || slot.tags.contains(Evidence::Known) {
            return Change::None;
        }
        slot.flag = None;
        Change::Withdrawn
    }

    /// Whatever one decoy target yields, it does not flag a source in good standing: a typo, a
    /// stale name.
    fn is_spared(slot: &Slot, now: Time) -> bool {
        slot.decoy_targets <= 1
            && slot.targets.port_count().max(slot.targets.host_count()) <= SPARED_TARGETS_MAX
            && Self::in_good_standing(slot, now)
    }

    /// Remembers `target`; a further distinct one is evidence. Whether it is new.
    fn target(
        &self,
        slot: &mut Slot,
        now: Time,
        seed: &Seed,
        target: Target,
        counted: &mut EvidenceSet,
    ) -> bool {
        let is_first = slot.targets == crate::state::targets::Targets::empty();
        let is_new = self.remember(slot, seed, target);
        if is_new && !is_first {
            self.add(slot, now, Evidence::Ports, target.port, weight::PORTS);
            counted.insert(Evidence::Ports);
        }
        is_new
    }

    fn remember(&self, slot: &mut Slot, seed: &Seed, target: Target) -> bool {
        let is_new = slot.targets.insert(seed, target);
        if is_new {
            slot.ports = slot.ports.max(saturated(slot.targets.port_count()));
            slot.hosts = slot.hosts.max(saturated(slot.targets.host_count()));
        }
        is_new
    }

    fn add(&self, slot: &mut Slot, now: Time, evidence: Evidence, port: u16, nats: Nats) {
        self.rebase(slot, now);
        slot.score = slot.score.plus(nats).clamp(Nats::ZERO, weight::SCORE_MAX);
        slot.tags.insert(evidence);
        slot.reasons.push(Reason { evidence, port });
    }

    /// Evidence renews a verdict, whether or not it counts any more.
    fn renew(&self, slot: &mut Slot, now: Time) {
        if let Some(flag) = &mut slot.flag {
            flag.expires = now.plus_secs(self.verdict_ttl_secs);
        }
    }

    fn rebase(&self, slot: &mut Slot, now: Time) {
        slot.score = self.aged(slot.score, slot, now);
        slot.credit = self.aged(slot.credit, slot, now);
        slot.silent = self.aged(slot.silent, slot, now);
        slot.scored_at = now;
    }

    fn aged(&self, nats: Nats, slot: &Slot, now: Time) -> Nats {
        let age = now.secs_since(slot.scored_at);
        Nats::from_hundredths(decayed(nats.hundredths(), age, self.half_life_secs))
    }
}

/// Whether a target is a decoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nobody has business there.
    Decoy,
    /// A real service.
    Real,
}

fn saturated(count: u32) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn second_stamp(now: Time) -> u16 {
    u16::try_from(now.unix_secs() & 0xffff).unwrap_or(0)
}

/// The hour of `now` modulo 2^16, never 0.
fn hour_stamp(now: Time) -> u16 {
    u16::try_from((now.unix_secs() / HOUR_SECS) & 0xffff)
        .unwrap_or(0)
        .max(1)
}

#[cfg(test)]
mod tests;
