//! `policy_lists [NETWORKS]`: what a long list of trusted networks costs (default 100,000), natively
//! and in the module on wasmtime: to load, and to look an address up.
//!
//! A VM loads the list when it starts; the harness starts several, and what is printed is one. The
//! lookup in the module is the difference between contacts with and without the list, the fastest
//! of some rounds each, taken in turns.
#![expect(
    clippy::disallowed_methods,
    reason = "measures real time, and there is no other in it"
)]

use std::{
    env,
    fmt::Write,
    hint::black_box,
    net::{IpAddr, Ipv4Addr},
    time::Instant,
};

use anyhow::Context;
use host_test::{abi::Callback, config::Code, guest::Engine, replay::Edge};
use portscan_core::{
    config::parse_policy, detector::Detector, evidence::EvidenceSet, networks::NetworkMap,
};
use portscan_replay::{replay::try_replay, setup::Setup, trace::Contact};
use real_envoy::{Result, workspace_root};

const LOOKUPS: u32 = 1_000_000;
const ROUNDS: usize = 5;
const CONTACTS: u32 = 50_000;

fn main() -> Result<()> {
    let count = match env::args().nth(1) {
        Some(text) => text.parse().with_context(|| format!("networks {text:?}"))?,
        None => 100_000,
    };
    let policy = policy(count);
    natively(&policy)?;
    in_the_module(&policy)
}

/// Networks of every length, some inside others and some twice.
fn policy(count: u32) -> String {
    let mut text = String::from("{\"trusted\":[\"10.0.0.0/8\"");
    for number in 1..count {
        let address = Ipv4Addr::from(mixed(number / 2 * 2));
        let _ = write!(text, ",\"{address}/{}\"", 20 + number % 13);
    }
    text.push_str("]}");
    text
}

fn natively(policy: &str) -> Result<()> {
    let began = Instant::now();
    let parsed = parse_policy(policy.as_bytes()).map_err(|_| anyhow::anyhow!("policy refused"))?;
    let networks = parsed.trusted.len();
    let map = NetworkMap::new(parsed.trusted.iter().map(|network| (*network, 0)));
    let detector = Detector::new(parsed);
    println!(
        "native: {networks} networks loaded in {:.1} ms",
        began.elapsed().as_secs_f64() * 1e3
    );
    black_box(detector);
    let rounds = (0..ROUNDS).map(|_| {
        let began = Instant::now();
        for number in 0..LOOKUPS {
            black_box(map.get(IpAddr::V4(mixed(number).into())));
        }
        began.elapsed().as_nanos() as f64 / f64::from(LOOKUPS)
    });
    let fastest = rounds.fold(f64::INFINITY, f64::min);
    println!("native: {fastest:.0} ns a lookup, the fastest of {ROUNDS} rounds");
    Ok(())
}

fn in_the_module(policy: &str) -> Result<()> {
    let code = Code::File(workspace_root().join("target/portscan.wasm"));
    let engine = Engine::cached()?;
    let setup = |policy: &str| {
        let setup = Setup::new(policy, EvidenceSet::default());
        let mut setup = setup.map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        setup.real_ports.insert(443);
        Ok::<_, anyhow::Error>(setup)
    };
    let (with, without) = (setup(policy)?, setup("")?);
    // Compiles the module.
    start(&without, &code, &engine)?;
    let (empty, vms) = start(&without, &code, &engine)?;
    let (full, _) = start(&with, &code, &engine)?;
    println!(
        "module: loaded in {:.0} ms a VM: {vms} VMs start in {:.0} ms instead of {:.0} ms",
        (full - empty) / vms as f64,
        full,
        empty
    );
    let contacts: Vec<Contact> = (0..CONTACTS).map(contact).collect();
    let mut fastest = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        for (best, setup) in fastest.iter_mut().zip([&with, &without]) {
            let outcome = try_replay(&contacts, setup, |setup| Edge::new(setup, &code, &engine));
            let outcome = outcome.map_err(anyhow::Error::msg)?;
            let nanos = outcome.summary.seconds * 1e9 / f64::from(CONTACTS);
            *best = best.min(nanos);
        }
    }
    let [with, without] = fastest;
    println!(
        "module: {:.0} ns a lookup: a contact takes {with:.0} ns instead of {without:.0} ns",
        with - without
    );
    Ok(())
}

/// Milliseconds until an edge is there, and how many VMs read the policy for it.
fn start(setup: &Setup, code: &Code, engine: &Engine) -> Result<(f64, u64)> {
    let began = Instant::now();
    let edge = Edge::new(setup, code, engine).map_err(anyhow::Error::msg)?;
    let millis = began.elapsed().as_secs_f64() * 1e3;
    let vms = edge.callbacks(Callback::VmStart);
    Ok((millis, vms.max(1)))
}

/// A client that is in no list, at the service.
fn contact(number: u32) -> Contact {
    Contact {
        at: 1_790_000_000_000_000 + u64::from(number) * 100,
        src: Ipv4Addr::from(0xcb00_7100 + number % 200).into(),
        sport: 0,
        dst: None,
        dport: 443,
        duration: 0,
        bytes: Some(1),
        first: Box::default(),
        served: None,
    }
}

/// Addresses all over the Internet (Fibonacci hashing; Knuth, TAOCP 6.4).
const fn mixed(number: u32) -> u32 {
    number.wrapping_mul(0x9e37_79b1)
}
