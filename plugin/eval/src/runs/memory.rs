//! What the detector remembers, however many come.

use std::net::{IpAddr, Ipv4Addr};

use portscan_replay::engine::Engine;
use portscan_replay::native::Native;
use portscan_replay::trace::{Contact, Micros};

use crate::generate::{EDGE, REAL_PORTS, write};
use crate::measure::Trial;

/// How many sources came, and what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Sources that touched one decoy each.
    pub sources: u32,
    /// Slots in use.
    pub slots: u64,
    /// Bytes of shared data.
    pub bytes: usize,
    /// Slots that had to make room.
    pub evictions: u64,
}

/// Numbers of sources, by half decades.
pub const SOURCES: [u32; 9] = [
    100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000,
];

/// With the default policy; so many times fewer sources at most. Sources come from networks all over
/// the address space, each with one silent decoy contact.
pub fn run(scale: usize) -> Vec<Point> {
    let most = SOURCES[SOURCES.len() - 1] / u32::try_from(scale).unwrap_or(u32::MAX);
    let setup = Trial::of_scanners(Vec::new(), &REAL_PORTS).setup("medium", &[]);
    let mut engine = Native::new(&setup);
    let mut points = Vec::new();
    let mut at = write::START;
    for number in 1..=most {
        let contact = knock(number, at);
        engine.arrive(at, 0, &contact);
        engine.leave(at, 0, &contact);
        at += GAP;
        if SOURCES.contains(&number) {
            points.push(Point {
                sources: number,
                slots: engine.slots(at),
                bytes: engine.shared_bytes(),
                evictions: engine.evictions(),
            });
        }
    }
    points
}

fn knock(number: u32, at: Micros) -> Contact {
    /// Odd, so that every source has an address of its own.
    const STEP: u32 = 2_654_435_761;
    Contact {
        at,
        src: IpAddr::V4(Ipv4Addr::from(number.wrapping_mul(STEP))),
        sport: 0,
        dst: Some(EDGE),
        dport: 23,
        duration: 0,
        bytes: Some(0),
        first: Box::default(),
        served: None,
    }
}

/// A million sources come within an hour.
const GAP: Micros = 3_600;
