//! Plays a case where something fails, and compares with runs where nothing did.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{Failure, Player};
use crate::scenario::check::walk;
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::{Action, Case, Expectation, Placed, RequestIndex};
use crate::scenario::observe::{Counts, Tolerance, looked_at, tolerate};
use crate::scenario::world::{Exchange, Look, World};

/// Values that expectations look at, by what they are called; none where there is none.
pub type Seen = BTreeMap<String, Option<Vec<u8>>>;

/// What was seen in a run without a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// For each step, for each of its expectations.
    steps: Vec<Vec<Seen>>,
    /// What came of each request.
    exchanges: BTreeMap<RequestIndex, Exchange>,
}

impl Transcript {
    /// How many steps there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What came of a request.
    #[must_use]
    pub fn exchange(&self, request: RequestIndex) -> Option<&Exchange> {
        self.exchanges.get(&request)
    }

    /// What came of each request.
    pub fn exchanges(&self) -> impl Iterator<Item = (RequestIndex, &Exchange)> {
        self.exchanges
            .iter()
            .map(|(index, exchange)| (*index, exchange))
    }

    /// Takes one step, and its requests, from a run that did it.
    pub fn take_step(&mut self, number: usize, other: &Self) {
        while self.steps.len() <= number {
            self.steps.push(Vec::new());
        }
        if let (Some(own), Some(step)) = (self.steps.get_mut(number), other.steps.get(number)) {
            own.clone_from(step);
        }
        self.exchanges.extend(other.exchanges.clone());
    }

    fn seen(&self, step: usize, expectation: usize, name: &str) -> Option<&[u8]> {
        let seen = self.steps.get(step)?.get(expectation)?;
        seen.get(name)?.as_deref()
    }
}

/// Which steps are done, by their number from 0. Time passes all the same, and what a neighbour
/// does is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// All of them.
    All,
    /// All but this one.
    Without(usize),
    /// This one, of those of clients and upstreams.
    Alone(usize),
}

impl Steps {
    fn includes(self, number: usize, action: &Action) -> bool {
        let is_of_client = !matches!(
            action,
            Action::Advance(_)
                | Action::Tick(_)
                | Action::Time(_)
                | Action::Update(..)
                | Action::SetSharedData { .. }
                | Action::WipeSharedData
                | Action::Mark(_)
                | Action::Look
        );
        match self {
            Self::All => true,
            Self::Without(left_out) => !is_of_client || number != left_out,
            Self::Alone(only) => !is_of_client || number == only,
        }
    }
}

/// Plays some steps of a case, and keeps what its expectations look at.
///
/// # Errors
///
/// When the scenario turns out to be wrong on the way.
pub fn transcribe<W: World>(
    case: &Case,
    world: &mut W,
    steps: Steps,
) -> Result<Transcript, InvalidScenario> {
    let mut run = Run::new(case, world, steps);
    let mut transcript = Transcript::default();
    let _ = walk(case, &mut |placed| {
        if run.act(&placed) {
            let looked_at = expectations(&placed).map(|expectation| {
                let items = looked_at(expectation, run.player.world)
                    .into_iter()
                    .flatten();
                items
                    .map(|item| (item.name().to_owned(), item.into_value()))
                    .collect()
            });
            transcript.steps.push(looked_at.collect());
        } else {
            transcript.steps.push(Vec::new());
        }
        ControlFlow::Continue(())
    })?;
    transcript.exchanges = run.exchanges();
    Ok(transcript)
}

/// Plays a case in a world where something fails, to its end. What is wrong: what is there, is not
/// as expected, and was not seen in a run without a fault either. And what came of each request.
///
/// A step that cannot be done is left out; traps are not looked at.
///
/// # Errors
///
/// When the scenario turns out to be wrong on the way.
pub fn play_tolerantly<W: World>(
    case: &Case,
    world: &mut W,
    tolerance: Tolerance,
    references: &[Transcript],
) -> Result<(Vec<Failure>, BTreeMap<RequestIndex, Exchange>), InvalidScenario> {
    let mut run = Run::new(case, world, Steps::All);
    let mut failures = Vec::new();
    let mut step = 0;
    let _ = walk(case, &mut |placed| {
        run.act(&placed);
        for (number, expectation) in expectations(&placed).enumerate() {
            let seen = |name: &str| {
                let seen = references.iter();
                seen.filter_map(|reference| reference.seen(step, number, name))
                    .collect()
            };
            let player = &mut run.player;
            let mismatches = tolerate(expectation, player.world, &player.moments, tolerance, &seen);
            for mismatch in mismatches {
                let trace = player.world.trace(player.trace_start);
                failures.push(Failure::of(mismatch, trace));
            }
        }
        step += 1;
        ControlFlow::Continue(())
    })?;
    Ok((failures, run.exchanges()))
}

/// The expectations of a step, and of those that are done at the same time in it.
fn expectations(step: &Placed) -> impl Iterator<Item = &Expectation> {
    let branches: &[Vec<Placed>] = match &step.action {
        Action::Together(branches) => branches,
        _ => &[],
    };
    let within = branches
        .iter()
        .flatten()
        .flat_map(|step| &step.expectations);
    within.chain(&step.expectations)
}

/// A run that nothing breaks off.
struct Run<'a, W> {
    player: Player<'a, W>,
    steps: Steps,
    next: usize,
    requests: Vec<RequestIndex>,
}

impl<'a, W: World> Run<'a, W> {
    fn new(case: &Case, world: &'a mut W, steps: Steps) -> Self {
        Self {
            player: Player::new(case, world),
            steps,
            next: 0,
            requests: Vec::new(),
        }
    }

    /// Does a step, unless it is left out; whether it was done. One that fails is none that the
    /// fault could be blamed for.
    fn act(&mut self, step: &Placed) -> bool {
        let number = self.next;
        self.next += 1;
        if !self.steps.includes(number, &step.action) {
            return false;
        }
        let player = &mut self.player;
        player.trace_start = player.world.trace_len();
        if step.counts_before {
            player.moments.step = Counts::of(player.world);
        }
        let _ = player.act(step);
        self.requests.extend(requests(&step.action));
        true
    }

    fn exchanges(&self) -> BTreeMap<RequestIndex, Exchange> {
        let world = &*self.player.world;
        let exchange = |request: &RequestIndex| match world.exchange(*request) {
            Look::Seen(exchange) => Some((*request, exchange)),
            Look::Hidden => None,
        };
        self.requests.iter().filter_map(exchange).collect()
    }
}

fn requests(action: &Action) -> Vec<RequestIndex> {
    match action {
        Action::Request { request, .. } => vec![*request],
        Action::Together(branches) => {
            let steps = branches.iter().flatten();
            steps.flat_map(|step| requests(&step.action)).collect()
        }
        _ => Vec::new(),
    }
}
