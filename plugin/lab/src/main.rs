//! `portscan-lab [--trace FILE]`: real scanners and harmless clients against a real Envoy.
//!
//! Everything happens in network namespaces: no packet leaves them, and no address outside is ever
//! scanned.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "watches real programs, which know no other time"
)]

mod access_log;
mod client;
mod edge;
mod network;
mod report;
mod roster;

use std::{env, fs, path::PathBuf, process::ExitCode, thread, time::Instant};

use anyhow::{Context, bail};
use real_envoy::{Netns, Result};

use crate::{
    client::{Client, Ending},
    edge::Edge,
    report::Report,
};

const USAGE: &str = "usage: portscan-lab [--trace FILE]";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is as expected.
fn run() -> Result<bool> {
    let trace = trace_file()?;
    if let Err(reason) = Netns::available() {
        println!("skipped: {reason}");
        return Ok(true);
    }
    let start = Instant::now();
    let (clients, missing) = roster::available();
    for line in missing {
        println!("skipped: {line}");
    }
    let mut edge = Edge::start(&clients)?;
    println!(
        "{} clients at once against an Envoy that has all ports …",
        clients.len()
    );
    let endings: Vec<_> = thread::scope(|scope| {
        let edge = &edge;
        let run = |client: &'static Client| (client, scope.spawn(move || edge.run(client)));
        let running: Vec<_> = clients.iter().copied().map(run).collect();
        let end = |(client, thread): (&'static Client, thread::ScopedJoinHandle<'_, Ending>)| {
            let panicked = |panic| std::panic::resume_unwind(panic);
            (client, thread.join().unwrap_or_else(panicked))
        };
        running.into_iter().map(end).collect()
    });
    let contacts = edge.contacts()?;
    let report = Report::new(&endings, &contacts);
    println!("{report}");
    println!("{} s in all", start.elapsed().as_secs());
    if let Some(file) = trace {
        fs::write(&file, access_log::trace(&contacts))
            .with_context(|| format!("write {}", file.display()))?;
        println!("{} contacts in {}", contacts.len(), file.display());
    }
    Ok(report.is_as_expected())
}

fn trace_file() -> Result<Option<PathBuf>> {
    let args: Vec<_> = env::args_os().skip(1).collect();
    match args.as_slice() {
        [] => Ok(None),
        [flag, file] if flag == "--trace" => Ok(Some(file.into())),
        _ => bail!(USAGE),
    }
}
