//! The command `host-test`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
