//! A bound on log lines.

use crate::time::Time;

/// Lines about verdicts that one worker writes in one second.
pub const LINES_PER_SEC_MAX: u32 = 10;

/// Counts lines by the second.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineRate {
    second: Time,
    lines: u32,
}

impl LineRate {
    /// Whether one more line may be written now.
    pub fn admit(&mut self, now: Time) -> bool {
        if self.second != now {
            *self = Self {
                second: now,
                lines: 0,
            };
        }
        self.lines = self.lines.saturating_add(1);
        self.lines <= LINES_PER_SEC_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_a_second_are_admitted() {
        let mut rate = LineRate::default();
        let now = Time::from_unix_secs(5);
        assert_eq!((0..100).filter(|_| rate.admit(now)).count(), 10);
        assert!(rate.admit(now.plus_secs(1)));
    }
}
