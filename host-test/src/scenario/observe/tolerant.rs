//! What must be seen while faults are injected: what is right, or absent, but nothing wrong.

use super::lines::{log, seen_log};
use super::matching::{Mismatch, compare, compare_number};
use super::member::Member;
use super::seen_values::{Item, Wanted, looked_at};
use super::{Moments, seen};
use crate::scenario::model::{Check, Condition, Expectation, LogCheck, NumberCheck};
use crate::scenario::world::World;

/// What a guest that has died may have done beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// Nothing: it must live.
    Alive,
    /// Connections are closed and requests answered by the failure policy, and logged as such.
    Dead,
}

/// What is wrong: what is there, not as expected, and none of what `others` has for it: the values
/// of the same name in runs without a fault.
pub(in crate::scenario) fn tolerate<'a>(
    expectation: &Expectation,
    world: &dyn World,
    moments: &Moments,
    tolerance: Tolerance,
    others: &dyn Fn(&str) -> Vec<&'a [u8]>,
) -> Vec<Mismatch> {
    let mut out = Vec::new();
    if let Check::Log(check) = &expectation.check
        && let Some(lines) = seen_log(world, check, moments)
    {
        out.extend(too_many(check, &lines));
    }
    if tolerance == Tolerance::Dead && is_of_policy(expectation, world) {
        return out;
    }
    let items = looked_at(expectation, world).unwrap_or_default();
    let details = match &expectation.check {
        Check::Response(request, _) => seen(world.exchange(*request)).and_then(|seen| seen.details),
        _ => None,
    };
    for item in items {
        // Where the guest should have answered, the upstream has.
        let is_left_alone = details.as_deref() == Some("via_upstream")
            && matches!(
                &item.name[..],
                "status" | "response details" | "response body"
            );
        if !is_left_alone {
            out.extend(judge(&item, &others(&item.name)));
        }
    }
    out
}

/// Whether the failure policy has a hand in it.
fn is_of_policy(expectation: &Expectation, world: &dyn World) -> bool {
    match &expectation.check {
        Check::Response(request, _) => {
            let details = seen(world.exchange(*request)).and_then(|seen| seen.details);
            // Of the guest's own filters, or of one in front that died with them.
            let is_policy = |d: &String| {
                d == "wasm_fail_stream" || d.starts_with("downstream_local_disconnect")
            };
            details.as_ref().is_none_or(is_policy)
        }
        Check::Connection(index, _) => {
            seen(world.connection(*index)).is_none_or(|connection| !connection.open)
        }
        Check::AccessLog(_) => true,
        _ => false,
    }
}

fn judge(item: &Item<'_>, others: &[&[u8]]) -> Vec<Mismatch> {
    let Some(text) = item.subject.text().filter(|text| !text.is_empty()) else {
        return Vec::new();
    };
    if others.contains(&text.as_bytes()) {
        return Vec::new();
    }
    match item.wanted {
        Wanted::Match(wanted) => {
            let mut wanted = wanted.clone();
            for condition in &mut wanted.conditions {
                if let Condition::Dictionary(members) = condition {
                    members.retain(|(key, _)| is_looked_at(key, &text, others));
                }
            }
            compare(&wanted, &item.subject)
        }
        Wanted::Number(wanted) => {
            let number = text.parse().ok();
            compare_number(&item.name, wanted, number)
                .into_iter()
                .collect()
        }
        // A connection that is open has not been closed; that is no harm.
        Wanted::Words("closed", _) => Vec::new(),
        Wanted::Words(wanted, _) if wanted == text => Vec::new(),
        Wanted::Words(wanted, place) => {
            let reason = format!("{}: expected {wanted}, found {text}", item.name);
            vec![Mismatch::new(place, reason)]
        }
    }
}

/// Whether a member of a dictionary is there, and is none of the others.
fn is_looked_at(key: &str, text: &str, others: &[&[u8]]) -> bool {
    let member = |text: &str| {
        let members = Member::dictionary(text).ok()?;
        members.into_iter().find(|member| member.key == key)
    };
    // What is no dictionary is told so by the comparison.
    let Some(found) = member(text) else {
        return Member::dictionary(text).is_err();
    };
    let others = others.iter().filter_map(|other| str::from_utf8(other).ok());
    !others.filter_map(member).any(|other| other == found)
}

/// Whether there are more lines of a certain text than there may be.
fn too_many(check: &LogCheck, lines: &[String]) -> Option<Mismatch> {
    // Lines of a level alone may be about the fault.
    if check.text.conditions.is_empty() {
        return None;
    }
    let most = match (check.count.is, check.count.at_most) {
        (None, None) => return None,
        (Some(number), None) | (None, Some(number)) => number,
        (Some(number), Some(other)) => number.min(other),
    };
    let at_most = LogCheck {
        count: NumberCheck {
            place: check.count.place,
            at_most: Some(most),
            ..NumberCheck::default()
        },
        ..check.clone()
    };
    log(&at_most, lines)
}
