//! Steps as they are written: what clients, upstreams, time and neighbours do.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Update;
use super::call::AnswerCall;
use super::expect::Expect;
use super::flow::{OnWorker, Repeat, Time};
use super::message::{Answer, Bytes, HeaderLine, HttpVersion};
use super::shape::{At, Short};
use crate::scenario::text::Text;

/// Steps in their order, each one a mapping with one key.
pub(in crate::scenario) type Steps = Vec<At<Step>>;

/// One step: a mapping with one key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Step {
    /// A client connects.
    Connect(Box<Connect>),
    /// Bytes are sent: a text of the client on the last connection, or a mapping.
    Send(Short<Send>),
    /// A client sends nothing more: the name of the connection.
    HalfClose(Text),
    /// A connection is closed: its name, or a mapping.
    Close(Short<Close>),
    /// A connection or a request is reset by the client: its name.
    Reset(Text),
    /// A client sends a request.
    Request(Box<Request>),
    /// More of the body of a request that has `end: false`.
    Data(Data),
    /// The trailers of a request that has `end: false`; they end it.
    Trailers(Trailers),
    /// The upstream answers a request that has `respond: none`.
    Respond(Respond),
    /// The oldest open call of a guest is answered.
    AnswerCall(Box<At<AnswerCall>>),
    /// Time goes by: timers run. `400ms`, `5s`, `2m`, `1h`, `1d`.
    Advance(Text),
    /// The timers of this worker run now, due or not, and no time goes by: ticks of several
    /// workers can so be raced.
    Tick(Text),
    /// The clock is set, and no timer runs because of it.
    Time(At<Time>),
    /// Steps several times.
    Repeat(Repeat),
    /// Steps whose connections go to one worker.
    OnWorker(OnWorker),
    /// Several lists of steps that may run at the same time; `run` takes one list after the
    /// other, `race` every interleaving. What they expect is looked at when all are done.
    Together(Vec<Steps>),
    /// A new configuration while Envoy runs.
    Update(Box<Update>),
    /// A neighbour in Envoy writes a value into shared data.
    SharedData(SetSharedData),
    /// Something is gone: `shared_data`, as after a hot restart.
    Wipe(Wipe),
    /// A name for this moment, for `since`.
    Mark(Text),
    /// What must be seen now.
    Expect(Box<Expect>),
}

/// A client connects.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Connect {
    /// A name for later steps.
    pub(in crate::scenario) name: Option<Text>,
    /// The client: an address, with or without a port. Default: 203.0.113.1.
    pub(in crate::scenario) from: Option<Text>,
    /// What the client dials: the name of a listener, a port, or an address with a port. Where a
    /// listener has the filter `original_dst`, it gets everything that no other listens for.
    /// Default: the first listener.
    pub(in crate::scenario) to: Option<Text>,
    /// The worker that accepts it, from 0. Default: 0, or that of `on_worker`.
    pub(in crate::scenario) worker: Option<Text>,
    /// What the client says in its TLS greeting; `tls: {}` for a plain one.
    pub(in crate::scenario) tls: Option<Tls>,
    /// What a proxy in front says in the PROXY header.
    pub(in crate::scenario) proxied: Option<Proxied>,
    /// What must be seen then; of this connection unless it says otherwise.
    pub(in crate::scenario) expect: Option<Box<Expect>>,
}

/// A TLS greeting.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Tls {
    /// The server name.
    pub(in crate::scenario) sni: Option<Text>,
    /// The version that both agree on. Default: TLSv1.3.
    pub(in crate::scenario) version: Option<Text>,
    /// Whether the client shows a certificate. Default: false.
    #[serde(default)]
    pub(in crate::scenario) client_certificate: bool,
    /// The handshake fails with this reason.
    pub(in crate::scenario) fails: Option<Text>,
}

/// A PROXY header.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Proxied {
    /// The client: an address, with or without a port.
    pub(in crate::scenario) from: Text,
    /// Where to: an address with a port.
    pub(in crate::scenario) to: Text,
}

/// Bytes are sent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Send {
    /// The connection. Default: the last one.
    pub(in crate::scenario) on: Option<Text>,
    /// Who sends: the client, or the upstream behind a TCP proxy. Default: client.
    #[serde(default)]
    pub(in crate::scenario) by: Side,
    /// As a text.
    pub(in crate::scenario) text: Option<Text>,
    /// In hexadecimal; white space is left out.
    pub(in crate::scenario) hex: Option<Text>,
    /// In base64.
    pub(in crate::scenario) base64: Option<Text>,
    /// So often one after the other. Default: 1.
    pub(in crate::scenario) times: Option<Text>,
    /// Nothing more comes. Default: false.
    #[serde(default)]
    pub(in crate::scenario) end: bool,
    /// What must be seen then; of this connection unless it says otherwise.
    pub(in crate::scenario) expect: Option<Box<Expect>>,
}

/// A connection is closed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Close {
    /// The connection. Default: the last one.
    pub(in crate::scenario) on: Option<Text>,
    /// Who closes it. Default: client.
    #[serde(default)]
    pub(in crate::scenario) by: Side,
}

/// An end of a connection.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Side {
    /// The client.
    #[default]
    Client,
    /// The upstream.
    Upstream,
    /// Envoy itself, or a plugin in it.
    Proxy,
}

/// A client sends a request, on a connection of its own unless `on` names one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Request {
    /// A name for later steps.
    pub(in crate::scenario) name: Option<Text>,
    /// A connection that is there already.
    pub(in crate::scenario) on: Option<Text>,
    /// As in `connect`.
    pub(in crate::scenario) from: Option<Text>,
    /// As in `connect`.
    pub(in crate::scenario) to: Option<Text>,
    /// As in `connect`.
    pub(in crate::scenario) worker: Option<Text>,
    /// As in `connect`.
    pub(in crate::scenario) tls: Option<Tls>,
    /// As in `connect`.
    pub(in crate::scenario) proxied: Option<Proxied>,
    /// Default: GET.
    pub(in crate::scenario) method: Option<Text>,
    /// Default: /.
    pub(in crate::scenario) path: Option<Text>,
    /// Default: example.org.
    pub(in crate::scenario) authority: Option<Text>,
    /// Default: http1. On HTTP/2 several requests may be under way on one connection.
    #[serde(default)]
    pub(in crate::scenario) version: HttpVersion,
    /// Header lines in their order, each a mapping with one key.
    #[serde(default)]
    pub(in crate::scenario) headers: Vec<HeaderLine>,
    /// The body.
    pub(in crate::scenario) body: Option<Bytes>,
    /// Trailers in their order.
    #[serde(default)]
    pub(in crate::scenario) trailers: Vec<HeaderLine>,
    /// Whether the request is complete; otherwise `data` or `trailers` end it. Default: true.
    #[serde(default = "yes")]
    pub(in crate::scenario) end: bool,
    /// The answer of the upstream, or `none`: it waits for `respond`. Default: that of the file.
    pub(in crate::scenario) respond: Option<Short<Answer>>,
    /// What must be seen then; of this request unless it says otherwise.
    pub(in crate::scenario) expect: Option<Box<Expect>>,
}

/// More of the body of a request.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Data {
    /// The request. Default: the last one.
    pub(in crate::scenario) on: Option<Text>,
    /// The bytes.
    pub(in crate::scenario) body: Bytes,
    /// Whether the request is complete. Default: true.
    #[serde(default = "yes")]
    pub(in crate::scenario) end: bool,
    /// What must be seen then; of this request unless it says otherwise.
    pub(in crate::scenario) expect: Option<Box<Expect>>,
}

/// The trailers of a request.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Trailers {
    /// The request. Default: the last one.
    pub(in crate::scenario) on: Option<Text>,
    /// The lines in their order.
    pub(in crate::scenario) headers: Vec<HeaderLine>,
    /// What must be seen then; of this request unless it says otherwise.
    pub(in crate::scenario) expect: Option<Box<Expect>>,
}

/// The upstream answers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Respond {
    /// The request. Default: the last one.
    pub(in crate::scenario) to: Option<Text>,
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
    /// It resets the stream instead. Default: false.
    #[serde(default)]
    pub(in crate::scenario) reset: bool,
    /// What must be seen then; of this request unless it says otherwise.
    pub(in crate::scenario) expect: Option<Box<Expect>>,
}

/// A value for shared data.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct SetSharedData {
    /// The VM id. Default: that of the only VM.
    pub(in crate::scenario) vm_id: Option<Text>,
    /// The key.
    pub(in crate::scenario) key: Text,
    /// The value.
    pub(in crate::scenario) value: Bytes,
}

/// What is gone.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum Wipe {
    /// All shared data, as after a hot restart.
    SharedData,
}

fn yes() -> bool {
    true
}
