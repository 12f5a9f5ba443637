//! Sees every check of the conformance set fail: runs each guest in this harness under every
//! breakage that it may notice, and prints how many it did notice.
//!
//! `conformance_mutations [--unnoticed] [GUEST…]`; `--unnoticed` names the breakages that no guest
//! has noticed, most of which change nothing that a guest could see.
//!
//! A breakage that silences a guest altogether proves nothing of a single check, and does not count
//! for any.

use std::{
    collections::BTreeSet,
    env,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use host_test::{
    conformance::{Breakage, GUESTS, Guest, Version, harness},
    guest::Engine,
};
use real_envoy::Result;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (options, names): (Vec<_>, Vec<_>) = arguments
        .iter()
        .partition(|argument| argument.starts_with("--"));
    let guests: Vec<&Guest> = GUESTS
        .iter()
        .filter(|guest| names.is_empty() || names.iter().any(|name| *name == guest.name))
        .collect();
    let outcomes = run_all(&guests)?;
    println!(
        "{:<28}{:>10}{:>10}{:>8}{:>14}",
        "guest", "breakages", "noticed", "checks", "never failed"
    );
    let mut sums = [0; 4];
    let mut noticed = BTreeSet::new();
    let mut survivors = BTreeSet::new();
    for outcome in outcomes {
        let columns = [
            outcome.noticed.len() + outcome.survivors.len(),
            outcome.noticed.len(),
            outcome.checks,
            outcome.never_failed.len(),
        ];
        for (sum, column) in sums.iter_mut().zip(columns) {
            *sum += column;
        }
        print_row(outcome.guest, columns);
        for line in &outcome.never_failed {
            println!("  never failed: {line}");
        }
        noticed.extend(outcome.noticed);
        survivors.extend(outcome.survivors);
    }
    print_row("all", sums);
    let unnoticed: Vec<_> = survivors.difference(&noticed).collect();
    println!(
        "{} kinds of breakage, {} of them noticed by no guest",
        noticed.union(&survivors).count(),
        unnoticed.len()
    );
    for breakage in unnoticed
        .iter()
        .filter(|_| options.iter().any(|option| *option == "--unnoticed"))
    {
        println!("  {breakage}");
    }
    let [_, _, _, never_failed] = sums;
    Ok(if never_failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print_row(name: &str, [breakages, noticed, checks, never_failed]: [usize; 4]) {
    println!("{name:<28}{breakages:>10}{noticed:>10}{checks:>8}{never_failed:>14}");
}

/// What became of one guest.
struct Outcome {
    guest: &'static str,
    checks: usize,
    noticed: Vec<Breakage>,
    survivors: Vec<Breakage>,
    never_failed: Vec<String>,
}

/// All guests, on as many threads as the machine has cores.
fn run_all(guests: &[&'static Guest]) -> Result<Vec<Outcome>> {
    let engine = Engine::new()?;
    let next = AtomicUsize::new(0);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let work = || -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        while let Some(guest) = guests.get(next.fetch_add(1, Ordering::Relaxed)) {
            outcomes.push(run_one(guest, &engine)?);
        }
        Ok(outcomes)
    };
    let parts = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let results = threads.into_iter();
        results
            .map(|thread| thread.join().expect("a thread panicked"))
            .collect::<Result<Vec<_>>>()
    })?;
    let mut outcomes: Vec<Outcome> = parts.into_iter().flatten().collect();
    outcomes.sort_by_key(|outcome| outcome.guest);
    Ok(outcomes)
}

fn run_one(guest: &'static Guest, engine: &Engine) -> Result<Outcome> {
    let expected = guest.expected_lines(Version::NEWEST);
    let mut failed = BTreeSet::new();
    let (mut noticed, mut survivors) = (Vec::new(), Vec::new());
    // Where this harness is not right, it is the broken one.
    let lines = harness::run(guest, engine)?;
    if let Err(mismatch) = guest.compare(Version::NEWEST, &lines) {
        failed.extend(mismatch.failed().iter().copied());
    }
    for breakage in guest.breakages() {
        let lines = harness::run_broken(guest, &breakage, engine)?;
        let Err(mismatch) = guest.compare(Version::NEWEST, &lines) else {
            survivors.push(breakage);
            continue;
        };
        noticed.push(breakage);
        if mismatch.failed().len() < expected.len() || expected.len() < FEW {
            failed.extend(mismatch.failed().iter().copied());
        }
    }
    let never_failed = expected.iter().enumerate();
    Ok(Outcome {
        guest: guest.name,
        checks: expected.len(),
        noticed,
        survivors,
        never_failed: never_failed
            .filter(|(index, _)| !failed.contains(index))
            .map(|(_, line)| (*line).to_owned())
            .collect(),
    })
}

/// A guest with fewer checks cannot lose one and keep another.
const FEW: usize = 3;
