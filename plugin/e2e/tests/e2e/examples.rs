//! The examples behind a real edge: upstreams that act on the header, and the list of scanners.

mod access_log;
mod upstreams;

use std::process::Command;

/// Whether `program` can be started here; says so if not.
fn is_there(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        eprintln!("skipped: this example needs {program}: install it");
    }
    is_there
}
