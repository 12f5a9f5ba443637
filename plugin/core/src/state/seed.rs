//! The seed in shared data: made by whoever comes first, read by all.

use crate::counters::{Counter, Counters};
use crate::state::hash::Seed;
use crate::state::page::PageKind;
use crate::state::store::Store;
use crate::state::update::{Form, Step};

const KEY: &str = "portscan/1/seed";
const FORM: Form = Form {
    kind: PageKind::Seed,
    cell_len: Seed::LEN,
};

/// The seed of this edge; where there is none yet, `random` becomes it.
///
/// # Errors
/// [`NoSeed`]: shared data refused, or there is no randomness (both counted).
pub fn read_or_make(
    store: &mut impl Store,
    counters: &mut Counters,
    random: impl FnOnce() -> Option<[u8; Seed::LEN]>,
) -> Result<Seed, NoSeed> {
    let mut random = Some(random);
    let seed = FORM.update(store, counters, KEY, |_, counters, mut page| {
        if let Some(bytes) = page.cell(0) {
            return Step::Keep(Ok(Seed::new(*bytes)));
        }
        let made = random.take().and_then(|random| random());
        match made {
            Some(bytes) if page.put(0, &bytes) => Step::Write(page, Ok(Seed::new(bytes))),
            _ => {
                counters.count(Counter::HostErrors);
                Step::Keep(Err(NoSeed::NoRandomness))
            }
        }
    });
    seed.unwrap_or(Err(NoSeed::Refused))
}

/// Why there is no seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSeed {
    /// Shared data does not answer now; what was read before still holds.
    Refused,
    /// There is none, and the host gives no random bytes.
    NoRandomness,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::memory::MemoryStore;

    #[test]
    fn the_first_seed_stays_until_shared_data_is_gone() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let first = read_or_make(&mut store, &mut counters, || Some([1; 16]));
        assert!(first == Ok(Seed::new([1; 16])));
        assert!(read_or_make(&mut store, &mut counters, || Some([2; 16])) == first);
        store.wipe();
        assert!(read_or_make(&mut store, &mut counters, || None) == Err(NoSeed::NoRandomness));
        assert!(read_or_make(&mut store, &mut counters, || Some([3; 16])) != first);
    }
}
