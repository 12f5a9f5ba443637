//! Clients in front of Envoy.

use std::net::{SocketAddr, TcpStream};

use socket2::{Domain, Protocol, Socket, Type};

use super::http1::{self, Kind};
use super::redirect::CLIENT_MARK;
use super::tls::{Greeting, Session};
use super::wire::{End, Wire};
use crate::scenario::{ConnectionSeen, MessageSeen, Obstacle, Peer};

/// A connection of a client.
#[derive(Debug)]
pub(super) struct Client {
    wire: Wire,
    tls: Option<Box<Session>>,
    /// What has come, decrypted.
    received: Vec<u8>,
    /// This end has stopped before the other.
    was_first: bool,
}

/// Connects from `source` to `destination`, to be accepted by `worker`; none if nobody listens.
pub(super) fn dial(
    source: SocketAddr,
    destination: SocketAddr,
    worker: usize,
) -> Result<Option<Client>, Obstacle> {
    let failed = |what: &str, error: std::io::Error| {
        Obstacle::Failure(format!("{what} from {source} to {destination}: {error}"))
    };
    let prepare = || {
        let domain = Domain::for_address(destination);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_mark(CLIENT_MARK | u32::try_from(worker).unwrap_or(0xff))?;
        socket.bind(&source.into())?;
        Ok(socket)
    };
    let socket = prepare().map_err(|error| failed("cannot connect", error))?;
    if let Err(error) = socket.connect(&destination.into()) {
        return match error.kind() {
            std::io::ErrorKind::ConnectionRefused => Ok(None),
            _ => Err(failed("cannot connect", error)),
        };
    }
    let wire = Wire::new(TcpStream::from(socket));
    let wire = wire.map_err(|error| failed("cannot use the connection", error))?;
    Ok(Some(Client {
        wire,
        tls: None,
        received: Vec::new(),
        was_first: false,
    }))
}

impl Client {
    /// Begins to speak TLS, or something that is taken for it.
    pub(super) fn greet(&mut self, greeting: Greeting) {
        match greeting {
            Greeting::Handshake(session) => self.tls = Some(session),
            Greeting::Broken(bytes) => self.wire.send(&bytes),
        }
        self.encrypt();
    }

    /// Sends bytes before whatever comes with TLS.
    pub(super) fn send_in_clear(&mut self, bytes: &[u8]) {
        self.wire.send(bytes);
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        match &mut self.tls {
            Some(session) => session.write(bytes),
            None => self.wire.send(bytes),
        }
        self.encrypt();
    }

    /// Sends nothing more.
    pub(super) fn finish(&mut self) {
        self.was_first |= self.wire.end().is_none();
        if let Some(session) = &mut self.tls {
            session.close();
        }
        self.encrypt();
        self.wire.finish();
    }

    pub(super) fn reset(&mut self) {
        self.was_first |= self.wire.end().is_none();
        self.wire.reset();
    }

    /// Whether it can still be sent to and from.
    pub(super) fn is_open(&self) -> bool {
        self.wire.end().is_none() && !self.wire.is_reset()
    }

    pub(super) fn pump(&mut self) -> bool {
        let Some(session) = &mut self.tls else {
            return self.wire.pump(&mut self.received);
        };
        let mut bytes = Vec::new();
        let moved = self.wire.pump(&mut bytes);
        session.take(&bytes, &mut self.received);
        self.encrypt() || moved
    }

    /// Sends what TLS has to say.
    fn encrypt(&mut self) -> bool {
        let bytes = self
            .tls
            .as_mut()
            .map(|session| session.give())
            .unwrap_or_default();
        self.wire.send(&bytes);
        !bytes.is_empty()
    }

    /// Everything that has come.
    pub(super) fn received(&self) -> &[u8] {
        &self.received
    }

    pub(super) fn seen(&self, upstream_received: &[u8]) -> ConnectionSeen {
        let open = self.is_open();
        let closed_by = match self.was_first {
            true => Peer::Client,
            false => Peer::Proxy,
        };
        ConnectionSeen {
            open,
            closed_by: (!open).then_some(closed_by),
            received: self.received.clone(),
            upstream_received: upstream_received.to_vec(),
        }
    }

    /// The answers so far, to requests with these methods.
    pub(super) fn answers<'a>(&self, methods: impl Iterator<Item = &'a str>) -> Vec<MessageSeen> {
        let mut answers = Vec::new();
        let mut rest = self.received.as_slice();
        for method in methods {
            let to_head = method == "HEAD";
            let at_end = self.wire.end() == Some(End::Finished);
            let Some(read) = http1::read(rest, Kind::Response { to_head, at_end }) else {
                break;
            };
            let mut message = read.message;
            // Without a status it is no answer: whoever listens need not speak HTTP.
            let Some(status) = message.status else {
                break;
            };
            message
                .headers
                .insert(0, (":status".to_owned(), status.to_string()));
            answers.push(message);
            let Some(after) = read.length.and_then(|length| rest.get(length..)) else {
                break;
            };
            rest = after;
        }
        answers
    }
}
