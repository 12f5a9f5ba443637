//! The command's arguments; each subcommand has a file of its own.

mod bench;
mod check;
mod diff;
mod fault;
mod files;
mod race;
mod replay;
mod run;
mod schema;
mod stopwatch;
mod trace;

use std::fmt::Display;
use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use host_test::report::Style;

/// Runs proxy-wasm plugins as Envoy does, without Envoy.
#[derive(Debug, Parser)]
#[command(name = "host-test", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenario files.
    Run(run::Arguments),
    /// Check a module against the ABI, without running it.
    Check(check::Arguments),
    /// Play a scenario once for every fault in a host call.
    Fault(fault::Arguments),
    /// Print every host call of a scenario.
    Trace(trace::Arguments),
    /// Run scenario files in the harness and in the real Envoy, and compare all that is seen.
    Diff(diff::Arguments),
    /// Time the callbacks of a plugin, and count their host calls.
    Bench(bench::Arguments),
    /// Try the interleavings of steps that are done at the same time.
    Race(race::Arguments),
    /// Replay an accept trace through the port-scan detector.
    Replay(replay::Arguments),
    /// Print the JSON Schema of scenario files.
    Schema,
}

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// All is well.
    Passed,
    /// What was tested is not as it must be.
    Failed,
    /// The arguments, or the files that they name, are wrong.
    Invalid,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Passed => 0,
            Ending::Failed => 1,
            Ending::Invalid => 2,
        })
    }
}

/// Runs the command that the arguments name.
pub(crate) fn run() -> ExitCode {
    let ending = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Fault(arguments) => fault::run(&arguments),
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Race(arguments) => race::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Schema => schema::run(),
    };
    ending.into()
}

/// Says on standard error why nothing is done.
fn complain(reason: impl Display) -> Ending {
    eprintln!("host-test: {reason}");
    Ending::Invalid
}

/// Writes to standard output. Who reads it may have gone, which is no error of ours.
fn print(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Colours on a terminal alone, and not if `NO_COLOR` is set.
fn style() -> Style {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match !plain && std::io::stdout().is_terminal() {
        true => Style::Coloured,
        false => Style::Plain,
    }
}
