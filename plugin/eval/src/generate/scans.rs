//! Scanners, in the shares that two honeypots measured: a catch-all at accept level in 2025, and
//! nine addresses for six months in 2013.

use std::net::{IpAddr, Ipv4Addr};

use fastrand::Rng;
use portscan_replay::trace::{Contact, Micros};

use super::payload::{BINARY, RDP, SMB, SOCKS, SSH, VNC, client_hello, http};
use super::{DAY, HOUR, Kind, Population, SECOND, addresses, contact, weighted};

/// Days in which they come.
const DAYS: u64 = 3;

/// Sources of each kind in a hundred. Measured: 88 of 100 touch one port; six /24s hold 56 of 100.
/// The rest is an assumption.
const SHARES: [(Kind, usize); 6] = [
    (Kind::SinglePort, 31),
    (Kind::Distributed, 56),
    (Kind::Vertical, 2),
    (Kind::Slow, 3),
    (Kind::Login, 5),
    (Kind::WebExploit, 3),
];

/// Addresses of a /24 that scans: measured, six of them had 56 of 100 sources of 1,436.
const NETWORK_ADDRESSES: usize = 134;

/// Contacts with real ports alone, of a thousand sources. Measured: 22 in all, a part of them web
/// exploits.
const REAL_ONLY_PER_MILLE: u32 = 12;

/// Ports that are probed, beside any other: of the measured contacts, the most frequent ones.
const POPULAR: [(u16, u32); 16] = [
    (23, 12),
    (22, 10),
    (3389, 8),
    (8080, 8),
    (5900, 6),
    (445, 6),
    (6379, 5),
    (8443, 5),
    (5432, 4),
    (3306, 4),
    (1433, 4),
    (2222, 3),
    (8888, 3),
    (27_017, 3),
    (5060, 2),
    (9200, 2),
];

/// First bytes at a decoy, of a thousand contacts: measured.
const FIRST: [(First, u32); 8] = [
    (First::Nothing, 246),
    (First::Tls, 344),
    (First::Http, 235),
    (First::Fixed(BINARY), 113),
    (First::Fixed(SSH), 29),
    (First::Fixed(RDP), 19),
    (First::Fixed(SOCKS), 12),
    (First::Fixed(SMB), 2),
];

#[derive(Clone, Copy)]
enum First {
    Nothing,
    Tls,
    Http,
    Fixed(&'static [u8]),
}

/// The bare address that scanners know.
const LITERAL: &str = "192.0.2.1";

/// `count` sources, from `start` on.
pub fn scans(seed: u64, start: Micros, count: usize) -> Population {
    let mut rng = Rng::with_seed(seed);
    let mut made = Population::default();
    let mut scattered = addresses(&mut rng, [198, 18, 0, 0], 16, count).into_iter();
    for (kind, share) in SHARES {
        let sources = count * share / 100;
        for index in 0..sources {
            let (src, network) = if kind == Kind::Distributed {
                let network = index / NETWORK_ADDRESSES;
                let host = index % NETWORK_ADDRESSES;
                (neighbour(network, host), network)
            } else {
                let Some(src) = scattered.next() else { break };
                (src, 0)
            };
            made.client(src, kind, DAYS);
            scan(&mut rng, &mut made, src, kind, start, network as u64);
        }
    }
    made
}

/// `count` sources that try to log in at a real port, every 611 seconds for a day: measured, real
/// VNC probers, their median.
pub fn login_probers(seed: u64, start: Micros, port: u16, count: usize) -> Population {
    let mut rng = Rng::with_seed(seed);
    let mut made = Population::default();
    for src in addresses(&mut rng, [198, 19, 128, 0], 15, count) {
        made.client(src, Kind::Login, 1);
        let sessions = u32::try_from(DAY / LOGIN_EVERY).unwrap_or(u32::MAX);
        let from = start + rng.u64(0..LOGIN_EVERY);
        log_in(&mut rng, &mut made, src, port, from, sessions);
    }
    made
}

const LOGIN_EVERY: Micros = 611 * SECOND;

#[expect(clippy::cast_possible_truncation, reason = "a few networks and hosts")]
fn neighbour(network: usize, host: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(198, 19, network as u8, host as u8 + 1))
}

fn scan(
    rng: &mut Rng,
    made: &mut Population,
    src: IpAddr,
    kind: Kind,
    start: Micros,
    network: u64,
) {
    let at = start + rng.u64(0..(DAYS - 1) * DAY);
    match kind {
        Kind::Distributed => {
            // One network's addresses come in the same hours.
            let at = start + network * 7 * HOUR + rng.u64(0..18 * HOUR);
            let ports = if rng.u32(0..100) < 90 { 1 } else { 2 };
            single(rng, made, src, at, ports);
        }
        Kind::Vertical => {
            let ports = rng.u64(20..=200);
            let gap = SECOND / 5;
            let first = rng.u16(1..60_000);
            for step in 0..ports {
                let port = first + u16::try_from(step).unwrap_or(0);
                let at = at + step * gap;
                made.contacts
                    .push(contact(src, port, at, SECOND / 100, &[]));
            }
        }
        Kind::Slow => {
            let gap = weighted(rng, &[(600 * SECOND, 1), (HOUR, 1), (6 * HOUR, 1)]);
            let ports = (DAYS * DAY - (at - start)).div_ceil(gap).min(12);
            for step in 0..ports {
                let probe = probe(rng, src, at + step * gap);
                made.contacts.push(probe);
            }
        }
        Kind::Login => {
            let port = if rng.bool() { 5900 } else { 3389 };
            let sessions = rng.u32(20..=60);
            log_in(rng, made, src, port, at, sessions);
        }
        Kind::WebExploit => exploit(rng, made, src, at),
        _ => single(rng, made, src, at, 1),
    }
}

/// One port or two, each once, twice or three times. Measured: the median gap between two new
/// targets is 408 seconds.
fn single(rng: &mut Rng, made: &mut Population, src: IpAddr, at: Micros, ports: u32) {
    const GAP: Micros = 408 * SECOND;
    let is_real_only = rng.u32(0..1_000) < REAL_ONLY_PER_MILLE;
    let mut at = at;
    for _ in 0..ports {
        let mut first = probe(rng, src, at);
        if is_real_only {
            first.dport = if rng.bool() { 80 } else { 443 };
        }
        for _ in 0..weighted(rng, &[(1, 6), (2, 2), (3, 1)]) {
            made.contacts.push(Contact {
                at,
                ..first.clone()
            });
            at += SECOND * rng.u64(1..30);
        }
        at += GAP;
    }
}

/// A contact with a port that is often probed, or any other, with bytes as scanners send them.
fn probe(rng: &mut Rng, src: IpAddr, at: Micros) -> Contact {
    let port = if rng.u32(0..100) < 45 {
        weighted(rng, &POPULAR)
    } else {
        rng.u16(1_024..=u16::MAX)
    };
    let bytes = match weighted(rng, &FIRST) {
        First::Nothing => Vec::new(),
        First::Tls => client_hello(None),
        First::Http => http(LITERAL, "/"),
        First::Fixed(bytes) => bytes.to_vec(),
    };
    contact(src, port, at, SECOND, &bytes)
}

/// Short sessions, one every ten minutes or so.
fn log_in(
    rng: &mut Rng,
    made: &mut Population,
    src: IpAddr,
    port: u16,
    from: Micros,
    sessions: u32,
) {
    let bytes = if port == 3389 { RDP } else { VNC };
    let mut at = from;
    for _ in 0..sessions {
        made.contacts.push(contact(src, port, at, SECOND, bytes));
        at += LOGIN_EVERY - 60 * SECOND + rng.u64(0..120 * SECOND);
    }
}

/// Paths that every list of exploits has, at real ports, and mostly at web alternates, too.
fn exploit(rng: &mut Rng, made: &mut Population, src: IpAddr, at: Micros) {
    const PATHS: [&str; 5] = [
        "/.env",
        "/.git/config",
        "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
        "/cgi-bin/.%2e/.%2e/.%2e/bin/sh",
        "/boaform/admin/formLogin",
    ];
    let ports: &[u16] = if rng.u32(0..100) < 25 {
        &[80]
    } else {
        &[80, 8080, 8888, 8000]
    };
    let mut at = at;
    for port in ports {
        for path in PATHS {
            let bytes = http(LITERAL, path);
            made.contacts
                .push(contact(src, *port, at, SECOND / 2, &bytes));
            at += SECOND;
        }
    }
}
