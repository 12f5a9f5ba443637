//! The detector of one worker: from what a connection does to what is said of its source.
//!
//! For each connection, in this order: [`Detector::open`], any number of [`Detector::data`] and
//! [`Detector::served`], at most one [`Detector::hold`], one [`Detector::close`]. Beside them
//! [`Detector::tick`] several times a second. Each returns what the adapter must do.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::config::{Policy, StandingSource};
use crate::contact::{Contact, Endpoints, Reaction, SecondStep};
use crate::counters::{Counter, Counters};
use crate::evidence::{Evidence, Nats};
use crate::exploit::Exploits;
use crate::listener::Listener;
use crate::model::{Change, Model, Place};
use crate::networks::NetworkMap;
use crate::rate::LineRate;
use crate::source::Prefixes;
use crate::state::cache::Cache;
use crate::state::hash::Seed;
use crate::state::neighbours::{self, Neighbours, Suspicion};
use crate::state::ring::Ring;
use crate::state::standing::Standing;
use crate::state::store::Store;
use crate::state::table::{Geometry, Table};
use crate::state::touched::Touch;
use crate::stats::Recorder;
use crate::time::Time;

mod apply;
mod ask;
mod bytes;
mod endings;
mod event;
mod look;
mod record;
mod requests;
mod say;
mod served;
#[cfg(test)]
mod tests;
mod tidings;

pub use self::ask::{Sighting, Unanswered};
pub use self::endings::Endings;
use self::event::{Event, Outcome};
pub use self::look::Ending;
pub use self::requests::{Exploit, Request, probe_counts};

/// The detector of one worker.
pub struct Detector {
    policy: Policy,
    model: Model,
    table: Table,
    neighbours: Neighbours,
    standing: Standing,
    trusted: NetworkMap,
    exploits: Exploits,
    /// Networks of declared scanners, with their numbers in the policy.
    known: NetworkMap,
    seed: Option<Seed>,
    ring: Ring,
    cache: Cache,
    lines: LineRate,
    /// Changes that the other workers could not be told of yet.
    untold: Vec<u64>,
    /// Suspicious contacts that the table of networks is still to be told of.
    suspicions: Vec<Suspicion>,
    /// Contacts of clients in good standing with decoys that are still to be learnt from.
    touches: Vec<Touch>,
    /// What statistics are still to be told.
    recorder: Recorder,
    /// What contacts with decoys weigh less, by port, and when that was last read.
    discounts: BTreeMap<u16, Nats>,
    learnt_at: Time,
    /// When the tables were last said to be in use.
    marked_at: Time,
    /// The last tick.
    ticked_at: Time,
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
            without: policy.without,
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
            neighbours: Neighbours {
                geometry: neighbours::Geometry {
                    capacity: policy.networks_capacity,
                    networks: geometry.networks,
                },
                verdict_ttl_secs: policy.verdict_ttl_secs,
            },
            standing: Standing::new(policy.standing_capacity),
            exploits: Exploits::new(&policy.exploits, &policy.exploits_disabled),
            trusted: NetworkMap::new(policy.trusted.iter().map(|network| (*network, 0))),
            known: NetworkMap::new(known),
            seed: None,
            ring: Ring::default(),
            cache: Cache::default(),
            lines: LineRate::default(),
            untold: Vec::new(),
            suspicions: Vec::new(),
            touches: Vec::new(),
            recorder: Recorder::default(),
            discounts: BTreeMap::new(),
            learnt_at: Time::default(),
            marked_at: Time::default(),
            ticked_at: Time::default(),
            epoch: 0,
            counters: Counters::default(),
            policy,
        }
    }

    /// The policy it follows.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Size and shape of the table it keeps.
    pub const fn geometry(&self) -> &Geometry {
        &self.table.geometry
    }

    /// The model it judges by.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Whether connections are judged: not so as long as there is no secret to place them by.
    pub const fn is_judging(&self) -> bool {
        self.seed.is_some()
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
        self.recorder.contact();
        if self.seed.is_none() {
            self.counters.count(Counter::Unjudged);
        }
        let Some(mut watched) = self.watch(now, listener, endpoints) else {
            return (Contact::unwatched(place), Reaction::default());
        };
        let is_decoy = place == Place::Decoy;
        if !is_decoy {
            let recorded = self.cache.get(watched.fingerprint);
            // What the first bytes ask for is known, or the tagger will say it.
            watched.is_read = listener.speaks.is_none()
                && (listener.standing == StandingSource::Tagger
                    || recorded.is_some_and(|until| until > now));
            if recorded.is_some() && watched.actor.is_none() {
                watched.is_slotless = true;
                return (Contact::watched(watched), Reaction::default());
            }
        }
        let decoy_weight = if is_decoy {
            self.decoy_weight(endpoints.local.port())
        } else {
            None
        };
        if is_decoy && decoy_weight.is_none() {
            // What happens here says nothing, silence neither.
            watched.is_judged = true;
        }
        let event = Event::Open {
            decoy: decoy_weight.map(|(weight, _)| weight),
        };
        let outcome = self.apply(store, now, &mut watched, event);
        match &outcome {
            Outcome::Applied(applied) => {
                watched.is_silence_known = is_decoy && applied.slot.silent_at_decoy;
                watched.flagged_here = applied.change == Change::Flagged;
                watched.is_first_visit = applied.is_new_target;
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
        self.record(&contact, &outcome);
        self.note_closing(&mut contact, &reaction);
        (contact, reaction)
    }

    /// Notes that a connection is closed for its risk.
    fn note_closing(&mut self, contact: &mut Contact, reaction: &Reaction) {
        if reaction.close {
            self.counters.count(Counter::Blocked);
            if let Some(watched) = &mut contact.watched {
                watched.is_closed_by_us = true;
            }
        }
    }

    /// Whether bytes of this connection say nothing that is not known, so that only their number
    /// counts.
    pub fn is_settled(&self, contact: &Contact) -> bool {
        contact.watched.as_ref().is_none_or(|watched| {
            contact.tag.is_empty()
                && watched.epoch == self.epoch
                && (watched.is_read || watched.served_until != Time::default())
                && !self.is_served_on(contact)
        })
    }

    /// `len` more bytes came. `read` fetches them, and is called only where they are wanted.
    pub fn data<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        listener: &Listener,
        contact: &mut Contact,
        len: usize,
        read: impl FnOnce(usize) -> Vec<u8>,
    ) -> Reaction {
        let mut reaction = self.read_on(store, now, listener, contact, len, read);
        if listener.standing == StandingSource::Tagger {
            // The tagger behind answers the request that these bytes begin.
            reaction.close = false;
        }
        self.note_closing(contact, &reaction);
        reaction
    }

    /// The connection is open for `hold_secs`.
    pub fn hold<S: Store>(&mut self, store: &mut S, now: Time, contact: &mut Contact) -> Reaction {
        let mut reaction = self.judge_end(store, now, contact, Ending::ByPeer);
        self.note_closing(contact, &reaction);
        if contact.place == Place::Decoy {
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
        ending: Ending,
    ) -> Reaction {
        let reaction = self.judge_end(store, now, contact, ending);
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
