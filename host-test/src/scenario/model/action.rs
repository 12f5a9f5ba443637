//! What is done in one step.

use std::net::SocketAddr;
use std::time::Duration;

use super::Expectation;
use crate::scenario::moment::Moment;
use crate::scenario::setup::Setup;
use crate::scenario::text::Place;

/// A step and where it stands in the file.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Where it stands.
    pub place: Place,
    /// What is done.
    pub action: Action,
    /// What must be seen then.
    pub expectations: Vec<Expectation>,
    /// Something may be compared with what was counted before this step.
    pub counts_before: bool,
}

/// A connection of a case, by its number in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionIndex(pub usize);

/// A request of a case, by its number in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestIndex(pub usize);

/// What is done.
#[derive(Clone, Debug)]
pub enum Action {
    /// A client connects.
    Connect(ConnectionIndex, Connect),
    /// Bytes are sent.
    Send {
        /// On this connection.
        connection: ConnectionIndex,
        /// The client or the upstream.
        by: Peer,
        /// What.
        bytes: Vec<u8>,
        /// Nothing more comes.
        end: bool,
    },
    /// Someone closes a connection.
    Close(ConnectionIndex, Peer),
    /// The client resets a connection.
    ResetConnection(ConnectionIndex),
    /// The client resets a request.
    ResetRequest(RequestIndex),
    /// A client sends a request, on a new connection if there is one.
    Request {
        /// Its number.
        request: RequestIndex,
        /// The connection.
        connection: ConnectionIndex,
        /// The connection is made for it.
        connect: Option<Connect>,
        /// What is sent.
        message: Box<Request>,
    },
    /// More of the body of a request.
    Data {
        /// The request.
        request: RequestIndex,
        /// What.
        bytes: Vec<u8>,
        /// Nothing more comes.
        end: bool,
    },
    /// The trailers of a request, which end it.
    Trailers(RequestIndex, Vec<(String, String)>),
    /// The upstream answers.
    Respond(RequestIndex, Answer),
    /// The oldest open call of a guest is answered.
    AnswerCall(super::AnswerCall),
    /// Time goes by.
    Advance(Duration),
    /// The timers of a worker run now.
    Tick(usize),
    /// The clock is set.
    Time(Time),
    /// Lists of steps that may run at the same time.
    Together(Vec<Vec<Placed>>),
    /// A new configuration; it must be refused with a reason or a log line like each of these.
    Update(Setup, Vec<super::Match>),
    /// A neighbour writes into shared data.
    SetSharedData {
        /// The VM id; that of the only VM if none.
        vm_id: Option<String>,
        /// The key.
        key: String,
        /// The value.
        value: Vec<u8>,
    },
    /// All shared data are gone.
    WipeSharedData,
    /// A name for this moment.
    Mark(String),
    /// Nothing: the expectations alone.
    Look,
}

/// An end of a connection, or who stands between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The client.
    Client,
    /// The upstream.
    Upstream,
    /// Envoy, or a plugin in it.
    Proxy,
}

impl Peer {
    /// As the file says it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::Proxy => "proxy",
        }
    }
}

/// How a client connects.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The worker that accepts.
    pub worker: usize,
    /// The client. Port 0: whatever is free.
    pub source: SocketAddr,
    /// What the client dials.
    pub destination: Destination,
    /// Where the words for the destination stand.
    pub place: Place,
    /// What the client says in its TLS greeting.
    pub tls: Option<Tls>,
    /// What a PROXY header says: client and destination.
    pub proxied: Option<(SocketAddr, SocketAddr)>,
}

/// Where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The first listener.
    First,
    /// The listener of this name.
    Listener(String),
    /// The listener with this port.
    Port(u16),
    /// This address.
    Address(SocketAddr),
}

/// A TLS greeting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The server name.
    pub server_name: Option<String>,
    /// The version that both agree on.
    pub version: String,
    /// Whether the client shows a certificate.
    pub client_certificate: bool,
    /// The handshake fails with this reason.
    pub failure: Option<String>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `:method`.
    pub method: String,
    /// `:path`.
    pub path: String,
    /// `:authority`.
    pub authority: String,
    /// The version of HTTP.
    pub version: HttpVersion,
    /// Headers, body and trailers.
    pub message: Message,
    /// Whether it is complete.
    pub end: bool,
    /// The answer of the upstream; none if it waits for a step.
    pub answer: Option<Answer>,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// Headers, body and trailers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Names and values in their order, without pseudo-headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Names and values in their order.
    pub trailers: Vec<(String, String)>,
}

/// What an upstream answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A response.
    Response(u16, Message),
    /// It resets the stream.
    Reset,
}

impl Default for Answer {
    fn default() -> Self {
        Self::Response(200, Message::default())
    }
}

/// The clock is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Back by so much.
    Back(Duration),
    /// To this time.
    Set(Moment),
}
