//! The bounded, set-associative table of sources in shared data.
//!
//! A fixed number of pages holds up to 31 slots each. A source can lie in one page only, chosen by
//! a keyed hash of its *network* and, by a few bits, of its own address: so the addresses of one
//! network share `spread` pages, in each of which the network may hold its part of
//! `flagged_per_network`, and no flood from one network reaches the rest of the table.
//!
//! ```text
//!  page = place(hash(network)) + hash(source) mod spread
//!
//!          ┌ 0 ┬ 1 ┬ 2 ┬ … ┬ 30┐
//!  page 0  │   │   │   │   │   │   31 slots of 128 bytes
//!  page 1  │   │ ■ │ ■ │   │ ■ │ ◄─┐
//!  page 2  │ ■ │   │   │ ■ │   │ ◄─┼ one network, spread over neighbouring pages
//!  page 3  │   │   │ ■ │   │   │ ◄─┘
//!    …     └───┴───┴───┴───┴───┘
//! ```
//!
//! A new source takes a free slot, or that of the source worth least: unflagged before flagged,
//! lower score before higher, older before newer. Unflagged sources never evict flagged ones. Where
//! all are flagged, the network with most slots in the page gives one up, so that a network with
//! one slot keeps it until 31 networks meet in one page.

use alloc::string::String;

use crate::counters::{Counter, Counters};
use crate::model::Model;
use crate::source::{Prefixes, SourceKey};
use crate::state::hash::{Seed, place};
use crate::state::key::key;
use crate::state::page::{Page, PageKind, cells_max};
use crate::state::slot::{Flag, SLOT_LEN, Slot};
use crate::state::store::{Store, StoreError};
use crate::state::update::{Form, Step};
use crate::time::Time;

mod room;

/// Slots of a page.
pub const SLOTS_PER_PAGE: u32 = 31;
const _: () = assert!(cells_max(SLOT_LEN) == SLOTS_PER_PAGE as usize);

/// Most flagged slots of one network in one page: half of it.
const NETWORK_PART_MAX: u16 = 16;

const FORM: Form = Form {
    kind: PageKind::Shard,
    cell_len: SLOT_LEN,
};

/// Size and shape of a table. It is part of the keys, so that tables of different geometry never
/// touch each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Sources that the table has room for.
    pub capacity: u32,
    /// What makes a source.
    pub sources: Prefixes,
    /// What makes a network.
    pub networks: Prefixes,
    /// Most flagged slots of one network.
    pub flagged_per_network: u16,
}

impl Geometry {
    /// How many pages there are.
    pub const fn pages(&self) -> u32 {
        self.capacity.div_ceil(SLOTS_PER_PAGE)
    }

    /// How many pages a network's sources share.
    const fn spread(&self) -> u16 {
        let spread = self.flagged_per_network.div_ceil(NETWORK_PART_MAX);
        if spread == 0 { 1 } else { spread }
    }

    /// Most flagged slots of one network in one page.
    const fn flagged_per_page(&self) -> u16 {
        self.flagged_per_network / self.spread()
    }

    /// The key of page `index`.
    pub fn key(&self, index: u32) -> String {
        self.key_in("sources", index)
    }

    /// The key of page `index` of the table `name`, which goes with this one.
    pub fn key_in(&self, name: &str, index: u32) -> String {
        let shape = [
            self.capacity,
            self.sources.ipv6.into(),
            self.networks.ipv4.into(),
            self.networks.ipv6.into(),
            self.flagged_per_network.into(),
        ];
        key(name, &shape, index)
    }
}

/// The table as one worker uses it.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its size and shape.
    pub geometry: Geometry,
    /// How evidence ages, for telling which slot is worth least.
    pub model: Model,
}

/// What to do with a slot.
pub enum SlotStep<R> {
    /// Leave it as it is.
    Keep(R),
    /// Store it.
    Write(Slot, R),
    /// Give it up: there is nothing left to remember.
    Remove(R),
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Updated<R> {
    /// What the caller's closure said.
    pub result: R,
    /// Whether the table now holds what the closure left: false where an unflagged source found no
    /// room.
    pub is_stored: bool,
    /// Whether a flagged source of the same network had to go, because the network had its full
    /// part of the page.
    pub is_over_quota: bool,
}

impl Table {
    /// The slot of `source`, brought up to `now`; `None` where it has none.
    ///
    /// # Errors
    /// The host refused (counted).
    pub fn get(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        seed: &Seed,
        source: &SourceKey,
        now: Time,
    ) -> Result<Option<Slot>, StoreError> {
        let page = FORM.read(store, counters, &self.key_of(seed, source))?;
        let found = page.and_then(|page| find(&page, source));
        Ok(found.map(|(_, mut slot)| {
            self.model.refresh(&mut slot, now);
            slot
        }))
    }

    /// Changes the slot of `source` as `change` says. It is called again when another worker was
    /// faster; only what the last call said holds. `None` if it was given up (counted).
    pub fn update<S: Store, R>(
        &self,
        store: &mut S,
        counters: &mut Counters,
        seed: &Seed,
        source: &SourceKey,
        now: Time,
        mut change: impl FnMut(&mut S, &mut Counters, Option<Slot>) -> SlotStep<R>,
    ) -> Option<Updated<R>> {
        let mut made_room = None;
        let mut is_over_quota = false;
        let key = self.key_of(seed, source);
        let updated = FORM.update(store, counters, &key, |store, counters, mut page| {
            (made_room, is_over_quota) = (None, false);
            let found = find(&page, source);
            let existing = found.map(|(_, mut slot)| {
                self.model.refresh(&mut slot, now);
                slot
            });
            let (slot, result) = match change(store, counters, existing) {
                SlotStep::Keep(result) => {
                    return Step::Keep(Updated {
                        result,
                        is_stored: true,
                        is_over_quota,
                    });
                }
                SlotStep::Write(slot, result) => (slot, result),
                SlotStep::Remove(result) => {
                    let updated = Updated {
                        result,
                        is_stored: false,
                        is_over_quota,
                    };
                    return match found {
                        Some((at, _)) if page.put(at, &FREE) => Step::Write(page, updated),
                        _ => Step::Keep(updated),
                    };
                }
            };
            let becomes_flagged =
                slot.flag.is_some() && existing.is_none_or(|before| before.flag.is_none());
            let room = self.room(&page, &slot, found.map(|(at, _)| at), becomes_flagged, now);
            (made_room, is_over_quota) = (room.evicts, room.is_over_quota);
            let is_stored = room.at.is_some_and(|at| page.put(at, &slot.encode()))
                && room.frees.is_none_or(|at| page.put(at, &FREE));
            if is_stored {
                let updated = Updated {
                    result,
                    is_stored,
                    is_over_quota,
                };
                Step::Write(page, updated)
            } else {
                made_room = Some(Counter::Rejections);
                Step::Keep(Updated {
                    result,
                    is_stored,
                    is_over_quota: false,
                })
            }
        });
        if let Some(counter) = made_room {
            counters.count(counter);
        }
        updated
    }

    /// Tracked and flagged sources in page `index`. `look` is shown each slot as it lies there.
    pub fn census(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        index: u32,
        now: Time,
        mut look: impl FnMut(&Slot),
    ) -> Census {
        let mut census = Census::default();
        if let Ok(Some(page)) = FORM.read(store, counters, &self.geometry.key(index)) {
            for slot in slots(&page) {
                census.tracked += 1;
                census.flagged += u32::from(is_flagged(&slot, now));
                look(&slot);
            }
        }
        census
    }

    /// Shows each slot of page `index`, brought up to `now`, with the verdict that it had before.
    pub fn visit(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        index: u32,
        now: Time,
        mut visit: impl FnMut(&Slot, Option<Flag>),
    ) {
        if let Ok(Some(page)) = FORM.read(store, counters, &self.geometry.key(index)) {
            for mut slot in slots(&page) {
                let before = slot.flag;
                self.model.refresh(&mut slot, now);
                visit(&slot, before);
            }
        }
    }

    fn key_of(&self, seed: &Seed, source: &SourceKey) -> String {
        let pages = self.geometry.pages().max(1);
        let network = source.network(self.geometry.networks);
        let home = place(seed.network(&network), pages);
        let offset = seed.source(source) % u64::from(self.geometry.spread());
        let index = (u64::from(home) + offset) % u64::from(pages);
        self.geometry.key(u32::try_from(index).unwrap_or(0))
    }
}

/// How many sources there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Sources with a slot.
    pub tracked: u32,
    /// Sources with a verdict.
    pub flagged: u32,
}

impl core::ops::AddAssign for Census {
    fn add_assign(&mut self, other: Self) {
        self.tracked = self.tracked.saturating_add(other.tracked);
        self.flagged = self.flagged.saturating_add(other.flagged);
    }
}

/// A cell without a slot: no slot was ever made and seen at time 0.
const FREE: [u8; SLOT_LEN] = [0; SLOT_LEN];

fn is_flagged(slot: &Slot, now: Time) -> bool {
    slot.flag.is_some_and(|flag| flag.expires > now)
}

fn find(page: &Page, source: &SourceKey) -> Option<(usize, Slot)> {
    let is_his = |at: &usize| {
        page.cell::<SLOT_LEN>(*at)
            .is_some_and(|cell| cell.starts_with(source.as_bytes()))
    };
    (0..page.len())
        .filter(is_his)
        .find_map(|at| Some((at, slot_at(page, at)?)))
}

fn slots(page: &Page) -> impl Iterator<Item = Slot> {
    (0..page.len()).filter_map(|at| slot_at(page, at))
}

fn slot_at(page: &Page, at: usize) -> Option<Slot> {
    page.cell(at)
        .filter(|cell| **cell != FREE)
        .and_then(Slot::decode)
}

#[cfg(test)]
mod tests;
