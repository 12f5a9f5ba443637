//! What of a contact goes into the statistics.

use super::Detector;
use super::event::Outcome;
use crate::contact::Contact;
use crate::model::Place;
use crate::state::store::Store;
use crate::time::Time;

impl Detector {
    /// Tells the other workers what was recorded for the statistics. To be called with each tick.
    pub fn note_statistics(&mut self, store: &mut impl Store, now: Time) {
        self.recorder.flush(store, &mut self.counters, now);
    }

    /// Records a contact with a decoy, and that of a flagged source with anything.
    pub(super) fn record(&mut self, contact: &Contact, outcome: &Outcome) {
        let Some(watched) = &contact.watched else {
            return;
        };
        if watched.place == Place::Real && contact.tag.is_empty() {
            return;
        }
        let source_ports = match outcome {
            Outcome::Applied(applied) => applied.slot.ports.into(),
            Outcome::Unchanged | Outcome::NoSlot | Outcome::GivenUp => 0,
        };
        let (port, source) = (watched.target.port, watched.fingerprint);
        self.recorder
            .suspicious(&mut self.counters, port, source, source_ports);
    }
}
