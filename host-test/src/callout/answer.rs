//! What calls are told.

use std::fmt;

use super::http::HttpAnswer;
use super::{CallId, CallKind};
use crate::abi::Pairs;

/// Something that happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallAnswer {
    /// An HTTP call is answered.
    Respond(HttpAnswer),
    /// A gRPC call is answered: the first metadata, beside `:status` and `content-type`.
    Metadata(Pairs),
    /// A gRPC call is answered: a message.
    Message(Vec<u8>),
    /// A gRPC call ends with this status.
    Close {
        /// The status, 0 for success.
        status: u32,
        /// What the server says about it.
        message: String,
        /// The last metadata, beside `grpc-status` and `grpc-message`.
        metadata: Pairs,
    },
    /// Whoever answers a gRPC call does not speak gRPC, and says this HTTP status.
    HttpStatus(u16),
    /// Nobody listens there.
    Refuse,
    /// The server resets the stream before an answer, or before all of it.
    Reset,
    /// The connection ends before an answer, or before all of it.
    Disconnect,
    /// An HTTP call is answered, but the connection ends in the middle of the body.
    BreakOff,
    /// A name has these addresses, each with its time to live in seconds; none if it could not be
    /// looked up.
    Addresses(Vec<(String, u32)>),
}

impl CallAnswer {
    /// Answers an HTTP call: the status, headers and a body.
    pub fn http<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        status: u16,
        headers: impl IntoIterator<Item = (N, V)>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let bytes = |(name, value): (N, V)| (name.as_ref().to_vec(), value.as_ref().to_vec());
        Self::Respond(HttpAnswer {
            status,
            headers: headers.into_iter().map(bytes).collect(),
            body: body.into(),
            trailers: Pairs::new(),
        })
    }

    /// Answers a gRPC call with one message and success.
    pub fn grpc(message: impl Into<Vec<u8>>) -> Vec<Self> {
        let end = Self::Close {
            status: 0,
            message: String::new(),
            metadata: Pairs::new(),
        };
        vec![
            Self::Metadata(Pairs::new()),
            Self::Message(message.into()),
            end,
        ]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Respond(_) => "an HTTP response",
            Self::Metadata(_) => "gRPC metadata",
            Self::Message(_) => "a gRPC message",
            Self::Close { .. } => "a gRPC status",
            Self::HttpStatus(_) => "an HTTP status",
            Self::Refuse => "a refusal",
            Self::Reset => "a reset",
            Self::Disconnect => "a disconnect",
            Self::BreakOff => "an end in the middle of the body",
            Self::Addresses(_) => "addresses",
        }
    }
}

/// Why a call cannot be told that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidAnswer {
    /// There is no such call, or it is over.
    NoCall(CallId),
    /// Calls of this kind never hear that.
    Unfit {
        /// The call.
        call: CallId,
        /// What it is.
        kind: &'static str,
        /// What it was told.
        answer: &'static str,
    },
}

impl InvalidAnswer {
    pub(super) fn unfit(call: CallId, kind: CallKind, answer: &CallAnswer) -> Self {
        let kind = match kind {
            CallKind::Http => "an HTTP call",
            CallKind::GrpcCall => "a gRPC call",
            CallKind::GrpcStream => "a gRPC stream",
            CallKind::Dns => "a name that is looked up",
        };
        let answer = answer.name();
        Self::Unfit { call, kind, answer }
    }
}

impl fmt::Display for InvalidAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCall(call) => write!(f, "{call} is not open"),
            Self::Unfit { call, kind, answer } => {
                write!(f, "{call} is {kind}: {answer} is no answer to it")
            }
        }
    }
}

impl std::error::Error for InvalidAnswer {}
