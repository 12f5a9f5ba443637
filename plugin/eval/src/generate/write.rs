//! The small set of made-up clients that stands in the repository: an accept trace and its labels.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use portscan_replay::trace::{Contact, Micros};
use serde_json::{Map, Value};

use super::{Kind, Population, machines, people, scans};

/// The seed of the set.
pub const SEED: u64 = 20_261;

/// Scanners in the set.
const SCANNERS: usize = 1_000;

/// One in so many of the harmless clients that an evaluation has.
const SCALE: usize = 400;

/// When it begins: 2026-01-05, a Monday.
pub const START: Micros = 1_767_571_200 * super::SECOND;

/// Health checks that the set has of one client: all of them would fill it.
const HEALTH_CHECKS_MAX: usize = 360;

/// The set: scanners, and a few harmless clients of every kind. In the order of time.
pub fn set() -> Population {
    let accidental = 1e-2;
    let mut made = scans(SEED, START, SCANNERS)
        .with(people(SEED + 1, START, accidental, SCALE))
        .with(machines(SEED + 2, START, SCALE));
    // The gateways of 500 alone would be half of it.
    let too_many: Vec<_> = made
        .clients
        .extract_if(.., |client| client.kind == Kind::LargeGateway)
        .map(|client| client.src)
        .collect();
    let checkers: Vec<_> = made
        .clients
        .iter()
        .filter(|client| client.kind == Kind::HealthChecker)
        .map(|client| client.src)
        .collect();
    let mut checks = 0;
    made.contacts.retain(|contact| {
        let is_check = checkers.contains(&contact.src);
        checks += usize::from(is_check);
        !too_many.contains(&contact.src) && (!is_check || checks <= HEALTH_CHECKS_MAX)
    });
    made.contacts.sort_by_key(|contact| contact.at);
    made.accidents.clear();
    made
}

/// The trace as gzipped NDJSON.
///
/// # Errors
/// None that a vector could have.
pub fn trace(contacts: &[Contact]) -> io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    for contact in contacts {
        writeln!(gzip, "{}", line(contact))?;
    }
    gzip.finish()
}

/// Who is who: `src,label,malicious`.
pub fn labels(made: &Population) -> String {
    let mut text = String::from("src,label,malicious\n");
    for client in &made.clients {
        let is_scanner = u8::from(client.kind.is_scanner());
        let _ = writeln!(text, "{},{},{is_scanner}", client.src, client.kind.label());
    }
    text
}

fn line(contact: &Contact) -> Value {
    let mut line = Map::new();
    let mut set = |key: &str, value: Value| line.insert(key.to_owned(), value);
    set("ts", seconds(contact.at));
    set("src", contact.src.to_string().into());
    if let Some(dst) = contact.dst {
        set("dst", dst.to_string().into());
    }
    set("dport", contact.dport.into());
    set("dur", seconds(contact.duration));
    if let Some(bytes) = contact.bytes {
        set("bytes", bytes.into());
    }
    set("first", hex(&contact.first).into());
    if let Some(served) = contact.served {
        set("served", u8::from(served).into());
    }
    Value::Object(line)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds are exact")]
fn seconds(at: Micros) -> Value {
    (at as f64 / super::SECOND as f64).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
