//! Sources that were served: what earns good standing, and how often that is recorded.

use super::Detector;
use super::event::{Event, Outcome};
use crate::contact::Contact;
use crate::model::Place;
use crate::state::standing::{Added, generation_end};
use crate::state::store::Store;
use crate::time::{HOUR_SECS, MINUTE_SECS, Time};

impl Detector {
    /// A request of this connection was served with a normal status, as the tagger saw.
    pub fn served<S: Store>(&mut self, store: &mut S, now: Time, contact: &mut Contact) {
        let Some(watched) = &mut contact.watched else {
            return;
        };
        if watched.place == Place::Decoy || now < watched.served_until {
            return;
        }
        watched.served_until = now.plus_secs(HOUR_SECS).min(generation_end(now));
        // The request that was served may itself have brought about the slot.
        if watched.has_slot || watched.epoch != self.epoch {
            let outcome = self.apply(store, now, watched, Event::Served);
            let is_flagged =
                matches!(&outcome, Outcome::Applied(applied) if applied.slot.flag.is_some());
            if is_flagged || !contact.tag.is_empty() {
                return;
            }
        }
        let Some(watched) = &mut contact.watched else {
            return;
        };
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
        if recorded.is_some() || (watched.is_slotless && watched.epoch == self.epoch) {
            self.cache.insert(watched.fingerprint, until);
        }
    }

    /// Whether a connection that was served goes on for so long that its source is served anew.
    pub(super) fn is_served_on(&self, contact: &Contact) -> bool {
        contact.watched.as_ref().is_some_and(|watched| {
            watched.served_until != Time::default() && watched.served_until <= self.ticked_at
        })
    }
}
