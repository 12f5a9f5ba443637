//! Compares what is seen with what must be seen.

mod call;
mod lines;
mod matching;
mod member;
mod message;
mod seen_values;
mod tolerant;

pub use tolerant::Tolerance;

pub(super) use matching::{Mismatch, Subject, compare, compare_number};
pub(super) use seen_values::looked_at;
pub(super) use tolerant::tolerate;

use std::collections::BTreeMap;

use self::call::call;
use self::lines::{access_log, log, seen_log};
use self::message::message;
use super::model::{
    Check, ConnectionCheck, ConnectionIndex, Expectation, MessageCheck, NumberCheck, Since,
};
use super::world::{Exchange, Look, World};

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
            response(check, &exchange, expectation, &mut out);
        }
        Check::Connection(index, check) => {
            return connection(*index, check, expectation, world);
        }
        Check::Log(check) => out.extend(log(check, &seen_log(world, check, moments)?)),
        Check::Call(check) => out.extend(call(check, &seen(world.calls())?)),
        Check::Metric(name, check) => {
            let now = seen(world.metrics())?;
            let before = moments.at(check.since.as_ref()).map(|at| &at.metrics);
            let what = format!("metric {name}");
            out.extend(count(&what, check, &now, before, name, None));
        }
        Check::Callback(name, check) => {
            let now = seen(world.callbacks())?;
            let before = moments.at(check.since.as_ref()).map(|at| &at.callbacks);
            let what = format!("callback {name}");
            out.extend(count(&what, check, &now, before, name, Some(0)));
        }
        Check::HostCall(name, check) => {
            let now = seen(world.host_calls())?;
            let before = moments.at(check.since.as_ref()).map(|at| &at.host_calls);
            let what = format!("host call {name}");
            out.extend(count(&what, check, &now, before, name, Some(0)));
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

fn response(
    check: &MessageCheck,
    exchange: &Exchange,
    expectation: &Expectation,
    out: &mut Vec<Mismatch>,
) {
    let seen = exchange.response.as_ref();
    message("response", check, seen, expectation, out);
    if let Some(details) = &check.details {
        let bytes = exchange.details.as_deref().map(str::as_bytes);
        out.extend(compare(details, &Subject::bytes("response details", bytes)));
    }
    if let Some(reset) = check.reset.filter(|reset| *reset != exchange.reset) {
        let reason = format!("the stream was {}reset", if reset { "not " } else { "" });
        out.push(Mismatch::new(expectation.place, reason));
    }
}

fn seen<T>(look: Look<T>) -> Option<T> {
    match look {
        Look::Seen(value) => Some(value),
        Look::Hidden => None,
    }
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
