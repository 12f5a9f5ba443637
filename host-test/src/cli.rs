//! The command's arguments; each subcommand has a file of its own.

mod check;
mod schema;

use std::fmt::Display;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs proxy-wasm plugins as Envoy does, without Envoy.
#[derive(Debug, Parser)]
#[command(name = "host-test", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a module against the ABI, without running it.
    Check(check::Arguments),
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
        Command::Check(arguments) => check::run(&arguments),
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
