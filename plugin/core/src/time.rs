//! Time as the core sees it: whole seconds, always passed in.

/// Seconds since the Unix epoch, good until the year 2106.
///
/// The core never asks for the time; adapters pass it in with every call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(u32);

/// Seconds in a minute.
pub const MINUTE_SECS: u32 = 60;
/// Seconds in an hour.
pub const HOUR_SECS: u32 = 60 * MINUTE_SECS;
/// Seconds in a day.
pub const DAY_SECS: u32 = 24 * HOUR_SECS;

impl Time {
    /// The time `secs` seconds after the Unix epoch.
    pub const fn from_unix_secs(secs: u32) -> Self {
        Self(secs)
    }

    /// The second in which `nanos` nanoseconds after the Unix epoch lie; 2106 for all that is later.
    pub fn from_unix_nanos(nanos: u64) -> Self {
        Self(u32::try_from(nanos / 1_000_000_000).unwrap_or(u32::MAX))
    }

    /// Seconds since the Unix epoch.
    pub const fn unix_secs(self) -> u32 {
        self.0
    }

    /// This time, or `now` if it lies in the future: a clock that stepped back must not make
    /// stored state live longer.
    pub fn at_most(self, now: Self) -> Self {
        self.min(now)
    }

    /// Seconds from `earlier` to this time, 0 if it is not earlier.
    pub const fn secs_since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time `secs` seconds later, at most the end of the clock.
    pub const fn plus_secs(self, secs: u32) -> Self {
        Self(self.0.saturating_add(secs))
    }
}

impl Time {
    /// The second in UTC, as RFC 3339 writes it: `2026-11-22T05:50:25Z`.
    pub fn rfc3339(self) -> Rfc3339 {
        let (days, secs) = (self.0 / DAY_SECS, self.0 % DAY_SECS);
        let (year, month, day) = civil(days);
        let mut text = *b"0000-00-00T00:00:00Z";
        let clock = [
            (11, secs / HOUR_SECS),
            (14, secs / MINUTE_SECS % 60),
            (17, secs % 60),
        ];
        let date = [(0, year / 100), (2, year % 100), (5, month), (8, day)];
        for (at, number) in date.into_iter().chain(clock) {
            if let Some([tens, ones]) = text.get_mut(at..at + 2) {
                let digit = |number: u32| b'0' + u8::try_from(number % 10).unwrap_or(0);
                (*tens, *ones) = (digit(number / 10), digit(number));
            }
        }
        Rfc3339(text)
    }
}

/// A time as text.
#[derive(Clone, Copy, Debug)]
pub struct Rfc3339([u8; 20]);

impl Rfc3339 {
    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Year, month and day of the day that is so many days after 1970-01-01 (Hinnant, "chrono-compatible
/// low-level date algorithms", `civil_from_days`: years begin in March, eras have 400 years).
const fn civil(days: u32) -> (u32, u32, u32) {
    const DAYS_TO_1970: u32 = 719_468;
    const ERA_DAYS: u32 = 146_097;
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days / ERA_DAYS, days % ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    let year = year_of_era + era * 400 + (month <= 2) as u32;
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_795_326_625, "2026-11-22T05:50:25Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (u32::MAX, "2106-02-07T06:28:15Z"),
        ] {
            assert_eq!(Time::from_unix_secs(secs).rfc3339().as_str(), text);
        }
    }

    #[test]
    fn nanoseconds_beyond_the_clock_are_its_end() {
        assert_eq!(Time::from_unix_nanos(u64::MAX).unix_secs(), u32::MAX);
        assert_eq!(Time::from_unix_nanos(1_999_999_999).unix_secs(), 1);
    }

    #[test]
    fn a_step_back_of_the_clock_gives_no_negative_age() {
        let (early, late) = (Time::from_unix_secs(10), Time::from_unix_secs(20));
        assert_eq!(early.secs_since(late), 0);
        assert_eq!(late.at_most(early), early);
    }
}
