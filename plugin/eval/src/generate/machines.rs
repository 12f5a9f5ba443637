//! Machines that do the same again and again, and never touch a decoy by accident.

use std::net::{IpAddr, Ipv4Addr};

use fastrand::Rng;
use portscan_replay::trace::Micros;

use super::payload::{MQTT, client_hello, http};
use super::{DAY, HOUR, Kind, Population, SECOND, SERVED_NAME, addresses, contact, served};

/// How many there are of each, but for health checkers, who are there for one day.
const HEALTH_CHECKERS: usize = 60;
const STALE_NAMES: usize = 4_000;
const STALE_PROTOCOLS: usize = 1_000;
const DEAD_PORTS: usize = 4_000;

/// Days for which they are there.
const DAYS: u64 = 2;

/// Services that watch from a /24, and addresses of each that are in use.
const MONITORS: u8 = 5;
const MONITOR_ADDRESSES: u8 = 100;
/// How often one address of such a service looks.
const MONITOR_EVERY: Micros = 600 * SECOND;

const HEALTH_CHECK_EVERY: Micros = 10 * SECOND;

/// All of them, from `start` on; one in `scale`.
pub fn machines(seed: u64, start: Micros, scale: usize) -> Population {
    let mut rng = Rng::with_seed(seed);
    let counts = [HEALTH_CHECKERS, STALE_NAMES, STALE_PROTOCOLS, DEAD_PORTS]
        .map(|count| (count / scale).max(1));
    let mut sources = addresses(&mut rng, [10, 64, 0, 0], 20, counts.iter().sum()).into_iter();
    let mut made = Population::default();
    let kinds = [
        Kind::HealthChecker,
        Kind::StaleName,
        Kind::StaleProtocol,
        Kind::DeadPort,
    ];
    for (kind, count) in kinds.into_iter().zip(counts) {
        for src in sources.by_ref().take(count) {
            match kind {
                Kind::HealthChecker => health_checker(&mut rng, &mut made, src, start),
                Kind::DeadPort => dead_port(&mut rng, &mut made, src, start),
                _ => stale(&mut rng, &mut made, src, kind, start),
            }
        }
    }
    for network in 0..MONITORS {
        for host in 0..MONITOR_ADDRESSES.div_ceil(u8::try_from(scale).unwrap_or(u8::MAX)) {
            let src = IpAddr::V4(Ipv4Addr::new(10, 128, network, host));
            monitor(&mut rng, &mut made, src, start);
        }
    }
    made
}

/// Connects to one real port and closes, without a byte.
fn health_checker(rng: &mut Rng, made: &mut Population, src: IpAddr, start: Micros) {
    made.client(src, Kind::HealthChecker, 1);
    let port = if rng.bool() { 80 } else { 443 };
    let from = start + rng.u64(0..HEALTH_CHECK_EVERY);
    for check in 0..DAY / HEALTH_CHECK_EVERY {
        let at = from + check * HEALTH_CHECK_EVERY;
        made.contacts
            .push(contact(src, port, at, SECOND / 1_000, &[]));
    }
}

/// Comes four times a day for what its settings say is here: one decoy, a valid protocol.
fn stale(rng: &mut Rng, made: &mut Population, src: IpAddr, kind: Kind, start: Micros) {
    const VISITS: u64 = 4;
    made.client(src, kind, DAYS);
    let (port, bytes) = match (kind, rng.bool()) {
        (Kind::StaleProtocol, _) => (1883, MQTT.to_vec()),
        (_, true) => (8883, client_hello(Some("mqtt.former-tenant.example"))),
        (_, false) => (9000, http("api.former-tenant.example", "/v1/status")),
    };
    for visit in 0..DAYS * VISITS {
        let at = start + visit * (DAY / VISITS) + rng.u64(0..DAY / VISITS);
        made.contacts.push(contact(src, port, at, SECOND, &bytes));
    }
}

/// The service is down for two hours: tried after 1, 2, 4 … 300 seconds. Half of the clients speak
/// first, the others wait for the server and send nothing.
fn dead_port(rng: &mut Rng, made: &mut Population, src: IpAddr, start: Micros) {
    const DOWN: Micros = 2 * HOUR;
    const WAIT_MAX: Micros = 300 * SECOND;
    made.client(src, Kind::DeadPort, 1);
    let (port, hello) = if rng.bool() {
        (80, http(SERVED_NAME, "/feed"))
    } else {
        (443, client_hello(Some(SERVED_NAME)))
    };
    let bytes = if rng.bool() { hello } else { Vec::new() };
    let down = start + rng.u64(0..DAY - DOWN);
    let (mut at, mut wait) = (down, SECOND);
    while at < down + DOWN {
        made.contacts
            .push(contact(src, port, at, SECOND / 10, &bytes));
        at += wait;
        wait = (wait * 2).min(WAIT_MAX);
    }
}

/// Looks every ten minutes: half of the addresses ask for a page, the others connect and close at
/// one port.
fn monitor(rng: &mut Rng, made: &mut Population, src: IpAddr, start: Micros) {
    made.client(src, Kind::Monitor, DAYS);
    let port = if rng.bool() { 80 } else { 443 };
    let asks = rng.bool();
    let from = start + rng.u64(0..MONITOR_EVERY);
    for check in 0..DAYS * DAY / MONITOR_EVERY {
        let at = from + check * MONITOR_EVERY;
        made.contacts.push(if asks {
            served(src, 80, at, &http(SERVED_NAME, "/healthz"))
        } else {
            contact(src, port, at, SECOND / 10, &[])
        });
    }
}
