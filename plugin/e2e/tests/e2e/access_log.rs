//! Lines of the access log, by client.

use real_envoy::{Envoy, Result, eventually};
use serde_json::Value;

use crate::edge::PATIENCE;

/// One line: a request, or a connection.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    source: String,
    /// Address and port that the client asked for.
    pub(crate) destination: String,
    /// The verdict; empty for a clean source.
    pub(crate) portscan: String,
    /// Why the answer is what it is; empty for a connection.
    pub(crate) details: String,
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(line).ok()?;
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        Some(Self {
            source: text("source"),
            destination: text("destination"),
            portscan: text("portscan"),
            details: text("details"),
        })
    }

    fn is_from(&self, address: &str) -> bool {
        self.source
            .rsplit_once(':')
            .is_some_and(|(ip, _)| ip == address)
    }
}

/// All lines so far about the client `address`, in the order in which they were written.
pub(crate) fn entries_of(envoy: &Envoy, address: &str) -> Vec<Entry> {
    let log = envoy.stdout();
    let entries = log.lines().filter_map(Entry::parse);
    entries.filter(|entry| entry.is_from(address)).collect()
}

/// Waits until there are at least `least` lines about the client `address`.
pub(crate) fn wait_for_entries(envoy: &Envoy, address: &str, least: usize) -> Result<Vec<Entry>> {
    eventually(&format!("{least} log lines of {address}"), PATIENCE, || {
        let entries = entries_of(envoy, address);
        (entries.len() >= least).then_some(entries)
    })
}

/// Waits for a line about the client `address` that is as `wanted`.
pub(crate) fn wait_for_entry(
    envoy: &Envoy,
    address: &str,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<Entry> {
    eventually(&format!("the log line of {address}"), PATIENCE, || {
        entries_of(envoy, address).into_iter().find(&wanted)
    })
}
