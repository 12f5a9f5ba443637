//! Requests of clients and responses of upstreams.

use super::StreamId;
use super::operations::Gone;
use crate::Worker;
use crate::http::{self, HeaderKind, HeaderMap};

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

impl Worker {
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
