//! How long it takes to find one source that walks from port to port, ever more slowly.

use std::net::{IpAddr, Ipv4Addr};

use portscan_replay::engine::Engine;
use portscan_replay::native::Native;
use portscan_replay::replay::replay;
use portscan_replay::setup::Setup;
use portscan_replay::trace::{Contact, Micros};

use crate::generate::{DAY, EDGE, HOUR, SECOND, write};
use crate::measure::{SENSITIVITIES, Trial};
use crate::textbook::{RIVALS, Textbook};

/// A detector on one kind of ports.
#[derive(Clone, Debug)]
pub struct Series {
    /// The detector.
    pub name: String,
    /// Whether the scan meets decoys; otherwise real ports alone.
    pub decoys: bool,
    /// For each gap: until the source was flagged, if it was.
    pub found: Vec<Option<Found>>,
}

/// When a scan was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Time from its first contact.
    pub after: Micros,
    /// Contacts up to then.
    pub contacts: u64,
}

/// Gaps between two ports.
pub const GAPS: [(Micros, &str); 6] = [
    (SECOND, "1 s"),
    (10 * SECOND, "10 s"),
    (60 * SECOND, "1 min"),
    (600 * SECOND, "10 min"),
    (HOUR, "1 h"),
    (6 * HOUR, "6 h"),
];

/// Ports of a scan over decoys.
const DECOYS: u16 = 100;
/// Real ports: what a large edge has.
const REAL: u16 = 12;

/// After that long a scan was not found.
const PATIENCE: Micros = 14 * DAY;

/// Our detector at all sensitivities, and the rivals, with decoys and without.
pub fn run() -> Vec<Series> {
    let mut series = Vec::new();
    for decoys in [true, false] {
        for sensitivity in SENSITIVITIES {
            let setup = setup(decoys, sensitivity);
            let found = GAPS.map(|(gap, _)| find(gap, &setup, Native::new));
            series.push(Series {
                name: format!("this detector, {sensitivity}"),
                decoys,
                found: found.to_vec(),
            });
        }
        for rival in &RIVALS {
            let setup = setup(decoys, "medium");
            let make = |setup: &Setup| Textbook::new((rival.make)(), setup);
            series.push(Series {
                name: rival.name.to_owned(),
                decoys,
                found: GAPS.map(|(gap, _)| find(gap, &setup, make)).to_vec(),
            });
        }
    }
    series
}

fn setup(decoys: bool, sensitivity: &str) -> Setup {
    let real: Vec<u16> = if decoys {
        vec![80, 443]
    } else {
        (FIRST..FIRST + REAL).collect()
    };
    Trial::of_scanners(Vec::new(), &real).setup(sensitivity, &[])
}

const FIRST: u16 = 10_001;

fn find<E: Engine>(gap: Micros, setup: &Setup, make: impl FnMut(&Setup) -> E) -> Option<Found> {
    /// More than any detector here needs.
    const CONTACTS_MAX: u64 = 100;
    let count = (PATIENCE / gap).clamp(2, CONTACTS_MAX);
    let ports = if setup.real_ports.contains(&FIRST) {
        REAL
    } else {
        DECOYS
    };
    let ports = (FIRST..FIRST + ports).cycle();
    let contacts: Vec<Contact> = (0..count)
        .zip(ports)
        .map(|(step, dport)| Contact {
            at: write::START + step * gap,
            src: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)),
            sport: 0,
            dst: Some(EDGE),
            dport,
            duration: SECOND / 100,
            bytes: Some(0),
            first: Box::default(),
            served: Some(false),
        })
        .collect();
    let outcome = replay(&contacts, setup, make);
    let tagged = outcome.tagged.iter().position(|tagged| *tagged)?;
    let contact = contacts.get(tagged)?;
    Some(Found {
        after: contact.at - write::START,
        contacts: tagged as u64 + 1,
    })
}
