//! What a guest of the conformance set needs around it, in a real Envoy and in the harness.

/// Where a guest runs, and what happens around it.
#[derive(Clone, Copy, Debug)]
pub enum Stage {
    /// A singleton service: one root context, on the main thread.
    Root,
    /// A network filter in front of an echo; each conversation is a connection of its own.
    Connection(&'static [&'static [Step]]),
    /// An HTTP filter in front of an upstream; each exchange has a connection of its own.
    Http(&'static [Exchange]),
    /// A network filter whose module must not load; what it reports is the reason.
    Refused,
}

/// What a client does on a connection; it closes the connection after the last step.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Sends these bytes in one go.
    Send(&'static str),
    /// Waits until these bytes have come, and nothing else.
    Receive(&'static str),
    /// Says that nothing more will be sent, and goes on reading.
    Finish,
    /// Waits until the other side has closed the connection.
    AwaitClose,
    /// Waits until the guest has reported this line.
    AwaitLine(&'static str),
    /// Lets so many milliseconds pass. As the first step: before it connects.
    Wait(u64),
    /// Ends the connection with a reset.
    Reset,
}

/// A request and what the upstream answers to it.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// What the client sends, over HTTP/1.1.
    pub request: Request,
    /// What the upstream answers; part of the path.
    pub answer: Answer,
}

/// A request for the host `conformance`.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Such as `GET`.
    pub method: &'static str,
    /// Names and values in the order of the wire.
    pub headers: &'static [(&'static str, &'static str)],
    /// Sent in one go; empty: none, unless there are trailers.
    pub body: &'static str,
    /// With trailers the body is chunked.
    pub trailers: &'static [(&'static str, &'static str)],
}

/// What an upstream answers; which one, the path of the request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200, a body, no trailers.
    Plain,
    /// 200, repeated headers, a body and trailers.
    Full,
    /// 204.
    Empty,
    /// Closes the connection without an answer.
    Reset,
    /// Never answers.
    Silent,
}

impl Answer {
    /// All of them.
    const ALL: [Self; 5] = [
        Self::Plain,
        Self::Full,
        Self::Empty,
        Self::Reset,
        Self::Silent,
    ];

    /// The path that stands for it.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Plain => "/plain",
            Self::Full => "/full",
            Self::Empty => "/empty",
            Self::Reset => "/reset",
            Self::Silent => "/silent",
        }
    }

    /// The answer that `path` stands for.
    pub(super) fn of_path(path: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|answer| path.starts_with(answer.path()))
    }

    /// Its bytes; none for those that are no answer.
    pub(super) fn wire(self) -> &'static str {
        match self {
            Self::Plain => {
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nanswer"
            }
            Self::Full => {
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Twice: 1\r\nX-Other: o\r\n\
                 x-twice: 2\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nanswer\r\n0\r\n\
                 X-Trailer: t\r\n\r\n"
            }
            Self::Empty => "HTTP/1.1 204 No Content\r\n\r\n",
            Self::Reset | Self::Silent => "",
        }
    }
}
