//! What happens to a response behind its filters, and how it gets to the client
//! (`ActiveStream::encodeHeaders` and so on).

use super::headers::HeaderMap;
use super::manager;
use super::response;
use super::state::Handle;
use crate::config::format::http_date;
use crate::connection::runner::Runner;
use crate::network;
use crate::shared::lock;

/// Completes the headers of the response and writes them.
pub(super) fn headers(runner: &mut dyn Runner, stream: &Handle, is_end: bool) {
    let now = runner.shared().clock.unix_nanos();
    let (connection, bytes) = {
        let mut state = lock(stream);
        let place = state.place();
        if !state.is_received {
            manager::set_closing(&place);
        }
        let is_closing = manager::is_closing(&place);
        let server = state.blueprint.config.server_name.clone();
        let is_head = state.is_head;
        let Some(headers) = &mut state.response_headers else {
            return;
        };
        if headers.get(b"date").is_none() {
            headers.add(b"date", http_date(now).as_bytes());
        }
        headers.overwrite(b"server", server.as_bytes());
        for name in [
            "connection",
            "transfer-encoding",
            "keep-alive",
            "proxy-connection",
        ] {
            headers.remove(name.as_bytes());
        }
        if is_closing {
            headers.add(b"connection", b"close");
        }
        let code = headers
            .get(b":status")
            .and_then(|code| std::str::from_utf8(code).ok());
        let code = code.and_then(|code| code.parse().ok());
        let (bytes, framing) = response::head(headers, is_end, is_head);
        state.response_code = code;
        state.framing = framing;
        (state.connection.clone(), bytes)
    };
    network::write(runner, &connection, bytes, false);
}

/// Writes a part of the body of the response.
pub(super) fn data(runner: &mut dyn Runner, stream: &Handle, body: &[u8], is_end: bool) {
    let (connection, bytes) = {
        let mut state = lock(stream);
        state.bytes_sent += body.len() as u64;
        state.client_body.extend_from_slice(body);
        let bytes = response::data(state.framing, body, is_end);
        (state.connection.clone(), bytes)
    };
    network::write(runner, &connection, bytes, false);
}

/// Writes the trailers of the response, if the client gets any.
pub(super) fn trailers(runner: &mut dyn Runner, stream: &Handle) {
    let (connection, bytes) = {
        let state = lock(stream);
        let none = HeaderMap::default();
        let trailers = state.response_trailers.as_ref();
        let trailers = trailers
            .filter(|_| state.blueprint.config.http1_trailers)
            .unwrap_or(&none);
        let bytes = response::trailers(state.framing, trailers);
        (state.connection.clone(), bytes)
    };
    network::write(runner, &connection, bytes, false);
}
