//! The servers behind the clusters of the set, as far as guests call them.

use super::super::Answer;
use crate::abi::Pairs;
use crate::callout::{CallAnswer, CallRequest, PendingCall};

/// The cluster `upstream`.
pub(super) fn upstream(call: &PendingCall) -> Vec<CallAnswer> {
    let CallRequest::Http { headers, .. } = &call.request else {
        return Vec::new();
    };
    let path = headers.iter().find(|(name, _)| name == b":path");
    let path = path.and_then(|(_, path)| str::from_utf8(path).ok());
    let text = ("content-type", "text/plain");
    match path.and_then(Answer::of_path) {
        Some(Answer::Plain) => {
            let headers = [text, ("content-length", "6")];
            vec![CallAnswer::http(200, headers, "answer")]
        }
        Some(Answer::Full) => {
            let chunked = ("transfer-encoding", "chunked");
            let headers = [
                text,
                ("X-Twice", "1"),
                ("X-Other", "o"),
                ("x-twice", "2"),
                chunked,
            ];
            let mut answer = CallAnswer::http(200, headers, "answer");
            if let CallAnswer::Respond(answer) = &mut answer {
                answer.trailers = pair("X-Trailer", "t");
            }
            vec![answer]
        }
        Some(Answer::Empty) => vec![CallAnswer::http(204, NO_HEADERS, "")],
        Some(Answer::Reset) => vec![CallAnswer::Disconnect],
        Some(Answer::Silent) => Vec::new(),
        None => vec![CallAnswer::http(404, [("content-length", "0")], "")],
    }
}

const NO_HEADERS: [(&str, &str); 0] = [];

/// The cluster `grpc`: methods by name.
pub(super) fn grpc(call: &PendingCall) -> Vec<CallAnswer> {
    match &call.request {
        CallRequest::GrpcCall {
            method, message, ..
        } => match &method[..] {
            "Echo" => vec![begin(), CallAnswer::Message(message.clone()), end()],
            method => other(method),
        },
        CallRequest::GrpcStream {
            method,
            messages,
            is_ended,
            ..
        } => match (&method[..], messages.last()) {
            ("Echo", None) => vec![begin()],
            ("Echo", Some(message)) => {
                let mut answers = vec![CallAnswer::Message(message.clone())];
                answers.extend(is_ended.then(end));
                answers
            }
            (method, _) => other(method),
        },
        _ => Vec::new(),
    }
}

fn other(method: &str) -> Vec<CallAnswer> {
    match method {
        "Fail" => vec![CallAnswer::Close {
            status: 5,
            message: "not here".to_owned(),
            metadata: Pairs::new(),
        }],
        "Reset" => vec![CallAnswer::Reset],
        _ => Vec::new(),
    }
}

/// The cluster `closed`, where nobody listens.
pub(super) fn closed(_: &PendingCall) -> Vec<CallAnswer> {
    vec![CallAnswer::Refuse]
}

fn begin() -> CallAnswer {
    CallAnswer::Metadata(pair("x-initial", "i"))
}

fn end() -> CallAnswer {
    CallAnswer::Close {
        status: 0,
        message: String::new(),
        metadata: pair("x-trailing", "t"),
    }
}

fn pair(name: &str, value: &str) -> Pairs {
    vec![(name.into(), value.into())]
}
