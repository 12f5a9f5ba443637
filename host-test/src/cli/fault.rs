//! `host-test fault`: plays a case once for every fault in a host call.

mod output;
mod sweep;

use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::Args;
use host_test::fault::{Bounds, Fault, plan};
use host_test::guest::Engine;
use host_test::scenario::{Case, Scenario};

use self::output::CaseSweep;
use super::stopwatch::Stopwatch;
use super::{Ending, complain, print};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The scenario file.
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,
    /// The case, by its name. Default: all of them.
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// Inject this fault alone, and print what the guests did. May be given several times.
    #[arg(long, value_name = "FAULT")]
    only: Vec<String>,
    /// Calls of one host function that are tried one by one; of more, the first half of that and
    /// others up to the last.
    #[arg(long, value_name = "NUMBER", default_value_t = Bounds::default().calls_max)]
    calls: u64,
    /// Keys of one host function that are tried one by one.
    #[arg(long, value_name = "NUMBER", default_value_t = Bounds::default().keys_max)]
    keys: usize,
    /// Threads. Default: one for each core.
    #[arg(long, short, value_name = "NUMBER")]
    jobs: Option<NonZero<usize>>,
    /// Write a report in JSON to this file, or to standard output instead of the text with `-`.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let watch = Stopwatch::start();
    let sweeps = match sweeps(arguments) {
        Ok(sweeps) => sweeps,
        Err(reason) => return complain(reason),
    };
    let to_standard_output = arguments.json.as_deref() == Some(Path::new("-"));
    if !to_standard_output {
        for sweep in &sweeps {
            print(&output::text(sweep, &arguments.path));
        }
        print(&output::summary(&sweeps, watch.elapsed()));
    }
    if let Some(path) = &arguments.json {
        let report = format!("{:#}\n", output::json(&sweeps, &arguments.path));
        if to_standard_output {
            print(&report);
        } else if let Err(error) = std::fs::write(path, report) {
            return complain(format!("{}: {error}", path.display()));
        }
    }
    match sweeps.iter().all(CaseSweep::has_passed) {
        true => Ending::Passed,
        false => Ending::Failed,
    }
}

fn sweeps(arguments: &Arguments) -> Result<Vec<CaseSweep>, String> {
    let only = arguments.only.iter().map(|text| text.parse::<Fault>());
    let only: Vec<Fault> = only
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let scenario = Scenario::read(&arguments.path).map_err(|error| error.to_string())?;
    let cases = chosen(&scenario, arguments.case.as_deref())?;
    let engine = Engine::cached().map_err(|error| error.to_string())?;
    let bounds = Bounds {
        calls_max: arguments.calls,
        keys_max: arguments.keys,
    };
    let mut sweeps = Vec::new();
    for case in cases {
        let mut baseline = plan(case, &engine, bounds)
            .map_err(|error| format!("{}: {error}", title(&scenario, case)))?;
        if !only.is_empty() {
            baseline.faults.clone_from(&only);
        }
        let runs = sweep::all(case, &engine, &baseline, !only.is_empty(), arguments.jobs)
            .map_err(|error| error.in_file(&arguments.path).to_string())?;
        sweeps.push(CaseSweep {
            case: case.name.clone(),
            calls: baseline.calls,
            runs,
        });
    }
    Ok(sweeps)
}

/// The case of this name, or all that start.
fn chosen<'a>(scenario: &'a Scenario, name: Option<&str>) -> Result<Vec<&'a Case>, String> {
    let file = scenario.file.display();
    let cases: Vec<&Case> = match name {
        None => scenario
            .cases
            .iter()
            .filter(|case| case.refused.is_empty())
            .collect(),
        Some(name) => scenario
            .cases
            .iter()
            .filter(|case| case.name == name)
            .collect(),
    };
    match (cases.is_empty(), name) {
        (false, _) => Ok(cases),
        (true, None) => Err(format!("{file}: there is no case that starts")),
        (true, Some(name)) => {
            let names = scenario.cases.iter().map(|case| case.name.as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            Err(format!(
                "{file}: there is no case {name:?}; there are {names}"
            ))
        }
    }
}

fn title(scenario: &Scenario, case: &Case) -> String {
    match case.name.as_str() {
        "" => scenario.file.display().to_string(),
        name => format!("{}: {name}", scenario.file.display()),
    }
}
