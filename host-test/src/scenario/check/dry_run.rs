//! Reads the steps of a case as a run will, before anything runs: a mistake at the end is known at
//! the beginning.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::walk;
use crate::config::Bootstrap;
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::{Action, Case, Connect, Placed};
use crate::scenario::world::resolve;

/// Reads the steps. What lies behind very many of them is read when its turn comes.
///
/// Says whether some expectation counts since the last step, or may.
pub(super) fn dry_run(case: &Case) -> Result<bool, InvalidScenario> {
    let mut dry = DryRun {
        bootstrap: Arc::clone(&case.setup.bootstrap),
        steps: 0,
        compares: false,
        mistake: None,
    };
    let ended = walk(case, &mut |step| dry.step(&step))?;
    match dry.mistake {
        Some(mistake) => Err(mistake),
        None => Ok(dry.compares || ended.is_break()),
    }
}

struct DryRun {
    /// The configuration at this step.
    bootstrap: Arc<Bootstrap>,
    steps: usize,
    compares: bool,
    mistake: Option<InvalidScenario>,
}

impl DryRun {
    fn step(&mut self, step: &Placed) -> ControlFlow<()> {
        self.steps += 1;
        let mut expectations = step.expectations.iter();
        self.compares |= expectations.any(|expectation| expectation.check.since_step());
        match &step.action {
            Action::Connect(_, connect) => self.dial(connect),
            Action::Request {
                connect: Some(connect),
                ..
            } => self.dial(connect),
            Action::Update(setup, refused) if refused.is_empty() => {
                self.bootstrap = Arc::clone(&setup.bootstrap)
            }
            Action::Together(lists) => {
                for step in lists.iter().flatten() {
                    let _ = self.step(step);
                }
            }
            _ => {}
        }
        match self.mistake.is_some() || self.steps >= STEPS_MAX {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// Whether there is such a listener.
    fn dial(&mut self, connect: &Connect) {
        if let Err(obstacle) = resolve(&connect.destination, connect.source.ip(), &self.bootstrap) {
            self.mistake = Some(InvalidScenario::at(connect.place, obstacle));
        }
    }
}

const STEPS_MAX: usize = 20_000;
