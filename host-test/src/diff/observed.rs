//! Everything that is seen of a case, as lines that can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::cast::Cast;
use super::normal;
use crate::abi::{LogLevel, MetricType};
use crate::scenario::{
    ConnectionIndex, ConnectionSeen, Exchange, Harness, Look, MessageSeen, Obstacle, Peer,
    RequestIndex, World,
};
use crate::shared::{LogLine, ThreadId};

use super::RealWorld;

/// Something that is seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// A request as the upstream got it.
    Upstream(RequestIndex),
    /// The answer as the client got it.
    Response(RequestIndex),
    /// A connection.
    Connection(ConnectionIndex),
    /// Lines of plugins on a thread.
    Log(ThreadId),
    AccessLog,
    Metrics,
    Traps,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream(RequestIndex(index)) => write!(f, "request {index} at the upstream"),
            Self::Response(RequestIndex(index)) => write!(f, "the answer to request {index}"),
            Self::Connection(ConnectionIndex(index)) => write!(f, "connection {index}"),
            Self::Log(thread) => write!(f, "the log of {thread}"),
            Self::AccessLog => f.write_str("the access log"),
            Self::Metrics => f.write_str("metrics"),
            Self::Traps => f.write_str("traps"),
        }
    }
}

/// Lines about each subject.
pub(super) type Observed = BTreeMap<Subject, Vec<String>>;

/// In place of the lines about something that a world has forgotten.
pub(super) const FORGOTTEN: &str = "forgotten";

/// Before the one who has closed a connection.
pub(super) const CLOSED_BY: &str = "closed by ";
/// Of a connection that is closed and that no filter has heard of the harness cannot say by whom.
pub(super) const UNHEARD: &str = "closed";

/// A world that shows more than expectations can ask for.
pub(super) trait Shows: World {
    /// Lines of plugins in the log.
    fn log_lines(&self) -> Vec<LogLine>;

    /// Numbers that plugins count in, by name.
    fn own_metrics(&self) -> BTreeMap<String, u64>;

    /// Whether nothing is known any more of a connection, because it is long over.
    fn has_forgotten(&self, _: ConnectionIndex) -> bool {
        false
    }

    /// Whether nothing is known any more of a request, because it is long over.
    fn has_forgotten_request(&self, _: RequestIndex) -> bool {
        false
    }

    /// Filter state of a connection that is over.
    fn final_state(&self, of: ConnectionIndex) -> BTreeMap<String, String>;
}

/// Lets all clients go, and writes down what was seen. `metrics` names those that are wanted beside
/// the plugins' own.
pub(super) fn observe(
    world: &mut impl Shows,
    cast: &Cast,
    metrics: &BTreeSet<String>,
) -> Result<Observed, Obstacle> {
    let before: Vec<_> = cast
        .connections
        .keys()
        .map(|index| world.connection(*index))
        .collect();
    for index in cast.connections.keys() {
        if let Look::Seen(ConnectionSeen { open: true, .. }) = world.connection(*index) {
            world.close(*index, Peer::Client)?;
        }
        // Behind a proxy of bytes one half lives on.
        if let Look::Seen(ConnectionSeen { open: true, .. }) = world.connection(*index) {
            world.close(*index, Peer::Upstream)?;
        }
    }
    let mut observed = Observed::new();
    for index in cast.requests.keys() {
        if world.has_forgotten_request(*index) {
            observed.insert(Subject::Upstream(*index), vec![FORGOTTEN.to_owned()]);
            observed.insert(Subject::Response(*index), vec![FORGOTTEN.to_owned()]);
            continue;
        }
        if let Look::Seen(exchange) = world.exchange(*index) {
            observed.insert(Subject::Upstream(*index), upstream(&exchange));
            observed.insert(Subject::Response(*index), response(&exchange));
        }
    }
    for (index, before) in cast.connections.keys().zip(before) {
        if world.has_forgotten(*index) {
            observed.insert(Subject::Connection(*index), vec![FORGOTTEN.to_owned()]);
            continue;
        }
        if let (Look::Seen(before), Look::Seen(after)) = (before, world.connection(*index)) {
            let lines = connection(&before, &after, &world.final_state(*index));
            observed.insert(Subject::Connection(*index), lines);
        }
    }
    for line in world.log_lines() {
        let lines = observed.entry(Subject::Log(line.thread)).or_default();
        lines.push(log_line(&line));
    }
    if let Look::Seen(lines) = world.access_log() {
        let lines = lines.iter().map(access_line).collect();
        observed.insert(Subject::AccessLog, lines);
    }
    if let Look::Seen(all) = world.metrics() {
        let mut wanted = world.own_metrics();
        for name in metrics {
            wanted.insert(name.clone(), all.get(name).copied().unwrap_or(0));
        }
        // What was never counted and what is not there are the same.
        let is_wanted = |name: &String| metrics.is_empty() || metrics.contains(name);
        let counted = wanted
            .iter()
            .filter(|(name, value)| **value != 0 || is_wanted(name));
        let lines = counted
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        observed.insert(Subject::Metrics, lines);
    }
    if let Look::Seen(traps) = world.traps(0) {
        observed.insert(Subject::Traps, vec![traps.len().to_string()]);
    }
    Ok(observed)
}

fn upstream(exchange: &Exchange) -> Vec<String> {
    match &exchange.upstream {
        Some(seen) => message(&MessageSeen {
            // Envoy's client of HTTP/1 drops them.
            trailers: Vec::new(),
            ..seen.clone()
        }),
        None => vec!["nothing".to_owned()],
    }
}

fn response(exchange: &Exchange) -> Vec<String> {
    let mut lines = match &exchange.response {
        Some(seen) => message(seen),
        None => vec!["nothing".to_owned()],
    };
    lines.push(format!("reset: {}", exchange.reset));
    if exchange.response.is_some() {
        let details = exchange.details.as_deref().unwrap_or("-");
        lines.push(format!("details: {details}"));
    }
    lines
}

fn message(seen: &MessageSeen) -> Vec<String> {
    let mut lines: Vec<String> = normal::headers(&seen.headers).collect();
    lines.push(format!("body: {}", normal::bytes(&seen.body)));
    lines.extend(normal::headers(&seen.trailers).map(|line| format!("trailer {line}")));
    lines
}

fn connection(
    before: &ConnectionSeen,
    after: &ConnectionSeen,
    state: &BTreeMap<String, String>,
) -> Vec<String> {
    let closed_by = |seen: &ConnectionSeen| match seen.closed_by {
        Some(peer) => format!("{CLOSED_BY}{}", peer.name()),
        None => UNHEARD.to_owned(),
    };
    let mut lines = vec![
        format!("open at the end of the case: {}", before.open),
        format!("open after that: {}", after.open),
        format!("bytes to the client: {}", normal::bytes(&after.received)),
        format!(
            "bytes to the upstream: {}",
            normal::bytes(&after.upstream_received)
        ),
    ];
    if !before.open {
        lines.push(closed_by(before));
    }
    lines.extend(
        state
            .iter()
            .map(|(name, value)| format!("filter state {name}: {value:?}")),
    );
    lines
}

fn log_line(line: &LogLine) -> String {
    let LogLine {
        level,
        plugin,
        text,
        ..
    } = line;
    format!("{} {plugin}: {text}", level_name(*level))
}

fn level_name(level: LogLevel) -> String {
    format!("{level:?}").to_lowercase()
}

fn access_line(line: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = line
        .iter()
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    pairs.join(" ")
}

impl Shows for Harness {
    fn log_lines(&self) -> Vec<LogLine> {
        // Those of the host itself have words of their own.
        let mut lines = self.shared().log.since(0);
        lines.retain(|line| !line.plugin.is_empty());
        lines
    }

    fn own_metrics(&self) -> BTreeMap<String, u64> {
        let all = self.shared().metrics.all().into_iter();
        let numbers = all.filter(|(_, metric)| metric.kind != MetricType::Histogram);
        numbers.map(|(name, metric)| (name, metric.value)).collect()
    }

    fn has_forgotten(&self, of: ConnectionIndex) -> bool {
        self.has_forgotten(of)
    }

    fn has_forgotten_request(&self, of: RequestIndex) -> bool {
        self.has_forgotten_request(of)
    }

    fn final_state(&self, of: ConnectionIndex) -> BTreeMap<String, String> {
        self.filter_states(of)
    }
}

impl Shows for RealWorld {
    fn log_lines(&self) -> Vec<LogLine> {
        let mut lines = self.log_lines().to_vec();
        lines.retain(|line| !line.plugin.is_empty());
        lines
    }

    fn own_metrics(&self) -> BTreeMap<String, u64> {
        self.plugin_metrics()
    }

    fn final_state(&self, of: ConnectionIndex) -> BTreeMap<String, String> {
        self.final_state(of).cloned().unwrap_or_default()
    }
}
