//! The seed in shared data: made by whoever comes first, read by all.

use crate::counters::Counters;
use crate::state::hash::Seed;
use crate::state::page::PageKind;
use crate::state::store::Store;
use crate::state::update::{Form, Step};

const KEY: &str = "portscan/1/seed";
const FORM: Form = Form {
    kind: PageKind::Seed,
    cell_len: Seed::LEN,
};

/// The seed of this edge; where there is none yet, `random` becomes it. `None` if shared data
/// refuses.
pub fn read_or_make(
    store: &mut impl Store,
    counters: &mut Counters,
    random: impl FnOnce() -> Option<[u8; Seed::LEN]>,
) -> Option<Seed> {
    let mut random = Some(random);
    FORM.update(store, counters, KEY, |_, _, mut page| {
        if let Some(bytes) = page.cell(0) {
            return Step::Keep(Some(Seed::new(*bytes)));
        }
        let made = random.take().and_then(|random| random());
        match made {
            Some(bytes) if page.put(0, &bytes) => Step::Write(page, Some(Seed::new(bytes))),
            _ => Step::Keep(None),
        }
    })
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::memory::MemoryStore;

    #[test]
    fn the_first_seed_stays_until_shared_data_is_gone() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let first = read_or_make(&mut store, &mut counters, || Some([1; 16]));
        assert!(first == Some(Seed::new([1; 16])));
        assert!(read_or_make(&mut store, &mut counters, || Some([2; 16])) == first);
        store.wipe();
        assert!(read_or_make(&mut store, &mut counters, || None).is_none());
        assert!(read_or_make(&mut store, &mut counters, || Some([3; 16])) != first);
    }
}
