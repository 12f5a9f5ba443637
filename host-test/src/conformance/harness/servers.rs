//! The servers behind the clusters of the set, as far as guests call them.

use std::sync::{Arc, Mutex, PoisonError};

use super::super::{
    Answer,
    wire::{quoted, shown},
};
use crate::abi::Pairs;
use crate::callout::{CallAnswer, CallRequest, PendingCall};

/// Calls that came to the cluster `upstream`, as lines of a transcript.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    pub(super) fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note(&self, call: &PendingCall) {
        let CallRequest::Http { headers, body, .. } = &call.request else {
            return;
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pseudo = |wanted: &[u8]| {
            let found = headers.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| text(value)).unwrap_or_default()
        };
        let list = |pairs: &Pairs| {
            let fields: Vec<_> = pairs
                .iter()
                .map(|(name, value)| (text(name), text(value)))
                .collect();
            shown(&fields)
        };
        // To an upstream of HTTP/1.1, Envoy sends no trailers unless its cluster asks for them.
        let line = format!(
            "upstream {} {} {} body={} trailers=[]",
            pseudo(b":method"),
            pseudo(b":path"),
            list(headers),
            quoted(body),
        );
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }
}

/// The cluster `upstream`; `seen` keeps what came.
pub(super) fn upstream(seen: &Seen, call: &PendingCall) -> Vec<CallAnswer> {
    seen.note(call);
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
            service,
            method,
            metadata,
            message,
            ..
        } => match &method[..] {
            "Echo" => vec![begin(), CallAnswer::Message(message.clone()), end()],
            "Tell" => {
                let own = metadata.iter().find(|(name, _)| name == b"x-own");
                let own = own.map(|(_, value)| value.as_slice()).unwrap_or_default();
                let path = format!("/{service}/Tell ");
                CallAnswer::grpc([path.as_bytes(), own].concat())
            }
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
