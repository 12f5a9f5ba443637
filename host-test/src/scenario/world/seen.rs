//! What can be seen of a world.

use crate::scenario::model::Peer;

/// What can be seen, in a world that may hide it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look<T> {
    /// This is seen.
    Seen(T),
    /// It cannot be seen here.
    Hidden,
}

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
