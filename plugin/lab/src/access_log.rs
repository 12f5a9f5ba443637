//! Envoy's access log as contacts, and contacts as an accept trace.

use std::{collections::BTreeSet, fmt::Write as _, net::SocketAddr, time::Duration};

use anyhow::Context;
use real_envoy::Result;
use serde_json::{Value, json};

/// One accepted connection.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    /// When it was accepted, seconds since 1970.
    pub(crate) start: f64,
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    /// The value of the header, empty for a clean source.
    pub(crate) verdict: String,
    pub(crate) bytes: u64,
    pub(crate) millis: u64,
    /// Whether a request on it was answered normally.
    pub(crate) served: bool,
}

impl Contact {
    /// Whether it went to a decoy that flags at once. On ports that people reach by mistake the
    /// verdict waits for what the contact turns out to be, so the next one may come before it.
    pub(crate) fn is_plain_decoy(&self) -> bool {
        let port = self.destination.port();
        !matches!(port, 80 | 443) && !MISTAKE_PORTS.contains(&port)
    }
}

/// Alternates of the web's ports, as the README has them.
const MISTAKE_PORTS: [u16; 9] = [81, 444, 8000, 8008, 8080, 8081, 8443, 8888, 9443];

/// What is asked for to read a verdict.
pub(crate) const VERDICT_PATH: &str = "/verdict-of-the-lab";

/// The connections in the `log`, in the order of time, without those that only read a verdict.
///
/// Those are told by what they ask for: where the kernel has to give a connection another source
/// port, its client does not know it.
pub(crate) fn contacts(log: &str) -> Result<Vec<Contact>> {
    let mut contacts = Vec::new();
    let mut readers = BTreeSet::new();
    let mut served = BTreeSet::new();
    for line in log.lines().filter(|line| line.starts_with('{')) {
        let entry: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let text = |key: &str| entry[key].as_str().unwrap_or_default();
        let address = |key: &str| {
            text(key)
                .parse::<SocketAddr>()
                .with_context(|| line.to_owned())
        };
        let number = |key: &str| entry[key].as_u64().unwrap_or_default();
        let (source, destination) = (address("source")?, address("destination")?);
        // A line with a method is about a request; that of its connection comes too.
        if !text("method").is_empty() {
            if text("path") == VERDICT_PATH {
                readers.insert((source, destination));
            }
            if (200..400).contains(&number("status")) {
                served.insert((source, destination));
            }
            continue;
        }
        contacts.push(Contact {
            start: text("start").parse().with_context(|| line.to_owned())?,
            source,
            destination,
            verdict: text("portscan").to_owned(),
            bytes: number("bytes_in"),
            millis: number("duration_ms"),
            served: false,
        });
    }
    let ends = |contact: &Contact| (contact.source, contact.destination);
    contacts.retain(|contact| !readers.contains(&ends(contact)));
    for contact in &mut contacts {
        contact.served = served.contains(&ends(contact));
    }
    contacts.sort_by(|a, b| a.start.total_cmp(&b.start));
    Ok(contacts)
}

/// The contacts as an accept trace of NDJSON, which `host-test replay` reads.
pub(crate) fn trace(contacts: &[Contact]) -> String {
    let mut trace = String::new();
    for contact in contacts {
        let line = json!({
            "ts": contact.start,
            "src": contact.source.ip(),
            "sport": contact.source.port(),
            "dst": contact.destination.ip(),
            "dport": contact.destination.port(),
            "dur": Duration::from_millis(contact.millis).as_secs_f64(),
            "bytes": contact.bytes,
            "served": u8::from(contact.served),
        });
        // Text takes whatever is written to it.
        let _ = writeln!(trace, "{line}");
    }
    trace
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"
not a line of the access log
{"start":"1790000002.500000","source":"198.18.0.7:4001","destination":"198.51.100.1:23","portscan":"kind=probe","method":null,"status":0,"bytes_in":2,"duration_ms":250}
{"start":"1790000001.000000","source":"[2001:db8::7]:4000","destination":"[2001:db8::1]:80","portscan":"","method":"GET","status":200,"bytes_in":0,"duration_ms":3}
{"start":"1790000001.000000","source":"[2001:db8::7]:4000","destination":"[2001:db8::1]:80","portscan":null,"method":null,"status":0,"bytes_in":70,"duration_ms":9}
{"start":"1790000003.000000","source":"198.18.0.7:4002","destination":"198.51.100.1:80","portscan":"kind=probe","method":"GET","status":404,"bytes_in":0,"duration_ms":3}
{"start":"1790000003.000000","source":"198.18.0.7:4002","destination":"198.51.100.1:80","portscan":"kind=probe","method":null,"status":0,"bytes_in":70,"duration_ms":9}
{"start":"1790000004.000000","source":"198.18.0.7:4003","destination":"198.51.100.1:80","portscan":"kind=probe","method":"GET","path":"/verdict-of-the-lab","status":200,"bytes_in":0,"duration_ms":3}
{"start":"1790000004.000000","source":"198.18.0.7:4003","destination":"198.51.100.1:80","portscan":"kind=probe","method":null,"status":0,"bytes_in":70,"duration_ms":9}
"#;

    #[test]
    fn the_access_log_becomes_a_trace_that_replays() {
        let contacts = contacts(LOG).unwrap();
        let verdicts: Vec<_> = contacts.iter().map(|contact| &*contact.verdict).collect();
        assert_eq!(verdicts, ["", "kind=probe", "kind=probe"]);
        let trace = portscan_replay::trace::read(trace(&contacts).as_bytes()).unwrap();
        let seen: Vec<_> = trace
            .iter()
            .map(|contact| (contact.at, contact.sport, contact.dport, contact.bytes))
            .collect();
        assert_eq!(
            seen,
            [
                (1_790_000_001_000_000, 4000, 80, Some(70)),
                (1_790_000_002_500_000, 4001, 23, Some(2)),
                (1_790_000_003_000_000, 4002, 80, Some(70)),
            ]
        );
        let served: Vec<_> = trace.iter().map(|contact| contact.served).collect();
        assert_eq!(served, [Some(true), Some(false), Some(false)]);
        assert_eq!(trace[1].duration, 250_000);
    }
}
