//! The ports with the most distinct sources, out of shared data.

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::candidates;
use super::ports::{FORM, PER_PAGE, key};
use super::tally::{HOURS, Tally};
use crate::counters::Counters;
use crate::state::store::Store;
use crate::time::{HOUR_SECS, Time};

/// What was counted at one port in the last 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopPort {
    /// Its number.
    pub port: u16,
    /// Distinct sources, about.
    pub sources: u32,
    /// Contacts.
    pub hits: u32,
    /// Contacts by the hour, the oldest first; the last one is still running.
    pub hours: [u32; HOURS],
}

impl TopPort {
    /// The first one has the most sources.
    const fn rank(&self) -> (Reverse<u32>, Reverse<u32>, u16) {
        (Reverse(self.sources), Reverse(self.hits), self.port)
    }
}

/// At most `max` ports by distinct sources, most first. None where shared data refuses (counted).
pub fn top(store: &mut impl Store, counters: &mut Counters, max: usize, now: Time) -> Vec<TopPort> {
    let hour = now.unix_secs() / HOUR_SECS;
    let index = candidates::FORM.read(store, counters, candidates::KEY);
    let Ok(Some(index)) = index else {
        return Vec::new();
    };
    let candidates: Vec<_> = candidates::all(&index).collect();
    let mut ports: Vec<TopPort> = Vec::new();
    for (number, candidates) in candidates.chunks(PER_PAGE).enumerate() {
        let Ok(Some(page)) = FORM.read(store, counters, &key(number)) else {
            continue;
        };
        for (place, candidate) in candidates {
            let tally = page.cell(place % PER_PAGE).map(Tally::decode);
            let Some(tally) = tally.filter(|tally| tally.port == candidate.port) else {
                continue;
            };
            let hours = tally.hits(hour);
            let port = TopPort {
                port: tally.port,
                sources: tally.sources(hour),
                hits: hours.into_iter().fold(0, u32::saturating_add),
                hours,
            };
            if port.hits > 0 {
                let at = ports.partition_point(|other| other.rank() < port.rank());
                ports.insert(at, port);
                ports.truncate(max);
            }
        }
    }
    ports
}
