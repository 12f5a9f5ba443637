//! What each kind of evidence does to a slot.

use super::Model;
use crate::evidence::{Evidence, EvidenceSet, Nats, weight};
use crate::state::hash::Seed;
use crate::state::slot::Slot;
use crate::state::targets::Target;
use crate::time::{MINUTE_SECS, Time};

/// Short sessions where logins happen that are evidence: who mistypes a password comes twice.
const SHORT_SESSIONS_MIN: u8 = 3;

impl Model {
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
            if self.add(slot, now, Evidence::Decoy, target.port, decoy_weight) {
                counted.insert(Evidence::Decoy);
            }
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

    /// A decoy contact asked for a served name: it weighs so much less, and no more than such
    /// contacts may add up to. Who comes by a stale name comes every day.
    pub fn asked_for_a_name(&self, slot: &mut Slot, now: Time, less: Nats) {
        self.reweigh_decoy(slot, now, Nats::ZERO.minus(less));
        let before = slot.soft.min(weight::DECOY_BY_MISTAKE);
        slot.score = slot.score.minus(before).max(Nats::ZERO);
        slot.soft = slot.soft.minus(before).plus(weight::DECOY_BY_MISTAKE);
    }

    /// A contact without a byte with the decoy `target`. Returns the evidence that counted.
    pub fn silent_at_decoy(&self, slot: &mut Slot, now: Time, target: Target) -> EvidenceSet {
        let mut counted = EvidenceSet::default();
        self.renew(slot, now);
        if !slot.silent_at_decoy
            && self.add(slot, now, Evidence::Silent, target.port, weight::SILENT)
        {
            slot.silent_at_decoy = true;
            counted.insert(Evidence::Silent);
        }
        counted
    }

    /// Evidence at a real port that harmless clients repeat, too: `Silent`, `Handshake`,
    /// `Mismatch` or `LiteralHost`. All of it together is bounded by what the kinds that were seen
    /// may add up to. Returns the evidence that counted.
    pub fn soft(
        &self,
        slot: &mut Slot,
        now: Time,
        seed: &Seed,
        target: Target,
        evidence: Evidence,
    ) -> EvidenceSet {
        let mut counted = EvidenceSet::default();
        let Some(Soft { weight, .. }) = Soft::of(evidence) else {
            return counted;
        };
        let stamp = second_stamp(now);
        let is_soon = slot.tags.contains(evidence)
            && u32::from(stamp.wrapping_sub(slot.soft_stamp)) < MINUTE_SECS;
        self.real_target(slot, now, seed, target, &mut counted);
        self.renew(slot, now);
        let kinds = slot.tags.iter().chain([evidence]).collect::<EvidenceSet>();
        let most = kinds
            .iter()
            .filter_map(Soft::of)
            .fold(Nats::ZERO, |sum, soft| sum.plus(soft.most));
        let is_like_a_check = kinds
            .iter()
            .filter(|kind| Soft::of(*kind).is_some())
            .all(|kind| matches!(kind, Evidence::Silent | Evidence::LiteralHost));
        let most = if is_like_a_check {
            most.min(weight::CHECKS_MAX)
        } else {
            most
        };
        let left = most.minus(self.aged(slot.soft, slot, now));
        let allowance = left.clamp(Nats::ZERO, weight);
        if is_soon || allowance == Nats::ZERO {
            return counted;
        }
        if self.add(slot, now, evidence, target.port, allowance) {
            slot.soft = slot.soft.plus(allowance);
            slot.soft_stamp = stamp;
            counted.insert(evidence);
        }
        counted
    }

    /// A short session where logins happen. Returns the evidence that counted: that of the third
    /// one, and of each further power of two.
    pub fn short_session(
        &self,
        slot: &mut Slot,
        now: Time,
        seed: &Seed,
        target: Target,
    ) -> EvidenceSet {
        let mut counted = EvidenceSet::default();
        slot.sessions = slot.sessions.saturating_add(1);
        let counts = slot.sessions == SHORT_SESSIONS_MIN
            || (slot.sessions > SHORT_SESSIONS_MIN && slot.sessions.is_power_of_two());
        if counts {
            self.real_target(slot, now, seed, target, &mut counted);
            let weight = weight::BRUTEFORCE;
            if self.add(slot, now, Evidence::Bruteforce, target.port, weight) {
                counted.insert(Evidence::Bruteforce);
            }
        }
        if slot.sessions >= SHORT_SESSIONS_MIN {
            self.renew(slot, now);
        }
        counted
    }

    /// A request or payload that attackers send, with its number and its weight. Returns the
    /// evidence that counted.
    pub fn exploit(
        &self,
        slot: &mut Slot,
        now: Time,
        seed: &Seed,
        target: Target,
        (number, weight): (u16, Nats),
    ) -> EvidenceSet {
        let mut counted = EvidenceSet::default();
        self.real_target(slot, now, seed, target, &mut counted);
        self.renew(slot, now);
        if self.add(slot, now, Evidence::Exploit, number, weight) {
            counted.insert(Evidence::Exploit);
        }
        counted
    }

    /// The network of the source is flagged, and the source has touched something suspicious: its
    /// first target counts, too.
    pub fn network(&self, slot: &mut Slot, now: Time, target: Target) -> EvidenceSet {
        let mut counted = EvidenceSet::default();
        if !slot.tags.contains(Evidence::Network)
            && self.add(slot, now, Evidence::Network, target.port, weight::PORTS)
        {
            counted.insert(Evidence::Network);
        }
        counted
    }

    /// Remembers a real port with evidence. A client that is served here has reasons to come.
    fn real_target(
        &self,
        slot: &mut Slot,
        now: Time,
        seed: &Seed,
        target: Target,
        counted: &mut EvidenceSet,
    ) {
        if !Self::in_good_standing(slot, now) {
            self.target(slot, now, seed, target, counted);
        }
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
        let is_first = slot.targets.is_empty();
        let is_new = self.remember(slot, seed, target);
        if is_new && !is_first && self.add(slot, now, Evidence::Ports, target.port, weight::PORTS) {
            counted.insert(Evidence::Ports);
        }
        is_new
    }
}

/// Evidence that harmless clients repeat.
struct Soft {
    weight: Nats,
    /// What it adds up to at most.
    most: Nats,
}

impl Soft {
    const fn of(evidence: Evidence) -> Option<Self> {
        let (weight, most) = match evidence {
            Evidence::Silent => (weight::SILENT, weight::SILENT_REAL_MAX),
            Evidence::Handshake => (weight::HANDSHAKE, weight::HANDSHAKE_MAX),
            Evidence::Mismatch => (weight::MISMATCH, weight::MISMATCH),
            Evidence::LiteralHost => (weight::LITERAL_HOST, weight::LITERAL_HOST),
            Evidence::Decoy
            | Evidence::Ports
            | Evidence::Bruteforce
            | Evidence::Exploit
            | Evidence::Network
            | Evidence::Known => return None,
        };
        Some(Self { weight, most })
    }
}

fn second_stamp(now: Time) -> u16 {
    u16::try_from(now.unix_secs() & 0xffff).unwrap_or(0)
}
