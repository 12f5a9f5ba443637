//! Runs the conformance set in real Envoys: `conformance [--write] PROGRAM…`.
//!
//! With `--write`, what the first program reports becomes the text of the expectations; where it
//! differs from older Envoys, their runs then show it.

use std::{env, fs, path::Path, process::ExitCode};

use host_test::conformance::{
    GUESTS, Guest,
    real::{self, Measurement},
};
use real_envoy::{Result, workspace_root};

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (options, programs): (Vec<_>, Vec<_>) = arguments
        .iter()
        .partition(|argument| argument.starts_with("--"));
    let guests: Vec<&'static Guest> = GUESTS.iter().collect();
    let mut failed = false;
    for program in programs {
        let measurement = real::measure(Path::new(program), &guests)?;
        if options.iter().any(|option| *option == "--write") {
            write(&measurement)?;
            break;
        }
        failed |= report(&measurement);
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn write(measurement: &Measurement) -> Result<()> {
    for (guest, lines) in &measurement.transcripts {
        let file = format!("host-test/conformance/{}.expected", guest.name);
        fs::write(workspace_root().join(file), lines.join("\n") + "\n")?;
    }
    Ok(())
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
