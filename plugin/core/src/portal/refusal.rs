//! Why a request is not answered, as a problem document of RFC 9457.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::response::{Body, Response};
use crate::json::Object;

/// A request that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    detail: String,
    /// One more header.
    header: Option<(&'static str, Cow<'static, str>)>,
}

impl Refusal {
    /// The client made a mistake.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, detail)
    }

    pub(super) fn new(status: u16, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            header: None,
        }
    }

    pub(super) fn with_header(
        self,
        name: &'static str,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            header: Some((name, value.into())),
            ..self
        }
    }

    /// Too much is being made already.
    pub(super) fn busy() -> Self {
        Self::new(503, "too many different answers are being made: try again")
            .with_header("retry-after", "1")
    }

    /// Shared data says nothing now.
    pub fn unanswered() -> Self {
        Self::new(
            503,
            "the detector has no secret yet, or shared data does not answer",
        )
        .with_header("retry-after", "1")
    }

    /// The answer that says so.
    pub fn response(self) -> Response {
        let Self {
            status,
            detail,
            header,
        } = self;
        let mut body = String::new();
        let mut object = Object::begin(&mut body);
        object.text("type", "about:blank");
        object.text("title", title(status));
        object.number("status", status.into());
        object.text("detail", &detail);
        if status == 403 {
            // What clients of CrowdSec's interface look for.
            object.text("message", "access forbidden");
        }
        object.end();
        body.push('\n');
        let mut headers = Vec::from([
            ("content-type", Cow::Borrowed("application/problem+json")),
            ("cache-control", Cow::Borrowed("no-store")),
        ]);
        headers.extend(header);
        Response {
            status,
            headers,
            body: Body::of(body),
        }
    }
}

/// RFC 9110 section 15.
const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        414 => "URI Too Long",
        _ => "Service Unavailable",
    }
}

/// Most characters of a client's text that are repeated to it.
const SHOWN_MAX: usize = 60;

/// `text` as it is repeated in a detail: short, in quotes, on one line.
pub(super) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN_MAX).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    alloc::format!("\"{}\"{more}", cut.escape_debug())
}
