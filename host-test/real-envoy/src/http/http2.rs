//! An HTTP/2 client in clear text (prior knowledge), with any header and with request trailers.

use std::{net::TcpStream, time::Duration};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    runtime::{self, Runtime},
    time::timeout,
};

use super::{Request, Response, source::ANSWER_WITHIN};

/// A connection that takes one request after the other.
#[derive(Debug)]
pub struct Http2 {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
}

impl Http2 {
    /// Uses a stream that is connected already. Fails when the other side speaks no HTTP/2.
    pub fn over(stream: TcpStream) -> Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let sender = runtime.block_on(async {
            stream.set_nonblocking(true)?;
            let stream = tokio::net::TcpStream::from_std(stream)?;
            let (sender, connection) = within(h2::client::handshake(stream)).await??;
            tokio::spawn(connection);
            anyhow::Ok(sender)
        });
        Ok(Self {
            sender: sender.context("HTTP/2 handshake")?,
            runtime,
        })
    }

    /// Sends `request` and reads the whole answer.
    ///
    /// Fails when the connection or the stream is closed or reset first, when a name or value
    /// cannot be said in HTTP/2, or when nothing comes for 10 s.
    pub fn send(&mut self, request: &Request) -> Result<Response> {
        let Self { runtime, sender } = self;
        runtime
            .block_on(exchange(sender, request))
            .with_context(|| format!("HTTP/2 {} {}", request.method, request.target))
    }

    /// Sends a GET request for `localhost`. Fails like [`Http2::send`].
    pub fn get(&mut self, target: &str) -> Result<Response> {
        self.send(&Request::get(target))
    }
}

async fn exchange(sender: &mut SendRequest<Bytes>, request: &Request) -> Result<Response> {
    let mut ready = within(sender.clone().ready()).await??;
    let has_body = !request.body.is_empty();
    let has_trailers = !request.trailers.is_empty();
    let (answer, mut stream) = ready.send_request(head(request)?, !has_body && !has_trailers)?;
    if has_body {
        stream.send_data(Bytes::from(request.body.clone()), !has_trailers)?;
    }
    if has_trailers {
        stream.send_trailers(fields(&request.trailers)?)?;
    }
    let (parts, mut body) = within(answer).await??.into_parts();
    let mut bytes = Vec::new();
    while let Some(chunk) = within(body.data()).await? {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > BODY_MAX {
            bail!("a body of more than {BODY_MAX} bytes");
        }
    }
    let trailers = within(body.trailers()).await??.unwrap_or_default();
    Ok(Response {
        status: parts.status.as_u16(),
        headers: texts(&parts.headers),
        body: bytes,
        trailers: texts(&trailers),
    })
}

fn head(request: &Request) -> Result<http::Request<()>> {
    let mut uri = http::Uri::builder()
        .scheme("http")
        .path_and_query(&*request.target);
    // Without an authority the URI must have no scheme either; Envoy then answers 400.
    uri = match &request.authority {
        Some(host) => uri.authority(&**host),
        None => http::Uri::builder().path_and_query(&*request.target),
    };
    let mut head = http::Request::builder()
        .version(http::Version::HTTP_2)
        .method(&*request.method)
        .uri(uri.build()?)
        .body(())?;
    *head.headers_mut() = fields(&request.headers)?;
    Ok(head)
}

fn fields(list: &[(Vec<u8>, Vec<u8>)]) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in list {
        let shown = String::from_utf8_lossy(name);
        map.append(
            HeaderName::from_bytes(name).with_context(|| format!("header name {shown:?}"))?,
            HeaderValue::from_bytes(value).with_context(|| format!("value of {shown}"))?,
        );
    }
    Ok(map)
}

pub(super) fn texts(map: &HeaderMap) -> Vec<(String, String)> {
    map.iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.into_owned())
        })
        .collect()
}

async fn within<T>(work: impl Future<Output = T>) -> Result<T> {
    let limit: Duration = ANSWER_WITHIN;
    timeout(limit, work)
        .await
        .with_context(|| format!("no answer within {limit:?}"))
}

const BODY_MAX: usize = 64 * 1024 * 1024;
