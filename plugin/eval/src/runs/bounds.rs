//! What keeps targets out of reach: gateways with two accidents on a day, and scanners that do too
//! little for low sensitivity.

use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};
use portscan_replay::trace::Micros;

use crate::generate::{DAY, Kind, Population, REAL_PORTS, people, write};
use crate::measure::Trial;

/// How often a person touches a decoy by accident on a day, here.
pub const PROBABILITY: f64 = 1e-3;

/// Both.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Gateways of 500 at medium sensitivity.
    pub gateways: Gateways,
    /// Scanners of the generated trace at low sensitivity, by kind.
    pub scanners: Vec<Scanners>,
}

/// Gateways of 500, and which of them have two accidents at distinct decoys within 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gateways {
    /// All.
    pub all: usize,
    /// Those with two such accidents.
    pub twice: usize,
    /// Those that were flagged.
    pub flagged: usize,
    /// Those that were flagged and have two such accidents.
    pub flagged_twice: usize,
}

/// Scanners of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanners {
    /// Which.
    pub kind: Kind,
    /// All.
    pub all: usize,
    /// Those that were flagged.
    pub flagged: usize,
    /// Those that were missed and touched one port.
    pub missed_with_one_port: usize,
}

/// One in `scale` of the people; all of the scanners.
pub fn run(scale: usize) -> Bounds {
    Bounds {
        gateways: gateways(&people(write::SEED, write::START, PROBABILITY, scale)),
        scanners: scanners(&write::set()),
    }
}

fn gateways(made: &Population) -> Gateways {
    let flagged = flagged(made, "medium");
    let mut accidents: HashMap<IpAddr, Vec<(Micros, u16)>> = HashMap::new();
    for accident in &made.accidents {
        let contact = &made.contacts[accident.contact];
        let known = accidents.entry(contact.src).or_default();
        known.push((contact.at, contact.dport));
    }
    let mut found = Gateways::default();
    for client in &made.clients {
        if client.kind != Kind::LargeGateway {
            continue;
        }
        let is_twice = accidents.get(&client.src).is_some_and(|all| is_twice(all));
        let is_flagged = flagged.contains(&client.src);
        found.all += 1;
        found.twice += usize::from(is_twice);
        found.flagged += usize::from(is_flagged);
        found.flagged_twice += usize::from(is_twice && is_flagged);
    }
    found
}

fn is_twice(accidents: &[(Micros, u16)]) -> bool {
    let follows = |(at, port): (Micros, u16)| {
        let later =
            move |(then, other): &(Micros, u16)| *other != port && (at..at + DAY).contains(then);
        accidents.iter().any(later)
    };
    accidents.iter().copied().any(follows)
}

fn scanners(made: &Population) -> Vec<Scanners> {
    let flagged = flagged(made, "low");
    let mut ports: HashMap<IpAddr, HashSet<u16>> = HashMap::new();
    for contact in &made.contacts {
        ports.entry(contact.src).or_default().insert(contact.dport);
    }
    let of_kind = |kind: Kind| {
        let clients = made.clients.iter().filter(|client| client.kind == kind);
        let (caught, missed): (Vec<IpAddr>, Vec<IpAddr>) = clients
            .map(|client| client.src)
            .partition(|src| flagged.contains(src));
        let touched_one = |src: &&IpAddr| ports.get(*src).is_some_and(|ports| ports.len() == 1);
        Scanners {
            kind,
            all: caught.len() + missed.len(),
            flagged: caught.len(),
            missed_with_one_port: missed.iter().filter(touched_one).count(),
        }
    };
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_scanner());
    kinds.map(of_kind).collect()
}

fn flagged(made: &Population, sensitivity: &str) -> HashSet<IpAddr> {
    let (_, outcome) = Trial::of(made, &REAL_PORTS).run(sensitivity, &[]);
    outcome.verdicts.iter().map(|line| line.src).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::HOUR;

    #[test]
    fn two_accidents_are_two_ports_within_a_day() {
        assert!(is_twice(&[(0, 22), (HOUR, 23)]));
        assert!(is_twice(&[(HOUR, 23), (0, 22)]));
        assert!(!is_twice(&[(0, 22), (HOUR, 22)]));
        assert!(!is_twice(&[(0, 22), (DAY, 23)]));
    }
}
