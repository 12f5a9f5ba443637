//! The detector of one worker: from what a connection does to what is said of its source.
//!
//! For each connection, in this order: [`Detector::open`], any number of [`Detector::data`] and
//! [`Detector::served`], at most one [`Detector::hold`], one [`Detector::close`]. Beside them
//! [`Detector::tick`] several times a second. Each returns what the adapter must do.

use crate::config::{Policy, StandingSource};
use crate::contact::{Contact, Endpoints, Reaction, SecondStep};
use crate::counters::{Counter, Counters};
use crate::evidence::Evidence;
use crate::listener::Listener;
use crate::model::{Change, Model, Place};
use crate::networks::NetworkMap;
use crate::rate::LineRate;
use crate::source::Prefixes;
use crate::state::cache::Cache;
use crate::state::geometries::{self, MARK_SECS, Tables};
use crate::state::hash::Seed;
use crate::state::ring::{Changes, Ring};
use crate::state::seed;
use crate::state::standing::{Added, Standing, generation_end};
use crate::state::store::Store;
use crate::state::table::{Geometry, Table};
use crate::time::{MINUTE_SECS, Time};

mod event;
mod look;
mod say;
#[cfg(test)]
mod tests;

use self::event::{Event, Outcome};

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
    /// When the tables were last said to be in use.
    marked_at: Time,
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
            marked_at: Time::default(),
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
        now: Time,
        random: impl FnOnce() -> Option<[u8; Seed::LEN]>,
    ) {
        if now.secs_since(self.marked_at) >= MARK_SECS || now < self.marked_at {
            self.marked_at = now;
            let tables = [
                Tables::Sources(self.table.geometry),
                Tables::Standing(self.standing),
            ];
            geometries::mark(store, &mut self.counters, &tables, now);
        }
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
            return (Contact::unwatched(place), Reaction::default());
        };
        let is_decoy = place == Place::Decoy;
        if !is_decoy && watched.actor.is_none() && self.cache.get(watched.fingerprint).is_some() {
            return (Contact::watched(watched), Reaction::default());
        }
        let decoy_weight = is_decoy.then(|| self.decoy_weight(endpoints.local.port()));
        let event = Event::Open {
            decoy: decoy_weight.map(|(weight, _)| weight),
        };
        let outcome = self.apply(store, now, &mut watched, event);
        match &outcome {
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
        let mut contact = Contact::watched(watched);
        let reaction = self.react(now, &mut contact, &outcome);
        self.count_closing(&reaction);
        (contact, reaction)
    }

    /// Counts a connection that is closed for its risk.
    fn count_closing(&mut self, reaction: &Reaction) {
        if reaction.close {
            self.counters.count(Counter::Blocked);
        }
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
        let mut reaction = self.read_on(store, now, listener, contact, len, read);
        if listener.standing == StandingSource::Tagger {
            // The tagger behind answers the request that these bytes begin.
            reaction.close = false;
        }
        self.count_closing(&reaction);
        reaction
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
        let hash = watched.standing_hash;
        let until = match self.standing.add(store, &mut self.counters, hash, now) {
            Added::Recorded => generation_end(now),
            // Not to be tried with each connection.
            Added::Refused => now.plus_secs(MINUTE_SECS),
        };
        // That there is no slot is known from the cache, or from a look after the last change.
        if recorded.is_some() || watched.epoch == self.epoch {
            self.cache.insert(watched.fingerprint, until);
        }
    }

    /// The connection is open for `hold_secs`.
    pub fn hold<S: Store>(&mut self, store: &mut S, now: Time, contact: &mut Contact) -> Reaction {
        let mut reaction = self.judge_end(store, now, contact, Transport::Fine);
        reaction.close = contact.place == Place::Decoy;
        if reaction.close {
            self.counters.count(Counter::HeldClosed);
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
}

/// What the transport below the bytes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain TCP, or TLS whose handshake did not fail.
    Fine,
    /// The TLS handshake failed: bytes came, though none reached the filter.
    HandshakeFailed,
}
