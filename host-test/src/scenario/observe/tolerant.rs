//! What must be seen while faults are injected: what is right, or absent, but nothing wrong.
//!
//! Absent is: a header, member of a dictionary, value or text that is not there or empty; an
//! answer that did come from the upstream where the guest's own was expected; a connection that
//! is open where it should have been closed. Counts are no verdicts: metrics, callbacks, host
//! calls and shared data are not looked at, and of logs only whether a certain text is there too
//! often.

use super::lines::seen_log;
use super::matching::{Mismatch, Subject, compare, compare_number};
use super::member::Member;
use super::message::header;
use super::{Moments, connection, seen};
use crate::scenario::model::{
    Check, Condition, ConnectionCheck, ConnectionIndex, Expectation, LogCheck, Match, MessageCheck,
    NumberCheck,
};
use crate::scenario::world::{Exchange, MessageSeen, World};

/// What a guest that has died may have done beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// Nothing: it must live.
    Alive,
    /// Connections are closed and requests answered by the failure policy.
    Dead,
}

/// Compares. Nothing when it cannot be seen in this world, or is not looked at.
pub(in crate::scenario) fn observe_tolerantly(
    expectation: &Expectation,
    world: &dyn World,
    moments: &Moments,
    tolerance: Tolerance,
) -> Option<Vec<Mismatch>> {
    let mut out = Vec::new();
    match &expectation.check {
        Check::Upstream(request, check) => {
            let exchange = seen(world.exchange(*request))?;
            if let Some(message) = exchange.upstream.filter(|_| check.received) {
                parts("upstream", check, &message, &mut out);
            }
        }
        Check::Response(request, check) => {
            let exchange = seen(world.exchange(*request))?;
            response(check, &exchange, tolerance, expectation, &mut out);
        }
        Check::Connection(index, check) => {
            let check = without_effects(*index, check, world, tolerance)?;
            out.extend(connection(*index, &check, expectation, world)?);
        }
        Check::Log(check) => out.extend(too_many(check, &seen_log(world, check, moments)?)),
        Check::AccessLog(check) => {
            let lines = seen(world.access_log())?;
            let line = lines.last()?;
            for (key, check) in &check.last {
                let value = line.get(key).filter(|value| *value != "-");
                let value = value.map(|value| value.as_bytes());
                let subject = Subject::bytes(&format!("access log {key}"), value);
                out.extend(compare_tolerantly(check, &subject));
            }
        }
        Check::Metric(..)
        | Check::Callback(..)
        | Check::HostCall(..)
        | Check::SharedData(_)
        | Check::Call(_) => return None,
    }
    Some(out)
}

/// Headers, body and trailers.
fn parts(what: &str, check: &MessageCheck, message: &MessageSeen, out: &mut Vec<Mismatch>) {
    for (name, check) in &check.headers {
        let subject = header(&format!("{what} header {name}"), name, &message.headers);
        out.extend(compare_tolerantly(check, &subject));
    }
    if let Some(body) = &check.body {
        let subject = Subject::bytes(&format!("{what} body"), Some(&message.body));
        out.extend(compare_tolerantly(body, &subject));
    }
    for (name, check) in &check.trailers {
        let subject = header(&format!("{what} trailer {name}"), name, &message.trailers);
        out.extend(compare_tolerantly(check, &subject));
    }
}

fn response(
    check: &MessageCheck,
    exchange: &Exchange,
    tolerance: Tolerance,
    expectation: &Expectation,
    out: &mut Vec<Mismatch>,
) {
    let is_policy = |details: &str| details == "wasm_fail_stream";
    let details = exchange.details.as_deref();
    if tolerance == Tolerance::Dead && details.is_none_or(is_policy) {
        return;
    }
    if exchange.reset && check.reset != Some(true) {
        let reason = "the stream was reset".to_owned();
        out.push(Mismatch::new(expectation.place, reason));
    }
    let Some(message) = exchange.response.as_ref().filter(|_| check.received) else {
        return;
    };
    // What the guest would have said itself, the upstream has said.
    let is_of_upstream = details == Some("via_upstream");
    let status = message.status.map(i64::from);
    if let Some(wanted) = &check.status
        && let Some(mismatch) = compare_number("status", wanted, status)
    {
        if is_of_upstream {
            return;
        }
        out.push(mismatch);
    }
    parts("response", check, message, out);
    if let (Some(wanted), false) = (&check.details, is_of_upstream) {
        let bytes = details.map(str::as_bytes);
        out.extend(compare(wanted, &Subject::bytes("response details", bytes)));
    }
}

/// What is still demanded of a connection when the guest has not done what it should have.
fn without_effects(
    index: ConnectionIndex,
    check: &ConnectionCheck,
    world: &dyn World,
    tolerance: Tolerance,
) -> Option<ConnectionCheck> {
    let connection = seen(world.connection(index))?;
    let mut check = check.clone();
    if connection.open || tolerance == Tolerance::Dead {
        check.open = check.open.filter(|wanted| *wanted == connection.open);
        check.closed_by = None;
    }
    check.received = check.received.filter(|_| !connection.received.is_empty());
    check.upstream_received = check
        .upstream_received
        .filter(|_| !connection.upstream_received.is_empty());
    let is_there = |(key, _): &(String, Match)| {
        let value = seen(world.filter_state(index, key)).flatten();
        value.is_some_and(|value| !value.is_empty())
    };
    check.filter_state.retain(is_there);
    Some(check)
}

/// Of a value that is absent nothing is demanded, nor of members of a dictionary that are.
fn compare_tolerantly(wanted: &Match, subject: &Subject) -> Vec<Mismatch> {
    let Some(text) = subject.text().filter(|text| !text.is_empty()) else {
        return Vec::new();
    };
    let mut wanted = wanted.clone();
    for condition in &mut wanted.conditions {
        if let (Condition::Dictionary(members), Ok(found)) = (condition, Member::dictionary(&text))
        {
            members.retain(|(key, _)| found.iter().any(|member| member.key == *key));
        }
    }
    compare(&wanted, subject)
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
    super::lines::log(&at_most, lines)
}
