//! `host-test bench`: what the callbacks of a plugin cost.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use host_test::bench::{Baseline, CaseFigures, Rounds, as_json, as_text, measure_rounds};
use host_test::config::{Bootstrap, Code};
use host_test::guest::Engine;
use host_test::scenario::{Case, Scenario};

use super::{Ending, complain, print};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The module that every plugin of the scenarios runs. Default: target/portscan.wasm.
    #[arg(value_name = "MODULE", default_value = "target/portscan.wasm")]
    module: PathBuf,
    /// What is measured: a scenario whose cases have a step `mark: measure`; may be given several
    /// times.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "plugin/bench/connections.yaml"
    )]
    scenario: Vec<PathBuf>,
    /// How often each case is played, twice each time.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Only cases whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Compare host calls with this file, and fail where there are more.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write host calls to the file of `--baseline` instead.
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match bench(arguments) {
        Ok(ending) => ending,
        Err(reason) => complain(reason),
    }
}

fn bench(arguments: &Arguments) -> Result<Ending, String> {
    let cases = cases(arguments)?;
    let engine = Engine::cached().map_err(|error| error.to_string())?;
    let shows_progress = std::io::stderr().is_terminal();
    let rounds = usize::from(arguments.rounds);
    let progress = |round| {
        if shows_progress {
            let mut out = std::io::stderr().lock();
            let _ = write!(out, "\r\x1b[Kround {} of {rounds}", round + 1);
            let _ = out.flush();
        }
    };
    let measured = measure_rounds(&cases, rounds, &engine, progress);
    if shows_progress {
        eprint!("\r\x1b[K");
    }
    let measured = measured.map_err(|(case, error)| format!("case {case:?}: {error}"))?;
    match arguments.json {
        true => print(&format!("{:#}\n", as_json(&measured))),
        false => print(&as_text(&measured)),
    }
    match &arguments.baseline {
        Some(path) => baseline(path, &measured, arguments.write_baseline),
        None => Ok(Ending::Passed),
    }
}

fn cases(arguments: &Arguments) -> Result<Vec<Case>, String> {
    let module = std::path::absolute(&arguments.module)
        .map_err(|error| format!("{}: {error}", arguments.module.display()))?;
    if !module.is_file() {
        let name = arguments.module.display();
        return Err(format!(
            "{name}: there is no such module; build it, or name another one"
        ));
    }
    let code = Code::File(module);
    let mut cases = Vec::new();
    for file in &arguments.scenario {
        let scenario = Scenario::read(file).map_err(|error| error.in_file(file).to_string())?;
        cases.extend(scenario.cases);
    }
    cases.retain(|case| {
        let filter = arguments.filter.as_ref();
        filter.is_none_or(|text| case.name.contains(text))
    });
    if cases.is_empty() {
        return Err("no case matches the filter".to_owned());
    }
    for case in &mut cases {
        let bootstrap = Bootstrap::clone(&case.setup.bootstrap);
        case.setup.bootstrap = Arc::new(bootstrap.with_code(&code));
    }
    Ok(cases)
}

fn baseline(path: &Path, measured: &[Rounds], is_written: bool) -> Result<Ending, String> {
    let name = path.display();
    let figures: Vec<CaseFigures> = measured.iter().map(|case| case.figures.clone()).collect();
    let now = Baseline::of(&figures);
    if is_written {
        let json = serde_json::to_string_pretty(&now).map_err(|error| error.to_string())?;
        std::fs::write(path, json + "\n").map_err(|error| format!("{name}: {error}"))?;
        return Ok(Ending::Passed);
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let before: Baseline =
        serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let mut ending = Ending::Passed;
    for change in before.compare(&now) {
        if change.now > change.before {
            ending = Ending::Failed;
        }
        eprintln!("host-test: {name}: {change}");
    }
    Ok(ending)
}
