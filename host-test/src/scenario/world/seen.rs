//! What can be seen of a world.

use std::fmt;

use crate::scenario::model::{CallKind, Peer};

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

/// A call of a guest that nobody has answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSeen {
    /// What kind of call it is.
    pub kind: CallKind,
    /// Whom it is to; none where a name is looked up.
    pub cluster: Option<String>,
    /// Service and method of a gRPC call.
    pub method: Option<String>,
    /// Headers or metadata in their order.
    pub headers: Vec<(String, String)>,
    /// The body, the messages one behind the other, or the name.
    pub body: Vec<u8>,
    /// Trailers in their order.
    pub trailers: Vec<(String, String)>,
}

impl fmt::Display for CallSeen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            CallKind::Http => "http",
            CallKind::Grpc => "grpc",
            CallKind::GrpcStream => "grpc_stream",
            CallKind::Dns => "dns",
        };
        write!(out, "{kind}")?;
        for text in self.cluster.iter().chain(&self.method) {
            write!(out, " {text}")?;
        }
        for (name, value) in &self.headers {
            write!(out, " {name}={value:?}")?;
        }
        match self.body.is_empty() {
            true => Ok(()),
            false => write!(out, " body={:?}", String::from_utf8_lossy(&self.body)),
        }
    }
}
