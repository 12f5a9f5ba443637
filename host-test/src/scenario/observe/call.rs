//! Open calls of guests.

use super::matching::{Mismatch, Subject, compare, compare_number};
use super::message::header;
use crate::scenario::model::{CallCheck, Match};
use crate::scenario::world::CallSeen;

/// Compares how many open calls are like this with how many there must be.
pub(super) fn call(check: &CallCheck, calls: &[CallSeen]) -> Option<Mismatch> {
    let found = calls.iter().filter(|call| is_like(check, call)).count();
    let number = i64::try_from(found).unwrap_or(i64::MAX);
    let mut mismatch = compare_number("open calls like this", &check.count, Some(number))?;
    mismatch.place = check.place;
    mismatch.found = Some(calls.iter().map(|call| format!("{call}\n")).collect());
    Some(mismatch)
}

fn is_like(check: &CallCheck, call: &CallSeen) -> bool {
    let text = |wanted: &Option<Match>, text: Option<&[u8]>| match wanted {
        Some(wanted) => compare(wanted, &Subject::bytes("call", text)).is_empty(),
        None => true,
    };
    let all = |wanted: &[(String, Match)], lines: &[(String, String)]| {
        wanted
            .iter()
            .all(|(name, check)| compare(check, &header(name, name, lines)).is_empty())
    };
    check.kind.is_none_or(|kind| kind == call.kind)
        && text(&check.cluster, call.cluster.as_deref().map(str::as_bytes))
        && text(&check.method, call.method.as_deref().map(str::as_bytes))
        && text(&check.body, Some(&call.body))
        && all(&check.headers, &call.headers)
        && all(&check.trailers, &call.trailers)
}
