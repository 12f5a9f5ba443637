//! `host-test trace`: every callback and host call of a case.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use host_test::guest::Engine;
use host_test::report::{trace_json, trace_line};
use host_test::scenario::{Case, Scenario, trace_in_harness};

use super::{Ending, complain, print};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The scenario file.
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,
    /// The case, by its name. Default: the first one.
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// How the trace is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line for each entry.
    Text,
    /// One JSON object a line.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let scenario = match Scenario::read(&arguments.path) {
        Ok(scenario) => scenario,
        Err(error) => return complain(error),
    };
    let case = match find(&scenario, arguments.case.as_deref()) {
        Ok(case) => case,
        Err(reason) => return complain(reason),
    };
    let engine = match Engine::cached() {
        Ok(engine) => engine,
        Err(error) => return complain(error),
    };
    let traced = trace_in_harness(case, &engine);
    for entry in &traced.entries {
        print(&match arguments.format {
            Format::Text => format!("{}\n", trace_line(entry)),
            Format::Json => format!("{}\n", trace_json(entry)),
        });
    }
    if let Some(missing) = traced.missing {
        eprintln!("host-test: {missing}");
        return Ending::Failed;
    }
    match traced.result {
        Ok(outcome) if outcome.failures.is_empty() => Ending::Passed,
        Ok(outcome) => {
            for failure in &outcome.failures {
                let (path, place) = (arguments.path.display(), failure.place);
                eprintln!("{path}:{place}: {}", failure.reason);
            }
            Ending::Failed
        }
        Err(error) => complain(error.in_file(&arguments.path)),
    }
}

fn find<'a>(scenario: &'a Scenario, name: Option<&str>) -> Result<&'a Case, String> {
    let mut cases = scenario.cases.iter();
    let file = scenario.file.display();
    match name {
        None => cases
            .next()
            .ok_or_else(|| format!("{file}: there is no case")),
        Some(name) => cases.find(|case| case.name == name).ok_or_else(|| {
            let names: Vec<&str> = scenario
                .cases
                .iter()
                .map(|case| case.name.as_str())
                .collect();
            format!(
                "{file}: there is no case {name:?}; there are {}",
                names.join(", ")
            )
        }),
    }
}
