//! From the words of a scenario to those of the host.

use crate::connection;
use crate::http::Protocol;
use crate::network::TlsInfo;
use crate::scenario::model::{HttpVersion, Message, Request, Tls};

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
pub(crate) fn request(request: &Request) -> connection::Request {
    let mut out = connection::Request::new(&request.method, &request.path, &request.authority);
    out.headers.extend(lines(&request.message.headers));
    if !request.message.body.is_empty() {
        out.body.push(request.message.body.clone());
    }
    out.trailers = lines(&request.message.trailers);
    out.is_open = !request.end;
    out.protocol = match request.version {
        HttpVersion::Http1 => Protocol::Http11,
        HttpVersion::Http2 => Protocol::Http2,
    };
    out
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

/// Headers or trailers.
pub(crate) fn lines(headers: &[(String, String)]) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
        .collect()
}
