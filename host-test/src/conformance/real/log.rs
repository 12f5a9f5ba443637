//! The lines of guests in Envoy's log.

use std::collections::BTreeMap;

/// All lines that guests logged, by `vm_id`, oldest first; and why a module did not load, by the
/// name of its listener.
pub(super) fn by_guest(log: &str) -> BTreeMap<String, Vec<String>> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut reasons = Vec::new();
    for line in log.lines() {
        if let Some((guest, text)) = wasm_log(line) {
            lines.entry(guest.to_owned()).or_default().push(text);
        } else if let Some(name) = rejected(line) {
            lines
                .entry(name.to_owned())
                .or_default()
                .append(&mut reasons);
        } else if let Some(reason) = reason(line) {
            reasons.push(format!("refused: {reason}"));
        }
    }
    lines
}

/// The guest and the text of `[…][…][info][wasm] […] wasm log plugin root GUEST: TEXT`; a level
/// other than info stands before the text.
fn wasm_log(line: &str) -> Option<(&str, String)> {
    let (head, rest) = line.split_once(" wasm log ")?;
    let (prefix, text) = rest.split_once(": ")?;
    let guest = prefix.rsplit(' ').next()?;
    let level = head
        .split(['[', ']'])
        .filter(|part| !part.is_empty())
        .nth(2)?;
    Some(match level {
        "info" => (guest, text.to_owned()),
        _ => (guest, format!("{level}: {text}")),
    })
}

/// The name of a listener that was refused.
fn rejected(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("lds: listener '")?;
    Some(rest.split_once("' config rejected")?.0)
}

/// What the wasm runtime says of a module that it does not load.
fn reason(line: &str) -> Option<&str> {
    let (head, rest) = line.split_once("] ")?;
    let problem =
        head.contains("[wasm") && (head.contains("[error]") || head.contains("[critical]"));
    problem.then(|| rest.split_once("] ").map_or(rest, |(_, text)| text))
}
