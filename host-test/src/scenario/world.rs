//! Where a scenario is played: the harness, or whatever else can do what its steps say.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::model::{
    Answer, Connect, ConnectionIndex, Destination, Peer, Request, RequestIndex, Time,
};
use super::setup::Setup;
use crate::abi::LogLevel;
use crate::config::Bootstrap;

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

    /// Time goes by.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn advance(&mut self, by: Duration) -> Result<(), Obstacle>;

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

    /// Shared data are gone: these keys, or all.
    ///
    /// # Errors
    ///
    /// When the step cannot be done.
    fn wipe(&mut self, vm_id: Option<&str>, keys: Option<&[String]>) -> Result<(), Obstacle>;

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

    /// How often each callback ran.
    fn callbacks(&self) -> Look<BTreeMap<String, u64>>;

    /// How often each host function was called.
    fn host_calls(&self) -> Look<BTreeMap<String, u64>>;

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

/// What can be seen, in a world that may hide it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look<T> {
    /// This is seen.
    Seen(T),
    /// It cannot be seen here.
    Hidden,
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
    /// The guest did not come back, or the world itself failed.
    Failure(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mistake(reason) | Self::Failure(reason) => out.write_str(reason),
            Self::Refused { reason, log } => {
                out.write_str(reason)?;
                log.iter().try_for_each(|line| write!(out, "; {line}"))
            }
        }
    }
}

impl std::error::Error for Obstacle {}

/// What became of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the upstream got.
    pub upstream: Option<MessageSeen>,
    /// What the client got.
    pub response: Option<MessageSeen>,
    /// Whether the stream was reset.
    pub reset: bool,
    /// `%RESPONSE_CODE_DETAILS%`.
    pub details: Option<String>,
}

/// A request or an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageSeen {
    /// The status of an answer.
    pub status: Option<u16>,
    /// Names and values in their order, pseudo-headers too.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Names and values in their order.
    pub trailers: Vec<(String, String)>,
}

/// What became of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionSeen {
    /// Whether it is open.
    pub open: bool,
    /// Who has closed it.
    pub closed_by: Option<Peer>,
    /// What the client got.
    pub received: Vec<u8>,
    /// What the upstream got.
    pub upstream_received: Vec<u8>,
}

/// The address that a client at `source` dials to get to a destination.
///
/// # Errors
///
/// When there is no such listener.
pub fn resolve(
    destination: &Destination,
    source: IpAddr,
    bootstrap: &Bootstrap,
) -> Result<SocketAddr, Obstacle> {
    let listeners = &bootstrap.listeners;
    let names = || {
        listeners
            .iter()
            .map(|listener| listener.name.as_str())
            .collect::<Vec<_>>()
    };
    let found = match destination {
        Destination::Address(address) => return Ok(*address),
        Destination::First => listeners.first(),
        Destination::Listener(name) => listeners.iter().find(|listener| listener.name == *name),
        // Nobody may listen there: then the connection is refused, which is for the world to say.
        Destination::Port(port) => return Ok(SocketAddr::new(local(source), *port)),
    };
    let Some(listener) = found else {
        let reason = match destination {
            Destination::Listener(name) => super::invalid::unknown("listener", name, &names()),
            _ => "the configuration has no listener".to_owned(),
        };
        return Err(Obstacle::Mistake(reason));
    };
    let same_family = |address: &&SocketAddr| address.is_ipv4() == source.is_ipv4();
    let address = listener
        .addresses
        .iter()
        .find(same_family)
        .or(listener.addresses.first());
    match address {
        Some(address) if address.ip().is_unspecified() => {
            Ok(SocketAddr::new(local(source), address.port()))
        }
        Some(address) => Ok(*address),
        None => Err(Obstacle::Mistake(format!(
            "the listener {:?} has no address",
            listener.name
        ))),
    }
}

/// The address of the edge that clients of a family dial when nothing else is said.
#[must_use]
pub fn local(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    }
}
