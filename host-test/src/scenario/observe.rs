//! Compares what is seen with what must be seen.

mod matching;
mod member;

pub(super) use matching::{Mismatch, Subject, compare, compare_number};

use std::collections::BTreeMap;

use super::model::{
    AccessLogCheck, Check, ConnectionCheck, ConnectionIndex, Expectation, LogCheck, Match,
    MessageCheck, NumberCheck, Since,
};
use super::world::{Look, MessageSeen, World};

/// What was counted at some moments.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments {
    pub(super) start: Counts,
    pub(super) step: Counts,
    pub(super) marks: BTreeMap<String, Counts>,
}

/// What was counted at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    log: usize,
    metrics: BTreeMap<String, u64>,
    callbacks: BTreeMap<String, u64>,
    host_calls: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts now.
    pub(super) fn of(world: &dyn World) -> Self {
        Self {
            log: seen(world.log(0))
                .map(|lines| lines.len())
                .unwrap_or_default(),
            metrics: seen(world.metrics()).unwrap_or_default(),
            callbacks: seen(world.callbacks()).unwrap_or_default(),
            host_calls: seen(world.host_calls()).unwrap_or_default(),
        }
    }
}

impl Moments {
    fn at(&self, since: Option<&Since>) -> Option<&Counts> {
        match since? {
            Since::Start => Some(&self.start),
            Since::Step => Some(&self.step),
            Since::Mark(name) => self.marks.get(name),
        }
    }
}

/// Compares. Nothing when it cannot be seen in this world.
pub(super) fn observe(
    expectation: &Expectation,
    world: &dyn World,
    moments: &Moments,
) -> Option<Vec<Mismatch>> {
    let mut out = Vec::new();
    match &expectation.check {
        Check::Upstream(request, check) => {
            let exchange = seen(world.exchange(*request))?;
            message(
                "upstream",
                check,
                exchange.upstream.as_ref(),
                expectation,
                &mut out,
            );
        }
        Check::Response(request, check) => {
            let exchange = seen(world.exchange(*request))?;
            message(
                "response",
                check,
                exchange.response.as_ref(),
                expectation,
                &mut out,
            );
            if let Some(details) = &check.details {
                let bytes = exchange.details.as_deref().map(str::as_bytes);
                out.extend(compare(details, &Subject::bytes("response details", bytes)));
            }
            if let Some(reset) = check.reset.filter(|reset| *reset != exchange.reset) {
                let reason = format!("the stream was {}reset", if reset { "not " } else { "" });
                out.push(Mismatch::new(expectation.place, reason));
            }
        }
        Check::Connection(index, check) => {
            return connection(*index, check, expectation, world);
        }
        Check::Log(check) => out.extend(log(check, &seen_log(world, check, moments)?)),
        Check::Metric(name, check) => {
            let now = seen(world.metrics())?;
            let before = moments
                .at(check.since.as_ref())
                .map(|counts| &counts.metrics);
            out.extend(count(
                &format!("metric {name}"),
                check,
                &now,
                before,
                name,
                None,
            ));
        }
        Check::Callback(name, check) => {
            let now = seen(world.callbacks())?;
            let before = moments
                .at(check.since.as_ref())
                .map(|counts| &counts.callbacks);
            out.extend(count(
                &format!("callback {name}"),
                check,
                &now,
                before,
                name,
                Some(0),
            ));
        }
        Check::HostCall(name, check) => {
            let now = seen(world.host_calls())?;
            let before = moments
                .at(check.since.as_ref())
                .map(|counts| &counts.host_calls);
            out.extend(count(
                &format!("host call {name}"),
                check,
                &now,
                before,
                name,
                Some(0),
            ));
        }
        Check::SharedData(check) => {
            let value = seen(world.shared_data(check.vm_id.as_deref(), &check.key))?;
            let name = format!("shared data {}", check.key);
            out.extend(compare(
                &check.value,
                &Subject::bytes(&name, value.as_deref()),
            ));
        }
        Check::AccessLog(check) => {
            access_log(check, &seen(world.access_log())?, expectation, &mut out);
        }
    }
    Some(out)
}

fn seen<T>(look: Look<T>) -> Option<T> {
    match look {
        Look::Seen(value) => Some(value),
        Look::Hidden => None,
    }
}

fn message(
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
fn header(what: &str, name: &str, headers: &[(String, String)]) -> Subject {
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

fn connection(
    index: ConnectionIndex,
    check: &ConnectionCheck,
    expectation: &Expectation,
    world: &dyn World,
) -> Option<Vec<Mismatch>> {
    let mut out = Vec::new();
    let connection = seen(world.connection(index))?;
    let whose = connection.closed_by.map_or("nobody", |peer| peer.name());
    if let Some(open) = check.open.filter(|open| *open != connection.open) {
        let reason = match open {
            true => format!("the connection is not open: closed by {whose}"),
            false => "the connection is open".to_owned(),
        };
        out.push(Mismatch::new(expectation.place, reason));
    } else if let Some(peer) = check.closed_by
        && connection.closed_by != Some(peer)
    {
        let reason = format!(
            "the connection is closed by {whose}, expected {}",
            peer.name()
        );
        out.push(Mismatch::new(expectation.place, reason));
    }
    if let Some(received) = &check.received {
        let subject = Subject::bytes("bytes to the client", Some(&connection.received));
        out.extend(compare(received, &subject));
    }
    if let Some(received) = &check.upstream_received {
        let subject = Subject::bytes("bytes to the upstream", Some(&connection.upstream_received));
        out.extend(compare(received, &subject));
    }
    for (key, check) in &check.filter_state {
        let value = seen(world.filter_state(index, key))?;
        let name = format!("filter state {key}");
        out.extend(compare(check, &Subject::bytes(&name, value.as_deref())));
    }
    Some(out)
}

fn seen_log(world: &dyn World, check: &LogCheck, moments: &Moments) -> Option<Vec<String>> {
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

fn log(check: &LogCheck, lines: &[String]) -> Option<Mismatch> {
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

fn count(
    what: &str,
    check: &NumberCheck,
    now: &BTreeMap<String, u64>,
    before: Option<&BTreeMap<String, u64>>,
    name: &str,
    default: Option<i64>,
) -> Option<Mismatch> {
    let signed = |counts: &BTreeMap<String, u64>| {
        counts
            .get(name)
            .map(|count| i64::try_from(*count).unwrap_or(i64::MAX))
    };
    let value = match before {
        // What was not there before has grown from nothing.
        Some(before) => Some(
            signed(now)
                .unwrap_or(0)
                .saturating_sub(signed(before).unwrap_or(0)),
        ),
        None => signed(now).or(default),
    };
    compare_number(what, check, value)
}

fn access_log(
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
