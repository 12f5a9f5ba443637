//! `host-test diff`: runs cases in the harness and in the real Envoy, and compares all that is seen.

use std::path::PathBuf;

use clap::Args;
use host_test::diff::compare;
use host_test::guest::Engine;

use super::run::{Cases, run_cases, usable};
use super::{Ending, complain};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    cases: Cases,
    /// The real Envoy. Needs root, for network namespaces.
    #[arg(long, value_name = "PROGRAM")]
    envoy: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let Arguments { cases, envoy } = arguments;
    if let Err(reason) = usable(envoy) {
        return complain(reason);
    }
    match Engine::cached() {
        Ok(engine) => run_cases(cases, &|case| compare(case, &engine, envoy)),
        Err(error) => complain(error),
    }
}
