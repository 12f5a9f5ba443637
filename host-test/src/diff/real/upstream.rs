//! Servers behind Envoy: they answer as the scenario says.

use std::net::{SocketAddr, TcpListener};

use super::http1::{self, Kind};
use super::requests::{Requests, with_pseudo_headers};
use super::wire::Wire;
use crate::scenario::{Answer, ConnectionIndex, Message, Obstacle, RequestIndex};

/// All servers of a configuration.
#[derive(Debug, Default)]
pub(super) struct Upstreams {
    servers: Vec<Server>,
    connections: Vec<Connection>,
}

#[derive(Debug)]
struct Server {
    listener: TcpListener,
    /// It takes bytes as they are.
    is_raw: bool,
}

#[derive(Debug)]
struct Connection {
    wire: Wire,
    inbound: Vec<u8>,
    role: Role,
}

#[derive(Debug)]
enum Role {
    /// Bytes of a client's connection, through a proxy of bytes.
    Raw(ConnectionIndex),
    /// Bytes that are nobody's.
    Stray,
    /// HTTP; the request that is under way.
    Http(Option<Current>),
}

#[derive(Clone, Copy, Debug)]
enum Current {
    /// A client's.
    Of(RequestIndex),
    /// A guest's own: it gets no answer.
    Call,
}

impl Upstreams {
    /// Listens at `address`.
    pub(super) fn listen(&mut self, address: SocketAddr, is_raw: bool) -> Result<(), Obstacle> {
        let listener = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        match listener {
            Ok(listener) => {
                self.servers.push(Server { listener, is_raw });
                Ok(())
            }
            Err(error) => Err(Obstacle::Failure(format!(
                "cannot stand in for the upstream at {address}: {error}"
            ))),
        }
    }

    /// Accepts, reads, writes and answers what can be; says whether anything was. `next_raw` names
    /// the client's connection that a new one behind a proxy of bytes belongs to.
    pub(super) fn pump(
        &mut self,
        requests: &mut Requests,
        mut next_raw: impl FnMut() -> Option<ConnectionIndex>,
    ) -> bool {
        let mut moved = false;
        for server in &self.servers {
            while let Ok((stream, _)) = server.listener.accept() {
                moved = true;
                let role = match (server.is_raw, server.is_raw.then(&mut next_raw).flatten()) {
                    (false, _) => Role::Http(None),
                    (true, Some(of)) => Role::Raw(of),
                    (true, None) => Role::Stray,
                };
                if let Ok(wire) = Wire::new(stream) {
                    self.connections.push(Connection {
                        wire,
                        inbound: Vec::new(),
                        role,
                    });
                }
            }
        }
        for connection in &mut self.connections {
            moved |= connection.pump(requests);
        }
        moved
    }

    /// Answers a request on the connection on which it is.
    pub(super) fn respond(
        &mut self,
        index: RequestIndex,
        answer: &Answer,
        requests: &mut Requests,
    ) {
        let mut connections = self.connections.iter_mut();
        let on = connections.find(|connection| {
            matches!(connection.role, Role::Http(Some(Current::Of(current))) if current == index)
        });
        if let Some(connection) = on {
            connection.answer(index, answer, requests);
        }
    }

    /// What has come through a proxy of bytes.
    pub(super) fn received(&self, of: ConnectionIndex) -> &[u8] {
        let found = self
            .connections
            .iter()
            .find(|connection| connection.is_of(of));
        found
            .map(|connection| connection.inbound.as_slice())
            .unwrap_or_default()
    }

    /// The other end of a connection through a proxy of bytes.
    pub(super) fn behind(&mut self, of: ConnectionIndex) -> Option<&mut Wire> {
        let mut connections = self.connections.iter_mut();
        let found = connections.find(|connection| connection.is_of(of));
        found.map(|connection| &mut connection.wire)
    }
}

impl Connection {
    fn is_of(&self, wanted: ConnectionIndex) -> bool {
        matches!(self.role, Role::Raw(of) if of == wanted)
    }

    fn pump(&mut self, requests: &mut Requests) -> bool {
        let mut moved = self.wire.pump(&mut self.inbound);
        while let Role::Http(current) = self.role {
            let Some(read) = http1::read(&self.inbound, Kind::Request) else {
                break;
            };
            let current = current
                .unwrap_or_else(|| requests.arrived(&read).map_or(Current::Call, Current::Of));
            self.role = Role::Http(Some(current));
            if let Some(length) = read.length {
                self.inbound.drain(..length);
                moved = true;
            }
            let Current::Of(index) = current else { break };
            let Some(sent) = requests.get_mut(index) else {
                break;
            };
            sent.is_whole = read.length.is_some();
            sent.upstream = Some(with_pseudo_headers(read));
            if !sent.is_whole {
                break;
            }
            let Some(answer) = sent.answer.take() else {
                break;
            };
            self.answer(index, &answer, requests);
            moved = true;
        }
        moved
    }

    fn answer(&mut self, index: RequestIndex, answer: &Answer, requests: &mut Requests) {
        let Some(sent) = requests.get_mut(index).filter(|sent| !sent.is_answered) else {
            return;
        };
        sent.is_answered = true;
        match answer {
            Answer::Reset => self.wire.reset(),
            Answer::Response(status, message) => {
                self.wire.send(&response(*status, message, &sent.method));
            }
        }
        if sent.is_whole {
            self.role = Role::Http(None);
        }
    }
}

/// A response in bytes: its body has a length unless trailers follow.
fn response(status: u16, message: &Message, method: &str) -> Vec<u8> {
    let has = |wanted: &str| {
        let mut headers = message.headers.iter();
        headers.any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let mut head = format!("HTTP/1.1 {status} Answer\r\n");
    let mut line = |name: &str, value: &str| {
        head.push_str(&format!("{name}: {value}\r\n"));
    };
    for (name, value) in &message.headers {
        line(name, value);
    }
    let in_chunks = !message.trailers.is_empty() || has("transfer-encoding");
    if in_chunks && !has("transfer-encoding") {
        line("transfer-encoding", "chunked");
    } else if !in_chunks && !has("content-length") {
        line("content-length", &message.body.len().to_string());
    }
    let mut out = format!("{head}\r\n").into_bytes();
    let has_no_body = method == "HEAD" || matches!(status, 204 | 304);
    if has_no_body {
        return out;
    }
    if !in_chunks {
        out.extend_from_slice(&message.body);
        return out;
    }
    if !message.body.is_empty() {
        out.extend_from_slice(format!("{:x}\r\n", message.body.len()).as_bytes());
        out.extend_from_slice(&message.body);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n");
    for (name, value) in &message.trailers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}
