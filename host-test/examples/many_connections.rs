//! Makes many connections in one host and watches its memory:
//! `many_connections COUNT ENVOY.yaml PORT…`.
//!
//! Each connection, to one port after the other, sends a request and is closed by the client. In
//! the second half nothing may grow any more: neither guests nor, by more than a little, the
//! process. Log lines and lines of access logs are dropped on the way, as a test would do that runs
//! for so long.
#![expect(
    clippy::disallowed_methods,
    reason = "how long it takes is told beside it"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use host_test::guest::Engine;
use host_test::{By, Connect, Host, Response, config};

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [count, path, ports @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: many_connections COUNT ENVOY.yaml PORT…");
    };
    let count: u32 = count.parse().context("COUNT is a number")?;
    let ports = ports.iter().map(|port| port.parse().context("PORT"));
    let ports: Vec<u16> = ports.collect::<Result<_>>()?;
    ensure!(!ports.is_empty(), "at least one PORT");
    let bootstrap = config::yaml::read(Path::new(path), Path::new("."))?;
    let mut host = Host::builder(bootstrap)
        .workers(2)
        .start_at(START_UNIX_NANOS)
        .engine(&Engine::cached()?)
        .build()?;
    host.set_default_response(Some(&Response::new(200).body("ok")));

    println!("connections  process KiB  guests KiB  shared data KiB  seconds");
    let begin = Instant::now();
    let mut seen = Vec::new();
    for part in 0..PARTS {
        for number in part * (count / PARTS)..(part + 1) * (count / PARTS) {
            connect(&mut host, &ports, number)?;
        }
        let now = Memory::of(&host)?;
        let connections = (part + 1) * (count / PARTS);
        let Memory {
            process,
            guests,
            shared_data,
        } = now;
        let seconds = begin.elapsed().as_secs_f64();
        println!("{connections:11}  {process:11}  {guests:10}  {shared_data:15}  {seconds:7.1}");
        seen.push(now);
    }
    let [.., half, _, _, _, _, end] = seen.as_slice() else {
        anyhow::bail!("nothing was measured");
    };
    let grown = end.process.saturating_sub(half.process);
    println!(
        "the process has grown by {grown} KiB in the second half, at most {GROWTH_MAX_KIB} are allowed"
    );
    let is_flat = end.guests == half.guests && grown <= GROWTH_MAX_KIB;
    Ok(match is_flat {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

const START_UNIX_NANOS: u64 = 1_790_000_000_000_000_000;
/// Parts after which memory is looked at; an even number.
const PARTS: u32 = 10;
/// What an allocator may keep for itself.
const GROWTH_MAX_KIB: usize = 2_048;
/// Sources of connections: as many as tables of guests may be full of before the second half.
const SOURCES: u32 = 50_000;
/// Connections between two moments.
const CONNECTIONS_PER_TICK: u32 = 1_000;

fn connect(host: &mut Host, ports: &[u16], number: u32) -> Result<()> {
    let source = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 0, 0)) + number % SOURCES);
    let index = usize::try_from(number)? % ports.len();
    let port = ports.get(index).copied().unwrap_or_default();
    let connect = Connect::new(
        SocketAddr::from((source, 40_000)),
        SocketAddr::from(([192, 0, 2, 1], port)),
    );
    let connection = host.connect(usize::try_from(number)? % host.workers(), connect)?;
    host.send(connection, b"GET / HTTP/1.1\r\nhost: example.org\r\n\r\n")?;
    host.close(connection, By::Client)?;
    if number.is_multiple_of(CONNECTIONS_PER_TICK) {
        host.advance(Duration::from_millis(500))?;
        host.shared().log.clear();
        host.shared().access_log.clear();
    }
    Ok(())
}

/// What is held, in KiB.
struct Memory {
    process: usize,
    guests: usize,
    shared_data: usize,
}

impl Memory {
    fn of(host: &Host) -> Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status").context("needs Linux")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let words = line.and_then(|line| line.split_whitespace().next());
        let guests = host.guest_memory_bytes().into_iter();
        Ok(Self {
            process: words.context("no VmRSS in /proc/self/status")?.parse()?,
            guests: guests.map(|(_, bytes)| bytes).sum::<usize>() / 1024,
            shared_data: host.shared().data.len_bytes() / 1024,
        })
    }
}
