//! What each kind of evidence is worth: every one switched off in turn.

use portscan_core::evidence::Evidence;

use super::quality::logins;
use super::{Traces, in_parallel};
use crate::measure::{Measured, Trial};

/// All traces with each kind of evidence switched off.
#[derive(Clone, Debug)]
pub struct Table {
    /// The traces.
    pub traces: Vec<String>,
    /// What was switched off, and what came of it on each trace; first nothing.
    pub rows: Vec<(Option<Evidence>, Vec<Measured>)>,
}

/// At medium sensitivity.
pub fn run(traces: &Traces) -> Table {
    let mut trials: Vec<(String, Trial)> = traces
        .iter()
        .map(|named| (named.name.to_owned(), named.trial.clone()))
        .collect();
    trials.push(("login probers".to_owned(), logins()));
    let switched: Vec<Option<Evidence>> = std::iter::once(None)
        .chain(Evidence::ALL.map(Some))
        .collect();
    let rows = in_parallel(&switched, |off| {
        let without: Vec<Evidence> = off.iter().copied().collect();
        let measured = trials
            .iter()
            .map(|(_, trial)| trial.run("medium", &without).0);
        (*off, measured.collect())
    });
    Table {
        traces: trials.into_iter().map(|(name, _)| name).collect(),
        rows,
    }
}
