//! What the module costs during a scan of all ports: nmap against the same Envoy without and with
//! it, in turns, `scan_throughput [ROUNDS]` (default 12). As root; needs nmap and nft.
//!
//! Each round scans a new Envoy without the module (A), one with it (B), and one without it again
//! (A'), each time in another order: what the kernel still clears away slows the next one down. B
//! to A is the answer, A' to A is how far two equal things differ on this machine.
#![expect(
    clippy::disallowed_methods,
    reason = "measures a real scan, which knows no other time"
)]

use std::{
    env, fs,
    net::TcpListener,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use real_envoy::{Envoy, Netns, Result, Scratch, eventually, http::EchoUpstream, workspace_root};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scan_throughput: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let number: usize = match env::args().nth(1) {
        Some(text) => text
            .parse()
            .with_context(|| format!("number of rounds {text:?}"))?,
        None => 12,
    };
    ensure!(
        (3..=1_000).contains(&number),
        "{number} rounds: take 3 to 1000"
    );
    let with = fs::read_to_string(workspace_root().join("envoy/all-ports.yaml"))?;
    let without = without_module(&with)?;
    measure(&without)?;
    let mut rounds = Vec::new();
    for round in 0..number {
        let mut scans = [&without, &with, &without].map(|yaml| (yaml, None));
        for turn in 0..3 {
            let (yaml, scan) = &mut scans[(round + turn) % 3];
            *scan = Some(measure(yaml)?);
        }
        let [Some(a), Some(b), Some(again)] = scans.map(|(_, scan)| scan) else {
            bail!("a turn was left out");
        };
        println!(
            "{:>3}  without {:.0}/s  with {:.0}/s  without {:.0}/s",
            round + 1,
            a.rate(),
            b.rate(),
            again.rate()
        );
        rounds.push((a, b, again));
    }
    let each = |ratio: fn(&(Scan, Scan, Scan)) -> f64| rounds.iter().map(ratio).collect();
    report(
        "throughput, with to without",
        each(|(a, b, _)| b.rate() / a.rate()),
    );
    report(
        "throughput, without to without",
        each(|(a, _, again)| again.rate() / a.rate()),
    );
    report(
        "CPU of Envoy, with to without",
        each(|(a, b, _)| b.cpu_secs / a.cpu_secs),
    );
    report(
        "CPU of Envoy, without to without",
        each(|(a, _, c)| c.cpu_secs / a.cpu_secs),
    );
    let more = each(|(a, b, _)| (b.cpu_secs - a.cpu_secs) * 1e6 / b.connections);
    report("microseconds of CPU per connection", more);
    Ok(())
}

/// One scan of all ports.
struct Scan {
    connections: f64,
    secs: f64,
    /// Of the Envoy process, all threads.
    cpu_secs: f64,
}

impl Scan {
    fn rate(&self) -> f64 {
        self.connections / self.secs
    }
}

/// Scans a new Envoy in new namespaces, until Envoy has accepted every connection.
fn measure(yaml: &str) -> Result<Scan> {
    let (proxy, clients) = Netns::pair(&["198.51.100.1/24"], &["198.51.100.7/24"])?;
    let listener = proxy.enter(|| TcpListener::bind("127.0.0.1:18080"))??;
    let _upstream = EchoUpstream::serve(listener)?;
    let scratch = Scratch::new()?;
    let file = scratch.write("envoy.yaml", yaml)?;
    let envoy = Envoy::builder(file).inside(&proxy).keep_ports().start()?;
    let rules = workspace_root().join("envoy/all-ports.nft");
    proxy.run("nft", &["-f", &rules.to_string_lossy()])?;
    proxy.run(
        "nft",
        &["delete", "element", "inet", "portscan", "kept", "{ 22 }"],
    )?;

    let (cpu_before, start) = (cpu_secs(envoy.pid())?, Instant::now());
    clients.run("nmap", &["-sT", "-Pn", "-n", "-p-", "198.51.100.1"])?;
    let secs = start.elapsed().as_secs_f64();
    let counter = "listener.0.0.0.0_15001.downstream_cx_total";
    let connections = envoy.wait_for_counter(counter, 65_535, LATE)?;
    eventually("the connections end", LATE, || {
        let active = envoy.counter("listener.0.0.0.0_15001.downstream_cx_active");
        (active.ok()? == 0).then_some(())
    })?;
    Ok(Scan {
        connections: f64::from(u32::try_from(connections)?),
        secs,
        cpu_secs: cpu_secs(envoy.pid())? - cpu_before,
    })
}

/// Long enough for what is still in Envoy's backlog.
const LATE: Duration = Duration::from_secs(30);

/// User and system time of the process `pid` so far (proc_pid_stat(5), fields 14 and 15).
fn cpu_secs(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u32 = ticks.map(|field| field.parse().unwrap_or(0)).sum();
    // USER_HZ is 100 wherever Linux runs Envoy.
    Ok(f64::from(ticks) / 100.0)
}

/// The same Envoy without the module: no keeper, no sensor.
fn without_module(yaml: &str) -> Result<String> {
    let (before, rest) = yaml
        .split_once("bootstrap_extensions:\n")
        .context("no extensions")?;
    let (_, rest) = rest
        .split_once("\nstatic_resources:\n")
        .context("no resources")?;
    let (head, rest) = rest.split_once("      - &sensor\n").context("no sensor")?;
    let (_, rest) = rest
        .split_once("      - &http\n")
        .context("no HTTP filter")?;
    let text = format!("{before}static_resources:\n{head}      - &http\n{rest}")
        .replace("[*sensor, *http]", "[*http]")
        .replace("      - *sensor\n", "");
    if text.contains("extensions.filters.network.wasm") || text.contains("*sensor") {
        bail!("all-ports.yaml has the module where this program does not look");
    }
    Ok(text)
}

/// Prints the median, the quarters around it, and the extremes.
fn report(what: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    // The value at a share of the way, between two neighbours where it falls there.
    let at = |quarters: usize| {
        let (index, rest) = (
            (values.len() - 1) * quarters / 4,
            (values.len() - 1) * quarters % 4,
        );
        let next = values[(index + 1).min(values.len() - 1)];
        values[index] + (next - values[index]) * [0.0, 0.25, 0.5, 0.75][rest]
    };
    println!(
        "{what}: median {:.3}, middle half {:.3} to {:.3}, all {:.3} to {:.3}, n = {}",
        at(2),
        at(1),
        at(3),
        at(0),
        at(4),
        values.len()
    );
}
