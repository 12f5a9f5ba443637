//! Calls that guests make: HTTP and gRPC to clusters, and names that they look up.
//!
//! Nobody is really called. The embedder sees what is open, and says what happens; or it names a
//! [`Responder`] for a cluster beforehand. What nobody answers is open until it times out. Guests
//! hear of answers as in Envoy (measured on 1.40.0).

mod answer;
mod book;
mod grpc;
mod heard;
mod http;
mod open;
mod responder;

#[cfg(test)]
mod tests;

pub use answer::{CallAnswer, InvalidAnswer};
pub use http::HttpAnswer;
pub use responder::{Callouts, Responder};

pub(crate) use book::Book;

use std::fmt;

use crate::abi::Pairs;
use crate::shared::ThreadId;

/// A call, by its number in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub(crate) u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {}", self.0)
    }
}

/// A call that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCall {
    /// Its number in the process.
    pub id: CallId,
    /// Where the guest runs.
    pub thread: ThreadId,
    /// The number by which the guest knows it.
    pub token: u32,
    /// The plugin that made it.
    pub plugin: String,
    /// What is asked.
    pub request: CallRequest,
    /// When it was made, on the monotonic clock.
    pub started_nanos: u64,
    /// When it times out, on the monotonic clock; never if none.
    pub due_nanos: Option<u64>,
}

/// What a guest asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallRequest {
    /// `proxy_http_call`.
    Http {
        /// Whom.
        cluster: String,
        /// As the guest gives them, in lower case; with the length of the body, if there is one.
        headers: Pairs,
        /// The body.
        body: Vec<u8>,
        /// The trailers.
        trailers: Pairs,
    },
    /// `proxy_grpc_call`.
    GrpcCall {
        /// Whom.
        cluster: String,
        /// The service, such as `package.Service`.
        service: String,
        /// The method.
        method: String,
        /// Metadata that the guest gives.
        metadata: Pairs,
        /// The message.
        message: Vec<u8>,
    },
    /// `proxy_grpc_stream`.
    GrpcStream {
        /// Whom.
        cluster: String,
        /// The service, such as `package.Service`.
        service: String,
        /// The method.
        method: String,
        /// Metadata that the guest gives.
        metadata: Pairs,
        /// The messages so far.
        messages: Vec<Vec<u8>>,
        /// Whether the guest has said that there will be no more.
        is_ended: bool,
    },
    /// `envoy_resolve_dns`.
    Dns {
        /// The name.
        name: String,
    },
}

impl CallRequest {
    /// The cluster that is called; none where a name is looked up.
    #[must_use]
    pub fn cluster(&self) -> Option<&str> {
        match self {
            Self::Http { cluster, .. }
            | Self::GrpcCall { cluster, .. }
            | Self::GrpcStream { cluster, .. } => Some(cluster),
            Self::Dns { .. } => None,
        }
    }

    fn kind(&self) -> CallKind {
        match self {
            Self::Http { .. } => CallKind::Http,
            Self::GrpcCall { .. } => CallKind::GrpcCall,
            Self::GrpcStream { .. } => CallKind::GrpcStream,
            Self::Dns { .. } => CallKind::Dns,
        }
    }

    /// About how many bytes it holds.
    fn len_bytes(&self) -> usize {
        let pairs = |pairs: &Pairs| -> usize {
            let len =
                |(name, value): &(Vec<u8>, Vec<u8>)| name.len() + value.len() + OVERHEAD_BYTES;
            pairs.iter().map(len).sum()
        };
        OVERHEAD_BYTES
            + match self {
                Self::Http {
                    headers,
                    body,
                    trailers,
                    ..
                } => pairs(headers) + body.len() + pairs(trailers),
                Self::GrpcCall {
                    metadata, message, ..
                } => pairs(metadata) + message.len(),
                Self::GrpcStream {
                    metadata, messages, ..
                } => {
                    let len = |message: &Vec<u8>| message.len() + OVERHEAD_BYTES;
                    pairs(metadata) + messages.iter().map(len).sum::<usize>()
                }
                Self::Dns { name } => name.len(),
            }
    }
}

/// What every header and message counts beside its bytes: a guest must not have as many empty ones
/// as it likes.
const OVERHEAD_BYTES: usize = 64;

/// What kind of call a token stands for. Those of the first three say so in their last two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CallKind {
    Http = 0,
    GrpcCall = 1,
    GrpcStream = 2,
    Dns = 3,
}

impl CallKind {
    /// What a gRPC token stands for; none if it is no such token.
    pub(crate) fn of_grpc_token(token: u32) -> Option<Self> {
        match token & 3 {
            1 => Some(Self::GrpcCall),
            2 => Some(Self::GrpcStream),
            _ => None,
        }
    }

    /// The token of the call that is made after `made` others of its kind.
    fn token(self, made: u32) -> u32 {
        let next = made.wrapping_add(1);
        match self {
            Self::Dns => next,
            _ => next.wrapping_shl(2) | self as u32,
        }
    }
}
