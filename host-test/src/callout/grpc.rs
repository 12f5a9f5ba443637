//! Answers to gRPC calls and streams.

use super::heard::Heard;
use super::http::{RESET_BEFORE_HEADERS, SERVICE_TIME, TIMED_OUT, with_status};
use super::open::Open;
use super::{CallAnswer, CallKind, InvalidAnswer};
use crate::abi::Pairs;
use crate::http::{HeaderKind, HeaderMap};

/// How far a gRPC call has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The first metadata have come.
    has_begun: bool,
    /// The message of a call that is no stream; the last one, if there are several.
    message: Option<Vec<u8>>,
    /// The guest has called `proxy_grpc_close`.
    pub(super) is_closed_by_guest: bool,
}

/// `grpc::StatusCode`.
const OK: u32 = 0;
const UNKNOWN: u32 = 2;
const INTERNAL: u32 = 13;
pub(super) const UNAVAILABLE: u32 = 14;

/// What the guest hears of an answer to a call: the message, or the end.
pub(super) fn call(open: &mut Open, answer: CallAnswer) -> Result<Vec<Heard>, InvalidAnswer> {
    let end = match answer {
        CallAnswer::Metadata(_) => {
            open.grpc.has_begun = true;
            return Ok(Vec::new());
        }
        CallAnswer::Message(message) => {
            open.grpc.has_begun = true;
            open.grpc.message = Some(message);
            return Ok(Vec::new());
        }
        CallAnswer::Close {
            status, message, ..
        } => match open.grpc.message.take() {
            Some(message) if status == OK => Heard::Message(message),
            None if status == OK => close(INTERNAL, String::new()),
            _ => close(status, of_server(&message)),
        },
        answer => failure(open, answer, CallKind::GrpcCall)?.1,
    };
    open.is_over = true;
    Ok(vec![end])
}

/// What the guest hears of an answer to a stream.
pub(super) fn stream(
    open: &mut Open,
    answer: CallAnswer,
    millis: u64,
) -> Result<Vec<Heard>, InvalidAnswer> {
    let has_begun = open.grpc.has_begun;
    Ok(match answer {
        CallAnswer::Metadata(_) if has_begun => {
            let kind = CallKind::GrpcStream;
            return Err(InvalidAnswer::unfit(open.call.id, kind, &answer));
        }
        CallAnswer::Metadata(metadata) => vec![begin(open, metadata, millis)],
        CallAnswer::Message(message) => {
            let mut heard = Vec::new();
            if !has_begun {
                heard.push(begin(open, Pairs::new(), millis));
            }
            heard.push(Heard::Message(message));
            heard
        }
        CallAnswer::Close {
            status,
            message,
            metadata,
        } => {
            open.is_over = true;
            let mut last = if has_begun { trailers() } else { head() };
            add_ending(&mut last, status, &message);
            add(&mut last, &metadata);
            end(has_begun, last, close(status, of_server(&message)))
        }
        answer => {
            let (last, close) = failure(open, answer, CallKind::GrpcStream)?;
            open.is_over = true;
            end(has_begun, last, close)
        }
    })
}

/// No answer has come in time; only calls have a time.
pub(super) fn timed_out() -> Heard {
    close(UNAVAILABLE, format!("{TIMED_OUT}{{response_timeout}}"))
}

fn begin(open: &mut Open, metadata: Pairs, millis: u64) -> Heard {
    open.grpc.has_begun = true;
    let mut first = head();
    add(&mut first, &metadata);
    if open.is_ended() {
        first.overwrite(SERVICE_TIME, millis.to_string().as_bytes());
    }
    Heard::FirstMetadata(first)
}

/// A stream that ends before it has begun has empty metadata at its beginning.
fn end(has_begun: bool, last: HeaderMap, close: Heard) -> Vec<Heard> {
    let mut heard = Vec::new();
    if !has_begun {
        heard.push(Heard::FirstMetadata(trailers()));
    }
    heard.push(Heard::LastMetadata(last));
    heard.push(close);
    heard
}

/// The last metadata and the end of what no gRPC server has answered.
fn failure(
    open: &Open,
    answer: CallAnswer,
    kind: CallKind,
) -> Result<(HeaderMap, Heard), InvalidAnswer> {
    let before = |reason: &str, details: &str| {
        let text = format!("{RESET_BEFORE_HEADERS}{reason}");
        let mut last = head();
        add_ending(&mut last, UNAVAILABLE, &text);
        let details = format!("{{upstream_reset_before_response_started{{{details}}}}}");
        (last, close(UNAVAILABLE, text + &details))
    };
    let after = |details: &str| {
        let text = format!("upstream_reset_after_response_started{{{details}}}");
        (trailers(), close(INTERNAL, text))
    };
    Ok(match (answer, open.grpc.has_begun) {
        (CallAnswer::HttpStatus(status), false) => {
            let end = close(of_http(status), "via_upstream".to_owned());
            (trailers(), end)
        }
        (CallAnswer::Refuse, false) => before(
            "remote connection failure",
            "remote_connection_failure|delayed_connect_error:_Connection_refused",
        ),
        (CallAnswer::Reset, false) => before("remote reset", "remote_reset"),
        (CallAnswer::Disconnect, false) => {
            before("connection termination", "connection_termination")
        }
        (CallAnswer::Reset, true) => after("remote_reset"),
        (CallAnswer::Disconnect, true) => after("connection_termination"),
        (answer, _) => return Err(InvalidAnswer::unfit(open.call.id, kind, &answer)),
    })
}

fn close(status: u32, message: String) -> Heard {
    Heard::Close { status, message }
}

/// Where the words come from stands behind them.
fn of_server(message: &str) -> String {
    match message {
        "" => "via_upstream".to_owned(),
        words => format!("{words}{{via_upstream}}"),
    }
}

fn head() -> HeaderMap {
    let mut head = with_status(200);
    head.add(b"content-type", b"application/grpc");
    head
}

fn trailers() -> HeaderMap {
    HeaderMap::new(HeaderKind::Trailers)
}

fn add(map: &mut HeaderMap, pairs: &Pairs) {
    for (name, value) in pairs {
        map.add(name, value);
    }
}

fn add_ending(map: &mut HeaderMap, status: u32, message: &str) {
    map.add(b"grpc-status", status.to_string().as_bytes());
    if !message.is_empty() {
        map.add(b"grpc-message", message.as_bytes());
    }
}

/// The status of gRPC that stands for one of HTTP, as the gRPC project has it in
/// `http-grpc-status-mapping.md`.
fn of_http(status: u16) -> u32 {
    match status {
        400 => INTERNAL,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => UNAVAILABLE,
        _ => UNKNOWN,
    }
}
