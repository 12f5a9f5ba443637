//! Expectations as they are written. All that is said in one must hold.

use schemars::JsonSchema;
use serde::Deserialize;

use super::call::Call;
use super::shape::{At, OneOrMany, Pairs, Short};
use super::step::Side;
use crate::scenario::text::Text;

/// What must be seen.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Expect {
    /// A request as the upstream got it.
    pub(in crate::scenario) upstream: Option<At<Upstream>>,
    /// The answer as the client got it.
    pub(in crate::scenario) response: Option<At<Response>>,
    /// A connection.
    pub(in crate::scenario) connection: Option<At<Connection>>,
    /// Log lines of the plugins; a text stands for one that contains it.
    #[serde(default)]
    pub(in crate::scenario) log: Vec<Short<LogLine>>,
    /// Values of metrics by name.
    #[serde(default)]
    pub(in crate::scenario) metrics: Pairs<Number>,
    /// Values in shared data.
    #[serde(default)]
    pub(in crate::scenario) shared_data: Vec<At<SharedData>>,
    /// Lines of the access logs.
    pub(in crate::scenario) access_log: Option<At<AccessLog>>,
    /// Calls of guests that nobody has answered yet.
    #[serde(default)]
    pub(in crate::scenario) calls: Vec<At<Call>>,
    /// How often callbacks ran, by name, on all threads together.
    #[serde(default)]
    pub(in crate::scenario) callbacks: Pairs<Number>,
    /// How often host functions were called, by name, on all threads together.
    #[serde(default)]
    pub(in crate::scenario) host_calls: Pairs<Number>,
}

/// A request as the upstream got it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Upstream {
    /// The request. Default: the last one.
    pub(in crate::scenario) request: Option<Text>,
    /// Whether it got there. Default: true.
    pub(in crate::scenario) received: Option<bool>,
    /// Headers by name; several lines of one name are joined by `, `.
    #[serde(default)]
    pub(in crate::scenario) headers: Pairs<Match>,
    /// The body.
    pub(in crate::scenario) body: Option<Match>,
    /// Trailers by name.
    #[serde(default)]
    pub(in crate::scenario) trailers: Pairs<Match>,
}

/// The answer as the client got it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Response {
    /// The request. Default: the last one.
    pub(in crate::scenario) request: Option<Text>,
    /// Whether there is one. Default: true.
    pub(in crate::scenario) received: Option<bool>,
    /// The status.
    pub(in crate::scenario) status: Option<Number>,
    /// Headers by name; several lines of one name are joined by `, `.
    #[serde(default)]
    pub(in crate::scenario) headers: Pairs<Match>,
    /// The body.
    pub(in crate::scenario) body: Option<Match>,
    /// Trailers by name.
    #[serde(default)]
    pub(in crate::scenario) trailers: Pairs<Match>,
    /// Who answered, as `%RESPONSE_CODE_DETAILS%` says.
    pub(in crate::scenario) details: Option<Match>,
    /// Whether the stream was reset.
    pub(in crate::scenario) reset: Option<bool>,
}

/// A connection.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Connection {
    /// The connection. Default: the last one.
    pub(in crate::scenario) on: Option<Text>,
    /// Whether it is open.
    pub(in crate::scenario) open: Option<bool>,
    /// Who has closed it.
    pub(in crate::scenario) closed_by: Option<Side>,
    /// The bytes that the client got.
    pub(in crate::scenario) received: Option<Match>,
    /// The bytes that the upstream got through a TCP proxy.
    pub(in crate::scenario) upstream_received: Option<Match>,
    /// Filter state by key, as plugins wrote it.
    #[serde(default)]
    pub(in crate::scenario) filter_state: Pairs<Match>,
}

/// A log line of a plugin. Those that match are counted; one is enough if no count is given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct LogLine {
    /// The level.
    pub(in crate::scenario) level: Option<Level>,
    /// The whole line.
    pub(in crate::scenario) is: Option<Text>,
    /// What is in it.
    pub(in crate::scenario) contains: Option<OneOrMany>,
    /// What is not in it.
    pub(in crate::scenario) lacks: Option<OneOrMany>,
    /// A regular expression that is found in it.
    pub(in crate::scenario) matches: Option<Text>,
    /// How many there are; 0 for none.
    pub(in crate::scenario) count: Option<Number>,
    /// Only lines since a mark, since the `start` of the first step, or of this last `step`.
    pub(in crate::scenario) since: Option<Text>,
}

/// A level of the log.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

/// A value in shared data.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct SharedData {
    /// The VM id. Default: that of the only VM.
    pub(in crate::scenario) vm_id: Option<Text>,
    /// The key.
    pub(in crate::scenario) key: Text,
    /// The value; without it, that there is one.
    pub(in crate::scenario) value: Option<Match>,
}

/// Lines of the access logs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct AccessLog {
    /// How many there are.
    pub(in crate::scenario) count: Option<Number>,
    /// The last one, by key.
    #[serde(default)]
    pub(in crate::scenario) last: Pairs<Match>,
    /// Each of these is like at least one line.
    #[serde(default)]
    pub(in crate::scenario) any: Vec<Pairs<Match>>,
}

/// A value: the exact text, or a mapping.
pub(in crate::scenario) type Match = Short<TextMatch>;

/// What a value must be like. All that is said must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct TextMatch {
    /// The exact text; in a dictionary also a list, for an inner list in this order.
    pub(in crate::scenario) is: Option<OneOrMany>,
    /// Whether it is absent.
    pub(in crate::scenario) absent: Option<bool>,
    /// What is in it; in a dictionary also a member of an inner list.
    pub(in crate::scenario) contains: Option<OneOrMany>,
    /// What is not in it.
    pub(in crate::scenario) lacks: Option<OneOrMany>,
    /// How it begins.
    pub(in crate::scenario) starts_with: Option<Text>,
    /// How it ends.
    pub(in crate::scenario) ends_with: Option<Text>,
    /// A regular expression that is found in it.
    pub(in crate::scenario) matches: Option<Text>,
    /// It is a number, at least this one.
    pub(in crate::scenario) at_least: Option<Text>,
    /// It is a number, at most this one.
    pub(in crate::scenario) at_most: Option<Text>,
    /// The exact bytes, in hexadecimal.
    pub(in crate::scenario) hex: Option<Text>,
    /// How many bytes it has.
    pub(in crate::scenario) length: Option<Number>,
    /// How many lines of this name there are (headers).
    pub(in crate::scenario) lines: Option<Number>,
    /// It is a dictionary of RFC 9651, with these members by key.
    pub(in crate::scenario) dictionary: Option<Pairs<Match>>,
}

/// A number: the exact one, or a mapping.
pub(in crate::scenario) type Number = Short<NumberMatch>;

/// What a number must be like. All that is said must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct NumberMatch {
    /// The exact number.
    pub(in crate::scenario) is: Option<Text>,
    /// At least this one.
    pub(in crate::scenario) at_least: Option<Text>,
    /// At most this one.
    pub(in crate::scenario) at_most: Option<Text>,
    /// Whether there is none.
    pub(in crate::scenario) absent: Option<bool>,
    /// How much it has grown since a mark, since the `start` of the first step, or in this last
    /// `step`.
    pub(in crate::scenario) since: Option<Text>,
}
