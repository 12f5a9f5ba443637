//! `./justw demo`: scans a real Envoy and tells, step by step, what the service behind it sees.
//!
//! It ends by itself, and fails when anything is not as promised, so it is a check as well.
#![forbid(unsafe_code)]

mod edge;
mod scan;
mod signals;
mod story;
mod tell;

use std::{env, process::ExitCode};

use anyhow::Result;

use self::{edge::Edge, tell::Tell};

fn main() -> ExitCode {
    let mut stay = false;
    for arg in env::args().skip(1) {
        match arg.as_str() {
            "--stay" => stay = true,
            "--help" | "-h" => {
                print!("{HELP}");
                return ExitCode::SUCCESS;
            }
            other => {
                eprintln!("demo: no such option: {other:?}; try ./justw demo --help");
                return ExitCode::from(2);
            }
        }
    }
    // Before any thread is made, so that all of them leave signals to one.
    let signals = match signals::watch() {
        Ok(signals) => signals,
        Err(error) => return failure(&error),
    };
    match run(stay, &signals) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if signals.came() => {
            eprintln!("demo: stopped");
            ExitCode::from(signals::EXIT_CODE)
        }
        Err(error) => failure(&error),
    }
}

const HELP: &str = "\
Starts Envoy with envoy/edge.yaml on free ports of this machine, with a service behind it; scans
it, and shows what the service sees before and after. Nothing leaves the machine.

    ./justw demo           tells the story and ends; fails when anything is not as promised
    ./justw demo --stay    then leaves Envoy running for you to try, until Ctrl-C
";

fn failure(error: &anyhow::Error) -> ExitCode {
    eprintln!("demo: {error:#}");
    ExitCode::FAILURE
}

fn run(stay: bool, signals: &signals::Signals) -> Result<()> {
    let tell = Tell::to_terminal();
    // On the main thread: Envoy ends when the thread that has started it ends.
    let mut edge = Edge::start(&tell)?;
    signals.pass_on_to(edge.envoy.pid())?;
    story::tell(&edge, &tell)?;
    if stay {
        story::invite(&edge, &tell);
        edge.envoy.wait()?;
        tell.line("");
        tell.line("Stopped.");
    } else {
        story::go_on(&tell);
    }
    Ok(())
}
