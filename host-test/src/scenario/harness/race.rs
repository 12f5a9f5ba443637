//! Steps that are done at the same time, raced.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::clients::Clients;
use super::{Harness, Tracing};
use crate::Host;
use crate::guest::Engine;
use crate::race::{Explorer, Piece, Race, RaceError, Replayed, Report, Schedule};
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::{Action, Case, ConnectionIndex, Placed, RequestIndex};
use crate::scenario::run::play;
use crate::scenario::text::Place;
use crate::scenario::world::Obstacle;

/// Why a case is not raced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRaced {
    /// The scenario is wrong.
    Scenario(InvalidScenario),
    /// A schedule cannot be followed.
    Schedule(RaceError),
    /// No two lists of steps are done at the same time.
    NothingTogether,
    /// They come to no point where workers are switched.
    NoPoint,
}

impl fmt::Display for NotRaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario(error) => error.fmt(f),
            Self::Schedule(error) => error.fmt(f),
            Self::NothingTogether => {
                f.write_str("nothing is raced: no two lists of steps stand under together")
            }
            Self::NoPoint => f.write_str(
                "nothing is raced: the steps under together make no host call of race.at with a key of race.keys",
            ),
        }
    }
}

impl std::error::Error for NotRaced {}

/// Plays a case in the harness with one schedule after the other until it fails in one.
///
/// # Errors
///
/// When there is nothing to race, or the scenario turns out to be wrong on the way.
pub fn race_in_harness(
    case: &Case,
    explorer: &Explorer,
    engine: &Engine,
) -> Result<Report, NotRaced> {
    let mut mistake = None;
    let explored = explorer.explore(|race| execute(case, engine, race, &mut mistake));
    if let Some(mistake) = mistake {
        return Err(NotRaced::Scenario(mistake));
    }
    let report = explored.map_err(NotRaced::Schedule)?;
    match &report {
        Report {
            failure: Some(_), ..
        } => Ok(report),
        Report { choices: 0, .. } => Err(NotRaced::NothingTogether),
        Report { points: 0, .. } => Err(NotRaced::NoPoint),
        _ => Ok(report),
    }
}

/// Plays a case in the harness with this schedule.
///
/// # Errors
///
/// When the schedule does not fit, or the scenario turns out to be wrong on the way.
pub fn replay_in_harness(
    case: &Case,
    explorer: &Explorer,
    schedule: &Schedule,
    engine: &Engine,
) -> Result<Replayed, NotRaced> {
    let mut mistake = None;
    let replayed = explorer.replay(schedule, |race| execute(case, engine, race, &mut mistake));
    match mistake {
        Some(mistake) => Err(NotRaced::Scenario(mistake)),
        None => replayed.map_err(NotRaced::Schedule),
    }
}

fn execute(
    case: &Case,
    engine: &Engine,
    race: &Race,
    mistake: &mut Option<InvalidScenario>,
) -> anyhow::Result<()> {
    let start = |case: &Case| {
        let mut harness = Harness::start(case, engine, Tracing::Off)?;
        harness.race = Some(race.clone());
        Ok(harness)
    };
    let outcome = play(case, start).inspect_err(|error| *mistake = Some(error.clone()))?;
    let Some(failure) = outcome.failures.first() else {
        return Ok(());
    };
    let place = match failure.place {
        Place { line: 0, .. } => String::new(),
        place => format!("{place}: "),
    };
    // Of two short values the reason tells all.
    let diff = match failure.diff.lines().count() {
        0..=2 => "",
        _ => failure.diff.trim_end(),
    };
    let text = format!("{place}{}\n{diff}", failure.reason);
    anyhow::bail!("{}", text.trim_end())
}

/// Does each list on a worker of its own.
pub(super) fn together(
    race: &Race,
    host: &mut Host,
    clients: &mut Clients,
    lists: &[Vec<Placed>],
) -> Result<(), Obstacle> {
    let mut workers = BTreeSet::new();
    let mut parts = Vec::new();
    for list in lists {
        let Some(worker) = worker_of(list, clients)? else {
            continue;
        };
        if !workers.insert(worker) {
            return Err(Obstacle::Mistake(format!(
                "two lists of steps are done at the same time on worker {worker}: put one of them on another"
            )));
        }
        parts.push((worker, list, clients.part(worker, list.len())));
    }
    let pieces = parts.iter_mut().map(|(worker, list, part)| {
        Piece::on(*worker, move |edge| {
            for step in *list {
                part.act(edge, &step.action).unwrap_or(Ok(()))?;
            }
            Ok(())
        })
    });
    let done = race.together(host, pieces);
    parts.into_iter().for_each(|(.., part)| clients.join(part));
    done.map_err(|error| match error.downcast::<Obstacle>() {
        Ok(obstacle) => obstacle,
        Err(error) => Obstacle::Failure(format!("{error:#}")),
    })?;
    clients.answer(host)
}

/// The only worker that the steps of a list need; none if they need none.
fn worker_of(list: &[Placed], clients: &Clients) -> Result<Option<usize>, Obstacle> {
    let mut needs = Needs {
        clients,
        connections: BTreeMap::new(),
        requests: BTreeMap::new(),
        workers: BTreeSet::new(),
    };
    for step in list {
        needs.add(&step.action)?;
    }
    let mut workers = needs.workers.into_iter();
    match (workers.next(), workers.next()) {
        (Some(first), Some(second)) => Err(Obstacle::Mistake(format!(
            "steps that are raced with others stay on one worker, but these need {first} and {second}"
        ))),
        (worker, _) => Ok(worker),
    }
}

/// What the steps of a list need.
struct Needs<'a> {
    clients: &'a Clients,
    /// Made in the list, with their workers.
    connections: BTreeMap<ConnectionIndex, usize>,
    requests: BTreeMap<RequestIndex, ConnectionIndex>,
    workers: BTreeSet<usize>,
}

impl Needs<'_> {
    fn add(&mut self, action: &Action) -> Result<(), Obstacle> {
        let connection = match action {
            Action::Connect(index, connect) => {
                self.connections.insert(*index, connect.worker);
                *index
            }
            Action::Request {
                request,
                connection,
                connect,
                ..
            } => {
                if let Some(connect) = connect {
                    self.connections.insert(*connection, connect.worker);
                }
                self.requests.insert(*request, *connection);
                *connection
            }
            Action::Send { connection, .. }
            | Action::Close(connection, _)
            | Action::ResetConnection(connection) => *connection,
            Action::Data { request, .. }
            | Action::Trailers(request, _)
            | Action::Respond(request, _)
            | Action::ResetRequest(request) => self.connection_of(*request)?,
            Action::Tick(worker) => {
                self.workers.insert(*worker);
                return Ok(());
            }
            Action::Look => return Ok(()),
            _ => {
                let reason =
                    "expected steps of clients, upstreams and timers alone where steps are raced";
                return Err(Obstacle::Mistake(reason.to_owned()));
            }
        };
        let known = self.connections.get(&connection).copied();
        let before = || self.clients.connection(connection).map(|id| id.worker);
        self.workers.extend(known.or_else(before));
        Ok(())
    }

    fn connection_of(&self, request: RequestIndex) -> Result<ConnectionIndex, Obstacle> {
        let known = self.requests.get(&request).copied();
        known
            .or_else(|| self.clients.connection_of(request))
            .ok_or_else(|| Obstacle::Mistake("the request was not sent".to_owned()))
    }
}
