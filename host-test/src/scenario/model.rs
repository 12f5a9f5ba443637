//! Scenarios as they are run: checked, with all variables put in.

mod action;
mod call;
mod check;

pub use action::{
    Action, Answer, Connect, ConnectionIndex, Destination, HttpVersion, Message, Peer, Placed,
    Request, RequestIndex, Time, Tls,
};
pub use call::{AnswerCall, CallCheck, CallKind, Tell};
pub use check::{
    AccessLogCheck, Check, Condition, ConnectionCheck, Expectation, LogCheck, Match, MessageCheck,
    NumberCheck, SharedDataCheck, Since,
};

use std::path::PathBuf;
use std::sync::Arc;

use super::moment::Moment;
use super::raw;
use super::setup::Setup;
use crate::race::Explorer;

/// A scenario file that can be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file.
    pub file: PathBuf,
    /// What is shown.
    pub description: String,
    /// Its cases; a file without cases is one without a name.
    pub cases: Vec<Case>,
}

/// One run in a host of its own.
#[derive(Clone, Debug)]
pub struct Case {
    /// The name; empty if the file has no cases.
    pub name: String,
    /// What is shown.
    pub description: String,
    /// What is run.
    pub setup: Setup,
    /// Worker threads.
    pub workers: usize,
    /// The time at the start.
    pub start: Moment,
    /// Where the randomness begins.
    pub seed: u64,
    /// What the upstream answers when nothing else is said.
    pub answer: Answer,
    /// The start must fail, with a reason or a log line like each of these; none if it must not.
    pub refused: Vec<Match>,
    /// How steps that run at the same time are raced.
    pub race: Explorer,
    /// How many callbacks trap; none do if nothing is said.
    pub traps: Option<NumberCheck>,
    /// Some expectation says `since: step`: what is counted is kept before each step.
    pub(super) compares_steps: bool,
    pub(super) variables: Vec<(String, String)>,
    pub(super) steps: Arc<raw::Steps>,
    pub(super) more_steps: Arc<raw::Steps>,
}
