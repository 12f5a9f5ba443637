//! `portscan-eval`: measures the detector and writes `docs/detection.md`.

use std::path::Path;
use std::process::ExitCode;

use portscan_eval::figures::Failure;
use portscan_eval::generate::write;
use portscan_eval::runs::{self, Traces};
use portscan_eval::{calibrate, document, traces};

const USAGE: &str = "usage: portscan-eval [calibrate | generate | --out DIR]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        [] => evaluate(&traces::package_dir().join("../..")),
        ["--out", dir] => evaluate(Path::new(dir)),
        ["calibrate"] => calibrate_weights(),
        ["generate"] => generate(),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn evaluate(root: &Path) -> Result<(), Failure> {
    let traces = load()?;
    let results = runs::measure(&traces, 1);
    document::write(&results, root)?;
    println!("{}", document::targets(&results));
    println!("written: docs/detection.md and docs/figures/detection-*.svg");
    Ok(())
}

fn calibrate_weights() -> Result<(), Failure> {
    println!("{}", document::calibration(&calibrate::run(&load()?, 1)));
    Ok(())
}

fn load() -> Result<Traces, Failure> {
    let traces = Traces::load().map_err(|error| error.to_string())?;
    if traces.honeytrap.is_none() || traces.lab.is_none() {
        println!("made-up clients alone: no other traces in ../shared/data or PORTSCAN_DATA");
    }
    Ok(traces)
}

fn generate() -> Result<(), Failure> {
    let set = write::set();
    let trace = write::trace(&set.contacts)?;
    let dir = traces::package_dir();
    std::fs::write(dir.join(traces::GENERATED), &trace)?;
    std::fs::write(dir.join(traces::GENERATED_LABELS), write::labels(&set))?;
    println!(
        "{} clients, {} contacts, {} bytes",
        set.clients.len(),
        set.contacts.len(),
        trace.len()
    );
    Ok(())
}
