//! One run with a fault, and what is wrong with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::injector::Injector;
use super::{Baseline, Fault};
use crate::BuildError;
use crate::abi::HostCall;
use crate::guest::{Engine, TrapReason};
use crate::hook::Injection;
use crate::scenario::{
    Case, Exchange, Harness, InvalidScenario, MessageSeen, Place, RequestIndex, Tolerance, Tracing,
    Transcript, play_tolerantly,
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
            let references = &baseline.references;
            let (failures, exchanges) = play_tolerantly(case, &mut harness, tolerance, references)?;
            let failures = failures.into_iter().map(|failure| Violation {
                place: Some(failure.place),
                reason: failure.reason,
                trace: failure.trace,
            });
            injected.violations.extend(failures);
            if case.traps.is_none() {
                injected.violations.extend(traps(&mut harness, fault));
            }
            let hears = tolerance == Tolerance::Alive && !holds_answers(fault.call);
            for (request, found) in &exchanges {
                let violations = &mut injected.violations;
                violations.extend(strangers(*request, references, found));
                if hears {
                    violations.extend(silence(*request, references, found));
                }
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
fn strangers(request: RequestIndex, references: &[Transcript], found: &Exchange) -> Vec<Violation> {
    let others = || {
        references
            .iter()
            .filter_map(|other| other.exchange(request))
    };
    let upstream = others().filter_map(|other| other.upstream.as_ref());
    // An answer of another status has other headers; whether it may be is told by expectations.
    let status = found.response.as_ref().and_then(|response| response.status);
    let answers = others().filter_map(|other| other.response.as_ref());
    let answers = answers.filter(|answer| answer.status == status);
    let mut violations = named(
        request,
        "to the upstream",
        &found.upstream,
        &upstream.collect(),
    );
    let answers: Vec<&MessageSeen> = answers.collect();
    if !answers.is_empty() {
        violations.extend(named(
            request,
            "has an answer that",
            &found.response,
            &answers,
        ));
    }
    violations
}

fn named(
    request: RequestIndex,
    which: &str,
    found: &Option<MessageSeen>,
    others: &Vec<&MessageSeen>,
) -> Vec<Violation> {
    let known: BTreeSet<&str> = others
        .iter()
        .flat_map(|other| &other.headers)
        .map(|(name, _)| name.as_str())
        .collect();
    let headers = found.iter().flat_map(|message| &message.headers);
    headers
        .filter(|(name, _)| !known.contains(name.as_str()))
        .map(|(name, value)| {
            let number = request.0 + 1;
            Violation::new(format!(
                "request {number} of the case {which} has a header that it has only with the \
                 fault: {name}: {value}"
            ))
        })
        .collect()
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
fn silence(
    request: RequestIndex,
    references: &[Transcript],
    found: &Exchange,
) -> Option<Violation> {
    let others = references
        .iter()
        .filter_map(|other| other.exchange(request));
    let is_always_answered = others
        .map(|other| other.response.is_some())
        .fold(None, |all, one| Some(all.unwrap_or(true) && one));
    let is_silent = is_always_answered == Some(true) && found.response.is_none() && !found.reset;
    let number = request.0 + 1;
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
