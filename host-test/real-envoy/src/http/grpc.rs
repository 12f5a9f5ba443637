//! A gRPC server whose answers are known: for the gRPC calls of modules.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
};

use anyhow::{Context, Result};
use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http::{HeaderMap, HeaderValue};
use tokio::runtime;

/// A server on threads of its own, which end with the process.
///
/// What it answers, the method says, whatever the service:
/// - `Echo`: every message comes back; initial metadata `x-initial: i`, trailing `x-trailing: t`,
///   status 0;
/// - `Tell`: one message, the path and the metadata `x-own` as the server has got them; status 0;
/// - `Fail`: status 5 with the message `not here`, and nothing else;
/// - `Reset`: the stream is reset when the first message has come;
/// - every other: nothing, ever.
#[derive(Debug)]
pub struct GrpcUpstream {
    addr: SocketAddr,
}

impl GrpcUpstream {
    /// Listens on a free port of 127.0.0.1. Fails when there is none.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listen")?;
        let addr = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A peer that breaks off is no concern of the others.
                thread::spawn(move || serve(stream));
            }
        });
        Ok(Self { addr })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.addr.port()
    }
}

fn serve(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::from_std(stream)?;
        let mut connection = h2::server::handshake(stream).await?;
        while let Some(call) = connection.accept().await {
            let (request, respond) = call?;
            tokio::spawn(answer(request, respond));
        }
        Ok(())
    })
}

async fn answer(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<()> {
    let path = request.uri().path().to_owned();
    let own = request.headers().get("x-own").map(HeaderValue::as_bytes);
    let told = [path.as_bytes(), b" ", own.unwrap_or_default()].concat();
    let mut body = request.into_body();
    match path.rsplit('/').next().unwrap_or_default() {
        "Echo" => {
            let mut messages = respond.send_response(head(&[("x-initial", "i")])?, false)?;
            while let Some(bytes) = body.data().await {
                let bytes = bytes?;
                body.flow_control().release_capacity(bytes.len())?;
                messages.send_data(bytes, false)?;
            }
            messages.send_trailers(fields(&[("grpc-status", "0"), ("x-trailing", "t")]))?;
        }
        "Tell" => {
            while let Some(bytes) = body.data().await {
                body.flow_control().release_capacity(bytes?.len())?;
            }
            let mut messages = respond.send_response(head(&[])?, false)?;
            // Not compressed, and how long it is.
            let length = u32::try_from(told.len())?.to_be_bytes();
            let message = [&[0], &length[..], &told].concat();
            messages.send_data(Bytes::from(message), false)?;
            messages.send_trailers(fields(&[("grpc-status", "0")]))?;
        }
        "Fail" => {
            let status = [("grpc-status", "5"), ("grpc-message", "not here")];
            respond.send_response(head(&status)?, true)?;
        }
        "Reset" => {
            body.data().await;
            respond.send_reset(Reason::INTERNAL_ERROR);
        }
        _ => std::future::pending().await,
    }
    Ok(())
}

fn head(metadata: &[(&'static str, &'static str)]) -> Result<http::Response<()>> {
    let mut head = http::Response::builder()
        .header("content-type", "application/grpc")
        .body(())?;
    head.headers_mut().extend(fields(metadata));
    Ok(head)
}

fn fields(list: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in list {
        map.append(*name, HeaderValue::from_static(value));
    }
    map
}
