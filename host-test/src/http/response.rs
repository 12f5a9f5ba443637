//! Responses as bytes of HTTP/1.

use super::headers::HeaderMap;

/// How the body of a response is framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length, or there is none.
    #[default]
    Length,
    /// In chunks.
    Chunked,
}

/// Status line and headers. The headers tell how the body is framed.
pub(super) fn head(headers: &HeaderMap, is_end: bool, is_head: bool) -> (Vec<u8>, Framing) {
    let status = headers.get(b":status").unwrap_or(b"500");
    let mut bytes = [b"HTTP/1.1 ", status, b" ", reason(status), b"\r\n"].concat();
    let mut line = |name: &[u8], value: &[u8]| {
        bytes.extend([name, b": ", value, b"\r\n"].concat());
    };
    for (name, value) in headers.iter().filter(|(name, _)| !name.starts_with(b":")) {
        line(name, value);
    }
    let has_no_body = status.starts_with(b"1") || status == b"204" || status == b"304";
    let mut framing = Framing::Length;
    if headers.get(b"content-length").is_none() && !has_no_body && !is_head {
        if is_end {
            line(b"content-length", b"0");
        } else {
            line(b"transfer-encoding", b"chunked");
            framing = Framing::Chunked;
        }
    }
    bytes.extend(b"\r\n");
    (bytes, framing)
}

/// A part of the body, and the end of it.
pub(super) fn data(framing: Framing, bytes: &[u8], is_end: bool) -> Vec<u8> {
    if framing == Framing::Length {
        return bytes.to_vec();
    }
    let mut chunk = Vec::new();
    if !bytes.is_empty() {
        chunk.extend(format!("{:x}\r\n", bytes.len()).into_bytes());
        chunk.extend_from_slice(bytes);
        chunk.extend(b"\r\n");
    }
    if is_end {
        chunk.extend(b"0\r\n\r\n");
    }
    chunk
}

/// The end of a body in chunks, with trailers.
pub(super) fn trailers(framing: Framing, trailers: &HeaderMap) -> Vec<u8> {
    if framing == Framing::Length {
        return Vec::new();
    }
    let lines = trailers
        .iter()
        .map(|(name, value)| [name, b": ", value, b"\r\n"].concat());
    let lines: Vec<Vec<u8>> = lines.collect();
    [b"0\r\n", &lines.concat()[..], b"\r\n"].concat()
}

/// The words beside a status, as Envoy writes them.
fn reason(status: &[u8]) -> &'static [u8] {
    let found = REASONS.iter().find(|(code, _)| code.as_bytes() == status);
    found.map_or(b"Unknown", |(_, words)| words.as_bytes())
}

const REASONS: &[(&str, &str)] = &[
    ("100", "Continue"),
    ("101", "Switching Protocols"),
    ("102", "Processing"),
    ("103", "Early Hints"),
    ("200", "OK"),
    ("201", "Created"),
    ("202", "Accepted"),
    ("203", "Non-Authoritative Information"),
    ("204", "No Content"),
    ("205", "Reset Content"),
    ("206", "Partial Content"),
    ("207", "Multi-Status"),
    ("208", "Already Reported"),
    ("226", "IM Used"),
    ("300", "Multiple Choices"),
    ("301", "Moved Permanently"),
    ("302", "Found"),
    ("303", "See Other"),
    ("304", "Not Modified"),
    ("305", "Use Proxy"),
    ("307", "Temporary Redirect"),
    ("308", "Permanent Redirect"),
    ("400", "Bad Request"),
    ("401", "Unauthorized"),
    ("402", "Payment Required"),
    ("403", "Forbidden"),
    ("404", "Not Found"),
    ("405", "Method Not Allowed"),
    ("406", "Not Acceptable"),
    ("407", "Proxy Authentication Required"),
    ("408", "Request Timeout"),
    ("409", "Conflict"),
    ("410", "Gone"),
    ("411", "Length Required"),
    ("412", "Precondition Failed"),
    ("413", "Payload Too Large"),
    ("414", "URI Too Long"),
    ("415", "Unsupported Media Type"),
    ("416", "Range Not Satisfiable"),
    ("417", "Expectation Failed"),
    ("421", "Misdirected Request"),
    ("422", "Unprocessable Entity"),
    ("423", "Locked"),
    ("424", "Failed Dependency"),
    ("425", "Too Early"),
    ("426", "Upgrade Required"),
    ("428", "Precondition Required"),
    ("429", "Too Many Requests"),
    ("431", "Request Header Fields Too Large"),
    ("500", "Internal Server Error"),
    ("501", "Not Implemented"),
    ("502", "Bad Gateway"),
    ("503", "Service Unavailable"),
    ("504", "Gateway Timeout"),
    ("505", "HTTP Version Not Supported"),
    ("506", "Variant Also Negotiates"),
    ("507", "Insufficient Storage"),
    ("508", "Loop Detected"),
    ("510", "Not Extended"),
    ("511", "Network Authentication Required"),
    ("599", "Last Unassigned Server Error Code"),
];
