//! A new configuration while Envoy runs: it watches the file of its listeners.

use std::fs;
use std::sync::Arc;

use super::setup::prepare;
use super::{RealWorld, failure};
use crate::scenario::{Obstacle, Setup};

impl RealWorld {
    /// Gives Envoy other listeners, and waits until it has taken or refused them.
    pub(super) fn change(&mut self, setup: &Setup) -> Result<(), Obstacle> {
        let prepared = prepare(setup, &self.additions)?;
        if prepared.rest != self.rest {
            let reason = "Envoy takes nothing but listeners from a new configuration";
            return Err(Obstacle::Impossible(reason.to_owned()));
        }
        let Some(watched) = &self.additions.watched else {
            return Err(Obstacle::Failure("the listeners are fixed".to_owned()));
        };
        let rejected = self.envoy.counter(REJECTED).map_err(failure)?;
        let (lines, problems) = (self.log.lines.len(), self.log.problems.len());
        let new = self.scratch.write("new.json", &prepared.listeners);
        // Envoy notices that a file takes the place of another.
        let moved = new.and_then(|new| Ok(fs::rename(new, watched)?));
        moved.map_err(failure)?;
        self.settle()?;
        if self.envoy.counter(REJECTED).map_err(failure)? > rejected {
            let problems = self.log.problems.get(problems..).unwrap_or_default();
            let log = self.log.lines.get(lines..).unwrap_or_default();
            return Err(Obstacle::Refused {
                reason: problems.join(" | "),
                log: log.iter().map(|line| line.text.clone()).collect(),
            });
        }
        self.bootstrap = Arc::clone(&setup.bootstrap);
        Ok(())
    }
}

const REJECTED: &str = "listener_manager.lds.update_rejected";
