//! From the words of a scenario to those of the host.

use crate::connection;
use crate::network::TlsInfo;
use crate::scenario::model::{HttpVersion, Message, Request, Tls};
use crate::scenario::world::Obstacle;

/// What a client says in TLS.
pub(super) fn tls(tls: &Tls) -> TlsInfo {
    TlsInfo {
        server_name: tls.server_name.clone().unwrap_or_default(),
        version: tls.version.clone(),
        is_mutual: tls.client_certificate,
        failure: tls.failure.clone(),
    }
}

/// A request with its pseudo-headers.
pub(super) fn request(request: &Request) -> Result<connection::Request, Obstacle> {
    if request.version == HttpVersion::Http2 {
        return Err(Obstacle::Mistake(
            "the harness speaks HTTP/1.1 as a client".to_owned(),
        ));
    }
    let mut out = connection::Request::new(&request.method, &request.path, &request.authority);
    out.headers.extend(lines(&request.message.headers));
    if !request.message.body.is_empty() {
        out.body.push(request.message.body.clone());
    }
    out.trailers = lines(&request.message.trailers);
    out.is_open = !request.end;
    Ok(out)
}

/// A request in the bytes of HTTP/1.1, part by part as a client sends them, and whether more of it
/// comes in chunks.
pub(crate) fn request_in_parts(wanted: &Request) -> Result<(Vec<Vec<u8>>, bool), Obstacle> {
    let message = request(wanted)?;
    let is_chunked = message.is_open && !has_length(wanted);
    Ok((message.parts(), is_chunked))
}

/// Whether a request says how long its body is.
pub(super) fn has_length(request: &Request) -> bool {
    let mut headers = request.message.headers.iter();
    headers.any(|(name, _)| name.eq_ignore_ascii_case("content-length"))
}

/// A response of an upstream; its body has a length unless trailers follow.
pub(super) fn response(status: u16, message: &Message) -> connection::Response {
    let mut out = connection::Response::new(status);
    out.headers.extend(lines(&message.headers));
    out.trailers = lines(&message.trailers);
    let names = |name: &str| {
        message
            .headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    if !message.body.is_empty() {
        out.body.push(message.body.clone());
    }
    if message.trailers.is_empty() && !names("content-length") && !names("transfer-encoding") {
        let length = message.body.len().to_string().into_bytes();
        out.headers.push(("content-length".to_owned(), length));
    }
    out
}

/// A part of a body in chunks, and its end.
pub(crate) fn chunk(bytes: &[u8], end: bool) -> Vec<u8> {
    let mut out = Vec::new();
    if !bytes.is_empty() {
        out.extend(format!("{:x}\r\n", bytes.len()).into_bytes());
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
    }
    if end {
        out.extend_from_slice(b"0\r\n\r\n");
    }
    out
}

/// The end of a body in chunks, with trailers.
pub(crate) fn trailers(trailers: &[(String, String)]) -> Vec<u8> {
    let lines: String = trailers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("0\r\n{lines}\r\n").into_bytes()
}

fn lines(headers: &[(String, String)]) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
        .collect()
}
