//! Statistics of the edge: which ports are looked for, and how much happens.
//!
//! Each worker records in its own memory ([`Recorder`]) and adds that to shared data with its tick:
//! to the [`timeline`] of connections and verdicts, and to the tallies of [`ports`]. So nothing of it
//! costs a contact a host call, and a VM that dies takes at most one tick with it. [`render`] makes
//! JSON of it.

mod candidates;
pub mod ports;
pub mod render;
pub mod services;
mod tally;
pub mod timeline;
pub mod top;

use self::ports::Seen;
use self::timeline::Counts;
use crate::counters::{Counter, Counters};
use crate::state::store::Store;
use crate::time::Time;
use crate::verdict::Kind;

pub use self::tally::HOURS;

/// What one worker has recorded since its last tick.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    counts: Counts,
    ports: Seen,
}

impl Recorder {
    /// A connection was made.
    pub fn contact(&mut self) {
        self.counts.contacts = self.counts.contacts.saturating_add(1);
    }

    /// A source was flagged, for a scan of this kind.
    pub fn verdict(&mut self, kind: Kind) {
        if let Some(verdicts) = self.counts.verdicts.get_mut(usize::from(kind as u8)) {
            *verdicts = verdicts.saturating_add(1);
        }
    }

    /// A contact was made with a decoy, or by a flagged source: of `source`, a keyed hash, which has
    /// touched `source_ports` ports so far.
    pub fn suspicious(
        &mut self,
        counters: &mut Counters,
        port: u16,
        source: u64,
        source_ports: u32,
    ) {
        if !self.ports.contact(port, source, source_ports) {
            counters.count(Counter::StatsSkipped);
        }
    }

    /// Adds what was recorded to shared data. To be called with each tick; costs no call to shared
    /// data where nothing was recorded. What cannot be added now is kept until the next time.
    pub fn flush(&mut self, store: &mut impl Store, counters: &mut Counters, now: Time) {
        if !self.counts.is_empty() && timeline::note(store, counters, &self.counts, now) {
            self.counts = Counts::default();
        }
        self.ports.flush(store, counters, now);
    }
}
