//! The ports with the most distinct sources, in bounded memory.
//!
//! Up to 260 ports have a `Tally` each, five to a page; which ones says the page of
//! `candidates`. A worker keeps what it has seen until the next tick and then adds it to the
//! tallies, so that a contact costs no host call.
//!
//! What one source can do is bounded: it brings up new ports only while it has touched few
//! ([`SOURCE_PORTS_MAX`]), and a tick takes only so many new ones ([`NEWCOMERS_MAX`]). A scan of all
//! ports adds one source to each port that is counted, and pushes none out that has more.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::candidates::{self, Candidate};
use super::tally::{Sources, TALLY_LEN, Tally};
use crate::counters::{Counter, Counters};
use crate::state::page::{PageKind, cells_max};
use crate::state::store::Store;
use crate::state::update::{Form, Step};
use crate::time::{HOUR_SECS, Time};

/// Pages of tallies.
pub const PAGES: usize = 52;
/// Ports that are counted at a time.
pub const PORTS_MAX: usize = PAGES * PER_PAGE;
pub(super) const PER_PAGE: usize = cells_max(TALLY_LEN);
const _: () = assert!(PER_PAGE == 5);

/// Ports up to which a source brings up new ones: what it touches beyond says little about any of
/// them. Ports that are counted already it goes on to count for.
pub const SOURCE_PORTS_MAX: u32 = 16;
/// New ports that a worker takes in one tick.
pub const NEWCOMERS_MAX: usize = 64;

pub(super) const FORM: Form = Form {
    kind: PageKind::Tallies,
    cell_len: TALLY_LEN,
};

/// What one worker has seen since the last tick.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// By port.
    ports: Vec<Port>,
    newcomers: usize,
    /// Ports that were counted at the last tick with their places, by port.
    known: Vec<(u16, u16)>,
}

/// Contacts with one port; boxed, because ports are kept in order.
#[derive(Clone, Debug)]
struct Port {
    number: u16,
    contacts: Box<Contacts>,
}

#[derive(Clone, Debug)]
struct Contacts {
    hits: u32,
    sources: Sources,
}

/// What became of the contacts with one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// To be told at the next tick.
    Kept,
    /// Added to the tally, which now counts so many sources.
    Counted { sources: u32 },
    /// The tally is not, or no longer, where this worker thought.
    Placeless,
}

/// What to do with a tally of another port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    Leave,
    Replace,
}

impl Seen {
    /// Counts a contact of `source`, a keyed hash, which has touched `source_ports` ports so far.
    /// Whether there was room.
    pub(super) fn contact(&mut self, port: u16, source: u64, source_ports: u32) -> bool {
        let at = match self.ports.binary_search_by_key(&port, |seen| seen.number) {
            Ok(at) => at,
            Err(at) => {
                if self.place_of(port).is_none() {
                    if source_ports > SOURCE_PORTS_MAX || self.newcomers >= NEWCOMERS_MAX {
                        return false;
                    }
                    self.newcomers += 1;
                }
                let contacts = Contacts {
                    hits: 0,
                    sources: Sources::NONE,
                };
                let seen = Port {
                    number: port,
                    contacts: Box::new(contacts),
                };
                self.ports.insert(at, seen);
                at
            }
        };
        if let Some(seen) = self.ports.get_mut(at) {
            seen.contacts.hits = seen.contacts.hits.saturating_add(1);
            seen.contacts.sources.insert(source);
        }
        true
    }

    /// Adds what was seen to shared data; what cannot be told now is kept.
    pub(super) fn flush(&mut self, store: &mut impl Store, counters: &mut Counters, now: Time) {
        if self.ports.is_empty() {
            return;
        }
        let known = self.places_where(|_| true);
        let mut fates = alloc::vec![Fate::Placeless; self.ports.len()];
        self.count(store, counters, &known, Others::Leave, now, &mut fates);
        let is_placed = self.take_places(store, counters, &fates, now);
        if is_placed {
            let placed = self.places_where(|at| fates.get(at) == Some(&Fate::Placeless));
            self.count(store, counters, &placed, Others::Replace, now, &mut fates);
        }
        // A port that still has no place was pushed out by another one of this very tick.
        let mut fates = fates.into_iter();
        let mut ports = core::mem::take(&mut self.ports);
        ports.retain(|seen| match fates.next() {
            Some(Fate::Kept) => true,
            Some(Fate::Placeless) if is_placed => {
                counters.add(Counter::StatsSkipped, seen.contacts.hits);
                false
            }
            Some(Fate::Placeless) => true,
            Some(Fate::Counted { .. }) | None => false,
        });
        let is_new = |seen: &&Port| self.place_of(seen.number).is_none();
        self.newcomers = ports.iter().filter(is_new).count();
        self.ports = ports;
    }

    /// Where `port` is counted, as far as this worker knows.
    fn place_of(&self, port: u16) -> Option<usize> {
        let found = self.known.binary_search_by_key(&port, |(port, _)| *port);
        found
            .ok()
            .and_then(|at| self.known.get(at))
            .map(|(_, place)| usize::from(*place))
    }

    /// Places with the ports that are to be counted there, by their indices; in order of places.
    fn places_where(&self, wanted: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
        let ports = self.ports.iter().enumerate();
        let mut places = Vec::new();
        for (at, seen) in ports.filter(|(at, _)| wanted(*at)) {
            if let Some(place) = self.place_of(seen.number) {
                insert_in_order(&mut places, (place, at));
            }
        }
        places
    }

    /// Adds to the tallies at `places`, page by page.
    fn count(
        &self,
        store: &mut impl Store,
        counters: &mut Counters,
        places: &[(usize, usize)],
        others: Others,
        now: Time,
        fates: &mut [Fate],
    ) {
        let hour = now.unix_secs() / HOUR_SECS;
        for places in places.chunk_by(|(a, _), (b, _)| a / PER_PAGE == b / PER_PAGE) {
            let Some((first, _)) = places.first() else {
                continue;
            };
            let told = FORM.update(store, counters, &key(first / PER_PAGE), |_, _, mut page| {
                let mut is_changed = false;
                for (place, at) in places {
                    let (Some(seen), Some(fate)) = (self.ports.get(*at), fates.get_mut(*at)) else {
                        continue;
                    };
                    *fate = Fate::Placeless;
                    let cell = place % PER_PAGE;
                    let found = page.cell(cell).map(Tally::decode);
                    let mut tally = match found.filter(|tally| tally.port == seen.number) {
                        Some(tally) => tally,
                        None if others == Others::Replace => Tally::empty(seen.number, hour),
                        None => continue,
                    };
                    tally.add(hour, seen.contacts.hits, &seen.contacts.sources);
                    for free in page.len()..cell {
                        is_changed |= page.put(free, &Tally::empty(0, 0).encode());
                    }
                    is_changed |= page.put(cell, &tally.encode());
                    *fate = Fate::Counted {
                        sources: tally.sources(hour),
                    };
                }
                if is_changed {
                    Step::Write(page, ())
                } else {
                    Step::Keep(())
                }
            });
            if told.is_none() {
                for (_, at) in places {
                    if let Some(fate) = fates.get_mut(*at) {
                        *fate = Fate::Kept;
                    }
                }
            }
        }
    }

    /// Says how many sources the counted ports have, and takes places for those without one.
    /// Whether that was possible; then all candidates are known.
    fn take_places(
        &mut self,
        store: &mut impl Store,
        counters: &mut Counters,
        fates: &[Fate],
        now: Time,
    ) -> bool {
        let ports = &self.ports;
        let changed =
            candidates::FORM.update(store, counters, candidates::KEY, |_, _, mut page| {
                for (seen, fate) in ports.iter().zip(fates) {
                    let found = candidates::find(&page, seen.number);
                    let (at, sources) = match (*fate, found) {
                        (Fate::Counted { sources }, Some((at, _))) => (at, sources),
                        (Fate::Placeless, Some((at, there))) => (at, there.sources.into()),
                        (Fate::Placeless, None) => {
                            let contacts = &seen.contacts;
                            let sources = contacts.sources.count().min(contacts.hits);
                            (candidates::room(&page, now), sources)
                        }
                        (Fate::Kept, _) | (Fate::Counted { .. }, None) => continue,
                    };
                    let candidate = Candidate::new(seen.number, sources, now);
                    if !page.put(at, &candidate.encode()) {
                        return Step::Keep(None);
                    }
                }
                let mut known = Vec::with_capacity(page.len());
                for (at, found) in candidates::all(&page) {
                    let place = u16::try_from(at).unwrap_or(u16::MAX);
                    insert_in_order(&mut known, (found.port, place));
                }
                Step::Write(page, Some(known))
            });
        let Some(known) = changed.flatten() else {
            return false;
        };
        self.known = known;
        true
    }
}

/// Inserts `entry` where it belongs. The lists here have a few hundred entries at most; the sorting of
/// the standard library takes 9 KB of code for each kind of them.
fn insert_in_order<T: Ord>(list: &mut Vec<T>, entry: T) {
    let at = list.partition_point(|other| *other < entry);
    list.insert(at, entry);
}

pub(super) fn key(page: usize) -> String {
    format!("portscan/1/tallies/{page:x}")
}

#[cfg(test)]
mod tests;
