//! Runs the conformance set in real Envoys: `conformance [--write] PROGRAM…`.
//!
//! With `--write`, what they report becomes the text of the expectations.

use std::{env, fs, path::Path, process::ExitCode};

use host_test::conformance::{
    GUESTS, Guest, Version, harness, merge,
    real::{self, Measurement},
};
use host_test::guest::Engine;
use real_envoy::{Result, workspace_root};

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (options, programs): (Vec<_>, Vec<_>) = arguments
        .iter()
        .partition(|argument| argument.starts_with("--"));
    let guests: Vec<&'static Guest> = GUESTS.iter().collect();
    let measurements = programs
        .iter()
        .map(|program| real::measure(Path::new(program), &guests))
        .collect::<Result<Vec<_>>>()?;
    if options.iter().any(|option| *option == "--write") {
        write(&measurements)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut failed = options.iter().any(|option| *option == "--harness") && harness()?;
    for measurement in &measurements {
        failed |= report(measurement);
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn write(measurements: &[Measurement]) -> Result<()> {
    for guest in GUESTS {
        let reports: Vec<_> = measurements
            .iter()
            .filter_map(|measurement| {
                let lines = measurement.lines(guest.name)?;
                Some((measurement.version, lines.to_vec()))
            })
            .collect();
        let file = format!("host-test/conformance/{}.expected", guest.name);
        fs::write(workspace_root().join(file), merge(&reports))?;
    }
    Ok(())
}

/// Runs the set in the harness, prints what differs, and says whether anything does.
fn harness() -> Result<bool> {
    let engine = Engine::new()?;
    let mut differing = 0;
    for guest in GUESTS {
        let lines = harness::run(guest, &engine)?;
        if let Err(mismatch) = guest.compare(Version::NEWEST, &lines) {
            println!("{mismatch}");
            differing += 1;
        }
    }
    println!(
        "this harness: {} guests, {differing} guests differ",
        GUESTS.len()
    );
    Ok(differing > 0)
}

/// Prints what differs, and says whether anything does.
fn report(measurement: &Measurement) -> bool {
    let mismatches = measurement.mismatches();
    for mismatch in &mismatches {
        println!("{mismatch}");
    }
    let checks: usize = measurement
        .transcripts
        .iter()
        .map(|(_, lines)| lines.len())
        .sum();
    println!(
        "Envoy {}: {checks} checks of {} guests, {} guests differ",
        measurement.version,
        measurement.transcripts.len(),
        mismatches.len()
    );
    !mismatches.is_empty()
}
