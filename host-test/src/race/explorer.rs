//! Tries schedules until one fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Race;
use super::baton::{Baton, Choice, Passed};
use super::points::Points;
use super::report::{Failure, RaceError, Replayed, Report};
use super::schedule::Schedule;
use super::strategy::{Search, Strategy};
use super::view;
use crate::abi::HostCall;
use crate::shared::lock;

/// What is tried: at which host calls workers are switched, how deep, how often by chance.
#[must_use = "an explorer does nothing before it explores"]
#[derive(Clone, Debug)]
pub struct Explorer {
    points: Points,
    depth: usize,
    is_reduced: bool,
    random: u64,
    seed: u64,
}

/// Points at which everything is tried unless it is said.
const DEPTH: usize = 8;

/// One execution, and what came of it.
struct Played {
    reason: Option<String>,
    passed: Passed,
    trace: String,
}

impl Explorer {
    /// An explorer that switches nowhere yet.
    pub fn new() -> Self {
        Self {
            points: Points::default(),
            depth: DEPTH,
            is_reduced: false,
            random: 0,
            seed: 0,
        }
    }

    /// Before these host calls another worker may go on, as well as where a piece begins or ends.
    pub fn at(mut self, calls: impl IntoIterator<Item = HostCall>) -> Self {
        self.points.calls.extend(calls);
        self
    }

    /// Only where the key is like one of these patterns, in which `*` stands for any bytes.
    pub fn keys(mut self, patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.points
            .keys
            .extend(patterns.into_iter().map(Into::into));
        self
    }

    /// Choices at which everything is tried, 8 unless it is said; after them a piece that is under
    /// way goes on to its end.
    pub fn depth(mut self, choices: usize) -> Self {
        self.depth = choices;
        self
    }

    /// Leaves out schedules that differ only in the order of stretches of work that commute: that
    /// touch no key, queue or metric that the other one changes. What is then called complete is
    /// so, but for the order of log lines. Below a depth that is too small for completeness,
    /// fewer schedules are tried than without.
    pub fn reduced(mut self) -> Self {
        self.is_reduced = true;
        self
    }

    /// After that, so many schedules by chance. Their seeds count from `seed`.
    pub fn random(mut self, schedules: u64, seed: u64) -> Self {
        self.random = schedules;
        self.seed = seed;
        self
    }

    /// Runs `execution` with one schedule after the other until one fails: it makes a host, runs
    /// pieces [together](Race::together), and checks what came of it. A panic is a failure too.
    ///
    /// # Errors
    ///
    /// When the same schedule does two different things.
    pub fn explore(
        &self,
        mut execution: impl FnMut(&Race) -> anyhow::Result<()>,
    ) -> Result<Report, RaceError> {
        let mut report = Report {
            is_complete: true,
            ..Report::default()
        };
        let mut search = Search::new(self.depth, self.is_reduced);
        loop {
            let played = self.play(Strategy::Search(search), false, &mut execution);
            played.add_to(&mut report);
            let schedule = shortest(&played.passed.choices);
            if let Some(difference) = played.passed.strategy.misfit() {
                return Err(RaceError::NotDeterministic {
                    schedule,
                    difference,
                });
            }
            if played.reason.is_some() {
                report.is_complete = false;
                report.failure = Some(self.explain(schedule, &mut execution)?);
                return Ok(report);
            }
            let Strategy::Search(returned) = played.passed.strategy else {
                break;
            };
            search = returned;
            report.redundant += u64::from(search.is_redundant);
            report.is_complete &= !search.is_cut;
            if !search.turn() {
                break;
            }
        }
        for number in 0..self.random {
            let schedule = Schedule::Seed(self.seed.wrapping_add(number));
            let played = self.play(Strategy::follow(&schedule), false, &mut execution);
            played.add_to(&mut report);
            report.random += 1;
            if played.reason.is_some() {
                report.failure = Some(self.explain(schedule, &mut execution)?);
                break;
            }
        }
        Ok(report)
    }

    /// Runs `execution` with this schedule.
    ///
    /// # Errors
    ///
    /// When the schedule does not fit.
    pub fn replay(
        &self,
        schedule: &Schedule,
        mut execution: impl FnMut(&Race) -> anyhow::Result<()>,
    ) -> Result<Replayed, RaceError> {
        let played = self.play(Strategy::follow(schedule), true, &mut execution);
        match played.passed.strategy.misfit() {
            Some(difference) => Err(RaceError::Misfit {
                schedule: schedule.clone(),
                difference,
            }),
            None => Ok(Replayed {
                reason: played.reason,
                trace: played.trace,
            }),
        }
    }

    /// Runs a schedule that has failed again, to see what happens in it.
    fn explain(
        &self,
        schedule: Schedule,
        execution: &mut dyn FnMut(&Race) -> anyhow::Result<()>,
    ) -> Result<Failure, RaceError> {
        let played = self.play(Strategy::follow(&schedule), true, execution);
        let difference = played.passed.strategy.misfit();
        match (difference, played.reason) {
            (None, Some(reason)) => Ok(Failure {
                schedule,
                reason,
                trace: played.trace,
            }),
            (difference, _) => Err(RaceError::NotDeterministic {
                schedule,
                difference: difference
                    .unwrap_or_else(|| "it failed, and then it did not".to_owned()),
            }),
        }
    }

    fn play(
        &self,
        strategy: Strategy,
        is_traced: bool,
        execution: &mut dyn FnMut(&Race) -> anyhow::Result<()>,
    ) -> Played {
        let baton = Arc::new(Baton::new(self.points.clone(), strategy));
        let race = Race {
            baton: baton.clone(),
            traced: is_traced.then(Arc::default),
        };
        // Nothing of a broken execution is looked at again but what the baton knows.
        let result = catch_unwind(AssertUnwindSafe(|| execution(&race)));
        let reason = match result {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(panic) => Some(words_of(panic.as_ref())),
        };
        Played {
            reason,
            passed: baton.take(),
            trace: race
                .traced
                .map_or_else(String::new, |traced| view::columns(&lock(&traced))),
        }
    }
}

impl Default for Explorer {
    fn default() -> Self {
        Self::new()
    }
}

impl Played {
    fn add_to(&self, report: &mut Report) {
        report.executions += 1;
        report.points = report.points.max(self.passed.points);
        report.choices = report.choices.max(self.passed.choices.len());
    }
}

/// The choices without those at the end that nobody needs to say.
fn shortest(choices: &[Choice]) -> Schedule {
    let is_said = |choice: &Choice| choice.chosen != choice.usual;
    let len = choices.iter().rposition(is_said).map_or(0, |last| last + 1);
    let said = choices.iter().take(len);
    Schedule::Choices(said.map(|choice| choice.chosen).collect())
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or(panic.downcast_ref::<&str>().copied());
    format!("panic: {}", words.unwrap_or("without words"))
}
