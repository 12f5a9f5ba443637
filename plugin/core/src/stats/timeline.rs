//! What was counted in each of the last 60 minutes and 24 hours.
//!
//! ```text
//!  one page of 84 cells: minute m at m mod 60, hour h at 60 + h mod 24
//!  0         4          8                                    28
//! ┌─────────┬──────────┬────────────────────────────────────┐
//! │ number  │ contacts │ verdicts by kind, 5 × u32          │  u32; of the minute or hour since
//! └─────────┴──────────┴────────────────────────────────────┘  the epoch
//! ```
//! A cell says itself of which minute or hour it is: one that is not wanted counts as empty. So
//! nothing has to be turned on time, and a clock that steps back shows nothing of the future.

use alloc::vec::Vec;

use crate::counters::Counters;
use crate::state::page::{Page, PageKind};
use crate::state::store::Store;
use crate::state::update::{Form, Step as PageStep};
use crate::time::{HOUR_SECS, MINUTE_SECS, Time};
use crate::verdict::Kind;

const KEY: &str = "portscan/1/timeline";
const CELL_LEN: usize = 28;
const FORM: Form = Form {
    kind: PageKind::Timeline,
    cell_len: CELL_LEN,
};

/// What the points of a time line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The last 60 minutes.
    Minute,
    /// The last 24 hours.
    Hour,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 2] = [Self::Minute, Self::Hour];

    /// Its name in a query.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }

    /// Seconds of a point.
    pub const fn secs(self) -> u32 {
        match self {
            Self::Minute => MINUTE_SECS,
            Self::Hour => HOUR_SECS,
        }
    }

    /// How many points there are.
    pub const fn count(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::Hour => 24,
        }
    }

    /// The place of the cell of `number`.
    fn place(self, number: u32) -> usize {
        let first = match self {
            Self::Minute => 0,
            Self::Hour => Self::Minute.count(),
        };
        usize::try_from(first + number % self.count()).unwrap_or(0)
    }
}

/// What was counted in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections.
    pub contacts: u32,
    /// Verdicts by kind, in the order of [`Kind::ALL`].
    pub verdicts: [u32; Kind::ALL.len()],
}

impl Counts {
    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Verdicts of all kinds.
    pub fn verdicts_in_all(&self) -> u32 {
        self.verdicts.into_iter().fold(0, u32::saturating_add)
    }

    fn add(&mut self, more: &Self) {
        self.contacts = self.contacts.saturating_add(more.contacts);
        for (sum, more) in self.verdicts.iter_mut().zip(more.verdicts) {
            *sum = sum.saturating_add(more);
        }
    }
}

/// Adds `counts` to the present minute and hour. Whether that was possible.
pub(super) fn note(
    store: &mut impl Store,
    counters: &mut Counters,
    counts: &Counts,
    now: Time,
) -> bool {
    let noted = FORM.update(store, counters, KEY, |_, _, mut page| {
        let mut is_stored = true;
        for at in page.len()..Step::Hour.place(Step::Hour.count() - 1) + 1 {
            is_stored &= page.put(at, &[0; CELL_LEN]);
        }
        for step in Step::ALL {
            let number = now.unix_secs() / step.secs();
            let mut sum = counts_of(&page, step, number);
            sum.add(counts);
            is_stored &= page.put(step.place(number), &encode(number, &sum));
        }
        if is_stored {
            PageStep::Write(page, ())
        } else {
            PageStep::Keep(())
        }
    });
    noted.is_some()
}

/// The points of the time line that ends at `now`, the oldest first; the last one is still running.
/// All empty where shared data refuses (counted).
pub fn read(store: &mut impl Store, counters: &mut Counters, step: Step, now: Time) -> Vec<Counts> {
    let page = FORM.read(store, counters, KEY).ok().flatten();
    let newest = now.unix_secs() / step.secs();
    let points = (0..step.count()).rev();
    points
        .map(|age| {
            let number = newest.checked_sub(age);
            let counts = |page| Some(counts_of(page, step, number?));
            page.as_ref().and_then(counts).unwrap_or_default()
        })
        .collect()
}

fn counts_of(page: &Page, step: Step, number: u32) -> Counts {
    let cell = page.cell::<CELL_LEN>(step.place(number));
    let (found, counts) = cell.map(decode).unwrap_or_default();
    if found == number {
        counts
    } else {
        Counts::default()
    }
}

fn encode(number: u32, counts: &Counts) -> [u8; CELL_LEN] {
    let [a, b, c, d, e] = counts.verdicts;
    let numbers = [number, counts.contacts, a, b, c, d, e].map(u32::to_le_bytes);
    let mut bytes = [0; CELL_LEN];
    bytes.copy_from_slice(numbers.as_flattened());
    bytes
}

fn decode(bytes: &[u8; CELL_LEN]) -> (u32, Counts) {
    let mut numbers = bytes.as_chunks().0.iter().copied().map(u32::from_le_bytes);
    let mut next = || numbers.next().unwrap_or(0);
    let (number, contacts) = (next(), next());
    let verdicts = core::array::from_fn(|_| next());
    (number, Counts { contacts, verdicts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::memory::MemoryStore;

    const NOW: Time = Time::from_unix_secs(1_790_000_000);

    fn contacts(contacts: u32) -> Counts {
        Counts {
            contacts,
            verdicts: [0, 0, 0, 0, contacts],
        }
    }

    fn shown(store: &mut MemoryStore, step: Step, now: Time) -> Vec<u32> {
        let mut counters = Counters::default();
        let points = read(store, &mut counters, step, now);
        points
            .into_iter()
            .map(|point| {
                assert_eq!(point.verdicts_in_all(), point.contacts);
                point.contacts
            })
            .collect()
    }

    #[test]
    fn minutes_and_hours_add_up_and_the_oldest_goes() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        for minute in 0..300 {
            let now = NOW.plus_secs(minute * MINUTE_SECS);
            assert!(note(&mut store, &mut counters, &contacts(1), now));
            assert!(note(&mut store, &mut counters, &contacts(minute), now));
        }
        let now = NOW.plus_secs(299 * MINUTE_SECS);
        let minutes: Vec<u32> = (241..=300).collect();
        assert_eq!(shown(&mut store, Step::Minute, now), minutes);
        let hours = shown(&mut store, Step::Hour, now);
        assert_eq!(hours.iter().sum::<u32>(), (1..=300).sum::<u32>());
        assert_eq!(hours.len(), 24);
        // An hour later only the running hour of then is left of the minutes.
        let later = now.plus_secs(59 * MINUTE_SECS);
        assert_eq!(shown(&mut store, Step::Minute, later)[..2], [300, 0]);
        let bytes = store.bytes();
        note(&mut store, &mut counters, &contacts(1), later);
        assert_eq!(store.bytes(), bytes);
    }

    #[test]
    fn nothing_of_the_future_is_shown() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        note(&mut store, &mut counters, &contacts(5), NOW);
        let before = Time::from_unix_secs(NOW.unix_secs() - 7 * HOUR_SECS);
        for step in Step::ALL {
            assert_eq!(shown(&mut store, step, before).iter().sum::<u32>(), 0);
        }
        // At the beginning of time there is nothing before.
        assert_eq!(shown(&mut store, Step::Hour, Time::default()), [0; 24]);
    }

    #[test]
    fn numbers_do_not_overflow() {
        let (mut store, mut counters) = (MemoryStore::default(), Counters::default());
        let most = Counts {
            contacts: u32::MAX,
            verdicts: [u32::MAX; 5],
        };
        for _ in 0..2 {
            note(&mut store, &mut counters, &most, NOW);
        }
        let last = read(&mut store, &mut counters, Step::Hour, NOW).pop();
        assert_eq!(last, Some(most));
    }
}
