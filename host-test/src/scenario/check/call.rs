//! Calls of guests: what they must be like, and what they are told.

use super::expect::{Checked, Reader};
use super::value::{bytes, headers};
use crate::scenario::expression::Scope;
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::{AnswerCall, CallCheck, CallKind, Message, NumberCheck, Tell};
use crate::scenario::raw;
use crate::scenario::text::{Place, Text};

impl Reader<'_> {
    /// Reads what an open call must be like.
    pub(super) fn call(&self, at: &raw::At<raw::Call>) -> Checked<CallCheck> {
        let raw = &at.value;
        Ok(CallCheck {
            place: at.place,
            kind: raw.kind.map(kind),
            cluster: self.optional(raw.cluster.as_ref())?,
            headers: self.pairs(&raw.headers)?,
            body: self.optional(raw.body.as_ref())?,
            trailers: self.pairs(&raw.trailers)?,
            method: self.optional(raw.method.as_ref())?,
            count: match &raw.count {
                Some(count) => self.number(count)?,
                None => NumberCheck {
                    place: at.place,
                    at_least: Some(1),
                    ..NumberCheck::default()
                },
            },
        })
    }
}

fn kind(raw: raw::CallKind) -> CallKind {
    match raw {
        raw::CallKind::Http => CallKind::Http,
        raw::CallKind::Grpc => CallKind::Grpc,
        raw::CallKind::GrpcStream => CallKind::GrpcStream,
        raw::CallKind::Dns => CallKind::Dns,
    }
}

/// Reads what a call is told.
pub(super) fn answer_call(
    raw: &raw::AnswerCall,
    place: Place,
    scope: &Scope<'_>,
) -> Checked<AnswerCall> {
    let in_http = raw.status.is_some()
        || raw.body.is_some()
        || !raw.headers.is_empty()
        || !raw.trailers.is_empty();
    let tells = match (raw.fails, &raw.grpc, &raw.addresses) {
        (None, None, None) => {
            vec![http(raw, scope).map(|(status, message)| Tell::Response(status, message))?]
        }
        (Some(raw::CallFailure::BreakOff), None, None) => {
            vec![http(raw, scope).map(|(status, message)| Tell::BreakOff(status, message))?]
        }
        _ if in_http => return Err(only_one(place)),
        (Some(failure), None, None) => vec![match failure {
            raw::CallFailure::Reset => Tell::Reset,
            raw::CallFailure::Disconnect => Tell::Disconnect,
            raw::CallFailure::Refuse | raw::CallFailure::BreakOff => Tell::Refuse,
        }],
        (None, Some(grpc), None) => self::grpc(&grpc.value, grpc.place, scope)?,
        (None, None, Some(addresses)) => {
            let addresses = addresses.iter().map(|address| address.expand(scope));
            vec![Tell::Addresses(addresses.collect::<Result<_, _>>()?)]
        }
        _ => return Err(only_one(place)),
    };
    let cluster = raw.cluster.as_ref();
    Ok(AnswerCall {
        cluster: cluster.map(|name| name.expand(scope)).transpose()?,
        tells,
    })
}

fn only_one(place: Place) -> InvalidScenario {
    InvalidScenario::at(
        place,
        "expected one of an answer in HTTP, fails, grpc, addresses",
    )
}

fn http(raw: &raw::AnswerCall, scope: &Scope<'_>) -> Checked<(u16, Message)> {
    let status = raw.status.as_ref();
    let message = Message {
        headers: headers(&raw.headers, scope)?,
        body: raw
            .body
            .as_ref()
            .map_or(Ok(Vec::new()), |body| bytes(body, scope))?,
        trailers: headers(&raw.trailers, scope)?,
    };
    Ok((
        status.map_or(Ok(200), |status| status.parse(scope, "a status"))?,
        message,
    ))
}

fn grpc(raw: &raw::Grpc, place: Place, scope: &Scope<'_>) -> Checked<Vec<Tell>> {
    let mut tells = Vec::new();
    if let Some(metadata) = &raw.metadata {
        tells.push(Tell::Metadata(headers(metadata, scope)?));
    }
    for message in &raw.messages {
        tells.push(Tell::GrpcMessage(bytes(message, scope)?));
    }
    let is_told = raw.message.is_some() || !raw.trailing.is_empty();
    match &raw.status {
        Some(status) => {
            let message = |text: &Text| text.expand(scope);
            tells.push(Tell::Close(
                status.parse(scope, "a gRPC status, 0 for success")?,
                raw.message.as_ref().map_or(Ok(String::new()), message)?,
                headers(&raw.trailing, scope)?,
            ));
        }
        None if is_told => {
            return Err(InvalidScenario::at(
                place,
                "message and trailing go with a status",
            ));
        }
        None => {}
    }
    match tells.is_empty() {
        true => Err(InvalidScenario::at(
            place,
            "expected metadata, messages or status",
        )),
        false => Ok(tells),
    }
}
