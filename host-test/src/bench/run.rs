//! Plays a case and takes its figures.

use std::fmt;

use super::CaseFigures;
use crate::guest::Engine;
use crate::scenario::{Case, Harness, InvalidScenario, Tracing, play_on};

/// The step `mark: measure`: what runs before it warms up, and does not count.
pub const MARK: &str = "measure";

/// Why there are no figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFigures {
    /// The scenario is wrong.
    Scenario(InvalidScenario),
    /// The configuration is refused, or an expectation of the case has failed.
    Failed(String),
    /// Nothing has run after the mark.
    NothingMeasured,
}

impl fmt::Display for NoFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario(error) => error.fmt(f),
            Self::Failed(reason) => f.write_str(reason),
            Self::NothingMeasured => {
                write!(
                    f,
                    "no callback after a step `mark: {MARK}`: nothing is measured"
                )
            }
        }
    }
}

impl std::error::Error for NoFigures {}

/// Plays a case once.
///
/// Fails when the case does not pass, or measures nothing.
pub fn measure(case: &Case, engine: &Engine) -> Result<CaseFigures, NoFigures> {
    let started = Harness::start(case, engine, Tracing::Off);
    let mut harness = started.map_err(|obstacle| NoFigures::Failed(obstacle.to_string()))?;
    harness.profile_from(MARK);
    let outcome = play_on(case, &mut harness).map_err(NoFigures::Scenario)?;
    if let Some(failure) = outcome.failures.first() {
        return Err(NoFigures::Failed(failure.reason.clone()));
    }
    let host = harness.host();
    let samples = host.shared().profile.take();
    if samples.is_empty() {
        return Err(NoFigures::NothingMeasured);
    }
    let memory = host.guest_memory_bytes().into_iter();
    let largest = memory.map(|(_, bytes)| bytes).max().unwrap_or_default();
    Ok(CaseFigures::of(&case.name, &samples, largest))
}
