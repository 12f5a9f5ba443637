//! The keeper's sign of life: when it last did its work.

use crate::counters::Counters;
use crate::state::page::PageKind;
use crate::state::store::Store;
use crate::state::update::{Form, Step};
use crate::time::Time;

/// Seconds between two beats.
pub const BEAT_SECS: u32 = 5;
/// A heartbeat that is older than so many seconds is a stale one.
pub const STALE_SECS: u32 = 3 * BEAT_SECS;

const KEY: &str = "portscan/1/heartbeat";
const CELL_LEN: usize = 4;
const FORM: Form = Form {
    kind: PageKind::Heartbeat,
    cell_len: CELL_LEN,
};

/// Says that the keeper lives.
pub fn beat(store: &mut impl Store, counters: &mut Counters, now: Time) {
    FORM.update(store, counters, KEY, |_, _, mut page| {
        if page.put(0, &now.unix_secs().to_le_bytes()) {
            Step::Write(page, ())
        } else {
            Step::Keep(())
        }
    });
}

/// Seconds since the last beat; `None` where there never was one.
pub fn age_secs(store: &mut impl Store, counters: &mut Counters, now: Time) -> Option<u32> {
    let page = FORM.read(store, counters, KEY).ok()??;
    let beat = Time::from_unix_secs(u32::from_le_bytes(*page.cell::<CELL_LEN>(0)?));
    Some(now.secs_since(beat))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::memory::MemoryStore;

    #[test]
    fn the_last_beat_counts() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let at = Time::from_unix_secs;
        assert_eq!(age_secs(&mut store, &mut counters, at(100)), None);
        beat(&mut store, &mut counters, at(100));
        beat(&mut store, &mut counters, at(105));
        assert_eq!(age_secs(&mut store, &mut counters, at(112)), Some(7));
        // After a step of the clock it looks fresh, not old.
        assert_eq!(age_secs(&mut store, &mut counters, at(50)), Some(0));
    }
}
