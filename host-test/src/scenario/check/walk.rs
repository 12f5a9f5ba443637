//! Takes steps that hold others apart, and gives the rest one by one to whoever runs them.

use std::ops::ControlFlow;

use super::connect::in_range;
use super::names::Names;
use super::step::{Surroundings, check};
use crate::scenario::expression::Scope;
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::{Action, Case, Placed};
use crate::scenario::raw;

/// Gives every step of a case, in order, to `each`, until that breaks off.
pub(in crate::scenario) fn walk(
    case: &Case,
    each: &mut dyn FnMut(Placed) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, InvalidScenario> {
    let mut scope = Scope::default();
    for (name, value) in &case.variables {
        scope.set(name, value.clone());
    }
    let mut walk = Walk {
        case,
        names: Names::default(),
        rounds: 0,
        each,
    };
    for steps in [&case.steps, &case.more_steps] {
        if walk.steps(steps, &scope, 0)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

struct Walk<'a> {
    case: &'a Case,
    names: Names,
    /// Rounds of all repetitions so far.
    rounds: i64,
    each: &'a mut dyn FnMut(Placed) -> ControlFlow<()>,
}

type Walked = Result<ControlFlow<()>, InvalidScenario>;

impl Walk<'_> {
    fn steps(&mut self, steps: &raw::Steps, scope: &Scope<'_>, worker: usize) -> Walked {
        for step in steps {
            let flow = match &step.value {
                raw::Step::Repeat(repeat) => self.repeat(repeat, scope, worker),
                raw::Step::OnWorker(on) => {
                    let worker = in_range(&on.worker, scope, self.case.workers)?;
                    self.steps(&on.steps, scope, worker)
                }
                raw::Step::Together(branches) => self.together(step, branches, scope, worker),
                _ => {
                    let around = Surroundings {
                        case: self.case,
                        scope,
                        worker,
                    };
                    let placed = check(step, &around, &mut self.names)?;
                    Ok((self.each)(placed))
                }
            }?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn repeat(&mut self, repeat: &raw::Repeat, scope: &Scope<'_>, worker: usize) -> Walked {
        let count: i64 = repeat.count.parse(scope, "a number")?;
        if !(0..=REPEAT_MAX).contains(&count) {
            let reason = format!("expected a count out of 0 to {REPEAT_MAX}, found {count}");
            return Err(repeat.count.error(reason));
        }
        let variable = match &repeat.variable {
            Some(name) => name.expand(scope)?,
            None => "i".to_owned(),
        };
        let from: i32 = match &repeat.from {
            Some(from) => from.parse(scope, "a number")?,
            None => 0,
        };
        let mut inner = scope.inner();
        for index in 0..count {
            self.rounds += 1;
            if self.rounds > REPEAT_MAX {
                let reason = format!("more than {REPEAT_MAX} rounds of repetitions in one case");
                return Err(repeat.count.error(reason));
            }
            inner.set(&variable, (i64::from(from) + index).to_string());
            if self.steps(&repeat.steps, &inner, worker)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The branches are read one after the other, so that names of one are known to the next.
    fn together(
        &mut self,
        step: &raw::At<raw::Step>,
        branches: &[raw::Steps],
        scope: &Scope<'_>,
        worker: usize,
    ) -> Walked {
        let mut read: Vec<Vec<Placed>> = Vec::new();
        for branch in branches {
            let mut placed = Vec::new();
            let mut keep = |step| {
                placed.push(step);
                if placed.len() > TOGETHER_MAX {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            let mut inner = Walk {
                case: self.case,
                names: std::mem::take(&mut self.names),
                rounds: self.rounds,
                each: &mut keep,
            };
            let flow = inner.steps(branch, scope, worker);
            (self.names, self.rounds) = (inner.names, inner.rounds);
            if flow?.is_break() {
                let reason = format!("more than {TOGETHER_MAX} steps that run at the same time");
                return Err(InvalidScenario::at(step.place, reason));
            }
            read.push(placed);
        }
        let action = Action::Together(read);
        Ok((self.each)(Placed {
            place: step.place,
            action,
            expectations: Vec::new(),
            counts_before: self.case.compares_steps,
        }))
    }
}

/// Rounds of one repetition, and of all of a case: repetitions inside each other multiply.
const REPEAT_MAX: i64 = 10_000_000;
const TOGETHER_MAX: usize = 10_000;
