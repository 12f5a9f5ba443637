//! What is not as it must be, and a refused configuration held against what is expected.

use similar::TextDiff;

use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::Match;
use crate::scenario::observe::{Mismatch, Subject, compare};
use crate::scenario::text::Place;
use crate::scenario::world::Obstacle;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The expectation, or the step.
    pub place: Place,
    /// The difference in one line.
    pub reason: String,
    /// The difference in full, line by line: `-` what was expected, `+` what was found.
    pub diff: String,
    /// What the guests did in the last step; the first failure of a case says it.
    pub trace: Vec<String>,
}

impl Failure {
    pub(super) fn new(place: Place, reason: String) -> Self {
        Self {
            place,
            reason,
            diff: String::new(),
            trace: Vec::new(),
        }
    }

    pub(super) fn accepted(place: Place) -> Self {
        let reason = "the configuration was accepted, expected a refusal".to_owned();
        Self::new(place, reason)
    }

    pub(super) fn of(mismatch: Mismatch, trace: Vec<String>) -> Self {
        let diff = match (&mismatch.expected, &mismatch.found) {
            (Some(expected), Some(found)) => {
                let diff = TextDiff::from_lines(expected, found);
                diff.iter_all_changes()
                    .map(|change| {
                        format!(
                            "{}{}\n",
                            change.tag(),
                            change.value().trim_end_matches('\n')
                        )
                    })
                    .collect()
            }
            (None, Some(found)) => found.lines().map(|line| format!("+{line}\n")).collect(),
            _ => String::new(),
        };
        Self {
            place: mismatch.place,
            reason: mismatch.reason,
            diff,
            trace,
        }
    }
}

/// What a refused configuration means.
pub(super) fn refusal(
    obstacle: Obstacle,
    wanted: &[Match],
) -> Result<Vec<Failure>, InvalidScenario> {
    let (reason, log) = match obstacle {
        Obstacle::Mistake(reason) => {
            return Err(InvalidScenario::at(Place::default(), reason));
        }
        Obstacle::Refused { reason, log } if !wanted.is_empty() => (reason, log),
        obstacle => return Ok(vec![Failure::new(Place::default(), obstacle.to_string())]),
    };
    let compared = |wanted: &Match, text: &String| {
        compare(wanted, &Subject::bytes("refusal", Some(text.as_bytes())))
    };
    let is_missing = |wanted: &&Match| {
        let mut said = log.iter().chain([&reason]);
        !said.any(|text| compared(wanted, text).is_empty())
    };
    let mismatches = wanted
        .iter()
        .filter(is_missing)
        .flat_map(|wanted| compared(wanted, &reason));
    Ok(mismatches
        .map(|mismatch| Failure::of(mismatch, log.clone()))
        .collect())
}
