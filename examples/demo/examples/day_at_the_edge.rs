//! A day at an edge, for whoever wants to see what its portal says: `day_at_the_edge PROGRAM [ARG…]`.
//!
//! A real Envoy with `envoy/edge.yaml` runs in a namespace where every address is one of this
//! machine; a day of made-up scanners, the same every time, goes by there in virtual time. Then
//! time runs as usual, and PROGRAM runs in there too, with the portal's address in the variable
//! PORTAL and the number of scanners in SCANNERS. Ends as PROGRAM does. As root, on Linux.
#![expect(
    clippy::disallowed_methods,
    reason = "lets the virtual time go by as fast as the real one"
)]

use std::{
    env,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::{Command, ExitCode},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use fastrand::Rng;
use real_envoy::{
    Envoy, Netns, Result,
    envoy::Clock,
    http::{EchoUpstream, Request, Source},
    netns::isolated,
};

fn main() -> ExitCode {
    if let Err(reason) = Netns::available() {
        println!("skipped: the real edge needs namespaces: {reason}");
        return ExitCode::SUCCESS;
    }
    match isolated(run).and_then(|ended| ended) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("day_at_the_edge: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the program has succeeded.
fn run() -> Result<bool> {
    let mut args = env::args().skip(1);
    let program = args
        .next()
        .context("which program? day_at_the_edge PROGRAM [ARG…]")?;
    let upstream = EchoUpstream::start()?;
    let envoy = Envoy::builder("envoy/edge.yaml")
        .map_port(18_080, upstream.port())
        .keep_ports()
        .replace(DECOYS_OF_THE_FILE, &decoys())
        .replace(r#"{ "sensitivity": "medium" }"#, POLICY)
        .concurrency(1)
        .virtual_time(MORNING_NANOS)
        .start()?;
    let clock = envoy.clock().context("no virtual time")?;
    let visits = visits(&mut Rng::with_seed(20));
    live(clock, &visits)?;
    let scanners = scanners(&visits);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let time = scope.spawn(|| go_on(clock, &is_over));
        let status = Command::new(&program)
            .args(args)
            .env("PORTAL", format!("http://{}/", envoy.addr(9902)))
            .env("SCANNERS", scanners.to_string())
            .status();
        is_over.store(true, Ordering::Relaxed);
        let went_on = time
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let status = status.with_context(|| format!("start {program}"))?;
        went_on?;
        Ok(status.success())
    })
}

/// 2026-11-21, 14:37:12 UTC; a day later the program begins.
const MORNING_NANOS: u64 = 1_795_271_832 * 1_000_000_000;
const DAY_SECS: u32 = 86_400;
/// Documentation has three small IPv4 networks: so that not all of it counts as one that scans,
/// networks are smaller than usual here.
const POLICY: &str = concat!(
    r#"{ "networks": { "ipv4_prefix": 28 }, "known_scanners": "#,
    r#"[ { "actor": "census.example", "networks": ["203.0.113.224/28"] } ] }"#,
);
/// The last decoy of the file; the others that belong to a day follow it.
const DECOYS_OF_THE_FILE: &str =
    "    - address: { socket_address: { address: 0.0.0.0, port_value: 8008 } }  # a web port\n";
/// Ports that scanners want, most wanted first.
const PORTS: [u16; 20] = [
    22, 23, 445, 3389, 6379, 8080, 3306, 5900, 21, 1433, 5432, 9200, 2375, 27_017, 25, 5060,
    11_211, 139, 110, 8443,
];
const SERVICE: u16 = 10_000;
/// Addresses of the edge.
const HOSTS: u8 = 8;

fn decoys() -> String {
    let lines = PORTS.map(|port| {
        let v4 = format!(
            "    - address: {{ socket_address: {{ address: 0.0.0.0, port_value: {port} }} }}\n"
        );
        let v6 = format!(
            "    - address: {{ socket_address: {{ address: \"::\", port_value: {port} }} }}\n"
        );
        v4 + &v6
    });
    format!("{DECOYS_OF_THE_FILE}{}", lines.concat())
}

/// Somebody connects to a port of the edge.
struct Visit {
    at_secs: u32,
    source: IpAddr,
    target: SocketAddr,
    /// He asks for a page, as clients do, and so stands well for a while.
    is_client: bool,
}

fn visits(random: &mut Rng) -> Vec<Visit> {
    let mut visits = Vec::new();
    for number in 0..150 {
        let source = source(number, random);
        // Half of them come in the last hour, to make it one worth looking at;
        // the last few are still at it.
        let begins = match neighbour(number) {
            Some(turn) => DAY_SECS - 3_000 + 200 * u32::from(turn),
            None if number % 2 == 0 => random.u32(3_600..DAY_SECS - 4_000),
            None if number > 140 => DAY_SECS - random.u32(20..70),
            None => DAY_SECS - random.u32(60..3_500),
        };
        let pace = random.u32(1..15);
        // Two of three have a look at the site first: who was served is flagged later, for more.
        if neighbour(number).map_or(number % 3 != 0, |turn| turn >= 6) {
            visits.push(Visit {
                at_secs: begins.saturating_sub(60),
                source,
                target: SocketAddr::new(edge_address(source, 0), SERVICE),
                is_client: true,
            });
        }
        for (step, (host, port)) in (0..).zip(targets(number, random)) {
            visits.push(Visit {
                at_secs: (begins + step * pace).min(DAY_SECS - 1),
                source,
                target: SocketAddr::new(edge_address(source, host), port),
                is_client: false,
            });
        }
    }
    visits.sort_by_key(|visit| visit.at_secs);
    visits
}

/// Ten of them share a small network and do little each; which of these it is.
fn neighbour(number: u8) -> Option<u8> {
    (number % 15 == 3).then_some(number / 15)
}

/// Every third comes over IPv6, from a network of its own.
fn source(number: u8, random: &mut Rng) -> IpAddr {
    if number % 3 == 1 {
        let net = random.u16(1..);
        return Ipv6Addr::new(0x2001, 0xdb8, net, random.u16(..), 0, 0, 0, random.u16(1..)).into();
    }
    if let Some(turn) = neighbour(number) {
        return Ipv4Addr::new(198, 51, 100, 241 + turn).into();
    }
    let net = if number.is_multiple_of(2) {
        [198, 51, 100]
    } else {
        [203, 0, 113]
    };
    let small = number / 6 % 15 * 16;
    Ipv4Addr::new(net[0], net[1], net[2], small + random.u8(1..15)).into()
}

fn edge_address(source: IpAddr, host: u8) -> IpAddr {
    match source {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1 + host).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 1, 1 + u16::from(host)).into(),
    }
}

/// What one scanner tries, one after the other: hosts by number, and ports.
fn targets(number: u8, random: &mut Rng) -> Vec<(u8, u16)> {
    let favourite = |random: &mut Rng| {
        let place = random.f64() * random.f64() * 20.0;
        PORTS.iter().copied().nth(place as usize).unwrap_or(22)
    };
    let host = random.u8(..HOSTS);
    if let Some(turn) = neighbour(number) {
        return vec![(turn % HOSTS, favourite(random))];
    }
    match random.u8(..10) {
        0..=2 => vec![(host, favourite(random)); random.usize(1..4)],
        3..=5 => {
            let mut ports = PORTS.to_vec();
            random.shuffle(&mut ports);
            ports.truncate(random.usize(2..18));
            ports.into_iter().map(|port| (host, port)).collect()
        }
        6..=8 => {
            let port = favourite(random);
            (0..random.u8(2..HOSTS)).map(|host| (host, port)).collect()
        }
        _ => {
            let ports = [(); 4].map(|()| favourite(random));
            let hosts = 0..random.u8(2..HOSTS);
            hosts
                .flat_map(|host| ports.map(|port| (host, port)))
                .collect()
        }
    }
}

fn scanners(visits: &[Visit]) -> usize {
    let mut sources: Vec<IpAddr> = visits.iter().map(|visit| visit.source).collect();
    sources.sort();
    sources.dedup();
    sources.len()
}

/// Lets the day go by.
fn live(clock: &Clock, visits: &[Visit]) -> Result<()> {
    let mut now = 0;
    for visit in visits {
        clock.advance(Duration::from_secs((visit.at_secs - now).into()))?;
        now = visit.at_secs;
        let source = Source::ip(visit.source);
        if visit.is_client {
            source.send(visit.target, &Request::get("/").authority("shop.example"))?;
        } else {
            source.touch(visit.target)?;
        }
        clock.rest()?;
    }
    clock.advance(Duration::from_secs((DAY_SECS - now).into()))?;
    Ok(())
}

/// Lets virtual time go by as the real one does, until it is over.
fn go_on(clock: &Clock, is_over: &AtomicBool) -> Result<()> {
    const STEP: Duration = Duration::from_millis(2);
    let mut last = Instant::now();
    while !is_over.load(Ordering::Relaxed) {
        thread::sleep(STEP);
        let now = Instant::now();
        clock.advance(now - last)?;
        last = now;
    }
    Ok(())
}
