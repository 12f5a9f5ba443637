//! What the first bytes of a contact say.

use alloc::vec::Vec;

use super::Detector;
use super::event::{Event, Seen};
use super::requests::Exploit;
use crate::config::StandingSource;
use crate::contact::{Contact, Reaction, SecondStep, Watched};
use crate::evidence::{Evidence, Nats};
use crate::exploit::Part;
use crate::first_bytes::protocol::{self, Fit};
use crate::first_bytes::{Asks, FIRST_BYTES_MAX, asks};
use crate::listener::Listener;
use crate::model::Place;
use crate::state::store::Store;
use crate::time::Time;

impl Detector {
    /// More bytes came: looks again what is said of the source, and what the bytes ask for.
    pub(super) fn read_on<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        listener: &Listener,
        contact: &mut Contact,
        len: usize,
        read: impl FnOnce(usize) -> Vec<u8>,
    ) -> Reaction {
        contact.add_bytes(len);
        let Some(watched) = &contact.watched else {
            return Reaction::default();
        };
        let mut reaction = Reaction::default();
        if watched.is_stale(self.epoch, now, !contact.tag.is_empty()) {
            reaction = self.look_again(store, now, contact);
        }
        if self.is_served_on(contact) {
            self.served(store, now, contact);
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
        let told = match watched.place {
            Place::Decoy => self.decoy_told(store, now, listener, contact, &bytes),
            Place::Real => self.real_told(store, now, listener, contact, &bytes),
        };
        match told {
            Some(told) => {
                contact.end_of_reading();
                reaction.merged_with(told)
            }
            None => {
                contact.read_on_after(bytes);
                reaction
            }
        }
    }

    /// Whether the first bytes say anything that is not known.
    pub(super) fn wants_bytes(
        &mut self,
        listener: &Listener,
        watched: &Watched,
        now: Time,
    ) -> bool {
        match watched.place {
            Place::Decoy => true,
            Place::Real => {
                listener.speaks.is_some()
                    || (listener.standing == StandingSource::Bytes
                        && watched.served_until == Time::default()
                        && self
                            .cache
                            .get(watched.fingerprint)
                            .is_none_or(|until| until <= now))
            }
        }
    }

    /// What the first bytes at a real port say; nothing as long as more of them may change it.
    fn real_told<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        listener: &Listener,
        contact: &mut Contact,
        bytes: &[u8],
    ) -> Option<Reaction> {
        let fit = listener
            .speaks
            .map_or(Fit::Yes, |speaks| speaks.fits(protocol::read(bytes)));
        let asks = match listener.standing {
            StandingSource::Bytes => asks(bytes, &listener.names),
            StandingSource::Tagger => Asks::Otherwise,
        };
        let kind = match (fit, asks) {
            (Fit::No, _) => Evidence::Mismatch,
            (Fit::More, _) | (_, Asks::Unknown) => return None,
            (Fit::Yes, Asks::Served) => {
                self.served(store, now, contact);
                return Some(Reaction::default());
            }
            (Fit::Yes, Asks::Address) => Evidence::LiteralHost,
            (Fit::Yes, Asks::Otherwise) => return Some(Reaction::default()),
        };
        let mut seen = Seen::default();
        seen.kinds.insert(kind);
        let add = Nats::ZERO;
        Some(self.judge(store, now, contact, Event::Seen { add, seen }))
    }

    /// What the first bytes at a decoy say.
    fn decoy_told<S: Store>(
        &mut self,
        store: &mut S,
        now: Time,
        listener: &Listener,
        contact: &mut Contact,
        bytes: &[u8],
    ) -> Option<Reaction> {
        let asks = asks(bytes, &listener.names);
        if asks == Asks::Unknown {
            return None;
        }
        let found = self.exploits.find(Part::Payload, bytes);
        let exploit = found.map(|found| Exploit::from(found).weighed());
        let Some(watched) = &mut contact.watched else {
            return Some(Reaction::default());
        };
        watched.is_login |= protocol::read(bytes).at_end().is_login();
        let step = core::mem::replace(&mut watched.second_step, SecondStep::None);
        let add = match step {
            SecondStep::AddUnlessServed(more) if asks != Asks::Served => more,
            // Nobody is lured into attacking.
            SecondStep::TakeIfServed(_) | SecondStep::AddUnlessServed(_)
                if asks == Asks::Served && exploit.is_none() =>
            {
                let less = match step {
                    SecondStep::TakeIfServed(less) => less,
                    SecondStep::AddUnlessServed(_) | SecondStep::None => Nats::ZERO,
                };
                let flagged_here = watched.flagged_here;
                let event = Event::TakeBack { less, flagged_here };
                return Some(self.judge(store, now, contact, event));
            }
            _ => Nats::ZERO,
        };
        let seen = Seen {
            exploit,
            ..Seen::default()
        };
        if seen.is_nothing() && add == Nats::ZERO {
            return Some(Reaction::default());
        }
        Some(self.judge(store, now, contact, Event::Seen { add, seen }))
    }
}

impl Watched {
    /// Whether what was said of the source may not hold any more.
    fn is_stale(&self, epoch: u32, now: Time, is_tagged: bool) -> bool {
        self.epoch != epoch || (is_tagged && (now >= self.expires || now != self.looked_at))
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
