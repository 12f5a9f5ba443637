//! Plays a case in a world, step by step, until an expectation fails.

mod failure;
mod faulty;

pub use failure::Failure;
pub use faulty::{Seen, Steps, Transcript, play_tolerantly, transcribe};

use std::ops::ControlFlow;

use self::failure::refusal;
use super::check::walk;
use super::invalid::InvalidScenario;
use super::model::{Action, Case, Expectation, Match, Peer, Placed};
use super::observe::{Counts, Moments, compare_number, observe};
use super::text::Place;
use super::world::{Look, Obstacle, World};

/// What came of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Expectations that were looked at.
    pub expectations: usize,
    /// Expectations about what cannot be seen in that world.
    pub hidden: usize,
    /// What was not compared with another world: how many things, and why.
    pub skipped: Vec<(usize, &'static str)>,
    /// What is wrong; nothing if the case has passed.
    pub failures: Vec<Failure>,
    /// A step that this world cannot do, and why: what came before it is all that was seen.
    pub impossible: Option<(Place, String)>,
}

/// Plays a case in the world that `start` makes for it.
///
/// # Errors
///
/// When the scenario turns out to be wrong on the way: a step that makes no sense.
pub fn play<W: World>(
    case: &Case,
    start: impl FnOnce(&Case) -> Result<W, Obstacle>,
) -> Result<Outcome, InvalidScenario> {
    let mut outcome = Outcome::default();
    outcome.expectations += case.refused.len();
    let mut world = match (start(case), case.refused.first()) {
        (Err(obstacle), _) => {
            outcome.failures = refusal(obstacle, &case.refused)?;
            return Ok(outcome);
        }
        (Ok(_), Some(refused)) => {
            outcome.failures.push(Failure::accepted(refused.place));
            return Ok(outcome);
        }
        (Ok(world), None) => world,
    };
    play_on(case, &mut world)
}

/// Plays the steps of a case in a world that has begun, and can be looked at afterwards.
///
/// # Errors
///
/// When the scenario turns out to be wrong on the way: a step that makes no sense.
pub fn play_on<W: World>(case: &Case, world: &mut W) -> Result<Outcome, InvalidScenario> {
    let mut player = Player::new(case, world);
    let walked = walk(case, &mut |placed| player.play(&placed));
    if let Some(mistake) = player.mistake {
        return Err(mistake);
    }
    // Whether it broke off is told by the failures.
    let _ = walked?;
    player.count_traps(case);
    if let Some(dropped) = player.world.dropped() {
        player.fail(Failure::new(Place::default(), dropped));
    }
    Ok(player.outcome)
}

struct Player<'a, W> {
    world: &'a mut W,
    moments: Moments,
    trace_start: usize,
    /// Traps that were told.
    traps: usize,
    are_traps_expected: bool,
    outcome: Outcome,
    mistake: Option<InvalidScenario>,
}

impl<'a, W: World> Player<'a, W> {
    fn new(case: &Case, world: &'a mut W) -> Self {
        let moments = Moments {
            start: Counts::of(world),
            ..Moments::default()
        };
        Self {
            trace_start: world.trace_len(),
            traps: 0,
            are_traps_expected: case.traps.is_some(),
            world,
            moments,
            outcome: Outcome::default(),
            mistake: None,
        }
    }

    fn play(&mut self, step: &Placed) -> ControlFlow<()> {
        if !matches!(step.action, Action::Look | Action::Mark(_)) {
            self.trace_start = self.world.trace_len();
            if step.counts_before {
                self.moments.step = Counts::of(self.world);
            }
        }
        let done = self.act(step).and_then(|()| self.world.at_rest());
        if let Err(obstacle) = done {
            match obstacle {
                Obstacle::Mistake(reason) => {
                    self.mistake = Some(InvalidScenario::at(step.place, reason));
                }
                Obstacle::Impossible(reason) => {
                    self.outcome.impossible = Some((step.place, reason));
                }
                other => self.fail(Failure::new(step.place, other.to_string())),
            }
            return ControlFlow::Break(());
        }
        for expectation in &step.expectations {
            self.expect(expectation);
        }
        self.look_at_traps(step.place);
        match self.outcome.failures.is_empty() {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    }

    fn act(&mut self, step: &Placed) -> Result<(), Obstacle> {
        let world = &mut *self.world;
        match &step.action {
            Action::Connect(index, connect) => world.connect(*index, connect),
            Action::Send {
                connection,
                by: Peer::Upstream,
                bytes,
                end,
            } => world.upstream_send(*connection, bytes, *end),
            Action::Send {
                connection,
                bytes,
                end,
                ..
            } => world.send(*connection, bytes, *end),
            Action::Close(connection, by) => world.close(*connection, *by),
            Action::ResetConnection(connection) => world.reset_connection(*connection),
            Action::ResetRequest(request) => world.reset_request(*request),
            Action::Request {
                request,
                connection,
                connect,
                message,
            } => {
                if let Some(connect) = connect {
                    world.connect(*connection, connect)?;
                }
                world.request(*request, *connection, message)
            }
            Action::Data {
                request,
                bytes,
                end,
            } => world.data(*request, bytes, *end),
            Action::Trailers(request, trailers) => world.trailers(*request, trailers),
            Action::Respond(request, answer) => world.respond(*request, answer),
            Action::AnswerCall(answer) => world.answer_call(answer),
            Action::Advance(by) => world.advance(*by),
            Action::Tick(worker) => world.tick(*worker),
            Action::Time(time) => world.set_time(*time),
            Action::Together(branches) => self.together(branches),
            Action::Update(setup, refused) => {
                let result = world.update(setup);
                self.updated(step.place, result, refused)
            }
            Action::SetSharedData { vm_id, key, value } => {
                world.set_shared_data(vm_id.as_deref(), key, value)
            }
            Action::WipeSharedData => world.wipe_shared_data(),
            Action::Mark(name) => {
                self.world.mark(name);
                let counts = Counts::of(self.world);
                self.moments.marks.insert(name.clone(), counts);
                Ok(())
            }
            Action::Look => Ok(()),
        }
    }

    /// What the steps expect is looked at when all of them are done: before, it would depend on
    /// their order.
    fn together(&mut self, branches: &[Vec<Placed>]) -> Result<(), Obstacle> {
        match self.world.together(branches) {
            Some(done) => done?,
            None => {
                for step in branches.iter().flatten() {
                    self.act(step)?;
                }
            }
        }
        let steps = branches.iter().flatten();
        for expectation in steps.flat_map(|step| &step.expectations) {
            self.expect(expectation);
        }
        Ok(())
    }

    fn updated(
        &mut self,
        place: Place,
        result: Result<(), Obstacle>,
        refused: &[Match],
    ) -> Result<(), Obstacle> {
        self.outcome.expectations += refused.len();
        match (result, refused.first()) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(wanted)) => {
                self.fail(Failure::accepted(wanted.place));
                Ok(())
            }
            (Err(obstacle @ Obstacle::Refused { .. }), Some(_)) => {
                match refusal(obstacle, refused) {
                    Ok(failures) => failures.into_iter().for_each(|failure| self.fail(failure)),
                    Err(error) => {
                        self.mistake = Some(InvalidScenario::at(place, error.reason()));
                    }
                }
                Ok(())
            }
            (Err(obstacle), _) => Err(obstacle),
        }
    }

    fn expect(&mut self, expectation: &Expectation) {
        loop {
            let Some(mismatches) = observe(expectation, self.world, &self.moments) else {
                self.outcome.hidden += 1;
                return;
            };
            if !mismatches.is_empty() && self.world.look_again() {
                continue;
            }
            self.outcome.expectations += 1;
            for mismatch in mismatches {
                self.fail(Failure::of(mismatch, Vec::new()));
            }
            return;
        }
    }

    /// A trap is a failure, unless the case says how many there are.
    fn look_at_traps(&mut self, place: Place) {
        let Look::Seen(traps) = self.world.traps(self.traps) else {
            return;
        };
        self.traps += traps.len();
        if !self.are_traps_expected {
            for trap in traps {
                self.fail(Failure::new(place, format!("the guest trapped {trap}")));
            }
        }
    }

    /// Compares how many traps there were with how many the case expects.
    fn count_traps(&mut self, case: &Case) {
        let Some(check) = &case.traps else { return };
        let Look::Seen(traps) = self.world.traps(0) else {
            self.outcome.hidden += 1;
            return;
        };
        self.outcome.expectations += 1;
        let number = i64::try_from(traps.len()).unwrap_or(i64::MAX);
        if let Some(mut mismatch) = compare_number("traps", check, Some(number)) {
            mismatch.found = Some(traps.join("\n"));
            self.fail(Failure::of(mismatch, Vec::new()));
        }
    }

    /// The first failure holds the trace.
    fn fail(&mut self, mut failure: Failure) {
        if self.outcome.failures.is_empty() {
            failure.trace.extend(self.world.trace(self.trace_start));
        }
        self.outcome.failures.push(failure);
    }
}
