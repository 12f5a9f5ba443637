//! Requests and answers.

use super::matching::{Mismatch, Subject, compare, compare_number};
use crate::scenario::model::{Expectation, MessageCheck};
use crate::scenario::world::MessageSeen;

/// Compares a message; `what` is who got it.
pub(super) fn message(
    what: &str,
    check: &MessageCheck,
    message: Option<&MessageSeen>,
    expectation: &Expectation,
    out: &mut Vec<Mismatch>,
) {
    let Some(message) = message else {
        if check.received {
            let whom = if what == "upstream" {
                "the upstream got no request"
            } else {
                "no answer"
            };
            out.push(Mismatch::new(expectation.place, whom.to_owned()));
        }
        return;
    };
    if !check.received {
        let reason = format!("{what}: expected nothing, found a message");
        let mut mismatch = Mismatch::new(expectation.place, reason);
        mismatch.found = Some(as_lines(&message.headers));
        out.push(mismatch);
        return;
    }
    if let Some(status) = &check.status {
        out.extend(compare_number(
            "status",
            status,
            message.status.map(i64::from),
        ));
    }
    for (name, check) in &check.headers {
        out.extend(compare(
            check,
            &header(&format!("{what} header {name}"), name, &message.headers),
        ));
    }
    if let Some(body) = &check.body {
        out.extend(compare(
            body,
            &Subject::bytes(&format!("{what} body"), Some(&message.body)),
        ));
    }
    for (name, check) in &check.trailers {
        let name_in_full = format!("{what} trailer {name}");
        out.extend(compare(
            check,
            &header(&name_in_full, name, &message.trailers),
        ));
    }
}

/// All lines of one name, which is compared without regard to case.
pub(super) fn header(what: &str, name: &str, headers: &[(String, String)]) -> Subject {
    let lines: Vec<&str> = headers
        .iter()
        .filter(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
        .collect();
    let joined = lines.join(", ");
    let mut subject = Subject::bytes(what, (!lines.is_empty()).then_some(joined.as_bytes()));
    subject.lines = Some(lines.len());
    subject
}

fn as_lines(headers: &[(String, String)]) -> String {
    headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect()
}
