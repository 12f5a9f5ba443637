//! How many there are of what.

use alloc::string::String;

use crate::counters::Counter;
use crate::detector::Detector;
use crate::state::heartbeat;
use crate::state::store::Store;
use crate::stats::render::{self, Flagged, Summary};
use crate::stats::timeline::{self, Step};
use crate::time::Time;
use crate::verdict::{Class, Verdict};

/// What a walk has counted so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    tracked: u32,
    flagged: Flagged,
    /// Flagged networks.
    pub(super) networks: u32,
}

impl Tally {
    pub(super) fn source(&mut self, verdict: Option<&Verdict<'_>>) {
        self.tracked += 1;
        let Some(verdict) = verdict else { return };
        if let Some(count) = self.flagged.kinds.get_mut(usize::from(verdict.kind as u8)) {
            *count += 1;
        }
        let [suspicious, malicious, benign] = &mut self.flagged.classes;
        *match verdict.class {
            Class::Suspicious => suspicious,
            Class::Malicious => malicious,
            Class::Benign { .. } => benign,
        } += 1;
    }

    pub(super) fn kinds(&self, now: Time) -> String {
        render::kinds(&self.flagged, now)
    }

    pub(super) fn summary(
        &self,
        store: &mut impl Store,
        detector: &mut Detector,
        now: Time,
        total: impl Fn(Counter) -> u64,
    ) -> String {
        let minutes = timeline::read(store, &mut detector.counters, Step::Minute, now);
        let flagged_gone = total(Counter::EvictionsFlagged);
        let summary = Summary {
            sources_tracked: self.tracked,
            sources_flagged: self.flagged.kinds.iter().sum(),
            networks_flagged: self.networks,
            slots: detector.geometry().capacity,
            evictions: total(Counter::EvictionsUnflagged).saturating_add(flagged_gone),
            evictions_flagged: flagged_gone,
            cas_conflicts: total(Counter::CasConflicts),
            cas_giveups: total(Counter::CasGiveups),
            decode_errors: total(Counter::StateDecodeErrors),
            host_errors: total(Counter::HostErrors),
            heartbeat_age_secs: heartbeat::age_secs(store, &mut detector.counters, now),
        };
        render::summary(&summary, &minutes, now)
    }
}
