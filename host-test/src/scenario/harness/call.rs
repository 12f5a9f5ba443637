//! Calls of guests in the harness.

use super::Harness;
use crate::abi::Pairs;
use crate::callout::{CallAnswer, CallRequest, HttpAnswer, PendingCall};
use crate::scenario::model::{AnswerCall, CallKind, Message, Tell};
use crate::scenario::world::{CallSeen, Obstacle};

impl Harness {
    /// Tells the oldest open call something.
    pub(super) fn tell(&mut self, answer: &AnswerCall) -> Result<(), Obstacle> {
        let is_meant = |call: &PendingCall| match &answer.cluster {
            Some(cluster) => call.request.cluster() == Some(cluster),
            None => true,
        };
        let calls = self.host.pending_calls();
        let Some(call) = calls.iter().find(|call| is_meant(call)).map(|call| call.id) else {
            let open: Vec<String> = calls
                .iter()
                .map(|call| seen(&call.request).to_string())
                .collect();
            let reason = match open.as_slice() {
                [] => "no call is open".to_owned(),
                open => format!("no such call is open; there are {}", open.join("; ")),
            };
            return Err(Obstacle::Failure(reason));
        };
        for tell in &answer.tells {
            self.host
                .answer_call(call, told(tell))
                .map_err(|error| Obstacle::Mistake(error.to_string()))?;
        }
        Ok(())
    }
}

fn told(tell: &Tell) -> CallAnswer {
    match tell {
        Tell::Response(status, message) => CallAnswer::Respond(http(*status, message)),
        // What has come before the end makes no difference to a guest.
        Tell::BreakOff(..) => CallAnswer::BreakOff,
        Tell::Refuse => CallAnswer::Refuse,
        Tell::Reset => CallAnswer::Reset,
        Tell::Disconnect => CallAnswer::Disconnect,
        Tell::Metadata(metadata) => CallAnswer::Metadata(pairs(metadata)),
        Tell::GrpcMessage(message) => CallAnswer::Message(message.clone()),
        Tell::Close(status, message, metadata) => CallAnswer::Close {
            status: *status,
            message: message.clone(),
            metadata: pairs(metadata),
        },
        Tell::Addresses(addresses) => {
            let with_time = addresses
                .iter()
                .map(|address| (address.clone(), TIME_TO_LIVE_SECS));
            CallAnswer::Addresses(with_time.collect())
        }
    }
}

fn http(status: u16, message: &Message) -> HttpAnswer {
    HttpAnswer {
        status,
        headers: pairs(&message.headers),
        body: message.body.clone(),
        trailers: pairs(&message.trailers),
    }
}

fn pairs(lines: &[(String, String)]) -> Pairs {
    let bytes = |(name, value): &(String, String)| {
        (
            name.to_ascii_lowercase().into_bytes(),
            value.clone().into_bytes(),
        )
    };
    lines.iter().map(bytes).collect()
}

/// An open call in the words of a scenario.
pub(super) fn seen(request: &CallRequest) -> CallSeen {
    let (kind, method, headers, body, trailers) = match request {
        CallRequest::Http {
            headers,
            body,
            trailers,
            ..
        } => (
            CallKind::Http,
            None,
            headers.clone(),
            body.clone(),
            trailers.clone(),
        ),
        CallRequest::GrpcCall {
            service,
            method,
            metadata,
            message,
            ..
        } => {
            let method = Some(format!("{service}/{method}"));
            (
                CallKind::Grpc,
                method,
                metadata.clone(),
                message.clone(),
                Pairs::new(),
            )
        }
        CallRequest::GrpcStream {
            service,
            method,
            metadata,
            messages,
            ..
        } => {
            let method = Some(format!("{service}/{method}"));
            (
                CallKind::GrpcStream,
                method,
                metadata.clone(),
                messages.concat(),
                Pairs::new(),
            )
        }
        CallRequest::Dns { name } => (
            CallKind::Dns,
            None,
            Pairs::new(),
            name.clone().into_bytes(),
            Pairs::new(),
        ),
    };
    CallSeen {
        kind,
        cluster: request.cluster().map(str::to_owned),
        method,
        headers: texts(headers),
        body,
        trailers: texts(trailers),
    }
}

fn texts(pairs: Pairs) -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    pairs
        .into_iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

const TIME_TO_LIVE_SECS: u32 = 60;
