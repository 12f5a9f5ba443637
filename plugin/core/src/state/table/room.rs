//! Where a slot goes in its page, and who makes room for it.

use alloc::vec::Vec;

use super::{FREE, SLOTS_PER_PAGE, Table, is_flagged, slot_at};
use crate::counters::Counter;
use crate::source::{NetworkKey, SourceKey};
use crate::state::page::Page;
use crate::state::slot::{SLOT_LEN, Slot};
use crate::time::Time;

/// What makes room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// Where the slot goes; nowhere if there is no room.
    pub(super) at: Option<usize>,
    /// A slot to clear besides.
    pub(super) frees: Option<usize>,
    pub(super) evicts: Option<Counter>,
    pub(super) is_over_quota: bool,
}

/// A slot of a full page.
struct Held {
    at: usize,
    slot: Slot,
    network: NetworkKey,
}

impl Table {
    /// Where `slot` goes; `found` is where it is already.
    pub(super) fn room(
        &self,
        page: &Page,
        slot: &Slot,
        found: Option<usize>,
        becomes_flagged: bool,
        now: Time,
    ) -> Room {
        if becomes_flagged && let Some(victim) = self.over_quota(page, slot, now) {
            return Room {
                at: found.or(Some(victim)),
                frees: found.map(|_| victim),
                evicts: Some(Counter::EvictionsFlagged),
                is_over_quota: true,
            };
        }
        if found.is_some() {
            return Room {
                at: found,
                ..Room::default()
            };
        }
        let cell = |at| page.cell::<SLOT_LEN>(at);
        let is_slot = |at| cell(at).is_some_and(|cell| *cell != FREE && Slot::is_one(cell));
        if let Some(at) = (0..page.len()).find(|at| !is_slot(*at)) {
            // A cell with a right checksum that is no slot is a neighbour's work.
            let is_foreign = cell(at) != Some(&FREE);
            return Room {
                at: Some(at),
                evicts: is_foreign.then_some(Counter::StateDecodeErrors),
                ..Room::default()
            };
        }
        if u32::try_from(page.len()).is_ok_and(|len| len < SLOTS_PER_PAGE) {
            return Room {
                at: Some(page.len()),
                ..Room::default()
            };
        }
        self.eviction(page, slot, now)
    }

    /// The place of the slot that makes room in a full page.
    fn eviction(&self, page: &Page, slot: &Slot, now: Time) -> Room {
        let held: Vec<Held> = (0..page.len())
            .filter_map(|at| {
                let slot = slot_at(page, at)?;
                let network = slot.source.network(self.geometry.networks);
                Some(Held { at, slot, network })
            })
            .collect();
        let unflagged = held.iter().filter(|held| !is_flagged(&held.slot, now));
        if let Some(at) = self.least(unflagged, now) {
            return Room {
                at: Some(at),
                evicts: Some(Counter::EvictionsUnflagged),
                ..Room::default()
            };
        }
        if !is_flagged(slot, now) {
            return Room::default();
        }
        let share = |network| held.iter().filter(|held| held.network == network).count();
        let shares: Vec<usize> = held.iter().map(|held| share(held.network)).collect();
        let largest = shares.iter().max();
        let most = held.iter().zip(&shares);
        let most = most.filter(|(_, share)| Some(*share) == largest);
        Room {
            at: self.least(most.map(|(held, _)| held), now),
            evicts: Some(Counter::EvictionsFlagged),
            ..Room::default()
        }
    }

    /// The flagged slot of the same network that is worth least, if the network has its full part
    /// of this page.
    fn over_quota(&self, page: &Page, slot: &Slot, now: Time) -> Option<usize> {
        let network = slot.source.network(self.geometry.networks);
        let rivals: Vec<Held> = (0..page.len())
            .filter_map(|at| {
                let key = page.cell::<SLOT_LEN>(at)?.first_chunk()?;
                let source = SourceKey::from_bytes(*key);
                let is_rival =
                    source != slot.source && source.network(self.geometry.networks) == network;
                let slot = is_rival.then(|| slot_at(page, at)).flatten()?;
                is_flagged(&slot, now).then_some(Held { at, slot, network })
            })
            .collect();
        if rivals.len() < usize::from(self.geometry.flagged_per_page()) {
            return None;
        }
        self.least(rivals.iter(), now)
    }

    /// The place of the slot that is worth least; the first one of equals.
    fn least<'a>(&self, held: impl Iterator<Item = &'a Held>, now: Time) -> Option<usize> {
        let worth = |held: &&Held| {
            let slot = &held.slot;
            (self.model.evidence(slot, now), slot.last.at_most(now))
        };
        held.min_by_key(worth).map(|held| held.at)
    }
}
