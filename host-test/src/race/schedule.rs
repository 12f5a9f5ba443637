//! Schedules: who goes on where more than one piece could, and how that is written down.

use std::fmt;
use std::str::FromStr;

/// The workers that can race: as many as there are digits and letters.
pub(super) const WORKERS_MAX: usize = 36;

/// Who goes on at each point where more than one piece could. Its text form replays it: the numbers
/// of the workers, a digit or letter each (`0110120`), or `s:` and a seed (`s:12345`). Where the
/// numbers end, the piece that is under way goes on to its end, then the first one that is left;
/// no number at all is written `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// These workers, one at each point.
    Choices(Vec<usize>),
    /// Whoever chance says; the same seed says the same.
    Seed(u64),
}

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSchedule(String);

impl fmt::Display for InvalidSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(
            f,
            "no schedule: {text:?}: expected numbers of workers such as 0110120, or s: and a seed"
        )
    }
}

impl std::error::Error for InvalidSchedule {}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seed(seed) => write!(f, "s:{seed}"),
            Self::Choices(choices) if choices.is_empty() => f.write_str("-"),
            Self::Choices(choices) => choices.iter().try_for_each(|worker| {
                let digit = u32::try_from(*worker).ok();
                let digit = digit.and_then(|digit| char::from_digit(digit, RADIX));
                write!(f, "{}", digit.unwrap_or('?'))
            }),
        }
    }
}

const RADIX: u32 = 36;
const _: () = assert!(RADIX as usize == WORKERS_MAX);

impl FromStr for Schedule {
    type Err = InvalidSchedule;

    fn from_str(text: &str) -> Result<Self, InvalidSchedule> {
        let invalid = || InvalidSchedule(text.to_owned());
        if let Some(seed) = text.strip_prefix("s:") {
            return seed.parse().map(Self::Seed).map_err(|_| invalid());
        }
        if text.is_empty() {
            return Err(invalid());
        }
        if text == "-" {
            return Ok(Self::Choices(Vec::new()));
        }
        let worker = |letter: char| {
            let worker = letter.to_digit(RADIX)?;
            usize::try_from(worker).ok()
        };
        let choices: Option<Vec<usize>> = text.chars().map(worker).collect();
        choices.map(Self::Choices).ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn what_is_printed_can_be_read() {
        for text in ["-", "0", "0110120", "z1", "s:0", "s:18446744073709551615"] {
            let schedule: Schedule = text.parse().unwrap();
            assert_eq!(schedule.to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "01-", "s:", "s:x", "s:-1", "0 1", "ä"] {
            let error = text.parse::<Schedule>().unwrap_err().to_string();
            assert!(error.starts_with("no schedule: "), "{error}");
        }
    }
}
