//! The detector of one worker: from what a connection does to what is said of its source.
//!
//! For each connection, in this order: [`Detector::open`], any number of [`Detector::data`] and
//! [`Detector::served`], at most one [`Detector::hold`], one [`Detector::close`]. Beside them
//! [`Detector::tick`] several times a second. Each returns what the adapter must do.

use alloc::format;
use alloc::string::String;

use crate::cache::Cache;
use crate::config::{Action, Policy, StandingSource};
use crate::contact::{Contact, Endpoints, Reaction, SecondStep, Watched};
use crate::counters::{Counter, Counters};
use crate::evidence::{Evidence, MISTAKE_PORTS, Nats, weight};
use crate::first_bytes::{Asks, FIRST_BYTES_MAX, asks};
use crate::hash::Seed;
use crate::header;
use crate::listener::Listener;
use crate::model::{Change, Model, Place};
use crate::networks::NetworkMap;
use crate::rate::LineRate;
use crate::ring::{Changes, Ring};
use crate::seed;
use crate::slot::Slot;
use crate::source::{Prefixes, SourceKey};
use crate::standing::{Added, Standing, generation_end};
use crate::store::Store;
use crate::table::{Geometry, SlotStep, Table};
use crate::targets::Target;
use crate::time::{MINUTE_SECS, Time};
use crate::verdict::{Class, Verdict};

mod event;
#[cfg(test)]
mod tests;

use self::event::{Event, Outcome};

/// A session this long, or with this many bytes from the client, is a good one at a real port.
const LONG_SESSION_SECS: u32 = 10;
const LONG_SESSION_BYTES: u64 = 4_096;

/// The detector of one worker.
pub struct Detector {
    policy: Policy,
    model: Model,
    table: Table,
    standing: Standing,
    trusted: NetworkMap,
    /// Networks of declared scanners, with their numbers in the policy.
    known: NetworkMap,
    seed: Option<Seed>,
    ring: Ring,
    cache: Cache,
    lines: LineRate,
    /// Rises whenever something that was said may not hold any more.
    epoch: u32,
    /// What was counted since it was last taken.
    pub counters: Counters,
}

/// IPv6 clients count once per /64 as to their standing, whatever makes a source.
const STANDING_PREFIXES: Prefixes = Prefixes { ipv4: 32, ipv6: 64 };

impl Detector {
    /// The detector for `policy`. It judges nothing before its first [`tick`](Self::tick).
    pub fn new(policy: Policy) -> Self {
        let model = Model {
            threshold: policy.sensitivity.threshold(),
            half_life_secs: policy.evidence_half_life_secs,
            verdict_ttl_secs: policy.verdict_ttl_secs,
        };
        let geometry = Geometry {
            capacity: policy.sources_capacity,
            sources: Prefixes {
                ipv4: 32,
                ipv6: policy.sources_ipv6_prefix,
            },
            networks: Prefixes {
                ipv4: policy.networks_ipv4_prefix,
                ipv6: policy.networks_ipv6_prefix,
            },
            flagged_per_network: policy.flagged_per_network,
        };
        let known = policy
            .known_scanners
            .iter()
            .zip(0u32..)
            .flat_map(|(scanner, number)| {
                scanner
                    .networks
                    .iter()
                    .map(move |network| (*network, number))
            });
        Self {
            model,
            table: Table { geometry, model },
            standing: Standing::new(policy.standing_capacity),
            trusted: NetworkMap::new(policy.trusted.iter().map(|network| (*network, 0))),
            known: NetworkMap::new(known),
            seed: None,
            ring: Ring::default(),
            cache: Cache::default(),
            lines: LineRate::default(),
            epoch: 0,
            counters: Counters::default(),
            policy,
        }
    }

    /// The policy it follows.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The table of sources, for whoever counts what is in it.
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Learns what other workers changed. To be called once before the first connection, and then
    /// at least twice a second; `random` is asked only where the edge has no seed yet.
    pub fn tick(
        &mut self,
        store: &mut impl Store,
        random: impl FnOnce() -> Option<[u8; Seed::LEN]>,
    ) {
        let seed = seed::read_or_make(store, &mut self.counters, random);
        if seed != self.seed {
            self.seed = seed;
            self.forget();
        }
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

    fn forget(&mut self) {
        self.cache.clear();
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// A connection was made.
    pub fn open<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        listener: &Listener,
        endpoints: Endpoints,
    ) -> (Contact, Reaction) {
        let place = listener.place(endpoints.local.port());
        self.counters.count(match place {
            Place::Decoy => Counter::DecoyConnections,
            Place::Real => Counter::RealConnections,
        });
        let Some(mut watched) = self.watch(now, place, endpoints) else {
            return (Contact::unwatched(), Reaction::default());
        };
        let is_decoy = place == Place::Decoy;
        if !is_decoy && watched.actor.is_none() && self.cache.get(watched.fingerprint).is_some() {
            let contact = Contact {
                watched: Some(watched),
                tag: String::new(),
            };
            return (contact, Reaction::default());
        }
        let decoy_weight = is_decoy.then(|| self.decoy_weight(endpoints.local.port()));
        let event = Event::Open {
            decoy: decoy_weight.map(|(weight, _)| weight),
        };
        let applied = self.apply(store, now, &mut watched, event);
        let mut contact = Contact {
            watched: Some(watched),
            tag: String::new(),
        };
        let Some(watched) = &mut contact.watched else {
            return (contact, Reaction::default());
        };
        match &applied {
            Outcome::Applied(applied) => {
                watched.is_silence_known = applied.slot.silent_at_decoy;
                watched.flagged_here = applied.change == Change::Flagged;
                if applied.evidence.contains(Evidence::Decoy) {
                    watched.second_step =
                        decoy_weight.map_or(SecondStep::None, |(_, second_step)| second_step);
                }
            }
            Outcome::NoSlot => self.cache.insert(watched.fingerprint, Time::default()),
            Outcome::Unchanged | Outcome::GivenUp => {}
        }
        let reaction = self.react(now, &mut contact, applied);
        (contact, reaction)
    }

    /// `len` more bytes came. `read` fetches them, and is called only where they are wanted.
    pub fn data<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        listener: &Listener,
        contact: &mut Contact,
        len: usize,
        read: impl FnOnce(usize) -> alloc::vec::Vec<u8>,
    ) -> Reaction {
        let Some(watched) = &mut contact.watched else {
            return Reaction::default();
        };
        watched.bytes = watched
            .bytes
            .saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        let mut reaction = Reaction::default();
        if watched.is_stale(self.epoch, now, !contact.tag.is_empty()) {
            reaction = self.look_again(store, now, contact);
        }
        let Some(watched) = &mut contact.watched else {
            return reaction;
        };
        if len == 0 || watched.is_read || !self.wants_bytes(listener, watched, now) {
            return reaction;
        }
        let wanted = FIRST_BYTES_MAX.saturating_sub(watched.first.len());
        let mut bytes = read(len.min(wanted));
        if !watched.first.is_empty() {
            watched.first.append(&mut bytes);
            bytes = core::mem::take(&mut watched.first);
        }
        let asks = asks(&bytes, &listener.names);
        if asks == Asks::Unknown {
            watched.first = bytes;
            return reaction;
        }
        watched.is_read = true;
        let told = self.told(store, now, contact, asks);
        reaction.merged_with(told)
    }

    /// A request of this connection was served with a normal status, as the tagger saw.
    pub fn served<S: Store>(&mut self, store: &mut S, now: Time, contact: &mut Contact) {
        let Some(watched) = &mut contact.watched else {
            return;
        };
        if watched.is_served || watched.place == Place::Decoy {
            return;
        }
        watched.is_served = true;
        if watched.has_slot {
            self.apply(store, now, watched, Event::Served);
            return;
        }
        let recorded = self.cache.get(watched.fingerprint);
        if recorded.is_some_and(|until| until > now) {
            return;
        }
        let added = self
            .standing
            .add(store, &mut self.counters, watched.standing_hash, now);
        let until = match added {
            Added::Recorded => generation_end(now),
            // Not to be tried with each connection.
            Added::Refused => now.plus_secs(MINUTE_SECS),
        };
        self.cache.insert(watched.fingerprint, until);
    }

    /// The connection is open for `hold_secs`.
    pub fn hold<S: Store>(&mut self, store: &mut S, now: Time, contact: &mut Contact) -> Reaction {
        let Some(watched) = &contact.watched else {
            return Reaction::default();
        };
        let is_decoy = watched.place == Place::Decoy;
        let mut reaction = self.judge_end(store, now, contact, Transport::Fine);
        if is_decoy {
            self.counters.count(Counter::HeldClosed);
            reaction.close = true;
        }
        reaction
    }

    /// The connection was closed.
    pub fn close<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        listener: &Listener,
        contact: &mut Contact,
        transport: Transport,
    ) -> Reaction {
        let reaction = self.judge_end(store, now, contact, transport);
        if listener.standing == StandingSource::Bytes
            && contact
                .watched
                .as_ref()
                .is_some_and(|watched| watched.was_long(now))
        {
            self.served(store, now, contact);
        }
        reaction
    }

    /// Who this is and where it knocks; `None` where it is not judged.
    fn watch(&mut self, now: Time, place: Place, endpoints: Endpoints) -> Option<Watched> {
        let seed = self.seed?;
        let address = crate::address::embedded_v4(endpoints.peer.ip());
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
            target: Target::new(&seed, endpoints.local.ip(), endpoints.local.port()),
            place,
            actor: self.known.get(address),
            opened: now,
            bytes: 0,
            first: alloc::vec::Vec::new(),
            second_step: SecondStep::None,
            is_read: false,
            is_judged: false,
            is_silence_known: false,
            has_slot: false,
            is_served: false,
            flagged_here: false,
            epoch: self.epoch,
            looked_at: now,
            expires: Time::default(),
            is_blocked: false,
        })
    }

    fn decoy_weight(&self, port: u16) -> (Nats, SecondStep) {
        let configured = self
            .policy
            .decoy_weights
            .iter()
            .find(|(known, _)| *known == port);
        if let Some((_, weight)) = configured {
            return (*weight, take_if_served(*weight));
        }
        if MISTAKE_PORTS.contains(&port) {
            let more = weight::DECOY.minus(weight::DECOY_BY_MISTAKE);
            return (weight::DECOY_BY_MISTAKE, SecondStep::AddUnlessServed(more));
        }
        (weight::DECOY, take_if_served(weight::DECOY))
    }

    /// Whether the first bytes say anything that is not known.
    fn wants_bytes(&mut self, listener: &Listener, watched: &Watched, now: Time) -> bool {
        match watched.place {
            Place::Decoy => watched.second_step != SecondStep::None,
            Place::Real => {
                listener.standing == StandingSource::Bytes
                    && !watched.is_served
                    && self
                        .cache
                        .get(watched.fingerprint)
                        .is_none_or(|until| until <= now)
            }
        }
    }

    /// It turned out what the contact asks for.
    fn told<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        contact: &mut Contact,
        asks: Asks,
    ) -> Reaction {
        let Some(watched) = &mut contact.watched else {
            return Reaction::default();
        };
        if watched.place == Place::Real {
            if asks == Asks::Served {
                self.served(store, now, contact);
            }
            return Reaction::default();
        }
        let event = match (
            core::mem::replace(&mut watched.second_step, SecondStep::None),
            asks,
        ) {
            (SecondStep::AddUnlessServed(more), Asks::Otherwise) => Event::End {
                add: more,
                is_silent: false,
            },
            (SecondStep::TakeIfServed(less), Asks::Served) => Event::TakeBack {
                less,
                flagged_here: watched.flagged_here,
            },
            _ => return Reaction::default(),
        };
        let applied = self.apply(store, now, watched, event);
        self.react(now, contact, applied)
    }

    /// The contact is over, or open for so long that it counts as it is.
    fn judge_end<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        contact: &mut Contact,
        transport: Transport,
    ) -> Reaction {
        let Some(watched) = &mut contact.watched else {
            return Reaction::default();
        };
        let is_silent = watched.bytes == 0 && !watched.is_judged && transport == Transport::Fine;
        let is_silent = is_silent && !watched.is_silence_known;
        watched.is_judged = true;
        watched.is_read = true;
        let step = core::mem::replace(&mut watched.second_step, SecondStep::None);
        let add = match step {
            SecondStep::AddUnlessServed(more) => more,
            SecondStep::None | SecondStep::TakeIfServed(_) => Nats::ZERO,
        };
        if !is_silent && add == Nats::ZERO {
            return Reaction::default();
        }
        let applied = self.apply(store, now, watched, Event::End { add, is_silent });
        self.react(now, contact, applied)
    }

    /// Looks up what is said of the source of a connection that is open already.
    fn look_again<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        contact: &mut Contact,
    ) -> Reaction {
        let epoch = self.epoch;
        let Some(watched) = &mut contact.watched else {
            return Reaction::default();
        };
        watched.epoch = epoch;
        watched.looked_at = now;
        let Some(seed) = self.seed else {
            return Reaction::default();
        };
        if self.cache.get(watched.fingerprint).is_some() {
            return self.tag(now, contact, None);
        }
        let found = self
            .table
            .get(store, &mut self.counters, &seed, &watched.source, now);
        // What was said stands until shared data answers again.
        let Ok(slot) = found else {
            return Reaction::default();
        };
        watched.has_slot = slot.is_some();
        if slot.is_none() && watched.actor.is_none() {
            self.cache.insert(watched.fingerprint, Time::default());
        }
        self.tag(now, contact, slot.as_ref())
    }

    /// Applies `event` to the slot of the source, and tells the other workers what changed.
    fn apply<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        watched: &mut Watched,
        event: Event,
    ) -> Outcome {
        let Some(seed) = self.seed else {
            return Outcome::GivenUp;
        };
        let (model, standing, geometry) = (self.model, self.standing, self.table.geometry);
        let context = event::Context {
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
            return Outcome::GivenUp;
        };
        let Outcome::Applied(applied) = &updated.result else {
            return updated.result;
        };
        watched.has_slot = updated.is_stored;
        for evidence in applied.evidence.iter() {
            self.counters.count(Counter::evidence(evidence));
        }
        if updated.is_stored && (applied.is_new || applied.change != Change::None) {
            self.cache.remove(watched.fingerprint);
            self.epoch = self.epoch.wrapping_add(1);
            watched.epoch = self.epoch;
            Ring::push(store, &mut self.counters, watched.fingerprint);
        }
        updated.result
    }

    /// What follows from what was applied.
    fn react(&mut self, now: Time, contact: &mut Contact, outcome: Outcome) -> Reaction {
        let Outcome::Applied(applied) = outcome else {
            return Reaction::default();
        };
        let was_blocked = contact.is_blocked();
        let mut reaction = self.tag(now, contact, Some(&applied.slot));
        match applied.change {
            Change::None => {}
            Change::Withdrawn => self.counters.count(Counter::VerdictsWithdrawn),
            Change::Flagged => {
                if let Some(verdict) = self.verdict(contact, &applied.slot, now) {
                    let kind = verdict.kind;
                    self.counters.count(Counter::verdicts(kind));
                }
                reaction.line = self.line(now, contact, &applied.slot);
            }
        }
        reaction.close =
            contact.is_blocked() && !was_blocked && self.policy.action == Action::Block;
        reaction
    }

    /// Brings the contact's tag in line with the slot of its source.
    fn tag(&mut self, now: Time, contact: &mut Contact, slot: Option<&Slot>) -> Reaction {
        let verdict = slot.and_then(|slot| self.verdict(contact, slot, now));
        let (tag, expires) = match &verdict {
            Some(verdict) => (header::render(verdict), verdict.expires),
            None => (String::new(), Time::default()),
        };
        let asks_for_block = verdict.is_some_and(|verdict| {
            self.policy.action != Action::Tag
                && verdict.risk >= self.policy.block_risk
                && !matches!(verdict.class, Class::Benign { .. })
        });
        let Some(watched) = &mut contact.watched else {
            return Reaction::default();
        };
        watched.expires = expires;
        watched.looked_at = now;
        let mut close = false;
        if asks_for_block && !watched.is_blocked {
            let is_real = self.policy.action == Action::Block;
            self.counters.count(if is_real {
                Counter::Blocked
            } else {
                Counter::WouldBlock
            });
            close = is_real;
        }
        watched.is_blocked = asks_for_block;
        if contact.tag.is_empty() && !tag.is_empty() {
            self.counters.count(Counter::TaggedConnections);
        }
        let tag_changed = contact.tag != tag;
        contact.tag = tag;
        Reaction {
            tag_changed,
            close,
            line: None,
        }
    }

    fn verdict<'a>(&'a self, contact: &Contact, slot: &Slot, now: Time) -> Option<Verdict<'a>> {
        let actor = contact.watched.as_ref().and_then(|watched| watched.actor);
        let scanner = actor.and_then(|number| {
            usize::try_from(number)
                .ok()
                .and_then(|number| self.policy.known_scanners.get(number))
        });
        Verdict::of(
            slot,
            &self.model,
            now,
            scanner.map(|scanner| scanner.actor.as_str()),
        )
    }

    /// The log line of a new verdict.
    fn line(&mut self, now: Time, contact: &Contact, slot: &Slot) -> Option<String> {
        if !self.lines.admit(now) {
            self.counters.count(Counter::VerdictLinesSuppressed);
            return None;
        }
        let mut line = format!(
            "portscan: {} flagged: {}; reasons:",
            slot.source, contact.tag
        );
        for (at, reason) in slot.reasons.iter().enumerate() {
            line.push_str(if at == 0 { " " } else { ", " });
            line.push_str(&format!("{reason}"));
        }
        Some(line)
    }
}

/// What the transport below the bytes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain TCP, or TLS whose handshake did not fail.
    Fine,
    /// The TLS handshake failed: bytes came, though none reached the filter.
    HandshakeFailed,
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
    /// Whether what was said of the source may not hold any more.
    fn is_stale(&self, epoch: u32, now: Time, is_tagged: bool) -> bool {
        self.epoch != epoch || (is_tagged && (now >= self.expires || now != self.looked_at))
    }

    fn was_long(&self, now: Time) -> bool {
        let is_long = now.secs_since(self.opened) >= LONG_SESSION_SECS;
        self.bytes > 0 && (is_long || self.bytes >= LONG_SESSION_BYTES)
    }
}

impl Reaction {
    fn merged_with(self, later: Self) -> Self {
        Self {
            tag_changed: self.tag_changed || later.tag_changed,
            close: self.close || later.close,
            line: later.line.or(self.line),
        }
    }
}
