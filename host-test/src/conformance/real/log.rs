//! The lines of guests in Envoy's log.

use std::collections::{BTreeMap, VecDeque};

use super::super::refusal;

/// All lines that guests logged, by `vm_id`, oldest first; and why a module did not load, by the
/// name of its listener.
pub(super) fn by_guest(log: &str) -> BTreeMap<String, Vec<String>> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // The reasons come one after the other, then the names of all listeners in the same order.
    let mut reasons: VecDeque<Vec<String>> = VecDeque::new();
    let mut problems = Vec::new();
    let mut in_names = false;
    for line in log.lines() {
        if let Some((guest, text)) = wasm_log(line) {
            lines.entry(guest.to_owned()).or_default().push(text);
        } else if line.contains(LAST_PROBLEM) {
            reasons.push_back(std::mem::take(&mut problems));
        } else if let Some(problem) = refusal::of_envoy(line) {
            problems.push(problem);
        }
        if let Some((_, first)) = line.split_once("Error adding/updating listener(s) ") {
            in_names = true;
            refuse(first, &mut reasons, &mut lines);
        } else if in_names {
            in_names = refuse(line, &mut reasons, &mut lines);
        }
    }
    lines
}

/// What Envoy logs last of a module that it does not load.
const LAST_PROBLEM: &str = "Plugin configured to fail closed failed to load";

/// Takes `NAME: …` of the list of refused listeners; says whether it was that.
fn refuse(
    line: &str,
    reasons: &mut VecDeque<Vec<String>>,
    lines: &mut BTreeMap<String, Vec<String>>,
) -> bool {
    let Some((name, _)) = line.split_once(": Unable to create") else {
        return false;
    };
    // The first problem says it all, what follows are its consequences.
    let reason = reasons.pop_front().into_iter().flatten().next();
    lines.entry(name.to_owned()).or_default().extend(reason);
    true
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
    let text = super::super::printable(text);
    Some(match level {
        "info" => (guest, text),
        _ => (guest, format!("{level}: {text}")),
    })
}
