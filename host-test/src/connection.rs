//! Connections as a test sees them: made, written to, closed, looked at.

mod calls;
mod client;
mod connect;
mod drain;
pub(crate) mod flags;
mod host;
mod listeners;
pub(crate) mod log_lines;
mod operations;
pub(crate) mod property;
pub(crate) mod rbac;
mod request;
pub(crate) mod runner;
mod stream;
mod turn;
mod view;

pub use connect::{Connect, ConnectError};
pub use operations::{By, Gone};
pub(crate) use request::Form;
pub use request::Request;
pub use stream::Response;
pub use view::{ConnectionView, StreamView};

pub(crate) use listeners::Listeners;
pub(crate) use turn::Traffic;

#[cfg(test)]
mod tests;

/// A connection of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    /// The worker it runs on.
    pub worker: usize,
    /// Its number in the process.
    pub id: u64,
}

/// A stream of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// The worker it runs on.
    pub worker: usize,
    /// Its number on the worker.
    pub id: u64,
}
