//! What is counted at one port: contacts by the hour, and distinct sources.
//!
//! ```text
//!   0 ┌──────┬──────────┬─────────┐
//!     │ port │ reserved │ hour    │  u16, u16, u32: the newest hour, in hours since the epoch
//!   8 ├──────┴──────────┴─────────┤
//!     │ contacts, 24 × u32        │  that of hour h at h mod 24
//! 104 ├───────────────────────────┤
//!     │ sources, 5 × 256 registers│  those of the six hours p at p mod 5, four bits each
//! 744 └───────────────────────────┘
//! ```
//! Distinct sources are counted by six hours, because a union of registers forgets nothing: what is
//! older than a day is left out six hours at a time. So "in the last 24 hours" may be up to 29, and
//! never counts more sources than contacts in 24.

use crate::state::registers;

/// Hours that are remembered.
pub const HOURS: usize = 24;
/// Bytes of a tally.
pub(super) const TALLY_LEN: usize = 744;

/// Hours of each set of registers, and how many sets cover 24 hours wherever they begin.
const PERIOD_HOURS: u32 = 6;
const PERIODS: usize = 5;
const HOURS_U32: u32 = 24;
const PERIODS_U32: u32 = 5;

const HITS_AT: usize = 8;
const SOURCES_AT: usize = 104;

/// Distinct sources: 256 registers, standard error 6.5 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sources([u8; Self::LEN]);

impl Sources {
    const LEN: usize = 128;

    pub(super) const NONE: Self = Self([0; Self::LEN]);

    pub(super) fn insert(&mut self, hash: u64) {
        registers::raise(&mut self.0, hash);
    }

    pub(super) fn unite(&mut self, others: &Self) {
        registers::unite(&mut self.0, &others.0);
    }

    pub(super) fn count(&self) -> u32 {
        // 0.7213 / (1 + 1.079 / 256) · 256².
        registers::estimate(&self.0, 47_073)
    }
}

/// What is counted at one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) port: u16,
    /// The newest hour, in hours since the epoch.
    hour: u32,
    hits: [u32; HOURS],
    sources: [Sources; PERIODS],
}

impl Tally {
    pub(super) const fn empty(port: u16, hour: u32) -> Self {
        Self {
            port,
            hour,
            hits: [0; HOURS],
            sources: [Sources::NONE; PERIODS],
        }
    }

    /// Counts contacts in `hour`.
    pub(super) fn add(&mut self, hour: u32, hits: u32, sources: &Sources) {
        self.make_room(hour);
        if let Some(place) = self.hits.get_mut(place(hour, HOURS_U32)) {
            *place = place.saturating_add(hits);
        }
        if let Some(place) = self
            .sources
            .get_mut(place(hour / PERIOD_HOURS, PERIODS_U32))
        {
            place.unite(sources);
        }
    }

    /// Contacts in `hour` and the 23 before it, the oldest first.
    pub(super) fn hits(&self, hour: u32) -> [u32; HOURS] {
        let mut hits = [0; HOURS];
        let hours = (0..HOURS_U32).rev().map(|age| hour.saturating_sub(age));
        for (shown, hour) in hits.iter_mut().zip(hours) {
            if self
                .hour
                .checked_sub(hour)
                .is_some_and(|age| age < HOURS_U32)
            {
                *shown = self.hits.get(place(hour, HOURS_U32)).copied().unwrap_or(0);
            }
        }
        hits
    }

    /// Distinct sources of these contacts, about.
    pub(super) fn sources(&self, hour: u32) -> u32 {
        let mut union = Sources::NONE;
        let first = hour.saturating_sub(HOURS_U32 - 1) / PERIOD_HOURS;
        for period in first..=hour / PERIOD_HOURS {
            let newest = self.hour / PERIOD_HOURS;
            if newest
                .checked_sub(period)
                .is_some_and(|age| age < PERIODS_U32)
                && let Some(sources) = self.sources.get(place(period, PERIODS_U32))
            {
                union.unite(sources);
            }
        }
        let hits = self.hits(hour).into_iter().fold(0, u32::saturating_add);
        union.count().min(hits)
    }

    /// Forgets what is a day older than `hour`. An hour of the day before the newest one has its room
    /// already; one before that means that the clock stepped back, and all begins anew.
    fn make_room(&mut self, hour: u32) {
        if self
            .hour
            .checked_sub(hour)
            .is_some_and(|age| age < HOURS_U32)
        {
            return;
        }
        let Some(passed) = hour.checked_sub(self.hour) else {
            *self = Self::empty(self.port, hour);
            return;
        };
        for hour in (self.hour..=hour)
            .skip(1)
            .take(passed.min(HOURS_U32) as usize)
        {
            if let Some(hits) = self.hits.get_mut(place(hour, HOURS_U32)) {
                *hits = 0;
            }
        }
        let (newest, period) = (self.hour / PERIOD_HOURS, hour / PERIOD_HOURS);
        for period in (newest..=period).skip(1).take(PERIODS) {
            if let Some(sources) = self.sources.get_mut(place(period, PERIODS_U32)) {
                *sources = Sources::NONE;
            }
        }
        self.hour = hour;
    }

    pub(super) fn encode(&self) -> [u8; TALLY_LEN] {
        let mut bytes = [0; TALLY_LEN];
        let port = self.port.to_le_bytes();
        let hour = self.hour.to_le_bytes();
        let head = port.into_iter().chain([0; 2]).chain(hour);
        let hits = self.hits.into_iter().flat_map(u32::to_le_bytes);
        let sources = self.sources.iter().flat_map(|sources| sources.0);
        for (place, byte) in bytes.iter_mut().zip(head.chain(hits).chain(sources)) {
            *place = byte;
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8; TALLY_LEN]) -> Self {
        let [p0, p1, _, _, h0, h1, h2, h3, ..] = *bytes;
        let mut tally = Self::empty(
            u16::from_le_bytes([p0, p1]),
            u32::from_le_bytes([h0, h1, h2, h3]),
        );
        let numbers = bytes.get(HITS_AT..SOURCES_AT).unwrap_or_default();
        for (hits, bytes) in tally.hits.iter_mut().zip(numbers.as_chunks().0) {
            *hits = u32::from_le_bytes(*bytes);
        }
        let registers = bytes.get(SOURCES_AT..).unwrap_or_default();
        for (sources, bytes) in tally.sources.iter_mut().zip(registers.as_chunks().0) {
            *sources = Sources(*bytes);
        }
        tally
    }
}

fn place(number: u32, count: u32) -> usize {
    usize::try_from(number % count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::state::hash::Seed;

    const HOUR: u32 = 497_222;

    fn sources(numbers: core::ops::Range<u16>) -> Sources {
        let seed = Seed::new([5; 16]);
        let mut sources = Sources::NONE;
        numbers.for_each(|number| sources.insert(seed.port(number)));
        sources
    }

    #[test]
    fn sources_of_all_hours_count_once_and_are_never_more_than_contacts() {
        let mut tally = Tally::empty(23, HOUR);
        tally.add(HOUR, 500, &sources(0..300));
        tally.add(HOUR + 7, 500, &sources(100..400));
        let counted = tally.sources(HOUR + 7);
        assert!((300..500).contains(&counted), "{counted}");
        let mut few = Tally::empty(23, HOUR);
        few.add(HOUR, 3, &sources(0..300));
        assert_eq!(few.sources(HOUR), 3);
    }

    #[test]
    fn a_day_later_nothing_is_left() {
        let mut tally = Tally::empty(23, HOUR);
        tally.add(HOUR, 9, &sources(0..9));
        assert_eq!(tally.hits(HOUR + 23)[0], 9);
        assert_eq!(tally.sources(HOUR + 23), 9);
        assert_eq!(tally.hits(HOUR + 24), [0; HOURS]);
        assert_eq!(tally.sources(HOUR + 24), 0);
    }

    #[test]
    fn a_worker_that_is_late_counts_in_its_own_hour() {
        let mut tally = Tally::empty(23, HOUR);
        tally.add(HOUR + 1, 2, &sources(0..2));
        tally.add(HOUR, 1, &sources(2..3));
        let hits = tally.hits(HOUR + 1);
        assert_eq!((hits[22], hits[23]), (1, 2));
        // The future is not shown.
        assert_eq!(tally.hits(HOUR)[23], 1);
    }

    #[test]
    fn a_clock_that_steps_back_for_days_begins_anew() {
        let mut tally = Tally::empty(23, HOUR);
        tally.add(HOUR, 7, &sources(0..7));
        tally.add(HOUR - 100, 1, &sources(0..1));
        assert_eq!(tally.hits(HOUR - 100)[23], 1);
        assert_eq!(tally.hits(HOUR), [0; HOURS]);
    }

    proptest! {
        #[test]
        fn hours_are_those_of_the_last_day(adds in prop::collection::vec((0u32..60, 1u32..9), 1..40)) {
            let mut tally = Tally::empty(1, HOUR);
            let mut expected = [0u32; 2_000];
            let mut hour = 0;
            for (step, hits) in adds {
                hour += step;
                tally.add(HOUR + hour, hits, &Sources::NONE);
                expected[hour as usize] += hits;
            }
            tally = Tally::decode(&tally.encode());
            let shown = tally.hits(HOUR + hour);
            for age in 0..HOURS as u32 {
                let wanted = hour.checked_sub(age).map_or(0, |hour| expected[hour as usize]);
                prop_assert_eq!(shown[HOURS - 1 - age as usize], wanted);
            }
        }

        #[test]
        fn a_tally_survives_its_bytes(bytes in prop::collection::vec(any::<u8>(), TALLY_LEN)) {
            let mut bytes: [u8; TALLY_LEN] = bytes.try_into().unwrap();
            bytes[2..4].fill(0);
            prop_assert_eq!(Tally::decode(&bytes).encode(), bytes);
        }
    }
}
