//! Where a client comes from: its address, and the namespace it lives in.

use std::{
    io::{ErrorKind, Read},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use socket2::{Domain, Protocol, Socket, Type};

use super::{Http1, Http2, Request, Response};
use crate::Netns;

/// The place that connections are made from.
///
/// All of 127.0.0.0/8 belongs to this machine, so every address of it can stand for another
/// client without any set-up; `::1` is the only one of its kind.
#[derive(Clone, Debug)]
#[must_use]
pub struct Source {
    ip: Option<IpAddr>,
    namespace: Option<Netns>,
}

impl Source {
    /// Whatever address the machine chooses.
    pub fn any() -> Self {
        Self {
            ip: None,
            namespace: None,
        }
    }

    /// The address `ip`, which the machine or the namespace must have.
    pub fn ip(ip: impl Into<IpAddr>) -> Self {
        Self {
            ip: Some(ip.into()),
            namespace: None,
        }
    }

    /// The loopback address `127.a.b.c`.
    pub fn loopback(a: u8, b: u8, c: u8) -> Self {
        Self::ip(Ipv4Addr::new(127, a, b, c))
    }

    /// The address `::1`.
    pub fn loopback_v6() -> Self {
        Self::ip(Ipv6Addr::LOCALHOST)
    }

    /// The same address inside `namespace`.
    pub fn inside(mut self, namespace: &Netns) -> Self {
        self.namespace = Some(namespace.clone());
        self
    }

    /// Connects to `to`; reads and writes of the stream end after 10 s at the latest.
    ///
    /// Fails when the address is not this machine's, or when nobody answers within 5 s.
    pub fn connect(&self, to: SocketAddr) -> Result<TcpStream> {
        match &self.namespace {
            Some(namespace) => namespace.enter(|| self.connect_here(to))?,
            None => self.connect_here(to),
        }
        .with_context(|| match self.ip {
            Some(ip) => format!("connect from {ip} to {to}"),
            None => format!("connect to {to}"),
        })
    }

    /// Connects to `to` and closes at once, without a byte: what a connect scan does.
    pub fn touch(&self, to: SocketAddr) -> Result<()> {
        self.connect(to).map(drop)
    }

    /// A connection for HTTP/1.1 requests. Fails like [`Source::connect`].
    pub fn http1(&self, to: SocketAddr) -> Result<Http1> {
        Http1::over(self.connect(to)?)
    }

    /// A connection for HTTP/2 requests, in clear text. Fails like [`Source::connect`], and when
    /// the other side speaks no HTTP/2.
    pub fn http2(&self, to: SocketAddr) -> Result<Http2> {
        Http2::over(self.connect(to)?)
    }

    /// Sends one request over HTTP/1.1 on a connection of its own.
    pub fn send(&self, to: SocketAddr, request: &Request) -> Result<Response> {
        self.http1(to)?.send(request)
    }

    /// Sends one GET request over HTTP/1.1 on a connection of its own.
    pub fn get(&self, to: SocketAddr, target: &str) -> Result<Response> {
        self.send(to, &Request::get(target))
    }

    fn connect_here(&self, to: SocketAddr) -> Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
        if let Some(ip) = self.ip {
            let from = SocketAddr::new(ip, 0);
            socket
                .bind(&from.into())
                .with_context(|| format!("{ip} is no address of this host"))?;
        }
        socket.connect_timeout(&to.into(), CONNECT_WITHIN)?;
        socket.set_tcp_nodelay(true)?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        Ok(stream)
    }
}

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Reads until the other side closes or resets the connection, and returns what came before.
///
/// Fails when a pause between two bytes gets longer than `within`: the connection is still open.
pub fn read_until_close(stream: &mut TcpStream, within: Duration) -> Result<Vec<u8>> {
    stream.set_read_timeout(Some(within))?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(bytes),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                bail!("the connection is still open after {within:?}")
            }
            Err(error) => return Err(error.into()),
        }
        if bytes.len() > READ_MAX {
            bail!("more than {READ_MAX} bytes came");
        }
    }
}

const READ_MAX: usize = 64 * 1024 * 1024;
