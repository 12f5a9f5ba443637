//! Calls that guests make, and what they are told.

use super::{Match, Message, NumberCheck};
use crate::scenario::text::Place;

/// What an open call must be like.
#[derive(Clone, Debug, Default)]
pub struct CallCheck {
    /// Where it stands.
    pub place: Place,
    /// What kind of call it is.
    pub kind: Option<CallKind>,
    /// Whom it is to.
    pub cluster: Option<Match>,
    /// Headers or metadata by name.
    pub headers: Vec<(String, Match)>,
    /// The body.
    pub body: Option<Match>,
    /// Trailers by name.
    pub trailers: Vec<(String, Match)>,
    /// Service and method.
    pub method: Option<Match>,
    /// How many there are.
    pub count: NumberCheck,
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// HTTP.
    Http,
    /// gRPC with one message.
    Grpc,
    /// gRPC with several messages.
    GrpcStream,
    /// A name is looked up.
    Dns,
}

/// What the oldest open call is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerCall {
    /// The oldest one to this cluster; of all if none.
    pub cluster: Option<String>,
    /// What happens to it, in this order.
    pub tells: Vec<Tell>,
}

/// Something that a call is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tell {
    /// An answer in HTTP.
    Response(u16, Message),
    /// The beginning of an answer in HTTP, then the end of the connection.
    BreakOff(u16, Message),
    /// Nobody listens there.
    Refuse,
    /// The server resets the stream.
    Reset,
    /// The connection ends.
    Disconnect,
    /// The first metadata of a gRPC call.
    Metadata(Vec<(String, String)>),
    /// A message of a gRPC call.
    GrpcMessage(Vec<u8>),
    /// The end of a gRPC call: status, what is said about it, the last metadata.
    Close(u32, String, Vec<(String, String)>),
    /// Addresses of a name.
    Addresses(Vec<String>),
}
