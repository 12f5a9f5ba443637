//! What must be seen.

use super::{CallCheck, ConnectionIndex, Peer, RequestIndex};
use crate::abi::LogLevel;
use crate::scenario::text::Place;

/// One expectation and where it stands in the file.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Where it stands.
    pub place: Place,
    /// What must be seen.
    pub check: Check,
}

/// What must be seen.
#[derive(Clone, Debug)]
pub enum Check {
    /// A request as the upstream got it.
    Upstream(RequestIndex, MessageCheck),
    /// The answer as the client got it.
    Response(RequestIndex, MessageCheck),
    /// A connection.
    Connection(ConnectionIndex, ConnectionCheck),
    /// A log line.
    Log(LogCheck),
    /// A metric.
    Metric(String, NumberCheck),
    /// A value in shared data.
    SharedData(SharedDataCheck),
    /// Lines of the access logs.
    AccessLog(AccessLogCheck),
    /// Open calls of guests.
    Call(CallCheck),
    /// How often a callback ran.
    Callback(String, NumberCheck),
    /// How often a host function was called.
    HostCall(String, NumberCheck),
}

impl Check {
    /// Whether it counts since the last step that did something.
    #[must_use]
    pub fn since_step(&self) -> bool {
        let since = match self {
            Self::Log(check) => check.since.as_ref().or(check.count.since.as_ref()),
            Self::Metric(_, number) | Self::Callback(_, number) | Self::HostCall(_, number) => {
                number.since.as_ref()
            }
            _ => None,
        };
        since == Some(&Since::Step)
    }
}

/// A request or an answer.
#[derive(Clone, Debug, Default)]
pub struct MessageCheck {
    /// Whether there is one.
    pub received: bool,
    /// The status of an answer.
    pub status: Option<NumberCheck>,
    /// Headers by name.
    pub headers: Vec<(String, Match)>,
    /// The body.
    pub body: Option<Match>,
    /// Trailers by name.
    pub trailers: Vec<(String, Match)>,
    /// Who answered.
    pub details: Option<Match>,
    /// Whether the stream was reset.
    pub reset: Option<bool>,
}

/// A connection.
#[derive(Clone, Debug, Default)]
pub struct ConnectionCheck {
    /// Whether it is open.
    pub open: Option<bool>,
    /// Who has closed it.
    pub closed_by: Option<Peer>,
    /// What the client got.
    pub received: Option<Match>,
    /// What the upstream got.
    pub upstream_received: Option<Match>,
    /// Filter state by key.
    pub filter_state: Vec<(String, Match)>,
}

/// A log line.
#[derive(Clone, Debug)]
pub struct LogCheck {
    /// The level.
    pub level: Option<LogLevel>,
    /// What it is like.
    pub text: Match,
    /// How many there are.
    pub count: NumberCheck,
    /// From when on.
    pub since: Option<Since>,
}

/// A value in shared data.
#[derive(Clone, Debug)]
pub struct SharedDataCheck {
    /// The VM id; that of the only VM if none.
    pub vm_id: Option<String>,
    /// The key.
    pub key: String,
    /// What the value is like.
    pub value: Match,
}

/// Lines of the access logs.
#[derive(Clone, Debug, Default)]
pub struct AccessLogCheck {
    /// How many there are.
    pub count: Option<NumberCheck>,
    /// The last one by key.
    pub last: Vec<(String, Match)>,
    /// Each of these is like at least one line.
    pub any: Vec<Vec<(String, Match)>>,
}

/// From when on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Since {
    /// The first step.
    Start,
    /// The last step that did something.
    Step,
    /// A mark.
    Mark(String),
}

/// What a number must be like.
#[derive(Clone, Debug, Default)]
pub struct NumberCheck {
    /// Where it stands.
    pub place: Place,
    /// The exact number.
    pub is: Option<i64>,
    /// The least.
    pub at_least: Option<i64>,
    /// The most.
    pub at_most: Option<i64>,
    /// Whether there is none.
    pub absent: Option<bool>,
    /// Counted from then on.
    pub since: Option<Since>,
}

/// What a value must be like: all of its conditions hold.
#[derive(Clone, Debug, Default)]
pub struct Match {
    /// Where it stands.
    pub place: Place,
    /// The conditions. With none, the value is there.
    pub conditions: Vec<Condition>,
}

/// One condition.
#[derive(Clone, Debug)]
pub enum Condition {
    /// The exact text.
    Is(String),
    /// An inner list with these members.
    Members(Vec<String>),
    /// Whether it is absent.
    Absent(bool),
    /// This is in it.
    Contains(String),
    /// This is not in it.
    Lacks(String),
    /// It begins with this.
    StartsWith(String),
    /// It ends with this.
    EndsWith(String),
    /// The expression is found in it.
    Matches(regex::Regex),
    /// It is a number, at least this.
    AtLeast(i64),
    /// It is a number, at most this.
    AtMost(i64),
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many bytes.
    Length(NumberCheck),
    /// So many lines.
    Lines(NumberCheck),
    /// A dictionary with these members.
    Dictionary(Vec<(String, Match)>),
}
