//! What came of a race.

use std::fmt;

use super::schedule::Schedule;

/// What came of an exploration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Executions, all together.
    pub executions: u64,
    /// Of these, those that differed from an earlier one only in the order of what commutes; none
    /// where it is not reduced.
    pub redundant: u64,
    /// Of these, those by chance.
    pub random: u64,
    /// Points in the longest execution.
    pub points: usize,
    /// Points where there was a choice, in the longest execution.
    pub choices: usize,
    /// Every schedule there is was tried: none had a choice beyond the depth.
    pub is_complete: bool,
    /// The first schedule that failed; nothing was tried after it.
    pub failure: Option<Failure>,
}

/// A schedule that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What replays it.
    pub schedule: Schedule,
    /// What failed.
    pub reason: String,
    /// What the workers did, a column for each.
    pub trace: String,
}

/// What came of a schedule that was replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// What failed; none if nothing did.
    pub reason: Option<String>,
    /// What the workers did, a column for each.
    pub trace: String,
}

/// Why a schedule cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RaceError {
    /// What happens depends on more than the schedule.
    NotDeterministic {
        /// The schedule.
        schedule: Schedule,
        /// What was different.
        difference: String,
    },
    /// The schedule belongs to something else.
    Misfit {
        /// The schedule.
        schedule: Schedule,
        /// What does not fit.
        difference: String,
    },
}

impl fmt::Display for RaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDeterministic {
                schedule,
                difference,
            } => write!(
                f,
                "the same schedule {schedule} did two different things: {difference}; does the set-up depend on anything but its arguments?"
            ),
            Self::Misfit {
                schedule,
                difference,
            } => write!(
                f,
                "the schedule {schedule} does not fit: {difference}; is it of this scenario and of the same calls and keys?"
            ),
        }
    }
}

impl std::error::Error for RaceError {}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let systematic = self.executions - self.random;
        write!(f, "{systematic} schedules tried")?;
        if self.redundant > 0 {
            write!(f, " ({} redundant)", self.redundant)?;
        }
        match (&self.failure, self.is_complete) {
            (Some(_), _) => {}
            (None, true) => f.write_str(", which are all there are")?,
            (None, false) => f.write_str(", not all there are")?,
        }
        if self.random > 0 {
            write!(f, ", and {} by chance", self.random)?;
        }
        let (points, choices) = (self.points, self.choices);
        write!(f, "; at most {points} points, {choices} choices")?;
        if let Some(failure) = &self.failure {
            let Failure {
                schedule,
                reason,
                trace,
            } = failure;
            write!(f, "\nschedule {schedule} failed: {reason}\n{trace}")?;
        }
        Ok(())
    }
}
