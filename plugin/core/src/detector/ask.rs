//! What a portal asks of the detector: sources and networks, and what is said of them.

use core::net::IpAddr;

use super::Detector;
use crate::source::{Prefixes, SourceKey};
use crate::state::neighbours::FlaggedNetwork;
use crate::state::slot::Slot;
use crate::state::store::{Store, StoreError};
use crate::time::Time;
use crate::verdict::Verdict;

impl Detector {
    /// What makes a source.
    pub const fn source_prefixes(&self) -> Prefixes {
        self.table.geometry.sources
    }

    /// What makes a network.
    pub const fn network_prefixes(&self) -> Prefixes {
        self.neighbours.geometry.networks
    }

    /// How many pages the table of sources has.
    pub const fn source_pages(&self) -> u32 {
        self.table.geometry.pages()
    }

    /// How many pages the table of networks has.
    pub const fn network_pages(&self) -> u32 {
        self.neighbours.geometry.pages()
    }

    /// The slot of `source`, brought up to `now`; `None` where it has none.
    ///
    /// # Errors
    /// Shared data refused (counted), or there is no secret yet to find the slot by.
    pub fn find(
        &mut self,
        store: &mut impl Store,
        now: Time,
        source: &SourceKey,
    ) -> Result<Option<Slot>, Unanswered> {
        let seed = self.seed.ok_or(Unanswered)?;
        let found = self
            .table
            .get(store, &mut self.counters, &seed, source, now);
        found.map_err(|StoreError(_)| Unanswered)
    }

    /// The verdict on the source of `slot`, if it is flagged.
    pub fn verdict_on(&self, slot: &Slot, now: Time) -> Option<Verdict<'_>> {
        Verdict::of(slot, &self.model, now, self.actor(slot.source.address()))
    }

    /// Shows each slot in page `index` of the sources, with the verdict on it if there is one.
    pub fn visit_sources(
        &mut self,
        store: &mut impl Store,
        index: u32,
        now: Time,
        mut visit: impl FnMut(&Slot, Option<Verdict<'_>>),
    ) {
        // Taken out, so that verdicts can be told while the walk counts what goes wrong.
        let mut counters = core::mem::take(&mut self.counters);
        self.table.visit(store, &mut counters, index, now, |slot| {
            visit(slot, self.verdict_on(slot, now));
        });
        self.counters = counters;
    }

    /// Shows each flagged network in page `index` of the networks.
    pub fn visit_networks(
        &mut self,
        store: &mut impl Store,
        index: u32,
        now: Time,
        visit: impl FnMut(&FlaggedNetwork),
    ) {
        self.neighbours
            .visit(store, &mut self.counters, index, now, visit);
    }

    /// Who runs scanners from `address`, as the policy says.
    fn actor(&self, address: IpAddr) -> Option<&str> {
        let number = usize::try_from(self.known.get(address)?).ok()?;
        let scanner = self.policy.known_scanners.get(number)?;
        Some(scanner.actor.as_str())
    }
}

/// Nothing can be said now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered;
