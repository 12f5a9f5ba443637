//! Verdicts that ended before their time: withdrawn, or forgotten on request.
//!
//! Whoever has acted on them elsewhere, such as a firewall, must be told. Those that expire need no
//! telling: their slots say when that was, and what acts on a verdict knows it beforehand.
//!
//! ```text
//!  a page of at most 170 cells
//! ┌──────────────────────────────────┬───────────┬───────────┐
//! │ source key                       │ ended u32 │ reserved  │   24 bytes
//! └──────────────────────────────────┴───────────┴───────────┘
//! ```

use alloc::vec::Vec;

use crate::counters::Counters;
use crate::source::SourceKey;
use crate::state::page::{Page, PageKind, cells_max};
use crate::state::store::Store;
use crate::state::update::{Form, Step};
use crate::time::Time;

/// Ends that are remembered; beyond that the oldest is forgotten.
pub const ENDED_MAX: usize = cells_max(CELL_LEN);

const KEY: &str = "portscan/1/ended";
const CELL_LEN: usize = 24;
const FORM: Form = Form {
    kind: PageKind::Ended,
    cell_len: CELL_LEN,
};

/// Notes that the verdict on `source` has ended.
pub fn note(store: &mut impl Store, counters: &mut Counters, source: &SourceKey, now: Time) {
    FORM.update(store, counters, KEY, |_, _, mut page| {
        let at = place(&page, source);
        let mut cell = [0; CELL_LEN];
        let fields = source
            .as_bytes()
            .iter()
            .copied()
            .chain(now.unix_secs().to_le_bytes());
        for (byte, field) in cell.iter_mut().zip(fields) {
            *byte = field;
        }
        if page.put(at, &cell) {
            Step::Write(page, ())
        } else {
            Step::Keep(())
        }
    });
}

/// Sources whose verdict ended at `since` or later.
pub fn since(store: &mut impl Store, counters: &mut Counters, since: Time) -> Vec<SourceKey> {
    let Ok(Some(page)) = FORM.read(store, counters, KEY) else {
        return Vec::new();
    };
    let all = (0..page.len()).filter_map(|at| cell(&page, at));
    all.filter(|(_, ended)| *ended >= since)
        .map(|(source, _)| source)
        .collect()
}

/// The cell of `source`, a free one, or the oldest.
fn place(page: &Page, source: &SourceKey) -> usize {
    let cells = || (0..page.len()).filter_map(|at| Some((at, cell(page, at)?)));
    let own = cells().find(|(_, (known, _))| known == source);
    let oldest = || cells().min_by_key(|(_, (_, ended))| *ended);
    match own {
        Some((at, _)) => at,
        None if page.len() < ENDED_MAX => page.len(),
        None => oldest().map_or(0, |(at, _)| at),
    }
}

fn cell(page: &Page, at: usize) -> Option<(SourceKey, Time)> {
    let (source, rest) = page.cell::<CELL_LEN>(at)?.split_first_chunk()?;
    let ended = u32::from_le_bytes(*rest.first_chunk()?);
    Some((SourceKey::from_bytes(*source), Time::from_unix_secs(ended)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::memory::MemoryStore;

    #[test]
    fn the_latest_ends_are_remembered_each_once() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let source =
            |number: usize| SourceKey::from_bytes(u128::try_from(number).unwrap().to_be_bytes());
        let at = |number: usize| Time::from_unix_secs(u32::try_from(number).unwrap());
        for number in 0..ENDED_MAX + 5 {
            note(&mut store, &mut counters, &source(number), at(number));
        }
        note(&mut store, &mut counters, &source(20), at(1_000));
        let all = since(&mut store, &mut counters, at(0));
        assert_eq!(all.len(), ENDED_MAX);
        assert!((0..5).all(|number| !all.contains(&source(number))));
        assert_eq!(since(&mut store, &mut counters, at(1_000)), [source(20)]);
    }
}
