//! A case, played in the harness.

use std::sync::Arc;

use super::{Harness, Tracing};
use crate::guest::Engine;
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::Case;
use crate::scenario::run::{Outcome, play, play_on};
use crate::trace::TraceEntry;

/// Plays a case in the harness. A case that fails is played again with a trace, which its failures
/// then hold.
///
/// # Errors
///
/// When the scenario turns out to be wrong on the way.
pub fn play_in_harness(case: &Case, engine: &Engine) -> Result<Outcome, InvalidScenario> {
    let outcome = play(case, |case| Harness::start(case, engine, Tracing::Off))?;
    match outcome.failures.is_empty() {
        true => Ok(outcome),
        false => play(case, |case| Harness::start(case, engine, Tracing::On)),
    }
}

/// A case that was played with a trace.
#[derive(Clone, Debug)]
pub struct Traced {
    /// What came of it, or what is wrong with the scenario.
    pub result: Result<Outcome, InvalidScenario>,
    /// Everything that guests and host have done.
    pub entries: Vec<TraceEntry>,
    /// What is missing at their end, in words.
    pub missing: Option<String>,
}

/// Plays a case in the harness with a trace. A configuration that is refused leaves none.
pub fn trace_in_harness(case: &Case, engine: &Engine) -> Traced {
    let mut harness = match Harness::start(case, engine, Tracing::On) {
        Ok(harness) => harness,
        Err(obstacle) => {
            return Traced {
                result: play::<Harness>(case, |_| Err(obstacle)),
                entries: Vec::new(),
                missing: None,
            };
        }
    };
    let shared = Arc::clone(harness.host.shared());
    let result = match case.refused.is_empty() {
        true => play_on(case, &mut harness),
        false => play(case, |_| Ok(harness)),
    };
    Traced {
        result,
        entries: shared.trace.since(0),
        missing: shared.trace.missing(),
    }
}
