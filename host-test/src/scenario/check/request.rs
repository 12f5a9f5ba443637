//! What a client requests.

use super::connect::connect;
use super::expect::Subjects;
use super::names::Names;
use super::step::{Parts, Surroundings, optional};
use super::value::{answer, bytes, headers};
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::{
    Action, Answer, Connect, ConnectionIndex, HttpVersion, Message, Request,
};
use crate::scenario::raw;
use crate::scenario::text::{Place, Text};

/// Reads a request, and the connection that is made for it.
pub(super) fn request<'a>(
    raw: &'a raw::Request,
    place: Place,
    around: &Surroundings<'_>,
    names: &mut Names,
) -> Result<Parts<'a>, InvalidScenario> {
    let scope = around.scope;
    let text = |text: &Option<Text>, default: &str| match text {
        Some(text) => text.expand(scope),
        None => Ok(default.to_owned()),
    };
    let message = Box::new(Request {
        method: text(&raw.method, "GET")?,
        path: text(&raw.path, "/")?,
        authority: text(&raw.authority, "example.org")?,
        version: match raw.version {
            raw::HttpVersion::Http1 => HttpVersion::Http1,
            raw::HttpVersion::Http2 => HttpVersion::Http2,
        },
        message: Message {
            headers: headers(&raw.headers, scope)?,
            body: raw
                .body
                .as_ref()
                .map_or(Ok(Vec::new()), |body| bytes(body, scope))?,
            trailers: headers(&raw.trailers, scope)?,
        },
        end: raw.end,
        answer: request_answer(raw.respond.as_ref(), around)?,
    });
    let (connection, connect) = request_connection(raw, place, around, names)?;
    let request = names.new_request(optional(raw.name.as_ref(), scope)?, connection);
    let action = Action::Request {
        request,
        connection,
        connect,
        message,
    };
    Ok((
        action,
        Subjects::request(request, connection),
        raw.expect.as_deref(),
    ))
}

fn request_answer(
    raw: Option<&raw::Short<raw::Answer>>,
    around: &Surroundings<'_>,
) -> Result<Option<Answer>, InvalidScenario> {
    match raw {
        None => Ok(Some(around.case.answer.clone())),
        Some(raw::Short::Full(at)) => answer(&at.value, around.scope).map(Some),
        Some(raw::Short::Text(text)) if text.text == "none" => Ok(None),
        Some(raw::Short::Text(text)) => {
            Err(text.error(format!("expected none or a mapping, found {:?}", text.text)))
        }
    }
}

/// The connection of a request, and how it is made if there is none yet.
fn request_connection(
    raw: &raw::Request,
    place: Place,
    around: &Surroundings<'_>,
    names: &mut Names,
) -> Result<(ConnectionIndex, Option<Connect>), InvalidScenario> {
    let Some(on) = &raw.on else {
        let raw = raw::Connect {
            from: raw.from.clone(),
            to: raw.to.clone(),
            worker: raw.worker.clone(),
            tls: raw.tls.clone(),
            proxied: raw.proxied.clone(),
            ..raw::Connect::default()
        };
        let connect = connect(&raw, place, around)?;
        return Ok((names.new_connection(None), Some(connect)));
    };
    let given = [&raw.from, &raw.to, &raw.worker];
    if given.iter().any(|given| given.is_some()) || raw.tls.is_some() || raw.proxied.is_some() {
        return Err(on.error(
            "from, to, worker, tls and proxied make a new connection; with on there is one already",
        ));
    }
    Ok((names.connection(Some(on), around.scope, on.place)?, None))
}
