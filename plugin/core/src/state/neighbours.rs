//! What is remembered about networks: the bounded table that tells which of them scan.
//!
//! A scan spread over many addresses of one network shows in none of them. So for each network in
//! which something suspicious happened, distinct sources and distinct targets are counted in the
//! present and in the last window; where both are many, the network is flagged.
//!
//! ```text
//!   0 ┌───────────────────────────────────────────────────────┐
//!     │ network key                                   16 bytes│
//!  16 ├─────────────┬─────────────┬─────────────┬─────────────┤
//!     │ last        │ flagged_at  │ expires_at  │             │  u32, Unix seconds
//!  28 ├─────────────┴─────────────┴─────────────┘             │
//!     │ 3 sources                                     12 bytes│  31 bits of a hash, and one that says
//!  40 ├───────────────────────────────────────────────────────┤  whether the present window saw it
//!     │ 6 targets                                     24 bytes│
//!  64 └───────────────────────────────────────────────────────┘
//! ```
//! Two that have the same hash count once, so that collisions delay a verdict and never make one.

mod distinct;

use alloc::string::String;

use self::distinct::Distinct;
use crate::counters::{Counter, Counters};
use crate::source::{NetworkKey, Prefixes};
use crate::state::hash::{Seed, place};
use crate::state::key::key;
use crate::state::page::{Page, PageKind, cells_max};
use crate::state::store::Store;
use crate::state::targets::Target;
use crate::state::update::{Form, Step};
use crate::time::{HOUR_SECS, Time};

const CELL_LEN: usize = 64;
/// Networks of a page.
pub const NETWORKS_PER_PAGE: u32 = 63;
const _: () = assert!(cells_max(CELL_LEN) == NETWORKS_PER_PAGE as usize);

const FORM: Form = Form {
    kind: PageKind::Networks,
    cell_len: CELL_LEN,
};

/// Distinct sources and targets, in this window and the one before, that flag a network: the rule
/// that found most sources on the honeypot traces of 2025 (six targets of three addresses in an
/// hour).
const SOURCES_MIN: usize = 3;
pub(crate) const TARGETS_MIN: usize = 6;
const WINDOW_SECS: u32 = HOUR_SECS;

/// Size and shape of a table of networks. It is part of the keys, so that tables of different
/// geometry never touch each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Networks that there is room for.
    pub capacity: u32,
    /// What makes a network.
    pub networks: Prefixes,
}

/// The table of networks as one worker uses it.
#[derive(Clone, Copy, Debug)]
pub struct Neighbours {
    /// Its size and shape.
    pub geometry: Geometry,
    /// Seconds for which a network stays flagged after the last suspicious contact.
    pub verdict_ttl_secs: u32,
}

/// A suspicious contact of a source with a target that it had not touched before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// The network of the source.
    pub network: NetworkKey,
    /// The hash of the source.
    pub source: u64,
    /// What it touched.
    pub target: Target,
}

/// A network that is flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlaggedNetwork {
    /// Which one.
    pub network: NetworkKey,
    /// When it was flagged.
    pub since: Time,
    /// The last suspicious contact.
    pub last: Time,
    /// When that ends without further contacts, or has ended.
    pub expires: Time,
}

impl Geometry {
    /// How many pages there are.
    pub const fn pages(&self) -> u32 {
        self.capacity.div_ceil(NETWORKS_PER_PAGE)
    }

    /// The key of page `index`.
    pub fn key(&self, index: u32) -> String {
        let Prefixes { ipv4, ipv6 } = self.networks;
        key(
            "networks",
            &[self.capacity, ipv4.into(), ipv6.into()],
            index,
        )
    }
}

impl Neighbours {
    /// Whether `network` is flagged.
    pub fn is_flagged(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        seed: &Seed,
        network: &NetworkKey,
        now: Time,
    ) -> bool {
        let Ok(Some(page)) = FORM.read(store, counters, &self.key_of(seed, network)) else {
            return false;
        };
        find(&page, network).is_some_and(|(_, cell)| cell.is_flagged(now, self.verdict_ttl_secs))
    }

    /// What is remembered of `network`, if it is flagged.
    pub fn find(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        seed: &Seed,
        network: &NetworkKey,
        now: Time,
    ) -> Option<FlaggedNetwork> {
        let page = FORM.read(store, counters, &self.key_of(seed, network));
        let (_, cell) = find(&page.ok()??, network)?;
        cell.is_flagged(now, self.verdict_ttl_secs)
            .then(|| cell.flagged(now))
    }

    /// Shows each network of page `index` that is flagged, or was so until lately.
    pub fn visit(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        index: u32,
        now: Time,
        mut visit: impl FnMut(&FlaggedNetwork),
    ) {
        let Ok(Some(page)) = FORM.read(store, counters, &self.geometry.key(index)) else {
            return;
        };
        let cells = (0..page.len()).filter_map(|at| page.cell(at).map(Cell::decode));
        for cell in cells.filter(|cell| cell.flagged_at != Time::default()) {
            let is_over = cell.expires <= now;
            if is_over || cell.is_flagged(now, self.verdict_ttl_secs) {
                visit(&cell.flagged(now));
            }
        }
    }

    /// Notes a suspicious contact. Whether it flagged the network.
    pub fn note(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        seed: &Seed,
        suspicion: &Suspicion,
        now: Time,
    ) -> bool {
        self.change(store, counters, seed, &suspicion.network, now, |cell| {
            let target = seed.port(suspicion.target.port) ^ suspicion.target.host;
            cell.sources.note(suspicion.source);
            cell.targets.note(target);
            cell.sources.is_full() && cell.targets.is_full()
        })
    }

    /// Flags `network`: it has more flagged sources than it may have slots. Whether it was not
    /// flagged before.
    pub fn flag(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        seed: &Seed,
        network: &NetworkKey,
        now: Time,
    ) -> bool {
        self.change(store, counters, seed, network, now, |_| true)
    }

    /// Changes the cell of `network`; `change` says whether it is to be flagged from now on.
    fn change(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        seed: &Seed,
        network: &NetworkKey,
        now: Time,
        mut change: impl FnMut(&mut Cell) -> bool,
    ) -> bool {
        let ttl = self.verdict_ttl_secs;
        let mut evicted = None;
        let key = self.key_of(seed, network);
        let became_flagged = FORM.update(store, counters, &key, |_, _, mut page| {
            evicted = None;
            let (at, mut cell) = match find(&page, network) {
                Some(found) => found,
                None => {
                    let (at, counter) = self.room(&page, now);
                    evicted = counter;
                    (at, Cell::new(*network, now))
                }
            };
            cell.turn_window(now);
            cell.last = now;
            let was_flagged = cell.is_flagged(now, ttl);
            let is_flagged = change(&mut cell) || was_flagged;
            if is_flagged {
                cell.flagged_at = if was_flagged { cell.flagged_at } else { now };
                cell.expires = now.plus_secs(ttl);
            }
            if page.put(at, &cell.encode()) {
                Step::Write(page, is_flagged && !was_flagged)
            } else {
                Step::Keep(false)
            }
        });
        let became_flagged = became_flagged.unwrap_or(false);
        let counted = became_flagged.then_some(Counter::NetworksFlagged);
        for counter in evicted.into_iter().chain(counted) {
            counters.count(counter);
        }
        became_flagged
    }

    /// Where a new network goes: a free cell, or that of the network worth least, unflagged before
    /// flagged, older before newer.
    fn room(&self, page: &Page, now: Time) -> (usize, Option<Counter>) {
        if u32::try_from(page.len()).is_ok_and(|len| len < NETWORKS_PER_PAGE) {
            return (page.len(), None);
        }
        let worth = |at: usize| {
            let cell = page.cell(at).map(Cell::decode);
            cell.map(|cell| {
                (
                    cell.is_flagged(now, self.verdict_ttl_secs),
                    cell.last.at_most(now),
                )
            })
        };
        let at = (0..page.len()).min_by_key(|at| worth(*at)).unwrap_or(0);
        (at, Some(Counter::NetworkEvictions))
    }

    fn key_of(&self, seed: &Seed, network: &NetworkKey) -> String {
        let pages = self.geometry.pages();
        self.geometry.key(place(seed.network(network), pages))
    }
}

fn find(page: &Page, network: &NetworkKey) -> Option<(usize, Cell)> {
    (0..page.len())
        .filter_map(|at| Some((at, page.cell::<CELL_LEN>(at)?)))
        .find(|(_, bytes)| bytes.starts_with(network.as_bytes()))
        .map(|(at, bytes)| (at, Cell::decode(bytes)))
}

/// What is remembered about one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    network: [u8; 16],
    /// The last suspicious contact; its window is the present one of `sources` and `targets`.
    last: Time,
    flagged_at: Time,
    expires: Time,
    sources: Distinct<SOURCES_MIN>,
    targets: Distinct<TARGETS_MIN>,
}

impl Cell {
    fn new(network: NetworkKey, now: Time) -> Self {
        Self {
            network: *network.as_bytes(),
            last: now,
            flagged_at: Time::default(),
            expires: Time::default(),
            sources: Distinct::NONE,
            targets: Distinct::NONE,
        }
    }

    /// Whether it is flagged at `now`; times that lie in the future count as now.
    fn is_flagged(&self, now: Time, ttl_secs: u32) -> bool {
        self.flagged_at != Time::default()
            && self.expires > now
            && self.expires <= now.plus_secs(ttl_secs)
    }

    fn flagged(&self, now: Time) -> FlaggedNetwork {
        FlaggedNetwork {
            network: NetworkKey::from_bytes(self.network),
            since: self.flagged_at.at_most(now),
            last: self.last.at_most(now),
            expires: self.expires,
        }
    }

    /// Begins a new window if that of `last` is over.
    fn turn_window(&mut self, now: Time) {
        let window = |time: Time| time.unix_secs() / WINDOW_SECS;
        match window(now).wrapping_sub(window(self.last)) {
            0 => {}
            1 => {
                self.sources.turn();
                self.targets.turn();
            }
            _ => (self.sources, self.targets) = (Distinct::NONE, Distinct::NONE),
        }
    }

    fn encode(&self) -> [u8; CELL_LEN] {
        let mut bytes = [0; CELL_LEN];
        let times = [self.last, self.flagged_at, self.expires].map(Time::unix_secs);
        let numbers = times
            .into_iter()
            .chain(self.sources.0)
            .chain(self.targets.0);
        let numbers = numbers.flat_map(u32::to_le_bytes);
        let fields = self.network.into_iter().chain(numbers);
        for (place, byte) in bytes.iter_mut().zip(fields) {
            *place = byte;
        }
        bytes
    }

    fn decode(bytes: &[u8; CELL_LEN]) -> Self {
        let number = |at: usize| -> u32 {
            let field = bytes.get(at..).and_then(|rest| rest.first_chunk());
            u32::from_le_bytes(field.copied().unwrap_or_default())
        };
        let time = |at: usize| Time::from_unix_secs(number(at));
        let network = bytes.first_chunk().copied().unwrap_or_default();
        Self {
            network,
            last: time(16),
            flagged_at: time(20),
            expires: time(24),
            sources: Distinct(core::array::from_fn(|index| number(28 + 4 * index))),
            targets: Distinct(core::array::from_fn(|index| number(40 + 4 * index))),
        }
    }
}

#[cfg(test)]
mod tests;
