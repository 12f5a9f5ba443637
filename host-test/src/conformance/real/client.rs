//! The clients of the guests.

use std::{
    fmt,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use real_envoy::{
    Envoy, eventually,
    http::{self, Source},
};

use super::{
    super::{Answer, Exchange, Guest, Step},
    log,
};

/// What a client saw; its text is a line of the transcript.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// All bytes that came, and whether the other side closed first.
    Connection { received: Vec<u8>, closed: bool },
    /// The answer; `None` when the connection closed without one.
    Http {
        request: String,
        response: Option<http::Response>,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection { received, closed } => {
                let end = if *closed { "closed" } else { "open" };
                write!(f, "client received={} then={end}", quoted(received))
            }
            Self::Http { request, response } => {
                write!(f, "client {request}: ")?;
                let Some(response) = response else {
                    return f.write_str("no answer");
                };
                write!(f, "{} {}", response.status, shown(&response.headers))?;
                write!(f, " body={}", quoted(&response.body))?;
                write!(f, " trailers={}", shown(&response.trailers))
            }
        }
    }
}

/// Bytes in the manner of the prelude.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.push_str(&format!("\\x{byte:02x}")),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

/// Those headers that are about the guest, in order.
pub(super) fn shown(headers: &[(String, String)]) -> String {
    let ours = headers.iter().filter(|(name, _)| {
        let name = name.to_ascii_lowercase();
        (name.starts_with("x-")
            && !name.starts_with("x-envoy-")
            && !name.starts_with("x-forwarded-"))
            || name == "content-type"
    });
    let texts: Vec<_> = ours
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("[{}]", texts.join("; "))
}

/// Plays `steps` on a new connection.
pub(super) fn converse(
    envoy: &Envoy,
    guest: &Guest,
    addr: SocketAddr,
    steps: &[Step],
) -> Result<Outcome> {
    let mut stream = Source::any().connect(addr)?;
    let mut received = Vec::new();
    let mut closed = false;
    for step in steps {
        match *step {
            Step::Send(bytes) => stream.write_all(bytes.as_bytes())?,
            Step::Receive(bytes) => {
                let mut buffer = vec![0; bytes.len()];
                match stream.read_exact(&mut buffer) {
                    Ok(()) => received.extend_from_slice(&buffer),
                    Err(error) => bail!("waiting for {bytes:?}: {error}"),
                }
            }
            Step::Finish => stream.shutdown(Shutdown::Write)?,
            Step::AwaitClose => {
                closed = true;
                received.append(&mut until_close(&mut stream)?);
            }
            Step::AwaitLine(line) => await_line(envoy, guest, line)?,
            Step::Reset => {
                let socket = socket2::SockRef::from(&stream);
                socket.set_linger(Some(Duration::ZERO))?;
                return Ok(Outcome::Connection { received, closed });
            }
        }
    }
    Ok(Outcome::Connection { received, closed })
}

fn until_close(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(bytes),
        Err(error) => Err(error).context("waiting for the close"),
    }
}

fn await_line(envoy: &Envoy, guest: &Guest, wanted: &str) -> Result<()> {
    eventually(
        &format!("the line {wanted:?}"),
        Duration::from_secs(5),
        || {
            let lines = log::by_guest(&envoy.log());
            let found = lines.get(guest.name)?.iter().any(|line| line == wanted);
            found.then_some(())
        },
    )
}

/// Sends a request on a new connection.
pub(super) fn exchange(guest: &Guest, addr: SocketAddr, exchange: &Exchange) -> Result<Outcome> {
    let path = exchange.answer.path();
    let mut request = http::Request::new(exchange.request.method, path).authority(guest.name);
    for (name, value) in exchange.request.headers {
        request = request.header(name, value);
    }
    for (name, value) in exchange.request.trailers {
        request = request.trailer(name, value);
    }
    request.body = exchange.request.body.into();
    let mut connection = Source::any().http1(addr)?;
    Ok(Outcome::Http {
        request: format!("{} {path}", exchange.request.method),
        response: connection.send(&request).ok(),
    })
}

impl Answer {
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
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        [
            Self::Plain,
            Self::Full,
            Self::Empty,
            Self::Reset,
            Self::Silent,
        ]
        .into_iter()
        .find(|answer| path.starts_with(answer.path()))
    }
}
