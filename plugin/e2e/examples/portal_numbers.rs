//! What the portal takes with a full table, and what the edge feels of it:
//! `portal_numbers [ROUNDS]` (default 10). As root: a namespace of its own has all the addresses that
//! scan.
//!
//! Two addresses of each of 65,536 networks touch a decoy, so that the table of 65,536 slots is full.
//! Then an address is looked up and feeds are fetched, cold and as a copy; and in turns, with the
//! portal polled ten times a second and without, requests go through the edge.
#![expect(
    clippy::disallowed_methods,
    reason = "measures a real Envoy, which knows no other time"
)]

use std::{
    env,
    net::SocketAddr,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use real_envoy::{
    Envoy, Result, eventually,
    http::{EchoUpstream, Http1, Request, Source},
    netns,
};

fn main() -> ExitCode {
    let outcome = netns::isolated(run).and_then(|outcome| outcome);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portal_numbers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ports of the configuration.
const SERVICE: u16 = 10_000;
const DECOY: u16 = 10_022;
const PORTAL: u16 = 9_902;
const UPSTREAM: u16 = 18_080;

fn run() -> Result<()> {
    let rounds: usize = match env::args().nth(1) {
        Some(text) => text
            .parse()
            .with_context(|| format!("number of rounds {text:?}"))?,
        None => 10,
    };
    ensure!(
        (3..=100).contains(&rounds),
        "{rounds} rounds: take 3 to 100"
    );
    let upstream = EchoUpstream::start()?;
    let envoy = Envoy::builder("envoy/edge.yaml")
        .map_port(UPSTREAM, upstream.port())
        .replace("\nadmin:\n", "\nenable_dispatcher_stats: true\nadmin:\n")
        .concurrency(1)
        .log_level("error")
        .start()?;
    fill(&envoy)?;
    let portal = envoy.addr(PORTAL);
    lookups(portal)?;
    feeds(portal, rounds)?;
    loops(&envoy)?;
    traffic(envoy.addr(SERVICE), portal, rounds)
}

/// Fills the table.
fn fill(envoy: &Envoy) -> Result<()> {
    let (start, decoy) = (Instant::now(), envoy.addr(DECOY));
    thread::scope(|scope| {
        let fill = |host: u8| {
            move || -> Result<()> {
                for network in 0..=u16::MAX {
                    let [a, b] = network.to_be_bytes();
                    Source::ip([10, a, b, host]).touch(decoy)?;
                }
                Ok(())
            }
        };
        let both = [1, 2].map(|host| scope.spawn(fill(host)));
        both.into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| anyhow::bail!("a panic")))
    })?;
    let slots = eventually("the table is counted", LATE, || {
        let flagged = envoy.counter("wasmcustom.portscan_sources_flagged");
        flagged.ok().filter(|flagged| *flagged > 65_000)
    })?;
    let secs = start.elapsed().as_secs();
    println!("table: {slots} flagged sources after 131,072 contacts in {secs} s");
    Ok(())
}

const LATE: Duration = Duration::from_secs(60);

fn lookups(portal: SocketAddr) -> Result<()> {
    let mut client = Source::any().http1(portal)?;
    let mut times = Vec::new();
    for number in 0..2_000_u16 {
        let [a, b] = (number.wrapping_mul(31)).to_be_bytes();
        times.push(timed(&mut client, &format!("/v1/ip/10.{a}.{b}.1"))?.0);
    }
    report("lookup, from request to answer", "ms", times);
    Ok(())
}

fn feeds(portal: SocketAddr, rounds: usize) -> Result<()> {
    let mut client = Source::any().http1(portal)?;
    for (what, target) in [
        ("10,000 entries as JSON", "/v1/feed.json?max=10000"),
        ("as many as JSON can be", "/v1/feed.json"),
        ("all as a list", "/v1/feed.txt"),
        ("all for nft", "/v1/feed.nft"),
        (
            "decisions, at the start",
            "/v1/decisions/stream?startup=true",
        ),
        ("statistics", "/v1/stats/summary"),
    ] {
        let (mut cold, mut fresh, mut size) = (Vec::new(), Vec::new(), 0);
        for _ in 0..rounds {
            // Copies are given out for less than two seconds.
            thread::sleep(Duration::from_millis(2_100));
            let (time, len) = timed(&mut client, target)?;
            size = len;
            cold.push(time);
            for _ in 0..5 {
                fresh.push(timed(&mut client, target)?.0);
            }
        }
        println!("{what}: {size} bytes");
        report("  made", "ms", cold);
        report("  asked for again", "ms", fresh);
    }
    Ok(())
}

/// Milliseconds until the whole answer was there, and its length.
fn timed(client: &mut Http1, target: &str) -> Result<(f64, usize)> {
    let start = Instant::now();
    let answer = client.get(target)?;
    let millis = start.elapsed().as_secs_f64() * 1e3;
    ensure!(answer.status == 200, "{target}: {}", answer.status);
    Ok((millis, answer.body.len()))
}

/// How long turns of the worker's event loop take, everything in them included, while nothing is
/// asked of the portal but little of the service, and while one feed after the other is made.
fn loops(envoy: &Envoy) -> Result<()> {
    for (what, max) in [("portal at rest", None), ("feeds made", Some(10_000_u32))] {
        let mut client = Source::any().http1(envoy.addr(PORTAL))?;
        let mut service = Source::loopback(9, 9, 9).http1(envoy.addr(SERVICE))?;
        let mut made = 0;
        let start = Instant::now();
        // Envoy's histograms tell of the last five seconds.
        while start.elapsed() < Duration::from_secs(11) {
            service.send(&Request::get("/").authority("1"))?;
            match max {
                // Another number of entries each time is another feed each time.
                Some(max) => {
                    timed(&mut client, &format!("/v1/feed.json?max={}", max - made))?;
                    made = (made + 1) % 5_000;
                }
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
        let stats = envoy.admin_get("/stats?filter=worker_0.dispatcher.loop_duration_us")?;
        let text = stats.text();
        let recent = |quantile: &str| {
            let (_, rest) = text.split_once(&format!(" {quantile}("))?;
            rest.split(',').next()?.parse::<f64>().ok()
        };
        let [p99, p999, most] =
            ["P99", "P99.9", "P100"].map(|quantile| recent(quantile).unwrap_or(f64::NAN) / 1e3);
        println!("turns of the worker, {what}: 99th {p99:.2} ms, 99.9th {p999:.2}, most {most:.2}");
    }
    Ok(())
}

/// Requests through the edge, with the portal polled and without, in turns.
fn traffic(service: SocketAddr, portal: SocketAddr, rounds: usize) -> Result<()> {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let mut turns = [None, None];
        for turn in 0..2 {
            let is_polled = (round + turn) % 2 == 0;
            turns[usize::from(is_polled)] = Some(requests(service, is_polled.then_some(portal))?);
        }
        let [Some(alone), Some(polled)] = turns else {
            anyhow::bail!("a turn was left out");
        };
        ratios.push(polled / alone);
        without.push(alone);
        with.push(polled);
    }
    report("p99 of requests, portal at rest", "ms", without);
    report(
        "p99 of requests, portal polled 10 times a second",
        "ms",
        with,
    );
    report("with to without", "times", ratios);
    Ok(())
}

/// The 99th percentile of requests of four seconds, milliseconds.
fn requests(service: SocketAddr, portal: Option<SocketAddr>) -> Result<f64> {
    const TURN: Duration = Duration::from_secs(4);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let poller = portal.map(|portal| {
            let is_over = &is_over;
            scope.spawn(move || -> Result<()> {
                let mut client = Source::any().http1(portal)?;
                while !is_over.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    timed(&mut client, "/v1/feed.json?max=10000")?;
                    thread::sleep(Duration::from_millis(100).saturating_sub(start.elapsed()));
                }
                Ok(())
            })
        });
        let mut client = Source::loopback(9, 9, 9).http1(service)?;
        let request = Request::get("/").authority("1");
        let (start, mut times) = (Instant::now(), Vec::new());
        while start.elapsed() < TURN {
            let sent = Instant::now();
            client.send(&request)?;
            times.push(sent.elapsed().as_secs_f64() * 1e3);
            // A thousand a second and less: a quiet edge shows more of what stands in the way.
            thread::sleep(Duration::from_millis(1));
        }
        is_over.store(true, Ordering::Relaxed);
        if let Some(poller) = poller {
            poller.join().unwrap_or_else(|_| anyhow::bail!("a panic"))?;
        }
        times.sort_by(f64::total_cmp);
        Ok(times[times.len() * 99 / 100])
    })
}

/// Prints the median, the 99th percentile and the extremes.
fn report(what: &str, unit: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let at = |share: usize| values[(values.len() - 1) * share / 100];
    println!(
        "{what}: median {:.2} {unit}, 99th {:.2}, {:.2} to {:.2}, n = {}",
        at(50),
        at(99),
        at(0),
        at(100),
        values.len()
    );
}
