//! The same traces through textbook rivals: effectiveness beside false tags.

use super::{Traces, in_parallel};
use crate::generate::{REAL_PORTS, machines, people, write};
use crate::measure::{FalseTags, Measured, SENSITIVITIES, Trial, false_tags};
use crate::textbook::RIVALS;

/// All detectors.
#[derive(Clone, Debug)]
pub struct Table {
    /// The traces.
    pub traces: Vec<&'static str>,
    /// Ours first, by sensitivity.
    pub rows: Vec<Row>,
}

/// A detector.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Where it comes from; empty for ours.
    pub source: &'static str,
    /// Whether it is a detector that people use.
    pub is_reference: bool,
    /// What came of each trace.
    pub measured: Vec<Measured>,
    /// False tags among people.
    pub people: FalseTags,
    /// False tags among machines.
    pub machines: FalseTags,
}

impl Row {
    /// Whether it is ours.
    pub fn is_ours(&self) -> bool {
        self.source.is_empty()
    }
}

/// How often a person touches a decoy by accident on a day.
pub const PROBABILITY: f64 = 1e-3;

/// One in so many of the people and machines that our own false tags are measured with.
const SCALE: usize = 4;

/// All detectors on all traces.
pub fn run(traces: &Traces, scale: usize) -> Table {
    let crowds = [
        people(write::SEED, write::START, PROBABILITY, SCALE * scale),
        machines(write::SEED, write::START, SCALE * scale),
    ];
    let quiet = crowds.each_ref().map(|made| Trial::of(made, &REAL_PORTS));
    let named: Vec<_> = traces.iter().collect();
    let mut rows = in_parallel(&SENSITIVITIES, |sensitivity| {
        let tags = [0, 1].map(|index: usize| {
            let (_, outcome) = quiet[index].run(sensitivity, &[]);
            total(&false_tags(&crowds[index], &outcome))
        });
        Row {
            name: format!("this detector, {sensitivity}"),
            source: "",
            is_reference: false,
            measured: named
                .iter()
                .map(|named| named.trial.run(sensitivity, &[]).0)
                .collect(),
            people: tags[0],
            machines: tags[1],
        }
    });
    rows.extend(in_parallel(&RIVALS, |rival| {
        let tags = [0, 1].map(|index: usize| {
            let (_, outcome) = quiet[index].run_rival(rival);
            total(&false_tags(&crowds[index], &outcome))
        });
        Row {
            name: rival.name.to_owned(),
            source: rival.source,
            is_reference: rival.is_reference,
            measured: named
                .iter()
                .map(|named| named.trial.run_rival(rival).0)
                .collect(),
            people: tags[0],
            machines: tags[1],
        }
    }));
    Table {
        traces: named.iter().map(|named| named.name).collect(),
        rows,
    }
}

fn total(kinds: &[(crate::generate::Kind, FalseTags)]) -> FalseTags {
    let mut total = FalseTags::default();
    for (_, tags) in kinds {
        total.flagged += tags.flagged;
        total.client_days += tags.client_days;
    }
    total
}
