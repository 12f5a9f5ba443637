//! The traces there are: those of the repository, and others where they lie beside it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use hashbrown::HashSet;
use portscan_replay::trace::{Contact, TraceError, read_file};

use crate::generate::REAL_PORTS;
use crate::measure::Trial;

/// A trace with a name.
pub struct Named {
    /// What it is called.
    pub name: &'static str,
    /// Where it comes from.
    pub about: &'static str,
    /// The trace.
    pub trial: Trial,
}

/// The set of made-up clients in the repository.
pub const GENERATED: &str = "data/generated.ndjson.gz";
/// Who is who there.
pub const GENERATED_LABELS: &str = "data/generated-labels.csv";

/// The folder of other traces: `PORTSCAN_DATA`, or `../shared/data` beside the workspace.
pub fn data_dir() -> Option<PathBuf> {
    let beside = || package_dir().join("../../../shared/data");
    let dir = std::env::var_os("PORTSCAN_DATA").map_or_else(beside, PathBuf::from);
    dir.is_dir().then_some(dir)
}

/// The folder of this package.
pub fn package_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The set in the repository.
///
/// # Errors
/// It cannot be read.
pub fn generated() -> Result<Named, TraceError> {
    let file = |name| package_dir().join(name);
    let contacts = read_file(&file(GENERATED))?;
    Ok(Named {
        name: "generated",
        about: "made up by this tool: scanners in the shares that honeypots measured, and a few \
                harmless clients of every kind",
        trial: labelled(contacts, &file(GENERATED_LABELS), &REAL_PORTS)?,
    })
}

/// A catch-all honeypot, all of whose clients are scanners; none without `dir`.
///
/// # Errors
/// It is there and cannot be read.
pub fn honeytrap(dir: &Path) -> Result<Option<Named>, TraceError> {
    let Some(contacts) = read_if_there(&dir.join("honeytrap-2025.csv"))? else {
        return Ok(None);
    };
    Ok(Some(Named {
        name: "honeytrap-2025",
        about: "a catch-all honeypot at accept level, February 2025",
        trial: Trial::of_scanners(contacts, &REAL_PORTS),
    }))
}

/// Real clients that were told what to do; none without `dir`.
///
/// # Errors
/// It is there and cannot be read.
pub fn lab(dir: &Path) -> Result<Option<Named>, TraceError> {
    let Some(contacts) = read_if_there(&dir.join("accept-lab/accept.ndjson"))? else {
        return Ok(None);
    };
    Ok(Some(Named {
        name: "accept-lab",
        about: "real scanners and harmless clients in a lab, November 2026",
        trial: labelled(contacts, &dir.join("accept-lab/labels.csv"), &[22, 80, 443])?,
    }))
}

/// The ports that most sources touched in the first half of a trace, by time, and its second half.
pub fn learnt_decoys(whole: &Trial, count: usize) -> Trial {
    let mut contacts = whole.contacts.clone();
    contacts.sort_by_key(|contact| contact.at);
    let (begin, end) = match (contacts.first(), contacts.last()) {
        (Some(first), Some(last)) => (first.at, last.at),
        _ => (0, 0),
    };
    let half = begin + (end - begin) / 2;
    let later = contacts.split_off(contacts.partition_point(|contact| contact.at < half));
    let mut sources: hashbrown::HashMap<u16, HashSet<IpAddr>> = hashbrown::HashMap::new();
    for contact in &contacts {
        if !whole.real_ports.contains(&contact.dport) {
            let touched = sources.entry(contact.dport).or_default();
            touched.insert(contact.src);
        }
    }
    let mut ports: Vec<(usize, u16)> = sources
        .into_iter()
        .map(|(port, sources)| (sources.len(), port))
        .collect();
    ports.sort_unstable_by(|a, b| b.cmp(a));
    ports.truncate(count);
    Trial {
        contacts: later,
        decoys: Some(ports.into_iter().map(|(_, port)| port).collect()),
        ..whole.clone()
    }
}

fn read_if_there(path: &Path) -> Result<Option<Vec<Contact>>, TraceError> {
    path.exists().then(|| read_file(path)).transpose()
}

fn labelled(
    contacts: Vec<Contact>,
    labels: &Path,
    real_ports: &[u16],
) -> Result<Trial, TraceError> {
    let wrong = |line: Option<u64>, message: String| TraceError { line, message };
    let text = std::fs::read_to_string(labels)
        .map_err(|error| wrong(None, format!("{}: {error}", labels.display())))?;
    let mut scanners = HashSet::new();
    for (line, number) in text.lines().zip(1..).skip(1) {
        let mut fields = line.split(',');
        let src = fields.next().unwrap_or_default();
        let src: IpAddr = src
            .parse()
            .map_err(|_| wrong(Some(number), format!("src: {src:?}: must be an address")))?;
        if fields.nth(1) == Some("1") {
            scanners.insert(src);
        }
    }
    Ok(Trial {
        scanners,
        ..Trial::of_scanners(contacts, real_ports)
    })
}
