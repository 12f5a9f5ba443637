//! The highest of all that is flagged, in bounded memory.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};

use super::entry::{Details, Sight};

/// What was found so far, at most `max` of it: what ranks lowest has made room.
pub(super) struct Selection {
    max: usize,
    lowest_first: BinaryHeap<Reverse<Ranked>>,
    /// Details of each, where they are kept.
    details: Vec<Details>,
    /// Taken off the heap, lowest first.
    ordered: Vec<Ranked>,
}

/// Something that is flagged, with the place of its details.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked {
    pub(super) sight: Sight,
    details: usize,
}

impl Selection {
    pub(super) const fn new(max: usize) -> Self {
        Self {
            max,
            lowest_first: BinaryHeap::new(),
            details: Vec::new(),
            ordered: Vec::new(),
        }
    }

    /// Keeps `sight`, if it ranks high enough; `details` are asked for only then.
    pub(super) fn offer(&mut self, sight: Sight, details: impl FnOnce() -> Option<Details>) {
        if self.lowest_first.len() < self.max {
            let place = self.details.len();
            self.details.extend(details());
            let details = place;
            self.lowest_first.push(Reverse(Ranked { sight, details }));
            return;
        }
        let Some(mut lowest) = self.lowest_first.peek_mut() else {
            return;
        };
        if sight.rank() <= lowest.0.sight.rank() {
            return;
        }
        let place = lowest.0.details;
        if let (Some(kept), Some(details)) = (self.details.get_mut(place), details()) {
            *kept = details;
        }
        *lowest = Reverse(Ranked {
            sight,
            details: place,
        });
    }

    /// Brings `count` more into order. Whether all are.
    pub(super) fn order(&mut self, count: usize) -> bool {
        if self.ordered.capacity() == 0 {
            self.ordered.reserve_exact(self.lowest_first.len());
        }
        for _ in 0..count {
            let Some(Reverse(lowest)) = self.lowest_first.pop() else {
                self.ordered.reverse();
                return true;
            };
            self.ordered.push(lowest);
        }
        false
    }

    /// What was found, highest first, once all is in order.
    pub(super) fn ranked(&self) -> &[Ranked] {
        &self.ordered
    }

    pub(super) fn details(&self, ranked: &Ranked) -> Option<&Details> {
        self.details.get(ranked.details)
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sight.rank().cmp(&other.sight.rank())
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

#[cfg(test)]
mod tests {
    use core::net::IpAddr;

    use proptest::prelude::*;

    use super::*;
    use crate::portal::entry::Subject;
    use crate::time::Time;
    use crate::verdict::Kind;

    fn sight(risk: u8, last: u32, address: u32) -> Sight {
        Sight {
            subject: Subject {
                address: IpAddr::V4(address.into()),
                prefix: 32,
                is_network: false,
            },
            risk,
            kind: Kind::Probe,
            last: Time::from_unix_secs(last),
            expires: Time::from_unix_secs(last),
        }
    }

    fn details(sight: &Sight) -> Details {
        let mut bytes = [0; crate::state::slot::SLOT_LEN];
        bytes[0] = sight.risk;
        bytes[1] = u8::try_from(sight.last.unix_secs()).unwrap();
        Details::Source(bytes)
    }

    proptest! {
        #[test]
        fn it_is_the_head_of_the_sorted_list(all: Vec<(u8, u8, u32)>, max in 1usize..20, slice in 1usize..9) {
            let mut sights: Vec<Sight> = all.iter().map(|(risk, last, ip)| sight(*risk, (*last).into(), *ip)).collect();
            let mut selection = Selection::new(max);
            for sight in &sights {
                selection.offer(*sight, || Some(details(sight)));
                prop_assert!(selection.details.len() <= max);
            }
            while !selection.order(slice) {}
            sights.sort_by_key(|sight| Reverse(sight.rank()));
            sights.truncate(max);
            let found: Vec<Sight> = selection.ranked().iter().map(|ranked| ranked.sight).collect();
            prop_assert_eq!(found, sights);
            for ranked in selection.ranked() {
                let Some(Details::Source(bytes)) = selection.details(ranked) else { panic!() };
                prop_assert_eq!(bytes[0], ranked.sight.risk);
                prop_assert_eq!(u32::from(bytes[1]), ranked.sight.last.unix_secs());
            }
        }
    }
}
