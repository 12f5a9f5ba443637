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
use crate::time::{DAY_SECS, HOUR_SECS, Time};

mod observe;

/// How sure the detector is before it flags, and how long it remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// The sum of evidence that flags a source.
    pub threshold: Nats,
    /// Seconds in which half of all evidence is forgotten.
    pub half_life_secs: u32,
    /// Seconds for which a verdict holds after the last evidence.
    pub verdict_ttl_secs: u32,
    /// Kinds of evidence that weigh nothing here.
    pub without: EvidenceSet,
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
            slot.sessions = 0;
            if slot.flag.is_none() {
                slot.ports = 0;
                slot.hosts = 0;
                slot.tags = EvidenceSet::default();
            }
        }
    }

    /// The sum of evidence at `now`, credit taken off, what its neighbours did included.
    pub fn sum(&self, slot: &Slot, now: Time) -> Nats {
        let neighbours = if slot.tags.contains(Evidence::Network) {
            self.network_share()
        } else {
            Nats::ZERO
        };
        self.own_sum(slot, now).plus(neighbours)
    }

    fn own_sum(&self, slot: &Slot, now: Time) -> Nats {
        self.aged(slot.score, slot, now)
            .minus(self.aged(slot.credit, slot, now))
    }

    /// What a flagged network adds to each of its sources: they lack one suspicious target. The
    /// estimate in docs/detection.md is more than twice as high at medium, but neighbours alone must
    /// flag nobody.
    const fn network_share(&self) -> Nats {
        self.threshold.minus(weight::PORTS)
    }

    /// The evidence against the source at `now`, whatever its credit.
    pub fn evidence(&self, slot: &Slot, now: Time) -> Nats {
        self.aged(slot.score, slot, now)
    }

    /// Whether nothing is left that is worth remembering: no verdict, no target, no evidence.
    pub fn is_spent(&self, slot: &Slot, now: Time) -> bool {
        slot.flag.is_none()
            && slot.targets.is_empty()
            && slot.sessions == 0
            && self.evidence(slot, now) <= SPENT_MAX
    }

    /// The source is on no list of declared scanners any more: what the list brought about ends.
    /// Whether that ended a verdict.
    pub fn no_longer_known(&self, slot: &mut Slot, now: Time) -> Change {
        slot.tags.remove(Evidence::Known);
        self.withdraw(slot, now)
    }

    /// Whether the source was served in the last 24 hours, as far as its slot knows. Of a source
    /// that gets its slot now, [`crate::state::standing`] knows 12 to 24.
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
        slot.through_network = self.own_sum(slot, now) < self.threshold;
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
    /// stale name. Nobody attacks by mistake.
    fn is_spared(slot: &Slot, now: Time) -> bool {
        let is_attack = [Evidence::Exploit, Evidence::Bruteforce]
            .into_iter()
            .any(|evidence| slot.tags.contains(evidence));
        !is_attack
            && slot.decoy_targets <= 1
            && slot.targets.port_count().max(slot.targets.host_count()) <= SPARED_TARGETS_MAX
            && Self::in_good_standing(slot, now)
    }

    fn remember(&self, slot: &mut Slot, seed: &Seed, target: Target) -> bool {
        let is_new = slot.targets.insert(seed, target);
        if is_new {
            slot.ports = slot.ports.max(saturated(slot.targets.port_count()));
            slot.hosts = slot.hosts.max(saturated(slot.targets.host_count()));
        }
        is_new
    }

    /// Adds evidence, unless its kind weighs nothing here. Whether it did.
    fn add(&self, slot: &mut Slot, now: Time, evidence: Evidence, port: u16, nats: Nats) -> bool {
        if self.without.contains(evidence) {
            return false;
        }
        self.rebase(slot, now);
        slot.score = slot.score.plus(nats).clamp(Nats::ZERO, weight::SCORE_MAX);
        slot.tags.insert(evidence);
        slot.reasons.push(Reason { evidence, port });
        // What it does by itself says more of a source than its neighbours.
        slot.through_network &= self.own_sum(slot, now) < self.threshold;
        true
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
        slot.soft = self.aged(slot.soft, slot, now);
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

/// The hour of `now` modulo 2^16, never 0.
fn hour_stamp(now: Time) -> u16 {
    u16::try_from((now.unix_secs() / HOUR_SECS) & 0xffff)
        .unwrap_or(0)
        .max(1)
}

#[cfg(test)]
mod tests;
