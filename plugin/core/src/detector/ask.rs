//! What a portal asks of the detector: sources and networks, and what is said of them.

use core::net::IpAddr;

use super::Detector;
use crate::source::{Prefixes, SourceKey};
use crate::state::ended;
use crate::state::neighbours::FlaggedNetwork;
use crate::state::slot::{Flag, Slot};
use crate::state::store::{Store, StoreError};
use crate::state::table::SlotStep;
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

    /// A keyed hash of `source`.
    ///
    /// # Errors
    /// There is no secret yet.
    pub fn fingerprint(&self, source: &SourceKey) -> Result<u64, Unanswered> {
        Ok(self.seed.ok_or(Unanswered)?.source(source))
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

    /// The network of `source`, if it is flagged.
    pub fn network_of(
        &mut self,
        store: &mut impl Store,
        now: Time,
        source: &SourceKey,
    ) -> Option<FlaggedNetwork> {
        let (seed, neighbours) = (self.seed?, self.neighbours);
        let network = source.network(neighbours.geometry.networks);
        neighbours.find(store, &mut self.counters, &seed, &network, now)
    }

    /// The verdict on the source of `slot`, if it is flagged.
    pub fn verdict_on(&self, slot: &Slot, now: Time) -> Option<Verdict<'_>> {
        Verdict::of(slot, &self.model, now, self.actor(slot.source.address()))
    }

    /// Shows each slot in page `index` of the sources.
    pub fn visit_sources(
        &mut self,
        store: &mut impl Store,
        index: u32,
        now: Time,
        mut visit: impl FnMut(&Sighting<'_>),
    ) {
        // Taken out, so that verdicts can be told while the walk counts what goes wrong.
        let mut counters = core::mem::take(&mut self.counters);
        let counted = &mut counters;
        self.table
            .visit(store, counted, index, now, |slot, before| {
                let verdict = self.verdict_on(slot, now);
                let ended = match (before, &verdict) {
                    (Some(before), None) => self.verdict_before(slot, before),
                    _ => None,
                };
                visit(&Sighting {
                    slot,
                    verdict,
                    ended,
                });
            });
        self.counters = counters;
    }

    /// Shows each network in page `index` of the networks that is flagged, or was so until lately.
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

    /// Forgets all that is known of `source`, and tells the other workers. Whether anything was.
    ///
    /// # Errors
    /// Shared data refused or too many others were at it (counted), or there is no secret yet.
    pub fn forget_source(
        &mut self,
        store: &mut impl Store,
        now: Time,
        source: &SourceKey,
    ) -> Result<bool, Unanswered> {
        let seed = self.seed.ok_or(Unanswered)?;
        let table = self.table;
        let counters = &mut self.counters;
        let updated = table.update(
            store,
            counters,
            &seed,
            source,
            now,
            |_, _, slot| match slot {
                Some(_) => SlotStep::Remove(true),
                None => SlotStep::Keep(false),
            },
        );
        let was_known = updated.ok_or(Unanswered)?.result;
        if was_known {
            ended::note(store, &mut self.counters, source, now);
            let fingerprint = seed.source(source);
            self.cache.remove(fingerprint);
            self.epoch = self.epoch.wrapping_add(1);
            self.tell_others(store, fingerprint);
        }
        Ok(was_known)
    }

    /// What was said of the source of `slot` until its verdict ended.
    fn verdict_before(&self, slot: &Slot, before: Flag) -> Option<Verdict<'_>> {
        let then = Time::from_unix_secs(before.expires.unix_secs().saturating_sub(1));
        let mut slot = *slot;
        slot.flag = Some(before);
        Verdict::of(&slot, &self.model, then, self.actor(slot.source.address()))
    }

    /// Who runs scanners from `address`, as the policy says.
    fn actor(&self, address: IpAddr) -> Option<&str> {
        let number = usize::try_from(self.known.get(address)?).ok()?;
        let scanner = self.policy.known_scanners.get(number)?;
        Some(scanner.actor.as_str())
    }
}

/// A slot as a walk over the table meets it.
pub struct Sighting<'a> {
    /// The slot, brought up to now.
    pub slot: &'a Slot,
    /// What is said of its source, if it is flagged.
    pub verdict: Option<Verdict<'a>>,
    /// What was said of it until its verdict expired, while that is still known.
    pub ended: Option<Verdict<'a>>,
}

/// Nothing can be said now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered;
