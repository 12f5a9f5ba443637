//! Requests of clients and responses of upstreams.

use super::operations::Gone;
use super::turn::Place;
use super::{ConnectionId, StreamId};
use crate::Worker;
use crate::http::{self, HeaderKind, HeaderMap};
use crate::network;
use crate::shared::lock;

/// A request, as the client sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Headers in their order, with `:method`, `:path` and `:authority`; `GET /` of no host
    /// without them.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Parts of the body, each sent on its own. With none the request ends with its headers.
    pub body: Vec<Vec<u8>>,
    /// Trailers behind the body.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// More of the body follows: the request is not ended.
    pub is_open: bool,
}

impl Request {
    /// A request with this method, path and host.
    #[must_use]
    pub fn new(method: &str, path: &str, host: &str) -> Self {
        let headers = [(":method", method), (":path", path), (":authority", host)];
        let owned = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        Self {
            headers: owned.into(),
            ..Self::default()
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// With one more part of the body.
    #[must_use]
    pub fn body(mut self, part: impl AsRef<[u8]>) -> Self {
        self.body.push(part.as_ref().to_vec());
        self
    }

    /// As the bytes of HTTP/1.1: the head, each part of the body, the end.
    pub(crate) fn parts(&self) -> Vec<Vec<u8>> {
        let pseudo = |name: &str, default: &str| {
            let found = self.headers.iter().find(|(known, _)| known == name);
            found
                .map_or(default.as_bytes(), |(_, value)| value)
                .to_vec()
        };
        let (method, path) = (pseudo(":method", "GET"), pseudo(":path", "/"));
        let mut head = [&method[..], b" ", &path, b" HTTP/1.1\r\n"].concat();
        let mut line = |name: &str, value: &[u8]| {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        };
        let mut has_length = false;
        for (name, value) in &self.headers {
            match name.as_str() {
                ":authority" => line("host", value),
                name if name.starts_with(':') => {}
                name => {
                    has_length |= name.eq_ignore_ascii_case("content-length")
                        || name.eq_ignore_ascii_case("transfer-encoding");
                    line(name, value);
                }
            }
        }
        let is_chunked = !has_length && (self.is_open || !self.trailers.is_empty());
        if is_chunked {
            line("transfer-encoding", b"chunked");
        } else if !has_length && !self.body.is_empty() {
            let length: usize = self.body.iter().map(Vec::len).sum();
            line("content-length", length.to_string().as_bytes());
        }
        head.extend(b"\r\n");
        let mut parts = vec![head];
        parts.extend(self.body.iter().map(|part| chunk(part, is_chunked)));
        if is_chunked && !self.is_open {
            parts.push(self.end());
        }
        parts
    }

    fn end(&self) -> Vec<u8> {
        let line = |(name, value): &(String, Vec<u8>)| {
            [name.as_bytes(), b": ", &value[..], b"\r\n"].concat()
        };
        let trailers: Vec<u8> = self.trailers.iter().flat_map(line).collect();
        [b"0\r\n", &trailers[..], b"\r\n"].concat()
    }
}

fn chunk(bytes: &[u8], is_chunked: bool) -> Vec<u8> {
    if !is_chunked || bytes.is_empty() {
        return bytes.to_vec();
    }
    let size = format!("{:x}\r\n", bytes.len());
    [size.as_bytes(), bytes, b"\r\n"].concat()
}

/// A response, as the upstream sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Headers in their order, `:status` among them; 200 without it.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Parts of the body. With none the response ends with its headers.
    pub body: Vec<Vec<u8>>,
    /// Trailers behind the body.
    pub trailers: Vec<(String, Vec<u8>)>,
}

impl Response {
    /// A response with this status and nothing else.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            headers: vec![(":status".to_owned(), status.to_string().into_bytes())],
            ..Self::default()
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// With this body and its length.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref().to_vec();
        self = self.header("content-length", body.len().to_string());
        self.body = vec![body];
        self
    }
}

/// Gives the next streams of a connection these numbers, if it speaks HTTP.
pub(super) fn reserve(connection: &network::Handle, streams: &[u64]) {
    let mut state = lock(connection);
    let index = state.http_index();
    if let Some((manager, _)) = index.and_then(|index| state.http(index)) {
        streams.iter().for_each(|stream| manager.reserve(*stream));
    }
}

impl Worker {
    /// The client sends a request in HTTP/1.1. What filters hold back waits there. Where nobody
    /// speaks HTTP the bytes are sent all the same, and there will be no such stream.
    ///
    /// Fails when the connection is not open.
    pub fn request(&mut self, id: ConnectionId, request: &Request) -> Result<StreamId, Gone> {
        let stream = self.traffic.reserve_stream();
        if let Place::Waiting(mut waiting) = self.place(id)? {
            // The first bytes decide which filters there will be.
            waiting.streams.push(stream);
            self.traffic.wait(id.id, waiting);
        } else {
            reserve(&self.handle(id)?, &[stream]);
        }
        for part in request.parts() {
            self.send(id, &part)?;
        }
        Ok(StreamId {
            worker: id.worker,
            id: stream,
        })
    }

    /// The upstream answers a stream. Nothing happens if it cannot, because the request is not
    /// there or was answered already.
    ///
    /// Fails when there is no such stream.
    pub fn respond(&mut self, id: StreamId, response: Response) -> Result<(), Gone> {
        let stream = self.stream_handle(id)?;
        self.answer(&stream, response);
        self.end_turn();
        Ok(())
    }

    /// The upstream closes the connection on which it has the request.
    ///
    /// Fails when there is no such stream.
    pub fn upstream_reset(&mut self, id: StreamId) -> Result<(), Gone> {
        let stream = self.stream_handle(id)?;
        http::upstream_reset(self, &stream);
        self.end_turn();
        Ok(())
    }

    /// What upstreams answer to every request that is whole there; without it they say nothing
    /// until [`Worker::respond`].
    pub fn set_default_response(&mut self, response: Option<Response>) {
        self.traffic.answer = response;
    }

    pub(super) fn answer(&mut self, stream: &http::Handle, response: Response) {
        let mut headers = HeaderMap::of(HeaderKind::Response, response.headers);
        if headers.get(b":status").is_none() {
            headers.add(b":status", b"200");
        }
        let has_trailers = !response.trailers.is_empty();
        let has_body = !response.body.is_empty();
        http::respond_headers(self, stream, headers, !has_body && !has_trailers);
        for part in response.body {
            http::respond_data(self, stream, part, false);
        }
        if has_trailers {
            let trailers = HeaderMap::of(HeaderKind::Trailers, response.trailers);
            http::respond_trailers(self, stream, trailers);
        } else if has_body {
            http::respond_data(self, stream, Vec::new(), true);
        }
    }

    pub(super) fn stream_handle(&self, id: StreamId) -> Result<http::Handle, Gone> {
        let stream = self.traffic.stream(id.id).cloned();
        stream.ok_or(Gone::Stream(id.id))
    }
}
