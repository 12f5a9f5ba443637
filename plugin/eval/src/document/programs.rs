//! The table of real programs on the same traces, as `./justw peers` found it.

use serde::Deserialize;

use super::table::{grouped, percent, table};

/// What `./justw peers` wrote last.
const FOUND: &str = include_str!("../../../../docs/peers.json");

#[derive(Deserialize)]
struct Found {
    versions: Versions,
    traces: Vec<Trace>,
}

#[derive(Deserialize)]
struct Versions {
    crowdsec: String,
    psad: String,
}

#[derive(Deserialize)]
struct Trace {
    name: String,
    scanners: usize,
    benign: usize,
    detectors: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    detector: String,
    flagged_scanners: usize,
    effectiveness: f64,
    /// Not told by psad.
    mean_contacts_to_flag: Option<f64>,
    flagged_benign: usize,
    max_rss_mib: f64,
}

/// The table, or what is wrong with the file.
pub(super) fn programs() -> String {
    let found: Found = match serde_json::from_str(FOUND) {
        Ok(found) => found,
        Err(error) => return format!("docs/peers.json: {error}\n"),
    };
    let header = [
        "trace",
        "program",
        "scanners flagged",
        "effectiveness",
        "N̄",
        "harmless clients flagged",
        "memory, MiB",
    ];
    let rows = found.traces.iter().flat_map(|trace| {
        trace.detectors.iter().map(|row| {
            let contacts = row.mean_contacts_to_flag;
            vec![
                trace.name.clone(),
                row.detector.clone(),
                format!(
                    "{} of {}",
                    grouped(row.flagged_scanners),
                    grouped(trace.scanners)
                ),
                percent(row.effectiveness),
                contacts.map_or("–".to_owned(), |contacts| format!("{contacts:.2}")),
                format!("{} of {}", row.flagged_benign, grouped(trace.benign)),
                format!("{:.0}", row.max_rss_mib),
            ]
        })
    });
    let Versions { crowdsec, psad } = &found.versions;
    format!(
        "The real programs, Debian's packages crowdsec {crowdsec} and psad {psad}, on the same traces \
         rewritten as lines of iptables (`./justw peers`). They see what a firewall logs, every contact \
         with a decoy; psad does not say when it flagged.\n\n{}",
        table(&header, rows)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_recipe_is_read() {
        let text = programs();
        assert!(text.contains("| CrowdSec"), "{text}");
        assert!(text.contains("| psad"), "{text}");
    }
}
