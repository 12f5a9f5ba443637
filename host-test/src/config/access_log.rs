//! Access logs: what is written, and when.

use std::collections::BTreeMap;

use super::format::Format;

/// An access log that writes one line for each request, or for each connection.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessLog {
    /// Where Envoy writes it: `/dev/stdout`, `/dev/stderr` or a file. The harness keeps the lines.
    pub path: String,
    /// What a line is made of.
    pub format: LogFormat,
    /// Leaves out what is absent: nothing instead of `-` in a text, no key in a JSON object.
    pub omit_empty_values: bool,
    /// When a line is written; always if none.
    pub filter: Option<LogFilter>,
}

/// What a line is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum LogFormat {
    /// A text. It ends its lines itself.
    Text(Format),
    /// One JSON object a line, its keys in order.
    Json(BTreeMap<String, LogValue>),
}

/// A value in a JSON log line.
#[derive(Clone, Debug, PartialEq)]
pub enum LogValue {
    /// A value that is computed.
    Format(Format),
    /// A number, a boolean or null, as it is.
    Fixed(serde_json::Value),
    /// An object within.
    Object(BTreeMap<String, LogValue>),
    /// A list within.
    List(Vec<LogValue>),
}

/// Whether a line is written.
#[derive(Clone, Debug, PartialEq)]
pub enum LogFilter {
    /// All of them say yes (`and_filter`, and `&&` in an expression).
    All(Vec<LogFilter>),
    /// One of them says yes (`or_filter`, and `||` in an expression).
    Any(Vec<LogFilter>),
    /// It says no (`!` in an expression).
    Not(Box<LogFilter>),
    /// Left side, comparison, right side (`status_code_filter`, and expressions).
    Compare(Term, Comparison, Term),
    /// The term is one of them (`in` in an expression).
    OneOf(Term, Vec<Term>),
}

/// A side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
    /// An attribute by its name in CEL, such as `destination.port` or `response.code`. One that
    /// is absent is an error in CEL, and then no line is written.
    Attribute(&'static str),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}
