//! A case, played in the harness.

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

/// Plays a case in the harness with a trace; what came of it, and everything that guests and host
/// have done. A configuration that is refused leaves no trace.
pub fn trace_in_harness(
    case: &Case,
    engine: &Engine,
) -> (Result<Outcome, InvalidScenario>, Vec<TraceEntry>) {
    match Harness::start(case, engine, Tracing::On) {
        Ok(mut harness) if case.refused.is_empty() => {
            let result = play_on(case, &mut harness);
            (result, harness.host.shared().trace.since(0))
        }
        Ok(harness) => {
            let entries = harness.host.shared().trace.since(0);
            (play(case, |_| Ok(harness)), entries)
        }
        Err(obstacle) => (play::<Harness>(case, |_| Err(obstacle)), Vec::new()),
    }
}
