//! Requests and responses, as lists of bytes in the order of the wire.

/// A request; headers go out in the given order, spelling and number.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Path and query, such as `/a?b=c`.
    pub target: String,
    /// The host that is asked for: `:authority`, or `Host` unless `headers` has one; `None` sends
    /// neither.
    pub authority: Option<String>,
    /// Name and value.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Empty: no body, unless there are trailers.
    pub body: Vec<u8>,
    /// Sent after the body; over HTTP/1.1 the body is then chunked.
    pub trailers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether an HTTP/1.1 body is chunked even without trailers.
    pub chunked: bool,
}

impl Request {
    /// A request without headers and body, for the host `localhost`.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            authority: Some("localhost".into()),
            headers: Vec::new(),
            body: Vec::new(),
            trailers: Vec::new(),
            chunked: false,
        }
    }

    /// A GET request for the host `localhost`.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A POST request with `body` for the host `localhost`.
    pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut request = Self::new("POST", target);
        request.body = body.into();
        request
    }

    /// Asks for `host`.
    pub fn authority(mut self, host: &str) -> Self {
        self.authority = Some(host.into());
        self
    }

    /// Asks for no host.
    pub fn without_authority(mut self) -> Self {
        self.authority = None;
        self
    }

    /// Adds a header. HTTP/2 spells names in small letters, HTTP/1.1 leaves them as they are.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Adds a trailer, with the same spelling rule as [`Request::header`].
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.trailers
            .push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Sends an HTTP/1.1 body in chunks even without trailers.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Name, as spelled on the wire, and value.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// Trailers after the body.
    pub trailers: Vec<(String, String)>,
}

impl Response {
    /// The values of every header `name` (in any spelling), in order.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&str> {
        values(&self.headers, name)
    }

    /// The value of the first header `name` (in any spelling).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.values(name).first().copied()
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) fn values<'a>(fields: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    fields
        .iter()
        .filter(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
        .collect()
}
