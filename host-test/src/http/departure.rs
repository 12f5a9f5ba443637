//! What happens to a response behind its filters, and how it gets to the client
//! (`ActiveStream::encodeHeaders` and so on).

use super::headers::{HeaderKind, HeaderMap};
use super::output::{self, Rank};
use super::state::{Handle, Protocol, State};
use super::{frame, manager, response};
use crate::config::format::http_date;
use crate::connection::runner::Runner;
use crate::network;
use crate::shared::lock;

/// What is to be written: bytes of HTTP/1, or frames.
enum Parts {
    Bytes(Vec<u8>),
    Frames(Rank, Vec<Vec<u8>>),
}

/// Tells the client to send the body.
pub(super) fn go_ahead(runner: &mut dyn Runner, stream: &Handle) {
    let parts = {
        let state = lock(stream);
        let status = [(&b":status"[..], &b"100"[..])];
        match state.protocol {
            Protocol::Http2 => {
                let frame = frame::headers(state.wire, status, false);
                Parts::Frames(Rank::Regular, vec![frame])
            }
            _ => {
                let headers = HeaderMap::of(HeaderKind::Response, status);
                Parts::Bytes(response::head(&headers, true, false).0)
            }
        }
    };
    write(runner, stream, parts);
}

/// Completes the headers of the response and writes them.
pub(super) fn headers(runner: &mut dyn Runner, stream: &Handle, is_end: bool) {
    let now = runner.shared().clock.date_nanos();
    let parts = {
        let mut state = lock(stream);
        complete(&mut state, &http_date(now));
        let (protocol, wire, is_head) = (state.protocol, state.wire, state.is_head);
        let Some(headers) = &state.response_headers else {
            return;
        };
        let code = headers.get(b":status");
        let code = code.and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
        let parts = if protocol == Protocol::Http2 {
            let frame = frame::headers(wire, headers.iter(), is_end);
            Parts::Frames(Rank::Regular, vec![frame])
        } else {
            let (bytes, framing) = response::head(headers, is_end, is_head);
            state.framing = framing;
            Parts::Bytes(bytes)
        };
        state.response_code = code;
        parts
    };
    write(runner, stream, parts);
}

/// Sets the headers that Envoy itself answers for, and takes those away that belong to one hop.
fn complete(state: &mut State, date: &str) {
    const OF_HOP: [&str; 4] = [
        "connection",
        "transfer-encoding",
        "keep-alive",
        "proxy-connection",
    ];
    let is_http2 = state.protocol == Protocol::Http2;
    let place = state.place();
    if !state.is_received && !is_http2 {
        manager::set_closing(&place);
    }
    let is_closing = !is_http2 && manager::says_close(&place);
    let server = state.blueprint.config.server_name.clone();
    let Some(headers) = &mut state.response_headers else {
        return;
    };
    if headers.get(b"date").is_none() {
        headers.add(b"date", date.as_bytes());
    }
    headers.overwrite(b"server", server.as_bytes());
    for name in OF_HOP {
        headers.remove(name.as_bytes());
    }
    if is_closing {
        headers.add(b"connection", b"close");
    }
}

/// Writes a part of the body of the response.
pub(super) fn data(runner: &mut dyn Runner, stream: &Handle, body: &[u8], is_end: bool) {
    let parts = {
        let mut state = lock(stream);
        state.bytes_sent += body.len() as u64;
        state.client_body.extend_from_slice(body);
        match state.protocol {
            Protocol::Http2 => Parts::Frames(Rank::Body, frame::data(state.wire, body, is_end)),
            _ => Parts::Bytes(response::data(state.framing, body, is_end)),
        }
    };
    write(runner, stream, parts);
}

/// Writes the trailers of the response, if the client gets any.
pub(super) fn trailers(runner: &mut dyn Runner, stream: &Handle) {
    let parts = {
        let state = lock(stream);
        let none = HeaderMap::default();
        let trailers = state.response_trailers.as_ref().unwrap_or(&none);
        match state.protocol {
            Protocol::Http2 if trailers.is_empty() => {
                Parts::Frames(Rank::Body, frame::data(state.wire, b"", true))
            }
            Protocol::Http2 => {
                let frame = frame::headers(state.wire, trailers.iter(), true);
                Parts::Frames(Rank::Body, vec![frame])
            }
            _ if state.blueprint.config.http1_trailers => {
                Parts::Bytes(response::trailers(state.framing, trailers))
            }
            _ => Parts::Bytes(response::trailers(state.framing, &none)),
        }
    };
    write(runner, stream, parts);
}

fn write(runner: &mut dyn Runner, stream: &Handle, parts: Parts) {
    let place = lock(stream).place();
    match parts {
        Parts::Bytes(bytes) => {
            network::write(runner, &place.connection, bytes, false);
        }
        Parts::Frames(rank, frames) => {
            for frame in frames {
                output::write(runner, &place, rank, frame);
            }
        }
    }
}
