//! One run with a fault, and what is wrong with it.

use std::sync::Arc;

use super::injector::Injector;
use super::{Baseline, Fault};
use crate::BuildError;
use crate::abi::HostCall;
use crate::guest::{Engine, TrapReason};
use crate::hook::Injection;
use crate::scenario::{
    Case, Exchange, Harness, InvalidScenario, MessageSeen, Place, Tolerance, Tracing,
    play_tolerantly,
};

/// What came of a run with a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injected {
    /// How often the fault happened. It may not happen at all: an earlier host call went another
    /// way, or the fault was asked for by hand.
    pub hits: u64,
    /// The start was refused.
    pub is_refused: bool,
    /// What is wrong.
    pub violations: Vec<Violation>,
}

/// Something that a fault must not lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The expectation; none where it is not about one.
    pub place: Option<Place>,
    /// What is wrong.
    pub reason: String,
    /// What the guests did in that step, if it was traced.
    pub trace: Vec<String>,
}

/// Plays a case with a fault.
///
/// # Errors
///
/// When the scenario turns out to be wrong on the way.
pub fn inject(
    case: &Case,
    engine: &Engine,
    baseline: &Baseline,
    fault: &Fault,
    tracing: Tracing,
) -> Result<Injected, InvalidScenario> {
    let injector = Arc::new(Injector::new(fault.clone()));
    let mut injected = Injected {
        hits: 0,
        is_refused: false,
        violations: Vec::new(),
    };
    match Harness::start_hooked(case, engine, tracing, injector.clone()) {
        Err(error) => {
            injected.is_refused = true;
            injected.violations.extend(refusal(&error, fault));
        }
        Ok(mut harness) => {
            let tolerance = match fault.injection {
                Injection::OutOfFuel => Tolerance::Dead,
                _ => Tolerance::Alive,
            };
            let outcome = play_tolerantly(case, &mut harness, tolerance)?;
            let failures = outcome.failures.into_iter();
            injected
                .violations
                .extend(failures.map(|failure| Violation {
                    place: Some(failure.place),
                    reason: failure.reason,
                    trace: failure.trace,
                }));
            if case.traps.is_none() {
                injected.violations.extend(traps(&mut harness, fault));
            }
            let pairs = baseline.exchanges.iter().zip(harness.exchanges());
            let hears = tolerance == Tolerance::Alive && !holds_answers(fault.call);
            for (number, (wanted, found)) in pairs.enumerate() {
                let violations = &mut injected.violations;
                violations.extend(strangers(number + 1, wanted, &found));
                violations.extend(silence(number + 1, wanted, &found).filter(|_| hears));
            }
        }
    }
    injected.hits = injector.hits();
    Ok(injected)
}

/// A refusal is an end without a verdict; a trap is none, unless it was asked for.
fn refusal(error: &BuildError, fault: &Fault) -> Option<Violation> {
    match error {
        BuildError::Trapped { trap, .. } if !is_asked_for(&trap.reason, fault) => {
            Some(Violation::new(error.to_string()))
        }
        BuildError::Bootstrap(_) | BuildError::Module { .. } => {
            Some(Violation::new(error.to_string()))
        }
        _ => None,
    }
}

fn traps(harness: &mut Harness, fault: &Fault) -> Vec<Violation> {
    let traps = harness.host().shared().traps.since(0).into_iter();
    traps
        .filter(|(_, trap)| !is_asked_for(&trap.reason, fault))
        .map(|(thread, trap)| Violation::new(format!("the guest trapped on {thread}: {trap}")))
        .collect()
}

fn is_asked_for(reason: &TrapReason, fault: &Fault) -> bool {
    fault.injection == Injection::OutOfFuel && *reason == TrapReason::OutOfFuel
}

/// Headers that a request or its answer has only with the fault.
fn strangers(number: usize, wanted: &Exchange, found: &Exchange) -> Vec<Violation> {
    let mut violations = Vec::new();
    // An answer of another status has other headers; whether it may be is told by expectations.
    let status = |message: &Option<MessageSeen>| message.as_ref().and_then(|m| m.status);
    let is_same = status(&wanted.response) == status(&found.response);
    for (what, wanted, found) in [
        ("request to the upstream", &wanted.upstream, &found.upstream),
        ("answer", &wanted.response, &found.response),
    ] {
        let (Some(wanted), Some(found)) = (wanted, found) else {
            continue;
        };
        if what == "answer" && !is_same {
            continue;
        }
        let is_known = |name: &str| wanted.headers.iter().any(|(known, _)| known == name);
        for (name, value) in found.headers.iter().filter(|(name, _)| !is_known(name)) {
            violations.push(Violation::new(format!(
                "{what} {number} of the case has a header that it has only with the fault: \
                 {name}: {value}"
            )));
        }
    }
    violations
}

/// Whether a guest that is not heard here cannot help it that a request waits.
fn holds_answers(call: HostCall) -> bool {
    matches!(
        call,
        HostCall::ContinueStream
            | HostCall::ContinueRequest
            | HostCall::ContinueResponse
            | HostCall::CloseStream
            | HostCall::SendLocalResponse
    )
}

/// A request that waits for ever.
fn silence(number: usize, wanted: &Exchange, found: &Exchange) -> Option<Violation> {
    let is_silent = wanted.response.is_some() && found.response.is_none();
    is_silent.then(|| Violation::new(format!("request {number} of the case gets no answer")))
}

impl Violation {
    fn new(reason: String) -> Self {
        Self {
            place: None,
            reason,
            trace: Vec::new(),
        }
    }
}
