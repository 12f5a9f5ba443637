//! The conformance set in a real Envoy: all guests in one process, each with a VM of its own.

mod client;
mod config;
mod log;
mod upstream;

use std::{collections::BTreeMap, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result};
use real_envoy::{Envoy, Scratch, eventually, http::GrpcUpstream, workspace_root};

use self::upstream::Upstream;
use super::{Guest, Mismatch, Stage, Version, wire::Outcome};

/// What one Envoy made of the guests.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// The version that the program says it has.
    pub version: Version,
    /// Guest and all lines that it reported, in the order of the list of guests.
    pub transcripts: Vec<(&'static Guest, Vec<String>)>,
}

impl Measurement {
    /// What the guest `name` reported; `None` when it did not run.
    #[must_use]
    pub fn lines(&self, name: &str) -> Option<&[String]> {
        let found = self
            .transcripts
            .iter()
            .find(|(guest, _)| guest.name == name);
        found.map(|(_, lines)| lines.as_slice())
    }

    /// The guests whose lines are not the expected ones.
    #[must_use]
    pub fn mismatches(&self) -> Vec<Mismatch> {
        let results = self.transcripts.iter();
        results
            .filter_map(|(guest, lines)| guest.compare(self.version, lines).err())
            .collect()
    }
}

/// Runs `guests` in the Envoy at `program`, as long as it takes until each has reported what it
/// must, or nothing more comes.
///
/// Fails when Envoy cannot be started, or has no V8.
pub fn measure(program: &Path, guests: &[&'static Guest]) -> Result<Measurement> {
    let version = version(program)?;
    let guests: Vec<_> = guests
        .iter()
        .copied()
        .filter(|guest| guest.setup.since <= version)
        .collect();
    let scratch = Scratch::new()?;
    for guest in &guests {
        std::fs::write(scratch.path(&config::module_file(guest)), guest.module()?)?;
    }
    let folder = scratch.path("");
    scratch.write("refused.yaml", &config::refused(&guests, &folder))?;
    let yaml = scratch.write("envoy.yaml", &config::bootstrap(&guests, &folder))?;
    let upstream = Upstream::start()?;
    let grpc = GrpcUpstream::start()?;
    let envoy = Envoy::builder(yaml)
        .map_port(config::UPSTREAM_PORT, upstream.port())
        .map_port(config::GRPC_PORT, grpc.port())
        .envoy_binary(workspace_root().join(program))
        .concurrency(1)
        .start()?;
    let outcomes = drive(&envoy, &guests).with_context(|| last_words(&envoy))?;
    let transcripts = settle(&envoy, &upstream, version, &guests, &outcomes);
    Ok(Measurement {
        version,
        transcripts,
    })
}

/// The version that the program at `path` says it has. Fails when it is no Envoy.
pub fn version(path: &Path) -> Result<Version> {
    let path = workspace_root().join(path);
    let output = Command::new(&path)
        .arg("--version")
        .output()
        .with_context(|| format!("start {}", path.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.split('/')
        .find_map(Version::parse)
        .with_context(|| format!("{} --version says no version: {text:?}", path.display()))
}

/// Plays the clients of all guests, one after the other.
fn drive(envoy: &Envoy, guests: &[&'static Guest]) -> Result<BTreeMap<&'static str, Vec<Outcome>>> {
    let mut outcomes = BTreeMap::new();
    for (index, guest) in guests.iter().enumerate() {
        let clients = match guest.stage {
            Stage::Root | Stage::Refused => continue,
            Stage::Connection(conversations) => conversations.len(),
            Stage::Http(exchanges) => exchanges.len(),
        };
        let outcome = (0..clients).map(|number| {
            let addr = envoy.addr(config::port(index));
            let outcome = client::play(envoy, guest, addr, number)?;
            await_end(envoy, guest, number + 1)?;
            Ok(outcome)
        });
        let outcome: Result<Vec<_>> = outcome.collect();
        let outcome = outcome.with_context(|| guest.name)?;
        outcomes.insert(guest.name, outcome.into_iter().flatten().collect());
    }
    Ok(outcomes)
}

/// Waits until Envoy has seen so many connections of the guest and has done with all of them, so
/// that the next one comes after the last line of this one.
fn await_end(envoy: &Envoy, guest: &Guest, connections: usize) -> Result<()> {
    // Only these two, for all that Envoy counts would take longer than the client.
    let filter = format!(
        "/stats?filter=^listener.{}.downstream_cx_(active|total)$",
        guest.name
    );
    let wanted = ["active: 0".to_owned(), format!("total: {connections}")];
    eventually("the connection is gone", PATIENCE, || {
        let answer = envoy.admin_get(&filter).ok()?.text();
        let mut lines = answer.lines();
        wanted
            .iter()
            .all(|end| lines.any(|line| line.ends_with(end.as_str())))
            .then_some(())
    })
}

/// The end of the log, for when something does not go on.
fn last_words(envoy: &Envoy) -> String {
    let log = envoy.log();
    let lines: Vec<_> = log.lines().rev().take(LAST_WORDS).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

const LAST_WORDS: usize = 20;

/// Waits until every guest has reported what it must, or no line has come for a while.
fn settle(
    envoy: &Envoy,
    upstream: &Upstream,
    version: Version,
    guests: &[&'static Guest],
    outcomes: &BTreeMap<&'static str, Vec<Outcome>>,
) -> Vec<(&'static Guest, Vec<String>)> {
    let collect = || {
        let mut lines = log::by_guest(&envoy.log());
        let stats = envoy.stats().unwrap_or_default();
        let transcript = |guest: &&'static Guest| {
            let mut lines = lines.remove(guest.name).unwrap_or_default();
            lines.extend(stats.iter().filter_map(|(name, value)| {
                let name = name.strip_prefix("wasmcustom.")?;
                let ours = name.strip_prefix(guest.name)?.starts_with('.');
                ours.then(|| format!("stat {name}: {value}"))
            }));
            lines.extend(upstream.seen(guest.name));
            let outcomes = outcomes.get(guest.name).into_iter().flatten();
            lines.extend(outcomes.map(ToString::to_string));
            (*guest, lines)
        };
        guests.iter().map(transcript).collect::<Vec<_>>()
    };
    let mut last = Vec::new();
    // A miss is no error here: the comparison says better what is missing.
    let _ = eventually("all lines", PATIENCE, || {
        last = collect();
        last.iter()
            .all(|(guest, lines)| guest.compare(version, lines).is_ok())
            .then_some(())
    });
    last
}

/// How long lines may take that come after the last client has gone.
const PATIENCE: Duration = Duration::from_secs(3);
