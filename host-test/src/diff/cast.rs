//! Who takes part in a case: its connections and requests, and where they stand in the file.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::scenario::{
    Action, Case, ConnectionIndex, InvalidScenario, Place, Placed, RequestIndex,
};

/// Connections and requests of a case.
#[derive(Clone, Debug, Default)]
pub(super) struct Cast {
    pub(super) connections: BTreeMap<ConnectionIndex, Place>,
    pub(super) requests: BTreeMap<RequestIndex, Place>,
}

impl Cast {
    /// Those of a case, up to very many.
    pub(super) fn of(case: &Case) -> Result<Self, InvalidScenario> {
        let mut cast = Self::default();
        let _ = case.each_step(&mut |step| {
            cast.enters(&step);
            match cast.connections.len() < MAX {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        Ok(cast)
    }

    fn enters(&mut self, step: &Placed) {
        match &step.action {
            Action::Connect(connection, _) => {
                self.connections.insert(*connection, step.place);
            }
            Action::Request {
                request,
                connection,
                connect,
                ..
            } => {
                self.requests.insert(*request, step.place);
                if connect.is_some() {
                    self.connections.insert(*connection, step.place);
                }
            }
            Action::Together(lists) => lists.iter().flatten().for_each(|step| self.enters(step)),
            _ => {}
        }
    }
}

const MAX: usize = 100_000;
