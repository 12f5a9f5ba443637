//! Lines of logs and access logs.

use std::collections::BTreeMap;

use super::matching::{Mismatch, Subject, compare, compare_number};
use super::{Moments, seen};
use crate::scenario::model::{AccessLogCheck, Expectation, LogCheck, Match};
use crate::scenario::world::World;

/// Log lines that an expectation is about; nothing if they cannot be seen.
pub(super) fn seen_log(
    world: &dyn World,
    check: &LogCheck,
    moments: &Moments,
) -> Option<Vec<String>> {
    let since = check.since.as_ref().or(check.count.since.as_ref());
    let start = moments.at(since).map_or(0, |counts| counts.log);
    let lines = seen(world.log(start))?;
    let of_level = |(level, _): &(crate::abi::LogLevel, String)| {
        check.level.is_none_or(|wanted| wanted == *level)
    };
    Some(
        lines
            .into_iter()
            .filter(of_level)
            .map(|(_, text)| text)
            .collect(),
    )
}

/// Compares how many lines are like this with how many there must be.
pub(super) fn log(check: &LogCheck, lines: &[String]) -> Option<Mismatch> {
    let like = |line: &&String| {
        let subject = Subject::bytes("line", Some(line.as_bytes()));
        check.text.conditions.is_empty() || compare(&check.text, &subject).is_empty()
    };
    let found = lines.iter().filter(like).count();
    let mut mismatch = compare_number(
        "matching log lines",
        &check.count,
        Some(i64::try_from(found).unwrap_or(i64::MAX)),
    )?;
    mismatch.place = check.text.place;
    mismatch.found = Some(lines.join("\n"));
    Some(mismatch)
}

/// Compares lines of the access logs.
pub(super) fn access_log(
    check: &AccessLogCheck,
    lines: &[BTreeMap<String, String>],
    expectation: &Expectation,
    out: &mut Vec<Mismatch>,
) {
    if let Some(count) = &check.count {
        let found = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        out.extend(compare_number(
            "lines in the access log",
            count,
            Some(found),
        ));
    }
    if !check.last.is_empty() {
        let empty = BTreeMap::new();
        out.extend(access_line(&check.last, lines.last().unwrap_or(&empty)));
    }
    for wanted in &check.any {
        if lines
            .iter()
            .any(|line| access_line(wanted, line).is_empty())
        {
            continue;
        }
        let place = wanted
            .first()
            .map_or(expectation.place, |(_, check)| check.place);
        let mut mismatch =
            Mismatch::new(place, "no line of the access log is like this".to_owned());
        mismatch.found = Some(lines.iter().map(|line| format!("{line:?}\n")).collect());
        out.push(mismatch);
    }
}

fn access_line(wanted: &[(String, Match)], line: &BTreeMap<String, String>) -> Vec<Mismatch> {
    let pairs = wanted.iter().flat_map(|(key, check)| {
        let value = line.get(key).map(|value| value.as_bytes());
        compare(check, &Subject::bytes(&format!("access log {key}"), value))
    });
    pairs.collect()
}
