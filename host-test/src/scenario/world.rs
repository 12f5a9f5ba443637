//! Where a scenario is played: the harness, or whatever else can do what its steps say.

mod address;
mod seen;

pub use address::{local, resolve};
pub use seen::{CallSeen, ConnectionSeen, Exchange, Look, MessageSeen};

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::model::{
    Answer, AnswerCall, Connect, ConnectionIndex, Peer, Placed, Request, RequestIndex, Time,
};
use super::setup::Setup;
use crate::abi::LogLevel;

/// Does what steps say, and shows what came of it.
///
/// What a world cannot show is [`Look::Hidden`]; expectations about it are skipped and counted.
pub trait World {
    /// A client connects.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn connect(&mut self, index: ConnectionIndex, connect: &Connect) -> Result<(), Obstacle>;

    /// A client sends bytes; with `end` nothing more comes.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn send(&mut self, on: ConnectionIndex, bytes: &[u8], end: bool) -> Result<(), Obstacle>;

    /// The upstream behind a TCP proxy sends bytes; with `end` nothing more comes.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn upstream_send(
        &mut self,
        on: ConnectionIndex,
        bytes: &[u8],
        end: bool,
    ) -> Result<(), Obstacle>;

    /// Someone closes a connection.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn close(&mut self, connection: ConnectionIndex, by: Peer) -> Result<(), Obstacle>;

    /// The client resets a connection.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn reset_connection(&mut self, connection: ConnectionIndex) -> Result<(), Obstacle>;

    /// A client sends a request on a connection.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn request(
        &mut self,
        index: RequestIndex,
        on: ConnectionIndex,
        request: &Request,
    ) -> Result<(), Obstacle>;

    /// More of the body of a request.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn data(&mut self, request: RequestIndex, bytes: &[u8], end: bool) -> Result<(), Obstacle>;

    /// The trailers of a request.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn trailers(
        &mut self,
        request: RequestIndex,
        trailers: &[(String, String)],
    ) -> Result<(), Obstacle>;

    /// The client resets a request.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn reset_request(&mut self, request: RequestIndex) -> Result<(), Obstacle>;

    /// The upstream answers.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn respond(&mut self, request: RequestIndex, answer: &Answer) -> Result<(), Obstacle>;

    /// Does these lists of steps at the same time. `None` where that is one after the other, step
    /// by step; then nothing was done.
    ///
    /// # Errors
    ///
    /// When a step cannot be done.
    fn together(&mut self, lists: &[Vec<Placed>]) -> Option<Result<(), Obstacle>> {
        let _ = lists;
        None
    }

    /// The oldest open call of a guest is answered.
    ///
    /// # Errors
    ///
    /// When there is none, or it is not told such things.
    fn answer_call(&mut self, _answer: &AnswerCall) -> Result<(), Obstacle> {
        Err(Obstacle::Impossible("an answer to a call".to_owned()))
    }

    /// Time goes by.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn advance(&mut self, by: Duration) -> Result<(), Obstacle>;

    /// The timers of a worker run now, due or not.
    ///
    /// # Errors
    ///
    /// When the step cannot be done: in a world that has no say over timers.
    fn tick(&mut self, worker: usize) -> Result<(), Obstacle> {
        Err(Obstacle::Impossible(format!(
            "the timers of worker {worker} run when they are due, and not before"
        )))
    }

    /// The clock is set.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn set_time(&mut self, time: Time) -> Result<(), Obstacle>;

    /// A new configuration.
    ///
    /// # Errors
    ///
    /// [`Obstacle::Refused`] when it is refused, else when the step cannot be done.
    fn update(&mut self, setup: &Setup) -> Result<(), Obstacle>;

    /// A neighbour writes into shared data.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn set_shared_data(
        &mut self,
        vm_id: Option<&str>,
        key: &str,
        value: &[u8],
    ) -> Result<(), Obstacle>;

    /// All shared data are gone.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn wipe_shared_data(&mut self) -> Result<(), Obstacle>;

    /// What became of a request.
    fn exchange(&self, request: RequestIndex) -> Look<Exchange>;

    /// What became of a connection.
    fn connection(&self, connection: ConnectionIndex) -> Look<ConnectionSeen>;

    /// Filter state of a connection.
    fn filter_state(&self, connection: ConnectionIndex, key: &str) -> Look<Option<Vec<u8>>>;

    /// Log lines of plugins, from number `start` on.
    fn log(&self, start: usize) -> Look<Vec<(LogLevel, String)>>;

    /// Metrics by name.
    fn metrics(&self) -> Look<BTreeMap<String, u64>>;

    /// A value in shared data.
    fn shared_data(&self, vm_id: Option<&str>, key: &str) -> Look<Option<Vec<u8>>>;

    /// Lines of the access logs: texts by key.
    fn access_log(&self) -> Look<Vec<BTreeMap<String, String>>>;

    /// Calls of guests that nobody has answered yet, the oldest first.
    fn calls(&self) -> Look<Vec<CallSeen>> {
        Look::Hidden
    }

    /// How often each callback ran.
    fn callbacks(&self) -> Look<BTreeMap<String, u64>>;

    /// How often each host function was called.
    fn host_calls(&self) -> Look<BTreeMap<String, u64>>;

    /// Guests that did not return, from number `start` on, in words.
    fn traps(&self, start: usize) -> Look<Vec<String>>;

    /// What was too much to be kept, in words: expectations about it would say nothing.
    fn dropped(&self) -> Option<String> {
        None
    }

    /// Fails when what a step has brought about does not come to an end.
    fn at_rest(&self) -> Result<(), Obstacle> {
        Ok(())
    }

    /// The scenario names this moment. A world that measures may begin here.
    fn mark(&mut self, _name: &str) {}

    /// What guests have done since entry `start` of the trace, one line each.
    fn trace(&self, start: usize) -> Vec<String>;

    /// How many entries the trace has.
    fn trace_len(&self) -> usize;

    /// An expectation has failed. A world whose effects take a while may wait for a moment and say
    /// that it is worth while to look again.
    fn look_again(&mut self) -> bool {
        false
    }
}

/// Why a step cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The step makes no sense here: a mistake in the scenario.
    Mistake(String),
    /// The configuration is refused.
    Refused {
        /// Why.
        reason: String,
        /// What the plugins wrote.
        log: Vec<String>,
    },
    /// This world has no way to do it, as the real Envoy none to forget shared data.
    Impossible(String),
    /// The guest did not come back, or the world itself failed.
    Failure(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistake(reason) | Self::Impossible(reason) | Self::Failure(reason) => {
                out.write_str(reason)
            }
            Self::Refused { reason, log } => {
                out.write_str(reason)?;
                log.iter().try_for_each(|line| write!(out, "; {line}"))
            }
        }
    }
}

impl std::error::Error for Obstacle {}
