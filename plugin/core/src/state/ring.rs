//! Which sources changed lately: how workers keep their caches true.
//!
//! ```text
//! ┌──────────────┬───────────────────────────────────────────────┐
//! │ sequence u64 │ 256 fingerprints u64; the n-th change is at   │   a page of 257 cells
//! │              │ place n modulo 256                            │
//! └──────────────┴───────────────────────────────────────────────┘
//! ```

use alloc::vec::Vec;

use crate::counters::{Counter, Counters};
use crate::state::page::{Page, PageKind};
use crate::state::store::Store;
use crate::state::update::{Form, Step};

/// Changes that are remembered. A worker that sleeps through more drops its cache.
pub const CHANGES_MAX: u64 = 256;

const KEY: &str = "portscan/1/ring";
const FORM: Form = Form {
    kind: PageKind::Ring,
    cell_len: 8,
};

/// One worker's view of the ring.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ring {
    read_up_to: Option<u64>,
    /// The compare-and-swap number of what was read: the same number is the same ring, and most
    /// ticks find it so.
    read_cas: Option<u32>,
}

/// What happened since a worker last looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// These sources changed, perhaps none.
    Of(Vec<u64>),
    /// More than can be told: anything may have changed.
    Unknown,
}

impl Ring {
    /// Tells the other workers that the source with this fingerprint changed. Whether they will
    /// know.
    #[must_use]
    pub fn push(store: &mut impl Store, counters: &mut Counters, fingerprint: u64) -> bool {
        let pushed = FORM.update(store, counters, KEY, |_, _, mut page| {
            let sequence = sequence(&page).wrapping_add(1);
            let mut is_written = page.put(0, &sequence.to_le_bytes());
            let place = place_of(sequence);
            while is_written && page.len() < place {
                is_written = page.put(page.len(), &[0; 8]);
            }
            is_written = is_written && page.put(place, &fingerprint.to_le_bytes());
            if is_written {
                Step::Write(page, true)
            } else {
                Step::Keep(false)
            }
        });
        pushed.unwrap_or(false)
    }

    /// Tells the other workers that anything may have changed. Whether they will know.
    #[must_use]
    pub fn push_unknown(store: &mut impl Store, counters: &mut Counters) -> bool {
        let pushed = FORM.update(store, counters, KEY, |_, _, mut page| {
            let sequence = sequence(&page).wrapping_add(CHANGES_MAX + 1);
            if page.put(0, &sequence.to_le_bytes()) {
                Step::Write(page, true)
            } else {
                Step::Keep(false)
            }
        });
        pushed.unwrap_or(false)
    }

    /// What changed since the last call; unknown at the first one that finds a ring.
    pub fn poll(&mut self, store: &mut impl Store, counters: &mut Counters) -> Changes {
        let value = store.get(KEY);
        if let (Ok(Some(value)), Some(read_cas)) = (&value, self.read_cas)
            && value.cas == read_cas
        {
            return Changes::Of(Vec::new());
        }
        self.read_cas = value
            .as_ref()
            .ok()
            .and_then(|value| Some(value.as_ref()?.cas));
        let Ok(Some(page)) = FORM.parse_read(counters, value) else {
            // Nothing was ever pushed, or shared data is gone.
            let had_read = self.read_up_to.replace(0).unwrap_or(0) > 0;
            return if had_read {
                Changes::Unknown
            } else {
                Changes::Of(Vec::new())
            };
        };
        let sequence = sequence(&page);
        let Some(read_up_to) = self.read_up_to.replace(sequence) else {
            return Changes::Unknown;
        };
        let missed = sequence.wrapping_sub(read_up_to);
        if missed > CHANGES_MAX {
            counters.count(Counter::RingOverruns);
            return Changes::Unknown;
        }
        let changed = (0..missed).filter_map(|back| {
            page.cell(place_of(sequence.wrapping_sub(back)))
                .map(|cell| u64::from_le_bytes(*cell))
        });
        Changes::Of(changed.collect())
    }
}

fn sequence(page: &Page) -> u64 {
    page.cell(0).map_or(0, |cell| u64::from_le_bytes(*cell))
}

/// The cell of the change with this number.
fn place_of(sequence: u64) -> usize {
    usize::try_from(sequence % CHANGES_MAX).unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::state::store::memory::MemoryStore;

    #[test]
    fn each_reader_sees_each_change_once() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let (mut a, mut b) = (Ring::default(), Ring::default());
        assert_eq!(a.poll(&mut store, &mut counters), Changes::Of(vec![]));
        assert!(Ring::push(&mut store, &mut counters, 11));
        assert_eq!(a.poll(&mut store, &mut counters), Changes::Of(vec![11]));
        assert!(Ring::push(&mut store, &mut counters, 12));
        assert_eq!(a.poll(&mut store, &mut counters), Changes::Of(vec![12]));
        assert_eq!(b.poll(&mut store, &mut counters), Changes::Unknown);
        assert!(Ring::push(&mut store, &mut counters, 13));
        assert!(Ring::push(&mut store, &mut counters, 14));
        assert_eq!(b.poll(&mut store, &mut counters), Changes::Of(vec![14, 13]));
        assert_eq!(b.poll(&mut store, &mut counters), Changes::Of(vec![]));
    }

    #[test]
    fn a_reader_that_missed_too_much_is_told_so() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let mut ring = Ring::default();
        ring.poll(&mut store, &mut counters);
        for change in 0..CHANGES_MAX {
            assert!(Ring::push(&mut store, &mut counters, change));
        }
        let Changes::Of(changed) = ring.poll(&mut store, &mut counters) else {
            panic!()
        };
        assert_eq!(changed.len() as u64, CHANGES_MAX);
        for change in 0..=CHANGES_MAX {
            assert!(Ring::push(&mut store, &mut counters, change));
        }
        assert_eq!(ring.poll(&mut store, &mut counters), Changes::Unknown);
        assert_eq!(counters.get(Counter::RingOverruns), 1);
        assert_eq!(ring.poll(&mut store, &mut counters), Changes::Of(vec![]));
    }

    #[test]
    fn an_unknown_change_is_one_for_every_reader() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let mut ring = Ring::default();
        assert!(Ring::push(&mut store, &mut counters, 1));
        ring.poll(&mut store, &mut counters);
        assert!(Ring::push_unknown(&mut store, &mut counters));
        assert_eq!(ring.poll(&mut store, &mut counters), Changes::Unknown);
        assert!(Ring::push(&mut store, &mut counters, 2));
        assert_eq!(ring.poll(&mut store, &mut counters), Changes::Of(vec![2]));
    }

    #[test]
    fn shared_data_that_vanished_is_an_unknown_change() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let mut ring = Ring::default();
        assert!(Ring::push(&mut store, &mut counters, 1));
        ring.poll(&mut store, &mut counters);
        store.wipe();
        assert_eq!(ring.poll(&mut store, &mut counters), Changes::Unknown);
        assert!(Ring::push(&mut store, &mut counters, 2));
        assert_eq!(ring.poll(&mut store, &mut counters), Changes::Of(vec![2]));
    }
}
