//! What a contact does, step by step, between its first and its last moment.

use alloc::vec::Vec;

use super::event::{Event, Seen};
use super::requests::Exploit;
use super::{Detector, STANDING_PREFIXES};
use crate::address::embedded_v4;
use crate::contact::{Contact, Endpoints, Reaction, SecondStep, Watched};
use crate::evidence::{Evidence, MISTAKE_PORTS, Nats, weight};
use crate::exploit::Part;
use crate::listener::Listener;
use crate::model::Place;
use crate::source::SourceKey;
use crate::state::store::Store;
use crate::state::targets::Target;
use crate::time::Time;

/// A session this long, or with this many bytes from the client, is a good one at a real port.
const LONG_SESSION_SECS: u32 = 10;
const LONG_SESSION_BYTES: u64 = 4_096;

/// Who has not spoken so soon after connecting was not silent: the edge hung up too early to tell.
const GRACE_SECS: u32 = 5;

impl Detector {
    /// Who this is and where it knocks; `None` where it is not judged.
    pub(super) fn watch(
        &mut self,
        now: Time,
        listener: &Listener,
        endpoints: Endpoints,
    ) -> Option<Watched> {
        let port = endpoints.local.port();
        let seed = self.seed?;
        let address = embedded_v4(endpoints.peer.ip());
        if self.trusted.get(address).is_some() {
            return None;
        }
        let source = SourceKey::new(address, self.table.geometry.sources);
        let fingerprint = seed.source(&source);
        let standing_hash = if self.table.geometry.sources == STANDING_PREFIXES {
            fingerprint
        } else {
            seed.source(&SourceKey::new(address, STANDING_PREFIXES))
        };
        Some(Watched {
            source,
            fingerprint,
            standing_hash,
            target: Target::new(&seed, endpoints.local.ip(), port),
            place: listener.place(port),
            is_login: listener.is_login(port),
            is_first_visit: false,
            actor: self.known.get(address),
            opened: now,
            bytes: 0,
            first: Vec::new(),
            second_step: SecondStep::None,
            is_read: false,
            is_judged: false,
            is_silence_known: false,
            has_slot: false,
            served_until: Time::default(),
            is_slotless: false,
            flagged_here: false,
            epoch: self.epoch,
            looked_at: now,
            expires: Time::default(),
            is_bad: false,
            is_closed_by_us: false,
        })
    }

    /// What a first contact with this decoy port weighs, and what may come on top or off. Nothing
    /// where the policy says that the decoy says nothing.
    pub(super) fn decoy_weight(&self, port: u16) -> Option<(Nats, SecondStep)> {
        let weights = &self.policy.decoy_weights;
        if let Ok(at) = weights.binary_search_by_key(&port, |(known, _)| *known) {
            let configured = weights.get(at).map(|(_, weight)| *weight);
            let weight = configured.filter(|weight| *weight > Nats::ZERO)?;
            return Some((weight, take_if_served(weight)));
        }
        let discount = self.discounts.get(&port).copied().unwrap_or(Nats::ZERO);
        if MISTAKE_PORTS.contains(&port) {
            let more = weight::DECOY.minus(weight::DECOY_BY_MISTAKE);
            let weight = weight::DECOY_BY_MISTAKE.minus(discount);
            return Some((weight, SecondStep::AddUnlessServed(more)));
        }
        let weight = weight::DECOY.minus(discount);
        Some((weight, take_if_served(weight)))
    }

    pub(super) fn judge<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        contact: &mut Contact,
        event: Event,
    ) -> Reaction {
        let Some(watched) = &mut contact.watched else {
            return Reaction::default();
        };
        let outcome = self.apply(store, now, watched, event);
        self.react(now, contact, &outcome)
    }

    /// The contact is over, or open for so long that it counts as it is.
    pub(super) fn judge_end<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        contact: &mut Contact,
        ending: Ending,
    ) -> Reaction {
        let Some(watched) = &mut contact.watched else {
            return Reaction::default();
        };
        let is_cut_short = ending == Ending::ByUs
            && (watched.is_closed_by_us || now.secs_since(watched.opened) < GRACE_SECS);
        if watched.is_judged || (is_cut_short && watched.bytes == 0) {
            watched.second_step = SecondStep::None;
            return Reaction::default();
        }
        let is_short_session = watched.is_login && watched.was_short(now);
        let mut seen = Seen {
            is_short_session,
            is_first_visit: is_short_session && watched.is_first_visit,
            ..Seen::default()
        };
        match ending {
            Ending::HandshakeFailed => seen.kinds.insert(Evidence::Handshake),
            _ if watched.bytes == 0 && !watched.is_silence_known => {
                seen.kinds.insert(Evidence::Silent);
            }
            Ending::ByPeer | Ending::ByUs => {}
        }
        watched.is_judged = true;
        watched.is_read = true;
        if watched.place == Place::Decoy && !watched.first.is_empty() {
            let found = self.exploits.find(Part::Payload, &watched.first);
            seen.exploit = found.map(|found| Exploit::from(found).weighed());
        }
        let step = core::mem::replace(&mut watched.second_step, SecondStep::None);
        let add = match step {
            SecondStep::AddUnlessServed(more) => more,
            SecondStep::None | SecondStep::TakeIfServed(_) => Nats::ZERO,
        };
        if seen.is_nothing() && add == Nats::ZERO {
            return Reaction::default();
        }
        self.judge(store, now, contact, Event::Seen { add, seen })
    }

    /// Looks up what is said of the source of a connection that is open already.
    pub(super) fn look_again<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        contact: &mut Contact,
    ) -> Reaction {
        let Some(watched) = &mut contact.watched else {
            return Reaction::default();
        };
        let Some(seed) = self.seed else {
            return Reaction::default();
        };
        if self.cache.get(watched.fingerprint).is_some() {
            watched.epoch = self.epoch;
            return self.tag(now, contact, None);
        }
        let found = self
            .table
            .get(store, &mut self.counters, &seed, &watched.source, now);
        // What was said stands until shared data answers again.
        let Ok(slot) = found else {
            return Reaction::default();
        };
        watched.epoch = self.epoch;
        watched.has_slot = slot.is_some();
        watched.is_slotless = slot.is_none();
        if slot.is_none() && watched.actor.is_none() {
            self.cache.insert(watched.fingerprint, Time::default());
        }
        self.tag(now, contact, slot.as_ref())
    }
}

/// A contact that asks for a served name at a decoy weighs at most as much as one by mistake.
fn take_if_served(weight: Nats) -> SecondStep {
    let less = weight.minus(weight::DECOY_BY_MISTAKE);
    if less > Nats::ZERO {
        SecondStep::TakeIfServed(less)
    } else {
        SecondStep::None
    }
}

impl Watched {
    /// A session of which nothing more than a failed login can be made.
    fn was_short(&self, now: Time) -> bool {
        (1..LONG_SESSION_BYTES).contains(&self.bytes)
            && now.secs_since(self.opened) < LONG_SESSION_SECS
    }

    pub(super) fn was_long(&self, now: Time) -> bool {
        let is_long = now.secs_since(self.opened) >= LONG_SESSION_SECS;
        self.bytes > 0 && (is_long || self.bytes >= LONG_SESSION_BYTES)
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The peer closed it, or nobody says who did.
    ByPeer,
    /// The edge closed it: for its risk, for a limit, because the service is gone.
    ByUs,
    /// The TLS handshake failed: bytes came, though none reached the filter.
    HandshakeFailed,
}
