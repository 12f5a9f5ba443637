//! Which faults there are to inject into a case.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::recorder::{Calls, Recorder};
use super::{Fault, Place};
use crate::BuildError;
use crate::abi::{HostCall, Status};
use crate::guest::Engine;
use crate::hook::Injection;
use crate::scenario::{
    Case, Harness, InvalidScenario, Steps, Tracing, Transcript, play_on, transcribe,
};

/// How many faults are injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Calls of one host function that are tried one by one: the first ones, and as many others
    /// at equal distances up to the last.
    pub calls_max: u64,
    /// Keys of one host function that are tried one by one; the first ones in their order.
    pub keys_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            calls_max: 32,
            keys_max: 32,
        }
    }
}

/// A case without faults.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// How often each host function was called.
    pub calls: BTreeMap<HostCall, u64>,
    /// What there is to inject.
    pub faults: Vec<Fault>,
    /// What is seen without a fault: in the whole case, in the case without one of its steps, and
    /// at each step alone.
    pub(super) references: Vec<Transcript>,
}

/// Why a case cannot be tried with faults.
#[derive(Clone, Debug)]
pub enum NoBaseline {
    /// It does not start.
    Start(String),
    /// The scenario is wrong.
    Scenario(InvalidScenario),
    /// It fails without any fault.
    Fails(String),
}

impl fmt::Display for NoBaseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(reason) => write!(f, "the case does not start: {reason}"),
            Self::Scenario(error) => error.fmt(f),
            Self::Fails(reason) => write!(f, "the case fails without any fault: {reason}"),
        }
    }
}

impl std::error::Error for NoBaseline {}

/// Plays a case without faults, and lists the faults of the host calls that its guests make.
///
/// # Errors
///
/// When it does not pass without faults.
pub fn plan(case: &Case, engine: &Engine, bounds: Bounds) -> Result<Baseline, NoBaseline> {
    let recorder = Arc::new(Recorder::default());
    let started = Harness::start_hooked(case, engine, Tracing::On, recorder.clone());
    let mut harness = started.map_err(|error: BuildError| NoBaseline::Start(error.to_string()))?;
    let outcome = play_on(case, &mut harness).map_err(NoBaseline::Scenario)?;
    if let Some(failure) = outcome.failures.first() {
        return Err(NoBaseline::Fails(failure.reason.clone()));
    }
    let trace = harness.host().shared().trace.since(0);
    let calls = recorder.calls(&trace);
    Ok(Baseline {
        faults: faults(&calls, bounds),
        calls: calls
            .iter()
            .map(|(call, calls)| (*call, calls.count))
            .collect(),
        references: references(case, engine).map_err(NoBaseline::Scenario)?,
    })
}

/// Steps of a case that are left out one by one; the first ones.
const STEPS_MAX: usize = 100;

fn references(case: &Case, engine: &Engine) -> Result<Vec<Transcript>, InvalidScenario> {
    let transcript = |steps: Steps| {
        let hook = Arc::new(Recorder::default());
        match Harness::start_hooked(case, engine, Tracing::Off, hook) {
            Ok(mut harness) => transcribe(case, &mut harness, steps),
            Err(_) => Ok(Transcript::default()),
        }
    };
    let whole = transcript(Steps::All)?;
    let mut alone = Transcript::default();
    let mut references = Vec::new();
    for number in 0..whole.len().min(STEPS_MAX) {
        alone.take_step(number, &transcript(Steps::Alone(number))?);
        references.push(transcript(Steps::Without(number))?);
    }
    // The whole case comes first.
    references.splice(..0, [whole, alone]);
    Ok(references)
}

fn faults(calls: &BTreeMap<HostCall, Calls>, bounds: Bounds) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (call, calls) in calls {
        let mut add = |place: Place, injection: Injection| {
            faults.push(Fault {
                call: *call,
                place,
                injection,
            });
        };
        let statuses = statuses(*call);
        for nth in numbers(calls.count, bounds.calls_max) {
            for status in statuses {
                add(Place::Nth(nth), Injection::Status(*status));
            }
            if calls.returning.contains(&nth) {
                for injection in PARTIAL {
                    add(Place::Nth(nth), injection);
                }
            }
            add(Place::Nth(nth), Injection::OutOfFuel);
        }
        // One call, or one key, was that already.
        if calls.count > 1 {
            for status in statuses {
                add(Place::Every, Injection::Status(*status));
            }
            if !calls.returning.is_empty() {
                for injection in PARTIAL {
                    add(Place::Every, injection);
                }
            }
        }
        if calls.keys.len() > 1 {
            for key in calls.keys.iter().take(bounds.keys_max) {
                for status in statuses {
                    add(Place::Key(key.clone()), Injection::Status(*status));
                }
            }
        }
    }
    faults
}

/// The statuses that a call is tried with. An Ok without the effect is a lie: of state and results
/// it may be told, and does no harm; but of what a message is made of no guest can know better.
fn statuses(call: HostCall) -> &'static [Status] {
    let [Status::Ok, failures @ ..] = &Status::ALL else {
        return &[];
    };
    match call {
        _ if !call.signature().has_status => &[],
        HostCall::SetBufferBytes
        | HostCall::AddHeaderMapValue
        | HostCall::ReplaceHeaderMapValue
        | HostCall::RemoveHeaderMapValue
        | HostCall::SetHeaderMapPairs => failures,
        _ => &Status::ALL,
    }
}

/// Too little comes back.
const PARTIAL: [Injection; 4] = [
    Injection::AllocationFails,
    Injection::Truncate(0),
    Injection::Truncate(1),
    Injection::Halve,
];

/// At most `max` numbers from 1 to `count`: the first half of them one after the other, the others
/// at equal distances up to the last.
fn numbers(count: u64, max: u64) -> Vec<u64> {
    if count <= max {
        return (1..=count).collect();
    }
    let first = max.div_ceil(2);
    let others = max - first;
    let spread = (1..=others).map(|index| {
        let distance = u128::from(count - first) * u128::from(index) / u128::from(others);
        first + u64::try_from(distance).unwrap_or(u64::MAX)
    });
    (1..=first).chain(spread).collect()
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Calls, faults, numbers};
    use crate::abi::HostCall;

    #[test]
    fn numbers_begin_at_the_first_and_end_at_the_last() {
        assert!(numbers(0, 4).is_empty());
        assert_eq!(numbers(3, 4), [1, 2, 3]);
        assert_eq!(numbers(100, 4), [1, 2, 51, 100]);
        assert_eq!(numbers(u64::MAX, 3), [1, 2, u64::MAX]);
        assert!(numbers(5, 0).is_empty());
    }

    #[test]
    fn every_call_fails_in_every_way() {
        let log = Calls {
            count: 2,
            ..Calls::default()
        };
        let get = Calls {
            count: 1,
            keys: [b"key".to_vec()].into(),
            returning: [1].into(),
        };
        let calls = [(HostCall::Log, log), (HostCall::GetSharedData, get)].into();
        let texts: Vec<String> = faults(&calls, Bounds::default())
            .iter()
            .map(ToString::to_string)
            .collect();
        // Two calls and both, each with 13 statuses, and fuel; one with more.
        assert_eq!(texts.len(), 13 * 3 + 2 + 13 + 4 + 1);
        for text in [
            "proxy_log#2=Unimplemented",
            "proxy_log#*=Ok",
            "proxy_log#1=fuel",
            "proxy_get_shared_data#1=allocation",
            "proxy_get_shared_data#1=bytes:0",
            "proxy_get_shared_data#1=half",
        ] {
            assert!(texts.iter().any(|found| found == text), "{text}");
        }
    }
}
