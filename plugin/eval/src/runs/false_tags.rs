//! Whom the detector flags wrongly: for each kind of harmless client, and each rate of accidents.

use super::in_parallel;
use crate::generate::{Kind, Population, REAL_PORTS, machines, people, write};
use crate::measure::{FalseTags, SENSITIVITIES, Trial, false_tags};

/// How often a person touches a decoy by accident on a day.
pub const PROBABILITIES: [f64; 4] = [1e-5, 1e-4, 1e-3, 1e-2];

/// All false tags.
#[derive(Clone, Debug)]
pub struct Table {
    /// For each probability and each sensitivity.
    pub people: Vec<Row>,
    /// For each sensitivity; machines have no accidents.
    pub machines: Vec<Row>,
}

/// A population at a sensitivity.
#[derive(Clone, Debug)]
pub struct Row {
    /// How often a person touches a decoy by accident on a day; 0 for machines.
    pub probability: f64,
    /// The sensitivity.
    pub sensitivity: &'static str,
    /// False tags by kind.
    pub kinds: Vec<(Kind, FalseTags)>,
    /// Accidents of people with an address of their own in good standing: tagged ones, and all.
    pub in_standing: (usize, usize),
    /// The same of strangers.
    pub strangers: (usize, usize),
}

impl Row {
    /// False tags of all kinds.
    pub fn total(&self) -> FalseTags {
        let mut total = FalseTags::default();
        for (_, tags) in &self.kinds {
            total.flagged += tags.flagged;
            total.client_days += tags.client_days;
        }
        total
    }
}

/// Everybody, or one in `scale`.
pub fn run(scale: usize) -> Table {
    let mut rows = Vec::new();
    for probability in PROBABILITIES {
        let made = people(write::SEED, write::START, probability, scale);
        rows.extend(at_all_sensitivities(&made, probability));
    }
    let made = machines(write::SEED, write::START, scale);
    Table {
        people: rows,
        machines: at_all_sensitivities(&made, 0.0),
    }
}

fn at_all_sensitivities(made: &Population, probability: f64) -> Vec<Row> {
    let trial = Trial::of(made, &REAL_PORTS);
    in_parallel(&SENSITIVITIES, |sensitivity| {
        let (_, outcome) = trial.run(sensitivity, &[]);
        let accidents = |in_good_standing: bool| {
            let single: Vec<_> = made
                .accidents
                .iter()
                .filter(|accident| accident.in_good_standing == in_good_standing)
                .filter(|accident| matches!(accident.kind, Kind::Person | Kind::Browser))
                .collect();
            let tagged = single
                .iter()
                .filter(|accident| outcome.tagged.get(accident.contact) == Some(&true));
            (tagged.count(), single.len())
        };
        Row {
            probability,
            sensitivity,
            kinds: false_tags(made, &outcome),
            in_standing: accidents(true),
            strangers: accidents(false),
        }
    })
}
