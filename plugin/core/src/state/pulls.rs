//! When each bouncer last pulled its decisions: the next time it is told what changed since.
//!
//! ```text
//!  a page of at most 64 cells
//! ┌────────────────┬────────────┬──────────┐
//! │ bouncer u64    │ pulled u32 │ reserved │   16 bytes
//! └────────────────┴────────────┴──────────┘
//! ```
//! A bouncer is who asks from one address with one user agent. One that is not known, or was
//! forgotten for others, is told everything: which is right, only more.

use crate::counters::Counters;
use crate::state::page::{Page, PageKind};
use crate::state::store::Store;
use crate::state::update::{Form, Step};
use crate::time::Time;

/// Bouncers that are remembered; beyond that the one that has not pulled for longest is forgotten.
pub const BOUNCERS_MAX: usize = 64;

const KEY: &str = "portscan/1/pulls";
const CELL_LEN: usize = 16;
const FORM: Form = Form {
    kind: PageKind::Pulls,
    cell_len: CELL_LEN,
};

/// When `bouncer`, a hash, last pulled; `None` if that is not known.
pub fn last(store: &mut impl Store, counters: &mut Counters, bouncer: u64) -> Option<Time> {
    let page = FORM.read(store, counters, KEY).ok()??;
    (0..page.len())
        .filter_map(|at| cell(&page, at))
        .find(|(known, _)| *known == bouncer)
        .map(|(_, pulled)| pulled)
}

/// Notes that `bouncer` was told what held at `now`.
pub fn note(store: &mut impl Store, counters: &mut Counters, bouncer: u64, now: Time) {
    FORM.update(store, counters, KEY, |_, _, mut page| {
        let cells = || (0..page.len()).filter_map(|at| Some((at, cell(&page, at)?)));
        let own = cells().find(|(_, (known, _))| *known == bouncer);
        let oldest = || cells().min_by_key(|(_, (_, pulled))| *pulled);
        let at = match own {
            Some((at, _)) => at,
            None if page.len() < BOUNCERS_MAX => page.len(),
            None => oldest().map_or(0, |(at, _)| at),
        };
        let mut cell = [0; CELL_LEN];
        let fields = bouncer.to_le_bytes().into_iter();
        for (byte, field) in cell
            .iter_mut()
            .zip(fields.chain(now.unix_secs().to_le_bytes()))
        {
            *byte = field;
        }
        if page.put(at, &cell) {
            Step::Write(page, ())
        } else {
            Step::Keep(())
        }
    });
}

fn cell(page: &Page, at: usize) -> Option<(u64, Time)> {
    let (bouncer, rest) = page.cell::<CELL_LEN>(at)?.split_first_chunk()?;
    let pulled = u32::from_le_bytes(*rest.first_chunk()?);
    Some((u64::from_le_bytes(*bouncer), Time::from_unix_secs(pulled)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::memory::MemoryStore;

    #[test]
    fn who_has_not_pulled_for_longest_is_forgotten() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let at = Time::from_unix_secs;
        let bouncers = u32::try_from(BOUNCERS_MAX).unwrap();
        for number in 0..bouncers {
            note(&mut store, &mut counters, number.into(), at(number));
        }
        note(&mut store, &mut counters, 0, at(500));
        note(&mut store, &mut counters, 1_000, at(501));
        let mut known = |bouncer| last(&mut store, &mut counters, bouncer);
        assert_eq!(known(0), Some(at(500)));
        assert_eq!(known(1), None);
        assert_eq!(known(2), Some(at(2)));
        assert_eq!(known(1_000), Some(at(501)));
    }
}
