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

fn reason(status: &[u8]) -> &'static [u8] {
    match status {
        b"100" => b"Continue",
        b"101" => b"Switching Protocols",
        b"200" => b"OK",
        b"201" => b"Created",
        b"202" => b"Accepted",
        b"204" => b"No Content",
        b"206" => b"Partial Content",
        b"301" => b"Moved Permanently",
        b"302" => b"Found",
        b"303" => b"See Other",
        b"304" => b"Not Modified",
        b"307" => b"Temporary Redirect",
        b"308" => b"Permanent Redirect",
        b"400" => b"Bad Request",
        b"401" => b"Unauthorized",
        b"403" => b"Forbidden",
        b"404" => b"Not Found",
        b"405" => b"Method Not Allowed",
        b"408" => b"Request Timeout",
        b"413" => b"Payload Too Large",
        b"426" => b"Upgrade Required",
        b"429" => b"Too Many Requests",
        b"431" => b"Request Header Fields Too Large",
        b"500" => b"Internal Server Error",
        b"501" => b"Not Implemented",
        b"502" => b"Bad Gateway",
        b"503" => b"Service Unavailable",
        b"504" => b"Gateway Timeout",
        _ => b"Unknown",
    }
}
