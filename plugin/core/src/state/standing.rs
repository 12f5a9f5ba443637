//! Which clients are in good standing: a keyed, blocked Bloom filter of two generations.
//!
//! A client that was served within the last 12 to 24 hours is in it. What is true of a client that
//! never was (0.8 % for each of two full generations) only means that it takes a scanner one more contact to be flagged.
//! Each client's bits lie in one page, so that one read answers (Putze, Sanders, Singler, "Cache-,
//! hash- and space-efficient Bloom filters", WEA 2007).
//!
//! ```text
//!  a page: two cells, one for even and one for odd generations
//!  0            4        6         8                            2032
//! ┌────────────┬────────┬─────────┬───────────────────────────────┐
//! │ generation │ bits   │ reserved│ 16,192 bits                   │
//! │ u32        │ set u16│         │                               │
//! └────────────┴────────┴─────────┴───────────────────────────────┘
//! ```

use alloc::string::String;

use crate::counters::{Counter, Counters};
use crate::state::hash::place;
use crate::state::key::key;
use crate::state::page::{Page, PageKind};
use crate::state::store::Store;
use crate::state::update::{Form, Step};
use crate::time::{HOUR_SECS, Time};

/// Seconds of a generation.
pub const GENERATION_SECS: u32 = 12 * HOUR_SECS;

const BITS_LEN: usize = 2_024;
const CELL_LEN: usize = 8 + BITS_LEN;
const BITS: u32 = 16_192;
/// A generation with this many bits set takes no more: at half full the filter is as sharp as it
/// can be, and nobody can saturate it.
const BITS_SET_MAX: u16 = 8_096;
const HASHES: u32 = 7;
/// Clients per page at half full: 16,192 · ln 2 / 7.
const CLIENTS_PER_PAGE: u32 = 1_603;

const FORM: Form = Form {
    kind: PageKind::Standing,
    cell_len: CELL_LEN,
};

/// The filter for a given number of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    capacity: u32,
}

/// What became of a client that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is in the filter until the end of the generation that follows the present one.
    Recorded,
    /// It is not: the generation is half full, or shared data refused (both counted).
    Refused,
}

impl Standing {
    /// A filter for `capacity` clients.
    pub const fn new(capacity: u32) -> Self {
        Self { capacity }
    }

    /// Clients it is made for.
    pub const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many pages it has.
    pub const fn pages(&self) -> u32 {
        self.capacity.div_ceil(CLIENTS_PER_PAGE)
    }

    /// The key of page `index`.
    pub fn key(&self, index: u32) -> String {
        key("standing", &[self.capacity], index)
    }

    /// Whether the client with this hash was served in this generation or the one before.
    pub fn contains(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        hash: u64,
        now: Time,
    ) -> bool {
        let key = self.key(place(hash, self.pages()));
        let Ok(Some(page)) = FORM.read(store, counters, &key) else {
            return false;
        };
        let present = generation(now);
        (0..2)
            .filter_map(|index| page.cell::<CELL_LEN>(index))
            .any(|cell| {
                matches!(present.checked_sub(generation_of(cell)), Some(0 | 1)) && has(cell, hash)
            })
    }

    /// Adds the client with this hash.
    pub fn add(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        hash: u64,
        now: Time,
    ) -> Added {
        let key = self.key(place(hash, self.pages()));
        let present = generation(now);
        let added = FORM.update(store, counters, &key, |_, counters, mut page| {
            let Some(index) = cell_of(&mut page, present) else {
                return Step::Keep(Added::Refused);
            };
            let found = page.cell::<CELL_LEN>(index);
            let current = found.filter(|cell| generation_of(cell) == present);
            if current.is_some_and(|cell| has(cell, hash)) {
                return Step::Keep(Added::Recorded);
            }
            let mut cell = current.map_or_else(|| Cell::empty(present), |cell| Cell(*cell));
            if cell.bits_set() >= BITS_SET_MAX {
                counters.count(Counter::StandingFull);
                return Step::Keep(Added::Refused);
            }
            cell.insert(hash);
            if page.put(index, &cell.0) {
                Step::Write(page, Added::Recorded)
            } else {
                Step::Keep(Added::Refused)
            }
        });
        added.unwrap_or(Added::Refused)
    }
}

/// When the generation of `now` ends.
pub fn generation_end(now: Time) -> Time {
    Time::from_unix_secs(
        generation(now)
            .saturating_add(1)
            .saturating_mul(GENERATION_SECS),
    )
}

fn generation(now: Time) -> u32 {
    now.unix_secs() / GENERATION_SECS
}

/// The cell of generation `present`; both cells exist afterwards.
fn cell_of(page: &mut Page, present: u32) -> Option<usize> {
    while page.len() < 2 {
        if !page.put(page.len(), &Cell::empty(0).0) {
            return None;
        }
    }
    usize::try_from(present % 2).ok()
}

struct Cell([u8; CELL_LEN]);

impl Cell {
    fn empty(generation: u32) -> Self {
        let mut bytes = [0; CELL_LEN];
        if let Some(place) = bytes.first_chunk_mut() {
            *place = generation.to_le_bytes();
        }
        Self(bytes)
    }

    fn bits_set(&self) -> u16 {
        let bytes = self.0.get(4..).and_then(|rest| rest.first_chunk());
        u16::from_le_bytes(bytes.copied().unwrap_or_default())
    }

    fn insert(&mut self, hash: u64) {
        let mut added = 0;
        for (at, mask) in positions(hash) {
            if let Some(byte) = self.0.get_mut(at) {
                added += u16::from(*byte & mask == 0);
                *byte |= mask;
            }
        }
        let bits_set = self.bits_set().saturating_add(added);
        if let Some(place) = self.0.get_mut(4..6) {
            place.copy_from_slice(&bits_set.to_le_bytes());
        }
    }
}

/// The generation of a cell.
fn generation_of(cell: &[u8; CELL_LEN]) -> u32 {
    u32::from_le_bytes(cell.first_chunk().copied().unwrap_or_default())
}

/// Whether all bits of a client are set in a cell.
fn has(cell: &[u8; CELL_LEN], hash: u64) -> bool {
    positions(hash).all(|(at, mask)| cell.get(at).is_some_and(|byte| byte & mask != 0))
}

/// The bytes and bits of a client within a cell: double hashing (Kirsch, Mitzenmacher, "Less
/// hashing, same performance", ESA 2006) with the half of the hash that does not choose the page.
fn positions(hash: u64) -> impl Iterator<Item = (usize, u8)> {
    let first = u32::try_from(hash & 0xffff).unwrap_or(0);
    let step = u32::try_from((hash >> 16) & 0xffff).unwrap_or(0) | 1;
    (0..HASHES).map(move |i| {
        let bit = (first + i * step) % BITS;
        (8 + usize::try_from(bit / 8).unwrap_or(0), 1 << (bit % 8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::hash::Seed;
    use crate::state::store::memory::MemoryStore;

    const STANDING: Standing = Standing::new(4_000);
    const NOW: Time = Time::from_unix_secs(1_790_000_000);

    fn hash(client: u16) -> u64 {
        Seed::new([5; 16]).port(client)
    }

    struct Filter {
        store: MemoryStore,
        counters: Counters,
    }

    impl Filter {
        fn new() -> Self {
            Self {
                store: MemoryStore::default(),
                counters: Counters::default(),
            }
        }

        fn add(&mut self, client: u16, now: Time) -> Added {
            STANDING.add(&mut self.store, &mut self.counters, hash(client), now)
        }

        fn contains(&mut self, client: u16, now: Time) -> bool {
            STANDING.contains(&mut self.store, &mut self.counters, hash(client), now)
        }
    }

    #[test]
    fn a_client_stays_for_twelve_to_twenty_four_hours() {
        let mut filter = Filter::new();
        filter.add(1, NOW);
        let end = generation_end(NOW);
        assert!(filter.contains(1, NOW));
        assert!(filter.contains(1, end.plus_secs(GENERATION_SECS - 1)));
        assert!(!filter.contains(1, end.plus_secs(GENERATION_SECS)));
        assert!(!filter.contains(1, Time::from_unix_secs(NOW.unix_secs() - GENERATION_SECS)));
        assert!(!filter.contains(2, NOW));
    }

    #[test]
    fn a_new_generation_replaces_the_one_before_last() {
        let mut filter = Filter::new();
        filter.add(1, NOW);
        let later = generation_end(NOW).plus_secs(GENERATION_SECS);
        filter.add(2, later);
        assert!(!filter.contains(1, later));
        assert!(filter.contains(2, later));
    }

    #[test]
    fn a_full_filter_is_mostly_right_and_takes_no_more() {
        let mut filter = Filter::new();
        for client in 0..4_000 {
            filter.add(client, NOW);
        }
        assert!(
            (0..4_000)
                .filter(|client| filter.contains(*client, NOW))
                .count()
                > 3_900
        );
        let wrong = (4_000..24_000)
            .filter(|client| filter.contains(*client, NOW))
            .count();
        assert!(wrong < 240, "{wrong} of 20,000");

        let bytes = filter.store.bytes();
        for client in 24_000..u16::MAX {
            filter.add(client, NOW);
        }
        assert_eq!(filter.store.bytes(), bytes);
        assert!(filter.counters.get(Counter::StandingFull) > 30_000);
        let wrong = (4_000..24_000)
            .filter(|client| filter.contains(*client, NOW))
            .count();
        assert!(wrong < 240, "{wrong} of 20,000 after a flood");
    }
}
