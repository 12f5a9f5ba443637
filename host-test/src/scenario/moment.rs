//! Points and spans of time as scenario files write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A point in time, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl Default for Moment {
    /// 2026-01-01T00:00:00Z: when a scenario begins that does not say otherwise.
    fn default() -> Self {
        Self(1_767_225_600 * NANOS_PER_SEC)
    }
}

impl FromStr for Moment {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let invalid = || InvalidTime {
            text: text.to_owned(),
            expected: "a time as 2026-01-01T00:00:00Z, or Unix seconds",
        };
        let (secs, fraction) = match text.split_once('T') {
            Some((date, time)) => {
                let time = time.strip_suffix('Z').ok_or_else(invalid)?;
                let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
                let days = days(date).ok_or_else(invalid)?;
                (
                    days * SECS_PER_DAY + time_of_day(time).ok_or_else(invalid)?,
                    fraction,
                )
            }
            None => {
                let (secs, fraction) = text.split_once('.').unwrap_or((text, ""));
                (number(secs).ok_or_else(invalid)?, fraction)
            }
        };
        let nanos = fraction_nanos(fraction).ok_or_else(invalid)?;
        let whole = secs
            .checked_mul(NANOS_PER_SEC)
            .and_then(|whole| whole.checked_add(nanos));
        whole.map(Self).ok_or_else(invalid)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, nanos) = (self.0 / NANOS_PER_SEC, self.0 % NANOS_PER_SEC);
        let (year, month, day) = date(secs / SECS_PER_DAY);
        let (hour, minute, second) = (secs / 3600 % 24, secs / 60 % 60, secs % 60);
        write!(
            out,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if nanos > 0 {
            let digits = format!("{nanos:09}");
            write!(out, ".{}", digits.trim_end_matches('0'))?;
        }
        write!(out, "Z")
    }
}

/// Reads `400ms`, `1.5s`, `2m`, `1h`, `1d`; the unit must be there, unless the number is 0.
pub(super) fn duration(text: &str) -> Result<Duration, InvalidTime> {
    let invalid = || InvalidTime {
        text: text.to_owned(),
        expected: "a number with a unit out of ns, us, ms, s, m, h, d",
    };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .ok_or_else(invalid)?;
    let (value, unit) = text.split_at(digits);
    let unit: u64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => NANOS_PER_SEC,
        "m" => 60 * NANOS_PER_SEC,
        "h" => 3600 * NANOS_PER_SEC,
        "d" => SECS_PER_DAY * NANOS_PER_SEC,
        _ => return Err(invalid()),
    };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let part = u128::from(fraction_nanos(fraction).ok_or_else(invalid)?);
    let part = part * u128::from(unit) / u128::from(NANOS_PER_SEC);
    let whole = u128::from(number(whole).ok_or_else(invalid)?) * u128::from(unit);
    u64::try_from(whole + part)
        .map(Duration::from_nanos)
        .map_err(|_| invalid())
}

/// A time that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidTime {
    text: String,
    expected: &'static str,
}

impl fmt::Display for InvalidTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "expected {}, found {:?}", self.expected, self.text)
    }
}

impl std::error::Error for InvalidTime {}

fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// `5` is 500,000,000: what stands behind the point of a number of seconds.
fn fraction_nanos(text: &str) -> Option<u64> {
    match text.len() {
        0 => Some(0),
        1..=9 => number(&format!("{text:0<9}")),
        _ => None,
    }
}

/// Days since 1970 of `2026-01-01`.
fn days(date: &str) -> Option<u64> {
    let mut parts = date.split('-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    if !(1..=31).contains(&day) {
        return None;
    }
    // "days_from_civil" of Howard Hinnant's `chrono`-compatible date algorithms: years begin in
    // March, so that the leap day is the last one.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted / 400, shifted % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

/// The date of a day since 1970; the other way round.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

fn time_of_day(time: &str) -> Option<u64> {
    let mut parts = time.split(':').map(number);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let fits = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    fits.then_some(hour * 3600 + minute * 60 + second)
}

const NANOS_PER_SEC: u64 = 1_000_000_000;
const SECS_PER_DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_written() {
        for (text, secs) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-02-29T23:59:59Z", 1_709_251_199),
            ("2026-01-01T00:00:00Z", 1_767_225_600),
        ] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(moment, Moment(secs * NANOS_PER_SEC));
            assert_eq!(moment.to_string(), text);
            assert_eq!(secs.to_string().parse(), Ok(moment));
        }
        let fraction = "2026-01-01T00:00:00.25Z";
        assert_eq!(fraction.parse::<Moment>().unwrap().to_string(), fraction);
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-01-01T00:00:00",
            "-5",
        ] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("400ms"), Ok(Duration::from_millis(400)));
        assert_eq!(duration("1.5h"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert_eq!(
            duration("400").unwrap_err().to_string(),
            "expected a number with a unit out of ns, us, ms, s, m, h, d, found \"400\""
        );
        for text in ["", "ms", "1.2.3s", "5 s", "-1s", "99999999999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
