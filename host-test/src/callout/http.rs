//! Answers to HTTP calls.

use crate::abi::Pairs;
use crate::http::{HeaderKind, HeaderMap};

/// What a server answers to an HTTP call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// Headers, without `:status`.
    pub headers: Pairs,
    /// The body. More than 32 MiB is more than Envoy takes: the call fails.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Pairs,
}

/// The most bytes of a body (`http.async_response_buffer_limit`).
pub(super) const BODY_MAX_BYTES: usize = 32 << 20;

/// An answer as the guest sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Option<HeaderMap>,
}

impl Seen {
    /// What a server said, after so many milliseconds.
    pub(super) fn of_server(answer: HttpAnswer, millis: u64) -> Self {
        let mut headers = with_status(answer.status);
        for (name, value) in &answer.headers {
            headers.add(name, value);
        }
        headers.overwrite(SERVICE_TIME, millis.to_string().as_bytes());
        let trailers = HeaderMap::of(HeaderKind::Trailers, answer.trailers);
        Self {
            headers,
            body: answer.body,
            trailers: (!trailers.is_empty()).then_some(trailers),
        }
    }

    /// What Envoy says where no server does.
    pub(super) fn of_envoy(status: u16, text: &str) -> Self {
        let mut headers = with_status(status);
        headers.add(b"content-length", text.len().to_string().as_bytes());
        headers.add(b"content-type", b"text/plain");
        Self {
            headers,
            body: text.as_bytes().to_vec(),
            trailers: None,
        }
    }

    pub(super) fn refused() -> Self {
        let text = format!("{RESET_BEFORE_HEADERS}remote connection failure");
        Self::of_envoy(503, &text)
    }

    pub(super) fn reset() -> Self {
        let text = format!("{RESET_BEFORE_HEADERS}remote reset");
        Self::of_envoy(503, &text)
    }

    pub(super) fn disconnected() -> Self {
        let text = format!("{RESET_BEFORE_HEADERS}connection termination");
        Self::of_envoy(503, &text)
    }

    pub(super) fn timed_out() -> Self {
        Self::of_envoy(504, TIMED_OUT)
    }
}

pub(super) const RESET_BEFORE_HEADERS: &str =
    "upstream connect error or disconnect/reset before headers. reset reason: ";
pub(super) const TIMED_OUT: &str = "upstream request timeout";

/// The time that the server took, in milliseconds.
pub(super) const SERVICE_TIME: &[u8] = b"x-envoy-upstream-service-time";

/// Headers of a response with this status.
pub(super) fn with_status(status: u16) -> HeaderMap {
    let status = status.to_string();
    HeaderMap::of(HeaderKind::Response, [(":status", status)])
}
