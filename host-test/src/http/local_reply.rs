//! Answers that Envoy gives itself (`DownstreamFilterManager::sendLocalReply`).

use super::body::Source;
use super::flow::Start;
use super::headers::{HeaderKind, HeaderMap};
use super::state::{Handle, State};
use super::{departure, encode, ending, manager};
use crate::connection::runner::Runner;
use crate::shared::lock;

/// An answer without an upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalReply {
    /// The status.
    pub code: u16,
    /// The body; none for a HEAD.
    pub body: Vec<u8>,
    /// Headers beside those of Envoy.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The gRPC status, for a gRPC request.
    pub grpc_status: Option<u32>,
    /// For access logs.
    pub details: String,
}

/// Answers a stream: at once, or when the filter that is being asked has returned. Past the
/// filters if another response was on its way, and with a reset if the client has got headers.
pub(super) fn send(runner: &mut dyn Runner, stream: &Handle, reply: LocalReply) {
    enum How {
        Filters,
        Direct,
        Reset,
    }
    let how = {
        let mut state = lock(stream);
        if state.is_destroyed {
            return;
        }
        let is_decoding = state.request.depth > 0;
        if is_decoding {
            state.request.is_aborted = true;
        } else if state.response.depth > 0 {
            state.response.is_aborted = true;
        }
        state.response_code_details = Some(reply.details.clone());
        if state.response_headers.is_some() {
            if state.has_sent_headers {
                How::Reset
            } else {
                How::Direct
            }
        } else if is_decoding {
            state.prepared.get_or_insert(reply);
            return;
        } else {
            How::Filters
        }
    };
    match how {
        How::Filters => through_filters(runner, stream, reply),
        How::Direct => directly(runner, stream, &reply),
        How::Reset => ending::reset(runner, stream),
    }
}

/// Sends what was answered while a filter was being asked.
pub(super) fn send_prepared(runner: &mut dyn Runner, stream: &Handle) {
    let prepared = lock(stream).prepared.take();
    if let Some(reply) = prepared {
        through_filters(runner, stream, reply);
    }
}

fn through_filters(runner: &mut dyn Runner, stream: &Handle, reply: LocalReply) {
    manager::create_filters(runner, stream);
    lock(stream).response_code = Some(reply.code);
    let body = set_headers(&mut lock(stream), &reply);
    encode::headers(runner, stream, Start::First, body.is_none());
    if let Some(body) = body
        && !lock(stream).is_destroyed
    {
        lock(stream).response.frame = body;
        encode::data(runner, stream, Start::First, Source::Frame, true);
    }
}

fn directly(runner: &mut dyn Runner, stream: &Handle, reply: &LocalReply) {
    let body = {
        let mut state = lock(stream);
        state.response.is_streaming = true;
        state.has_sent_headers = true;
        set_headers(&mut state, reply)
    };
    departure::headers(runner, stream, body.is_none());
    if let Some(body) = body
        && !lock(stream).is_destroyed
    {
        departure::data(runner, stream, &body, true);
    }
    if !lock(stream).is_destroyed {
        lock(stream).is_sent = true;
        ending::end_stream(runner, stream);
    }
}

/// Makes these the headers of the response. The body that follows, if one does.
fn set_headers(state: &mut State, reply: &LocalReply) -> Option<Vec<u8>> {
    let mut headers = HeaderMap::new(HeaderKind::Response);
    headers.add(b":status", reply.code.to_string().as_bytes());
    for (name, value) in &reply.headers {
        headers.add(name, value);
    }
    if state.is_grpc {
        headers.overwrite(b":status", b"200");
        headers.overwrite(b"content-type", b"application/grpc");
        let status = reply.grpc_status.unwrap_or_else(|| grpc_status(reply.code));
        headers.overwrite(b"grpc-status", status.to_string().as_bytes());
        if !reply.body.is_empty() && !state.is_head {
            headers.overwrite(b"grpc-message", &percent_encoded(&reply.body));
        }
        headers.remove(b"content-length");
        state.response_headers = Some(headers);
        return None;
    }
    if reply.body.is_empty() {
        headers.remove(b"content-length");
        headers.remove(b"content-type");
    } else {
        headers.overwrite(b"content-length", reply.body.len().to_string().as_bytes());
        if headers.get(b"content-type").is_none() {
            headers.add(b"content-type", b"text/plain");
        }
    }
    state.response_headers = Some(headers);
    let has_body = !reply.body.is_empty() && !state.is_head;
    has_body.then(|| reply.body.clone())
}

/// The gRPC status that stands for an HTTP status (`Grpc::Utility::httpToGrpcStatus`).
pub(super) fn grpc_status(code: u16) -> u32 {
    match code {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    }
}

/// As gRPC wants its messages: printable ASCII without `%`, the rest as `%XX`.
fn percent_encoded(bytes: &[u8]) -> Vec<u8> {
    let encode = |byte: &u8| match byte {
        b' '..=b'~' if *byte != b'%' => vec![*byte],
        _ => format!("%{byte:02X}").into_bytes(),
    };
    bytes.iter().flat_map(encode).collect()
}
