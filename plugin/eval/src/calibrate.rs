//! What each weight should be by the data: `ln(P(evidence | scanner) / P(evidence | benign))`.
//!
//! The unit is a source on a day: days are how long targets are remembered, and evidence of one
//! kind seldom counts more often. Scanners are those of the honeypot where it is there, harmless
//! clients are made up. A probability is estimated with half a source-day added to both outcomes
//! (Krichevsky, Trofimov 1981), so that what never happened has one, too. Sources are split into
//! two halves; the distance of their estimates says how far the data can be trusted.

mod days;

use portscan_core::evidence::{Evidence, Nats, weight};
use portscan_replay::trace::Contact;

use crate::generate::{REAL_PORTS, machines, people, write};
use crate::measure::Trial;
use crate::runs::{Traces, in_parallel, scanners};
use days::{Day, Days, Sources, watch};

/// How often a person touches a decoy by accident on a day.
pub const PROBABILITY: f64 = 1e-3;

/// One in so many of the harmless clients that false tags are measured with.
const SCALE: usize = 2;

/// Estimates beside the weights in use.
#[derive(Clone, Debug)]
pub struct Calibration {
    /// The trace of the scanners.
    pub trace: &'static str,
    /// A row for each kind of evidence that has a weight.
    pub rows: Vec<Row>,
}

/// Days with a kind of evidence, and all that could have had it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// With it.
    pub with: u64,
    /// All.
    pub all: u64,
}

/// A kind of evidence.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which.
    pub name: &'static str,
    /// What it weighs.
    pub weight: Nats,
    /// Days of scanners.
    pub scanners: Count,
    /// Days of people.
    pub people: Count,
    /// Days of machines.
    pub machines: Count,
    /// The estimate from all sources, from the even ones, and from the odd ones; in nats.
    pub estimates: [f64; 3],
}

impl Row {
    /// Whether there is enough to estimate from: both could have had it, and somebody did.
    pub fn has_data(&self) -> bool {
        /// Days of each.
        const DAYS_MIN: u64 = 50;
        /// Days with it.
        const WITH_MIN: u64 = 10;
        self.scanners.all.min(self.people.all) >= DAYS_MIN
            && self.scanners.with.max(self.people.with) >= WITH_MIN
    }

    /// How far the estimate is from the weight in use, in nats.
    pub fn off_by(&self) -> f64 {
        self.estimates[0] - f64::from(self.weight.hundredths()) / 100.0
    }
}

/// A kind of evidence, where it can be seen, and where it was.
struct Kind {
    name: &'static str,
    weight: Nats,
    can: fn(&Day) -> bool,
    has: fn(&Day) -> bool,
}

const fn kind(
    name: &'static str,
    weight: Nats,
    can: fn(&Day) -> bool,
    has: fn(&Day) -> bool,
) -> Kind {
    Kind {
        name,
        weight,
        can,
        has,
    }
}

/// A flagged network adds what a source lacks to the threshold of medium sensitivity.
const NETWORK: Nats = Nats::from_hundredths(460);

const KINDS: [Kind; 11] = [
    kind(
        "`decoy`",
        weight::DECOY,
        |_| true,
        |day| day.asked_otherwise,
    ),
    kind(
        "`decoy`, asking for a served name",
        weight::DECOY_BY_MISTAKE,
        |_| true,
        |day| day.asked_for_served && !day.asked_otherwise,
    ),
    kind(
        "`ports`, after a first target",
        weight::PORTS,
        Day::has_target,
        |day| day.kinds.contains(Evidence::Ports),
    ),
    kind(
        "`silent`, of those at a decoy",
        weight::SILENT,
        Day::has_decoy,
        |day| day.silent_at_decoy,
    ),
    kind(
        "`silent`, of those at a real port",
        weight::SILENT,
        |day| day.at_real,
        |day| day.silent_at_real,
    ),
    kind(
        "`mismatch`",
        weight::MISMATCH,
        |_| true,
        |day| day.kinds.contains(Evidence::Mismatch),
    ),
    kind(
        "`handshake`",
        weight::HANDSHAKE,
        |_| true,
        |day| day.kinds.contains(Evidence::Handshake),
    ),
    kind(
        "`bruteforce`",
        weight::BRUTEFORCE,
        |_| true,
        |day| day.kinds.contains(Evidence::Bruteforce),
    ),
    kind(
        "`exploit`",
        weight::EXPLOIT,
        |_| true,
        |day| day.kinds.contains(Evidence::Exploit),
    ),
    kind(
        "`literal-host`",
        weight::LITERAL_HOST,
        |_| true,
        |day| day.kinds.contains(Evidence::LiteralHost),
    ),
    kind(
        "`network`, with `decoy` off",
        NETWORK,
        |_| true,
        |day| day.network,
    ),
];

/// From the traces there are and one in `scale` of the made-up clients.
pub fn run(traces: &Traces, scale: usize) -> Calibration {
    let (trace, hostile) = scanners(traces);
    let hostile = Trial {
        contacts: of_scanners(hostile),
        ..hostile.clone()
    };
    let people = people(write::SEED + 3, write::START, PROBABILITY, SCALE * scale);
    let machines = machines(write::SEED + 4, write::START, SCALE * scale);
    let crowds = [
        hostile,
        Trial::of(&people, &REAL_PORTS),
        Trial::of(&machines, &REAL_PORTS),
    ];
    let days = in_parallel(&crowds, watch);
    let rows = KINDS.map(|kind| {
        let [scanners, people, machines] =
            [0, 1, 2].map(|crowd: usize| counted(&days[crowd], &kind, Sources::All));
        let estimate = |half| {
            let (scanners, people) = (
                counted(&days[0], &kind, half),
                counted(&days[1], &kind, half),
            );
            (probability(scanners) / probability(people)).ln()
        };
        Row {
            name: kind.name,
            weight: kind.weight,
            scanners,
            people,
            machines,
            estimates: [Sources::All, Sources::Even, Sources::Odd].map(estimate),
        }
    });
    Calibration {
        trace,
        rows: rows.to_vec(),
    }
}

fn of_scanners(trial: &Trial) -> Vec<Contact> {
    let contacts = trial.contacts.iter();
    contacts
        .filter(|contact| trial.scanners.contains(&contact.src))
        .cloned()
        .collect()
}

fn counted(days: &Days, kind: &Kind, half: Sources) -> Count {
    let mut count = Count::default();
    for ((src, _), day) in days {
        if half.has(src) && (kind.can)(day) {
            count.all += 1;
            count.with += u64::from((kind.has)(day));
        }
    }
    count
}

#[expect(clippy::cast_precision_loss, reason = "counts of sources are exact")]
fn probability(count: Count) -> f64 {
    (count.with as f64 + 0.5) / (count.all as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn an_estimate_is_the_logarithm_of_how_much_more_often_scanners_show_it() {
        let src = |number: u32| IpAddr::from(number.to_be_bytes());
        let mut days = Days::new();
        for number in 0..1_000 {
            let day = Day {
                asked_otherwise: number < 990,
                silent_at_decoy: number < 99,
                ..Day::default()
            };
            days.insert((src(number), 0), day);
        }
        let of = |kind: &Kind, half| {
            let Count { with, all } = counted(&days, kind, half);
            (with, all)
        };
        assert_eq!(of(&KINDS[0], Sources::All), (990, 1_000));
        assert_eq!(of(&KINDS[0], Sources::Even), (495, 500));
        // Of those that were at a decoy.
        assert_eq!(of(&KINDS[3], Sources::All), (99, 990));
        let often = probability(Count {
            with: 990,
            all: 1_000,
        });
        let never = probability(Count {
            with: 0,
            all: 100_000,
        });
        let nats = (often / never).ln();
        assert!((nats - 12.19).abs() < 0.01, "{nats}");
    }
}
