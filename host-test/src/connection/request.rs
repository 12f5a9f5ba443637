//! Requests of clients as the bytes that they send.

use crate::http::{Protocol, frame};

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
    /// What the client speaks. HTTP/1.1 unless it is said.
    pub protocol: Protocol,
}

/// How a request goes on that was left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// In frames of this stream of HTTP/2.
    Frames(u32),
    /// In chunks.
    Chunks,
    /// As it is.
    Bytes,
}

impl Form {
    /// Whether it is one of HTTP/2.
    pub(crate) fn is_http2(self) -> bool {
        matches!(self, Self::Frames(_))
    }

    /// More of the body, in parts that are sent one after the other.
    pub(crate) fn data(self, bytes: &[u8], is_end: bool) -> Vec<Vec<u8>> {
        match self {
            Self::Frames(stream) => frame::data(stream, bytes, is_end),
            Self::Chunks if is_end => vec![[chunk(bytes), last_chunk(&[])].concat()],
            Self::Chunks => vec![chunk(bytes)],
            Self::Bytes => vec![bytes.to_vec()],
        }
    }

    /// The end with trailers; none where the body has a length and trailers cannot follow.
    pub(crate) fn trailers(self, trailers: &[(String, Vec<u8>)]) -> Option<Vec<u8>> {
        match self {
            Self::Frames(stream) => Some(trailers_frame(stream, trailers)),
            Self::Chunks => Some(last_chunk(trailers)),
            Self::Bytes => None,
        }
    }

    /// The end without more; none where only the end of the connection says so.
    pub(crate) fn reset(self) -> Option<Vec<u8>> {
        const CANCEL: u32 = 8;
        match self {
            Self::Frames(stream) => Some(frame::reset(stream, CANCEL)),
            Self::Chunks | Self::Bytes => None,
        }
    }
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

    /// In this version of HTTP.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// With one more part of the body.
    #[must_use]
    pub fn body(mut self, part: impl AsRef<[u8]>) -> Self {
        self.body.push(part.as_ref().to_vec());
        self
    }

    /// What a client sends, part by part, on a connection on which it has sent so many requests in
    /// HTTP/2 before, and how it goes on.
    pub(crate) fn sent(&self, before: u32, is_tls: bool) -> (Form, Vec<Vec<u8>>) {
        if self.protocol != Protocol::Http2 {
            let form = match self.is_chunked() {
                true => Form::Chunks,
                false => Form::Bytes,
            };
            return (form, self.bytes());
        }
        let mut parts = Vec::new();
        if before == 0 {
            let settings = frame::frame(frame::Kind::Settings, 0, 0, b"");
            parts.push([frame::PREFACE, &settings].concat());
        }
        // Clients count in odd numbers.
        let stream = before.saturating_mul(2).saturating_add(1);
        parts.extend(self.frames(stream, is_tls));
        (Form::Frames(stream), parts)
    }

    /// Whether the body comes in chunks, in HTTP/1.1.
    fn is_chunked(&self) -> bool {
        let has_length = self.has("content-length") || self.has("transfer-encoding");
        !has_length && (self.is_open || !self.trailers.is_empty())
    }

    /// As the bytes of HTTP/1: the head, each part of the body, the end.
    fn bytes(&self) -> Vec<Vec<u8>> {
        let method = self.pseudo(":method").unwrap_or(b"GET");
        let path = self.pseudo(":path").unwrap_or(b"/");
        let version = self.protocol.name().as_bytes();
        let mut head = [method, b" ", path, b" ", version, b"\r\n"].concat();
        for (name, value) in &self.headers {
            match name.as_str() {
                ":authority" => line(&mut head, "host", value),
                name if name.starts_with(':') => {}
                name => line(&mut head, name, value),
            }
        }
        let is_chunked = self.is_chunked();
        if is_chunked {
            line(&mut head, "transfer-encoding", b"chunked");
        } else if let Some(length) = self.missing_length() {
            line(&mut head, "content-length", length.as_bytes());
        }
        head.extend(b"\r\n");
        let mut parts = vec![head];
        let part = |part: &Vec<u8>| {
            if is_chunked {
                chunk(part)
            } else {
                part.clone()
            }
        };
        parts.extend(self.body.iter().map(part));
        if is_chunked && !self.is_open {
            parts.push(last_chunk(&self.trailers));
        }
        parts
    }

    /// As frames of HTTP/2 on this stream.
    fn frames(&self, stream: u32, is_tls: bool) -> Vec<Vec<u8>> {
        let scheme: &[u8] = if is_tls { b"https" } else { b"http" };
        let mut headers = vec![
            (
                b":method".to_vec(),
                self.pseudo(":method").unwrap_or(b"GET"),
            ),
            (
                b":scheme".to_vec(),
                self.pseudo(":scheme").unwrap_or(scheme),
            ),
            (b":path".to_vec(), self.pseudo(":path").unwrap_or(b"/")),
        ];
        let authority = self.pseudo(":authority");
        headers.extend(authority.map(|value| (b":authority".to_vec(), value)));
        for (name, value) in self
            .headers
            .iter()
            .filter(|(name, _)| !name.starts_with(':'))
        {
            headers.push((name.to_ascii_lowercase().into_bytes(), value));
        }
        let length = self.missing_length().filter(|_| !self.is_open);
        if let Some(length) = &length {
            headers.push((b"content-length".to_vec(), length.as_bytes()));
        }
        let is_last = |has_more: bool| !has_more && !self.is_open && self.trailers.is_empty();
        let headers = headers.iter().map(|(name, value)| (&name[..], *value));
        let ends_with_headers = is_last(!self.body.is_empty());
        let mut parts = vec![frame::headers(stream, headers, ends_with_headers)];
        for (at, part) in self.body.iter().enumerate() {
            let is_end = is_last(at + 1 < self.body.len());
            parts.extend(frame::data(stream, part, is_end));
        }
        if !self.is_open && !self.trailers.is_empty() {
            parts.push(trailers_frame(stream, &self.trailers));
        }
        parts
    }

    /// The length of the body, where it is known and not said.
    fn missing_length(&self) -> Option<String> {
        let is_said = self.has("content-length") || self.has("transfer-encoding");
        let length: usize = self.body.iter().map(Vec::len).sum();
        let is_known = !is_said && !self.body.is_empty() && self.trailers.is_empty();
        is_known.then(|| length.to_string())
    }

    fn has(&self, name: &str) -> bool {
        let mut names = self.headers.iter().map(|(name, _)| name);
        names.any(|known| known.eq_ignore_ascii_case(name))
    }

    fn pseudo(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_slice())
    }
}

fn line(bytes: &mut Vec<u8>, name: &str, value: &[u8]) {
    bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
}

/// A part of a body in chunks.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let size = format!("{:x}\r\n", bytes.len());
    [size.as_bytes(), bytes, b"\r\n"].concat()
}

/// The end of a body in chunks.
fn last_chunk(trailers: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"0\r\n".to_vec();
    for (name, value) in trailers {
        line(&mut bytes, name, value);
    }
    bytes.extend(b"\r\n");
    bytes
}

/// Trailers in HTTP/2.
fn trailers_frame(stream: u32, trailers: &[(String, Vec<u8>)]) -> Vec<u8> {
    let lower: Vec<(Vec<u8>, &[u8])> = trailers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase().into_bytes(), value.as_slice()))
        .collect();
    let lines = lower.iter().map(|(name, value)| (&name[..], *value));
    frame::headers(stream, lines, true)
}
