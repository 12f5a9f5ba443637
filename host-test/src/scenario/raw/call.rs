//! Calls that guests make, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::expect::{Expect, Match, Number};
use super::message::{Bytes, HeaderLine};
use super::shape::{At, Pairs};
use crate::scenario::text::Text;

/// A call of a guest that is open. Those that match are counted; one is enough if no count is
/// given.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Call {
    /// What kind of call it is.
    pub(in crate::scenario) kind: Option<CallKind>,
    /// Whom it is to: the cluster.
    pub(in crate::scenario) cluster: Option<Match>,
    /// Headers of an HTTP call, metadata of a gRPC call, by name.
    #[serde(default)]
    pub(in crate::scenario) headers: Pairs<Match>,
    /// The body of an HTTP call, the messages of a gRPC call one behind the other, the name that is
    /// looked up.
    pub(in crate::scenario) body: Option<Match>,
    /// Trailers of an HTTP call by name.
    #[serde(default)]
    pub(in crate::scenario) trailers: Pairs<Match>,
    /// Service and method of a gRPC call, as `package.Service/Method`.
    pub(in crate::scenario) method: Option<Match>,
    /// How many there are; 0 for none.
    pub(in crate::scenario) count: Option<Number>,
}

/// A kind of call.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum CallKind {
    /// `proxy_http_call`.
    Http,
    /// `proxy_grpc_call`.
    Grpc,
    /// `proxy_grpc_stream`.
    GrpcStream,
    /// `envoy_resolve_dns`.
    Dns,
}

/// What the oldest open call is told: an answer in HTTP, or one of `fails`, `grpc`, `addresses`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct AnswerCall {
    /// The oldest one to this cluster. Default: the oldest of all.
    pub(in crate::scenario) cluster: Option<Text>,
    /// Default: 200.
    pub(in crate::scenario) status: Option<Text>,
    /// Header lines in their order.
    #[serde(default)]
    pub(in crate::scenario) headers: Vec<HeaderLine>,
    /// The body.
    pub(in crate::scenario) body: Option<Bytes>,
    /// Trailers in their order.
    #[serde(default)]
    pub(in crate::scenario) trailers: Vec<HeaderLine>,
    /// It fails in this way.
    pub(in crate::scenario) fails: Option<CallFailure>,
    /// It is a gRPC call, and hears this.
    pub(in crate::scenario) grpc: Option<At<Grpc>>,
    /// A name was looked up, and has these addresses.
    pub(in crate::scenario) addresses: Option<Vec<Text>>,
    /// What must be seen then.
    pub(in crate::scenario) expect: Option<Box<Expect>>,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum CallFailure {
    /// Nobody listens there.
    Refuse,
    /// The server resets the stream.
    Reset,
    /// The connection ends before an answer.
    Disconnect,
    /// The connection ends in the middle of the body of the answer that is given.
    BreakOff,
}

/// What a gRPC call hears. What is left out, it does not hear yet.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Grpc {
    /// The first metadata.
    pub(in crate::scenario) metadata: Option<Vec<HeaderLine>>,
    /// Messages.
    #[serde(default)]
    pub(in crate::scenario) messages: Vec<Bytes>,
    /// The gRPC status, 0 for success: the end.
    pub(in crate::scenario) status: Option<Text>,
    /// What the server says about it.
    pub(in crate::scenario) message: Option<Text>,
    /// The last metadata.
    #[serde(default)]
    pub(in crate::scenario) trailing: Vec<HeaderLine>,
}
