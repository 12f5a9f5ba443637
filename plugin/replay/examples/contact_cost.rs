//! `contact_cost [WORD]`: what a contact costs the detector, from its first to its last moment, on
//! shared data in memory that hands out copies as a host does; only the cases whose name has `WORD` in it. Ticks are part of it.
//!
//! Each line: nanoseconds per contact, of batches of contacts. The fastest tells what the code
//! costs, the spread what else the machine was doing.
#![expect(
    clippy::disallowed_methods,
    reason = "what a contact costs is real time; the time of the contacts is made up"
)]

use std::env;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use portscan_core::evidence::EvidenceSet;
use portscan_replay::engine::Engine;
use portscan_replay::native::Native;
use portscan_replay::setup::Setup;
use portscan_replay::store::Pages;
use portscan_replay::trace::{Contact, Micros};

const BATCHES: usize = 100;
const CONTACTS_PER_BATCH: usize = 1_000;
/// A thousand contacts a second: a tick for every 400 of them.
const BETWEEN_CONTACTS: Micros = 1_000;
const BEGIN: Micros = 1_790_000_000_000_000;

/// Flagged sources before the first contact: more than the table has room for.
const FULL: u32 = 100_000;

struct Case {
    name: &'static str,
    /// Flagged sources that the table holds before.
    flagged: u32,
    /// The contact with this number.
    contact: fn(u32) -> Contact,
}

const CASES: [Case; 9] = [
    Case {
        name: "a client that the worker knows is served",
        flagged: 0,
        contact: |n| served(client(n % 1_000)),
    },
    Case {
        name: "a client that the worker does not know is served",
        flagged: 0,
        contact: |n| served(client(n % 50_000)),
    },
    Case {
        name: "a client that the worker does not know is served, full table",
        flagged: FULL,
        contact: |n| served(client(n % 50_000)),
    },
    Case {
        name: "a new source touches a decoy",
        flagged: 0,
        contact: |n| silent(scanner(n), 23),
    },
    Case {
        name: "a new source touches a decoy, full table",
        flagged: FULL,
        contact: |n| silent(scanner(FULL + n), 23),
    },
    Case {
        name: "a flagged source touches a decoy again",
        flagged: 0,
        contact: |n| silent(scanner(n % 100), 23),
    },
    Case {
        name: "a flagged source touches the next port",
        flagged: 0,
        contact: |n| silent(scanner(n % 10), port(n / 10)),
    },
    Case {
        name: "a flagged source calls at the service",
        flagged: 100,
        contact: |n| served(scanner(n % 100)),
    },
    Case {
        name: "one in five scans, four are served",
        flagged: 0,
        contact: |n| match n % 5 {
            0 => silent(scanner(mixed(n) % 20_000), port(mixed(n))),
            _ => served(client(mixed(n) % 50_000)),
        },
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let word = env::args().nth(1).unwrap_or_default();
    println!("ns per contact: fastest batch, median, slowest of {BATCHES}");
    let mut setup = Setup::new("", EvidenceSet::default()).map_err(|_| "the default policy")?;
    setup.real_ports.insert(443);
    for case in CASES.iter().filter(|case| case.name.contains(&word)) {
        measure(case, &setup);
    }
    Ok(())
}

fn measure(case: &Case, setup: &Setup) {
    let mut engine = Native::on(Pages::like_a_host(), setup);
    let mut at = BEGIN;
    let mut play = |contact: Contact, at: Micros, id: usize| {
        engine.arrive(at, id, &contact);
        engine.leave(at + contact.duration, id, &contact);
    };
    for (id, number) in (0..case.flagged).enumerate() {
        at += BETWEEN_CONTACTS;
        play(silent(scanner(number), 23), at, id);
    }
    let mut number = 0..u32::MAX;
    let mut batches: Vec<u64> = (0..BATCHES)
        .map(|_| {
            let contacts: Vec<Contact> = number
                .by_ref()
                .take(CONTACTS_PER_BATCH)
                .map(case.contact)
                .collect();
            let began = Instant::now();
            for (id, contact) in contacts.into_iter().enumerate() {
                at += BETWEEN_CONTACTS;
                play(contact, at, id);
            }
            let nanos = began.elapsed().as_nanos();
            u64::try_from(nanos).unwrap_or(u64::MAX) / CONTACTS_PER_BATCH as u64
        })
        .collect();
    batches.sort_unstable();
    let (least, median, most) = (batches[0], batches[BATCHES / 2], batches[BATCHES - 1]);
    println!("{least:>6} {median:>6} {most:>7}  {}", case.name);
}

fn served(src: IpAddr) -> Contact {
    Contact {
        served: Some(true),
        bytes: Some(500),
        ..silent(src, 443)
    }
}

fn silent(src: IpAddr, dport: u16) -> Contact {
    Contact {
        at: 0,
        src,
        sport: 0,
        dst: None,
        dport,
        duration: 0,
        bytes: Some(0),
        first: Box::default(),
        served: None,
    }
}

/// Addresses all over the Internet; those of clients are no scanners'.
fn client(number: u32) -> IpAddr {
    address(number * 2)
}

fn scanner(number: u32) -> IpAddr {
    address(number * 2 + 1)
}

fn address(number: u32) -> IpAddr {
    Ipv4Addr::from(mixed(number)).into()
}

/// A port that is not the service's.
fn port(number: u32) -> u16 {
    let number = u16::try_from(number % 0xf000).unwrap_or(0);
    if number == 443 { 1 } else { number.max(1) }
}

/// A number that `number` alone has: Fibonacci hashing (Knuth, TAOCP 6.4).
const fn mixed(number: u32) -> u32 {
    number.wrapping_mul(0x9e37_79b1)
}
