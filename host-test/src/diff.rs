//! The same scenario in the harness and in the real Envoy.
//!
//! A case is played in both; its expectations must hold in both, and everything else that is seen
//! must be the same: requests at upstreams, answers, connections and who has closed them, log lines
//! of plugins on each thread, access logs, metrics. Envoy runs in virtual time, and what a scenario
//! fixes is the same there, times and ports too. What is random is left out: the value of
//! `x-request-id`.

mod cast;
mod normal;
mod observed;
mod random;
mod real;

pub use real::RealWorld;

use std::collections::BTreeSet;
use std::path::Path;

use real_envoy::netns::isolated;
use similar::TextDiff;

use self::cast::Cast;
use self::observed::{CLOSED_BY, FORGOTTEN, Observed, Shows, Subject, UNHEARD, observe};
use self::random::Random;
use crate::guest::Engine;
use crate::scenario::{
    Case, Failure, Harness, InvalidScenario, Obstacle, Outcome, Place, Tracing, play, play_on,
};

/// Plays a case in the real Envoy at `program`.
///
/// Needs network namespaces, that is root: see [`real_envoy::Netns::available`].
///
/// # Errors
///
/// When the scenario turns out to be wrong on the way.
pub fn play_in_envoy(case: &Case, program: &Path) -> Result<Outcome, InvalidScenario> {
    let played = isolated(|| play(case, |case| RealWorld::start(case, program, &[])));
    played.unwrap_or_else(|error| no_namespace(case, &error))
}

/// Plays a case in the harness and in the real Envoy at `program`; every difference is a failure.
///
/// # Errors
///
/// When the scenario turns out to be wrong on the way.
pub fn compare(case: &Case, engine: &Engine, program: &Path) -> Result<Outcome, InvalidScenario> {
    let cast = Cast::of(case)?;
    let (mut outcome, here) = in_harness(case, engine, &cast)?;
    let Some((here, names)) = here else {
        let (there, _) = in_envoy(case, program, &cast, &Names::default())?;
        add(&mut outcome, there);
        return Ok(outcome);
    };
    let (outcome_there, there) = in_envoy(case, program, &cast, &names)?;
    add(&mut outcome, outcome_there);
    let comparable = outcome.impossible.is_none() && outcome.failures.is_empty();
    let Some(there) = there.filter(|_| comparable) else {
        return Ok(outcome);
    };
    outcome.expectations += here.len();
    let none = Random::default();
    let mut found = differences(&here, &there, &cast, &none);
    if !found.failures.is_empty() {
        let random = varying(case, engine, &cast, &here)?;
        if !random.is_none() {
            found = differences(&here, &there, &cast, &random);
        }
    }
    outcome.failures = found.failures;
    let skipped = [
        (found.random, RANDOM),
        (found.forgotten, LONG_OVER),
        (found.unheard, CLOSER),
    ];
    outcome
        .skipped
        .extend(skipped.into_iter().filter(|(count, _)| *count > 0));
    Ok(outcome)
}

const RANDOM: &str = "values of random numbers";
const CLOSER: &str = "times who closed a connection before a filter heard of it";
const LONG_OVER: &str = "connections and requests that the harness knows nothing of";

/// What comes of random numbers in a case that the harness has played already.
fn varying(
    case: &Case,
    engine: &Engine,
    cast: &Cast,
    here: &Observed,
) -> Result<Random, InvalidScenario> {
    let mut random = Random::default();
    for number in 1..=RANDOM_RUNS {
        let mut case = case.clone();
        case.seed = case.seed.wrapping_add(number);
        if let (_, Some((other, _))) = in_harness(&case, engine, cast)? {
            random.learn(here, &other);
        }
    }
    Ok(random)
}

const RANDOM_RUNS: u64 = 8;

/// Names that only the harness knows before they are seen.
#[derive(Clone, Debug, Default)]
struct Names {
    filter_state: Vec<String>,
    metrics: BTreeSet<String>,
}

fn in_harness(
    case: &Case,
    engine: &Engine,
    cast: &Cast,
) -> Result<(Outcome, Option<(Observed, Names)>), InvalidScenario> {
    let harness = Harness::start(case, engine, Tracing::Off);
    let mut harness = match harness {
        Ok(harness) if case.refused.is_empty() => harness,
        other => return Ok((play(case, |_| other)?, None)),
    };
    let outcome = play_on(case, &mut harness)?;
    let metrics = BTreeSet::new();
    let Ok(observed) = observe(&mut harness, cast, &metrics) else {
        return Ok((outcome, None));
    };
    let states = cast
        .connections
        .keys()
        .flat_map(|index| harness.filter_states(*index));
    let filter_state: BTreeSet<String> = states.map(|(name, _)| name).collect();
    let names = Names {
        filter_state: filter_state.into_iter().collect(),
        metrics: harness.own_metrics().into_keys().collect(),
    };
    Ok((outcome, Some((observed, names))))
}

fn in_envoy(
    case: &Case,
    program: &Path,
    cast: &Cast,
    names: &Names,
) -> Result<(Outcome, Option<Observed>), InvalidScenario> {
    let played = isolated(|| {
        let world = RealWorld::start(case, program, &names.filter_state);
        let mut world = match world {
            Ok(world) if case.refused.is_empty() => world,
            other => return Ok((play(case, |_| other)?, None)),
        };
        let mut outcome = play_on(case, &mut world)?;
        if outcome.impossible.is_some() || !outcome.failures.is_empty() {
            return Ok((outcome, None));
        }
        match observe(&mut world, cast, &names.metrics) {
            Ok(observed) => Ok((outcome, Some(observed))),
            Err(obstacle) => {
                outcome.failures.push(failed(&obstacle));
                Ok((outcome, None))
            }
        }
    });
    played.unwrap_or_else(|error| Ok((no_namespace(case, &error)?, None)))
}

/// Nothing of the scenario is wrong, but nothing can be said of it either.
fn no_namespace(case: &Case, error: &anyhow::Error) -> Result<Outcome, InvalidScenario> {
    play::<RealWorld>(case, |_| Err(Obstacle::Failure(format!("{error:#}"))))
}

fn failed(obstacle: &Obstacle) -> Failure {
    Failure {
        place: Place::default(),
        reason: obstacle.to_string(),
        diff: String::new(),
        trace: Vec::new(),
    }
}

/// Adds what came of a case in Envoy to what came of it in the harness.
fn add(outcome: &mut Outcome, there: Outcome) {
    outcome.expectations += there.expectations;
    outcome.hidden += there.hidden;
    outcome.impossible = outcome.impossible.take().or(there.impossible);
    for failure in &mut outcome.failures {
        failure.reason = format!("in the harness: {}", failure.reason);
    }
    outcome
        .failures
        .extend(there.failures.into_iter().map(|failure| Failure {
            reason: format!("in Envoy: {}", failure.reason),
            ..failure
        }));
}

/// What a comparison has found.
#[derive(Debug, Default)]
struct Found {
    failures: Vec<Failure>,
    /// Values that were left out since they are random.
    random: usize,
    /// Things that were left out since nothing is known of them any more.
    forgotten: usize,
    /// Connections that the harness cannot say of who has closed them.
    unheard: usize,
}

/// Everything that is not the same, subject by subject.
fn differences(here: &Observed, there: &Observed, cast: &Cast, random: &Random) -> Found {
    let subjects: BTreeSet<&Subject> = here.keys().chain(there.keys()).collect();
    let mut found = Found::default();
    for subject in subjects {
        let [here, there] = [here, there].map(|observed| {
            let lines = observed.get(subject).map(Vec::as_slice);
            lines.unwrap_or_default()
        });
        if [here, there]
            .iter()
            .any(|lines| matches!(lines, [line] if line == FORGOTTEN))
        {
            found.forgotten += 1;
            continue;
        }
        let is_unheard = here.iter().any(|line| line == UNHEARD);
        found.unheard += usize::from(is_unheard);
        let [(here, count), (there, _)] = [here, there].map(|lines| {
            let closer = |line: &&String| line.starts_with(CLOSED_BY) || *line == UNHEARD;
            let kept = lines.iter().filter(|line| !(is_unheard && closer(line)));
            text(subject, kept, random)
        });
        found.random += count;
        if here == there {
            continue;
        }
        let place = match subject {
            Subject::Upstream(index) | Subject::Response(index) => cast.requests.get(index),
            Subject::Connection(index) => cast.connections.get(index),
            _ => None,
        };
        let diff = TextDiff::from_lines(&here, &there);
        found.failures.push(Failure {
            place: place.copied().unwrap_or_default(),
            reason: format!("{subject} differs (- harness, + Envoy)"),
            diff: diff.unified_diff().context_radius(2).to_string(),
            trace: Vec::new(),
        });
    }
    found
}

/// Lines without what comes of random numbers, and how much that was.
fn text<'a>(
    subject: &Subject,
    lines: impl Iterator<Item = &'a String>,
    random: &Random,
) -> (String, usize) {
    let stripped = lines.map(|line| random.strip(line));
    let (mut lines, counts): (Vec<String>, Vec<usize>) = stripped.unzip();
    if *subject == Subject::AccessLog {
        // Threads write when they come to it.
        lines.sort();
    }
    let ended = lines.iter().map(|line| format!("{line}\n"));
    (ended.collect(), counts.iter().sum())
}
