//! `host-test replay`: an accept trace through the port-scan detector.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use host_test::config::Code;
use host_test::guest::Engine;
use host_test::replay::Edge;
use portscan_core::evidence::Evidence;
use portscan_replay::native::Native;
use portscan_replay::replay::{Outcome, replay, try_replay};
use portscan_replay::setup::Setup;
use portscan_replay::trace::read_file;

use super::{Ending, complain, print};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The accept trace: NDJSON or CSV with a header line, plain or gzip.
    #[arg(long, value_name = "FILE")]
    trace: PathBuf,
    /// The policy, as it stands in `vm_config`; the defaults if it is left out.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Ports of real services; all others are decoys.
    #[arg(long, value_name = "PORTS", value_delimiter = ',')]
    real_ports: Vec<u16>,
    /// Real ports where logins happen.
    #[arg(long, value_name = "PORTS", value_delimiter = ',')]
    login_ports: Vec<u16>,
    /// Only these ports are decoys; contacts with ports that are neither are not seen.
    #[arg(long, value_name = "PORTS", value_delimiter = ',')]
    decoys: Option<Vec<u16>>,
    /// What makes an edge of its own.
    #[arg(long, value_name = "COLUMN")]
    edge_by: Option<EdgeBy>,
    /// Kinds of evidence that weigh nothing.
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind)]
    without: Vec<Evidence>,
    /// What judges: the detector itself, or the module in the harness.
    #[arg(long, value_name = "ENGINE", default_value = "native")]
    engine: EngineKind,
    /// The module, for `--engine wasm`.
    #[arg(long, value_name = "FILE", default_value = "target/portscan.wasm")]
    module: PathBuf,
    /// Write verdicts to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EdgeBy {
    /// Every local address is an edge.
    Dst,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EngineKind {
    Native,
    Wasm,
}

fn kind(name: &str) -> Result<Evidence, String> {
    let names = Evidence::ALL.map(Evidence::name).join(", ");
    Evidence::named(name).ok_or_else(|| format!("expected one of {names}"))
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match play(arguments) {
        Ok(()) => Ending::Passed,
        Err(reason) => complain(reason),
    }
}

fn play(arguments: &Arguments) -> Result<(), String> {
    let setup = setup(arguments)?;
    let trace = &arguments.trace;
    let contacts = read_file(trace).map_err(|error| match error.line {
        Some(line) => format!("{}:{line}: {}", trace.display(), error.message),
        None => error.message,
    })?;
    let outcome = match arguments.engine {
        EngineKind::Native => replay(&contacts, &setup, Native::new),
        EngineKind::Wasm => {
            let engine = Engine::cached().map_err(|error| error.to_string())?;
            let code = Code::File(arguments.module.clone());
            try_replay(&contacts, &setup, |setup| Edge::new(setup, &code, &engine))?
        }
    };
    let Outcome {
        verdicts, summary, ..
    } = outcome;
    if let Some(out) = &arguments.out {
        let lines = verdicts.iter().map(serde_json::to_string);
        write(out, lines).map_err(|error| format!("{}: {error}", out.display()))?;
    }
    let summary = serde_json::to_string(&summary).map_err(|error| error.to_string())?;
    print(&format!("{summary}\n"));
    Ok(())
}

fn write(
    path: &Path,
    lines: impl Iterator<Item = serde_json::Result<String>>,
) -> std::io::Result<()> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    for line in lines {
        writeln!(file, "{}", line?)?;
    }
    file.flush()
}

fn setup(arguments: &Arguments) -> Result<Setup, String> {
    let policy = match &arguments.policy {
        None => String::new(),
        Some(path) => {
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?
        }
    };
    let without = arguments.without.iter().copied().collect();
    let mut setup = Setup::new(&policy, without).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        problems.join("\n")
    })?;
    let ports = |ports: &[u16]| -> BTreeSet<u16> { ports.iter().copied().collect() };
    setup.real_ports = ports(&arguments.real_ports);
    setup.login_ports = ports(&arguments.login_ports);
    setup.decoys = arguments.decoys.as_deref().map(ports);
    setup.edge_by_destination = arguments.edge_by.is_some();
    Ok(setup)
}
