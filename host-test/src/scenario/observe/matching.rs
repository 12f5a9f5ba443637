//! One value against its conditions.

use super::member::Member;
use crate::scenario::model::{Condition, Match, NumberCheck};
use crate::scenario::text::Place;

/// A value that is looked at.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Subject {
    /// What it is called in messages.
    what: String,
    bytes: Option<Vec<u8>>,
    /// How many lines of a header there are.
    pub(super) lines: Option<usize>,
    /// The members of an inner list.
    members: Option<Vec<String>>,
}

impl Subject {
    /// A value that may be absent.
    pub(in crate::scenario) fn bytes(what: &str, bytes: Option<&[u8]>) -> Self {
        Self {
            what: what.to_owned(),
            bytes: bytes.map(<[u8]>::to_vec),
            lines: None,
            members: None,
        }
    }

    pub(super) fn text(&self) -> Option<String> {
        self.bytes
            .as_ref()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Mismatch {
    /// The expectation.
    pub(in crate::scenario) place: Place,
    /// The difference in one line.
    pub(in crate::scenario) reason: String,
    /// The whole text that was expected, where that is longer than the reason tells.
    pub(in crate::scenario) expected: Option<String>,
    /// The whole text that was found.
    pub(in crate::scenario) found: Option<String>,
}

impl Mismatch {
    pub(in crate::scenario) fn new(place: Place, reason: String) -> Self {
        Self {
            place,
            reason,
            expected: None,
            found: None,
        }
    }
}

/// Compares a value with all of its conditions.
pub(in crate::scenario) fn compare(wanted: &Match, subject: &Subject) -> Vec<Mismatch> {
    let what = &subject.what;
    let text = subject.text();
    if wanted.conditions.is_empty() && text.is_none() {
        return vec![Mismatch::new(
            wanted.place,
            format!("{what}: expected it, found nothing"),
        )];
    }
    let mut out = Vec::new();
    for condition in &wanted.conditions {
        if let Condition::Dictionary(members) = condition
            && let Some(text) = &text
        {
            out.extend(dictionary(wanted.place, what, members, text));
            continue;
        }
        let Some(expected) = unmet(condition, subject, text.as_deref()) else {
            continue;
        };
        let found = text.as_deref().map_or("nothing".to_owned(), shortened);
        let reason = format!("{what}: expected {expected}, found {found}");
        let mut mismatch = Mismatch::new(wanted.place, reason);
        if let (Condition::Is(expected), Some(found)) = (condition, &text) {
            mismatch.expected = Some(expected.clone());
            mismatch.found = Some(found.clone());
        } else if text.as_ref().is_some_and(|text| text.len() > SHORT_MAX) {
            mismatch.found = text.clone();
        }
        out.push(mismatch);
    }
    out
}

/// What an unmet condition demands, in words; nothing if it is met.
fn unmet(condition: &Condition, subject: &Subject, text: Option<&str>) -> Option<String> {
    let members = subject.members.as_deref();
    let contains = |part: &str| match members {
        Some(members) => members.iter().any(|member| member == part),
        None => text.is_some_and(|text| text.contains(part)),
    };
    let number = || text.and_then(|text| text.trim().parse::<f64>().ok());
    let (met, expected) = match condition {
        Condition::Is(wanted) => (text == Some(wanted), shortened(wanted)),
        Condition::Members(wanted) => (
            members == Some(wanted.as_slice()),
            format!("the list ({})", wanted.join(" ")),
        ),
        Condition::Absent(true) => (text.is_none(), "nothing".to_owned()),
        Condition::Absent(false) => (text.is_some(), "it".to_owned()),
        Condition::Contains(part) => (contains(part), format!("{} in it", shortened(part))),
        Condition::Lacks(part) => (
            text.is_some() && !contains(part),
            format!("no {} in it", shortened(part)),
        ),
        Condition::StartsWith(part) => (
            text.is_some_and(|text| text.starts_with(part)),
            format!("{} at the beginning", shortened(part)),
        ),
        Condition::EndsWith(part) => (
            text.is_some_and(|text| text.ends_with(part)),
            format!("{} at the end", shortened(part)),
        ),
        Condition::Matches(expression) => (
            text.is_some_and(|text| expression.is_match(text)),
            format!("a match of /{expression}/"),
        ),
        Condition::AtLeast(least) => (
            number().is_some_and(|n| n >= as_float(*least)),
            format!("at least {least}"),
        ),
        Condition::AtMost(most) => (
            number().is_some_and(|n| n <= as_float(*most)),
            format!("at most {most}"),
        ),
        Condition::Bytes(bytes) => (
            subject.bytes.as_ref() == Some(bytes),
            format!("the bytes {}", hexadecimal(bytes)),
        ),
        Condition::Length(check) => {
            let length = subject.bytes.as_ref().map(|bytes| as_number(bytes.len()));
            (
                unmet_number(check, length).is_none(),
                format!("{} bytes", in_words(check)),
            )
        }
        Condition::Lines(check) => {
            let lines = subject.lines.unwrap_or(usize::from(text.is_some()));
            (
                unmet_number(check, Some(as_number(lines))).is_none(),
                format!("{} lines", in_words(check)),
            )
        }
        Condition::Dictionary(_) => (text.is_some(), "a dictionary".to_owned()),
    };
    (!met).then_some(expected)
}

fn dictionary(place: Place, what: &str, wanted: &[(String, Match)], text: &str) -> Vec<Mismatch> {
    let members = match Member::dictionary(text) {
        Ok(members) => members,
        Err(error) => {
            let reason = format!(
                "{what}: expected a dictionary of RFC 9651, found {}: {error}",
                shortened(text)
            );
            return vec![Mismatch::new(place, reason)];
        }
    };
    let mut out = Vec::new();
    for (key, check) in wanted {
        let member = members.iter().find(|member| member.key == *key);
        let subject = Subject {
            what: format!("{what}, member {key}"),
            bytes: member.map(|member| member.text.clone().into_bytes()),
            lines: None,
            members: member.and_then(|member| member.items.clone()),
        };
        for mut mismatch in compare(check, &subject) {
            mismatch.expected = None;
            mismatch.found = Some(text.to_owned());
            out.push(mismatch);
        }
    }
    out
}

/// Compares a number with what it must be like.
pub(in crate::scenario) fn compare_number(
    what: &str,
    check: &NumberCheck,
    number: Option<i64>,
) -> Option<Mismatch> {
    let expected = unmet_number(check, number)?;
    let found = number.map_or("nothing".to_owned(), |number| number.to_string());
    let since = check.since.as_ref().map(|since| match since {
        crate::scenario::model::Since::Start => " since the start".to_owned(),
        crate::scenario::model::Since::Step => " in this step".to_owned(),
        crate::scenario::model::Since::Mark(name) => format!(" since {name}"),
    });
    let reason = format!(
        "{what}{}: expected {expected}, found {found}",
        since.unwrap_or_default()
    );
    Some(Mismatch::new(check.place, reason))
}

fn unmet_number(check: &NumberCheck, number: Option<i64>) -> Option<String> {
    let met = match (check.absent, number) {
        (Some(true), number) => number.is_none(),
        (_, None) => false,
        (_, Some(number)) => {
            check.is.is_none_or(|is| number == is)
                && check.at_least.is_none_or(|least| number >= least)
                && check.at_most.is_none_or(|most| number <= most)
        }
    };
    (!met).then(|| in_words(check))
}

fn in_words(check: &NumberCheck) -> String {
    if check.absent == Some(true) {
        return "nothing".to_owned();
    }
    let parts = [
        check.is.map(|is| is.to_string()),
        check.at_least.map(|least| format!("at least {least}")),
        check.at_most.map(|most| format!("at most {most}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "a number".to_owned()
    } else {
        parts.join(" and ")
    }
}

/// A text as it stands in a message of one line.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(SHORT_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text: String = bytes
        .iter()
        .take(SHORT_MAX / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if bytes.len() > SHORT_MAX / 2 {
        text.push('…');
    }
    text
}

fn as_number(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "bounds in scenarios are small")]
fn as_float(number: i64) -> f64 {
    number as f64
}

const SHORT_MAX: usize = 120;
