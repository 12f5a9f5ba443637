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

#[cfg(test)]
mod tests {
    use super::*;

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
