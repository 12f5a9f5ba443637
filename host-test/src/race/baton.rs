//! The baton: who has it goes on, the others wait at their points.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::footprint::Footprint;
use super::points::Points;
use super::strategy::Strategy;
use crate::hook::{CallInfo, Hook, Injection};
use crate::shared::{ThreadId, lock};

/// Points of one execution. A piece that hands over more often does not end.
const POINTS_MAX: usize = 100_000;

/// Lets one piece at a time go on.
#[derive(Debug)]
pub(super) struct Baton {
    points: Points,
    state: Mutex<State>,
    turned: Condvar,
}

#[derive(Debug)]
struct State {
    strategy: Strategy,
    /// Workers whose pieces have not ended.
    live: BTreeSet<usize>,
    holder: Option<usize>,
    footprint: Footprint,
    points: usize,
    choices: Vec<Choice>,
}

/// Who went on where there was a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) chosen: usize,
    /// Who would have, had nobody had a say.
    pub(super) usual: usize,
}

/// What came of an execution.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) strategy: Strategy,
    pub(super) choices: Vec<Choice>,
    /// Host calls at which the baton could be handed over.
    pub(super) points: usize,
}

impl Baton {
    pub(super) fn new(points: Points, strategy: Strategy) -> Self {
        Self {
            points,
            state: Mutex::new(State {
                strategy,
                live: BTreeSet::new(),
                holder: None,
                footprint: Footprint::default(),
                points: 0,
                choices: Vec::new(),
            }),
            turned: Condvar::new(),
        }
    }

    /// Pieces are to begin, one on each of these workers.
    pub(super) fn begin(&self, workers: BTreeSet<usize>) {
        let mut state = lock(&self.state);
        state.live = workers;
        state.footprint = Footprint::default();
        state.hand_over(None);
    }

    /// Waits until it is this worker's turn.
    pub(super) fn wait(&self, worker: usize) {
        let state = lock(&self.state);
        drop(self.wait_in(state, worker));
    }

    fn wait_in<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        worker: usize,
    ) -> MutexGuard<'a, State> {
        // Who is not in the race waits for nobody.
        while state.live.contains(&worker) && state.holder != Some(worker) {
            let woken = self.turned.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// The piece on this worker has ended.
    pub(super) fn end(&self, worker: usize) {
        let mut state = lock(&self.state);
        state.live.remove(&worker);
        if state.holder == Some(worker) {
            state.finish_stretch();
            state.hand_over(None);
            self.turned.notify_all();
        }
    }

    /// What came of it. The baton is of no use afterwards.
    pub(super) fn take(&self) -> Passed {
        let mut state = lock(&self.state);
        let done = Strategy::Random(fastrand::Rng::with_seed(0));
        Passed {
            strategy: std::mem::replace(&mut state.strategy, done),
            choices: std::mem::take(&mut state.choices),
            points: state.points,
        }
    }

    /// Whether a piece did not come to its end within the bound.
    pub(super) fn is_endless(&self) -> bool {
        lock(&self.state).points > POINTS_MAX
    }
}

impl State {
    fn finish_stretch(&mut self) {
        let footprint = std::mem::take(&mut self.footprint);
        self.strategy.done(&footprint);
    }

    /// Chooses who goes on; `present` is who would like to.
    fn hand_over(&mut self, present: Option<usize>) {
        let options: Vec<usize> = self.live.iter().copied().collect();
        let Some(usual) = present.or(options.first().copied()) else {
            self.holder = None;
            return;
        };
        let chosen = self.strategy.choose(&options, usual);
        if options.len() > 1 {
            self.choices.push(Choice { chosen, usual });
        }
        self.holder = Some(chosen);
    }
}

impl Hook for Baton {
    fn before(&self, call: &CallInfo) -> Injection {
        let ThreadId::Worker(worker) = call.thread else {
            return Injection::None;
        };
        let mut state = lock(&self.state);
        if state.holder != Some(worker) {
            return Injection::None;
        }
        if self.points.contain(call) {
            state.points += 1;
            if state.points > POINTS_MAX {
                return Injection::OutOfFuel;
            }
            state.finish_stretch();
            state.hand_over(Some(worker));
            self.turned.notify_all();
            state = self.wait_in(state, worker);
        }
        state.footprint.add(call);
        Injection::None
    }
}

/// Ends the piece of a worker, also when it panics.
pub(super) struct Ending<'a> {
    pub(super) baton: &'a Baton,
    pub(super) worker: usize,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.baton.end(self.worker);
    }
}
