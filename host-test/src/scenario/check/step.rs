//! From a step as it is written to what is done.

use super::call::answer_call;
use super::connect::{connect, in_range};
use super::expect::{self, Subjects};
use super::names::Names;
use super::request::request;
use super::value::{answer, bytes, bytes_form, headers};
use crate::scenario::expression::Scope;
use crate::scenario::invalid::InvalidScenario;
use crate::scenario::model::{Action, Case, Peer, Placed, Time};
use crate::scenario::raw;
use crate::scenario::text::{Place, Text};

/// What a step needs to know of its surroundings.
pub(super) struct Surroundings<'a> {
    pub(super) case: &'a Case,
    pub(super) scope: &'a Scope<'a>,
    pub(super) worker: usize,
}

/// Reads one step that holds no others. Those that do are no business of this function.
pub(super) fn check(
    step: &raw::At<raw::Step>,
    around: &Surroundings<'_>,
    names: &mut Names,
) -> Result<Placed, InvalidScenario> {
    let (place, scope) = (step.place, around.scope);
    let only = |action| Ok((action, Subjects::default(), None));
    let (action, subjects, expect) = match &step.value {
        raw::Step::Connect(raw) => connect_step(raw, place, around, names),
        raw::Step::Send(raw) => send(raw, place, around, names),
        raw::Step::HalfClose(name) => {
            let connection = names.connection(Some(name), scope, place)?;
            only(Action::Send {
                connection,
                by: Peer::Client,
                bytes: Vec::new(),
                end: true,
            })
        }
        raw::Step::Close(raw) => only(close(raw, around, names)?),
        raw::Step::Reset(name) => {
            let subject = names.subject(name, scope)?;
            only(match subject.request {
                Some(request) => Action::ResetRequest(request),
                None => Action::ResetConnection(subject.connection),
            })
        }
        raw::Step::Request(raw) => request(raw, place, around, names),
        raw::Step::Data(raw) => {
            let (request, connection) = names.request(raw.on.as_ref(), scope, place)?;
            let (bytes, end) = (bytes(&raw.body, scope)?, raw.end);
            let subjects = Subjects::request(request, connection);
            let action = Action::Data {
                request,
                bytes,
                end,
            };
            Ok((action, subjects, raw.expect.as_deref()))
        }
        raw::Step::Trailers(raw) => {
            let (request, connection) = names.request(raw.on.as_ref(), scope, place)?;
            let subjects = Subjects::request(request, connection);
            let action = Action::Trailers(request, headers(&raw.headers, scope)?);
            Ok((action, subjects, raw.expect.as_deref()))
        }
        raw::Step::Respond(raw) => respond(raw, place, around, names),
        raw::Step::AnswerCall(at) => {
            let answer = answer_call(&at.value, at.place, scope)?;
            let expect = at.value.expect.as_deref();
            Ok((Action::AnswerCall(answer), Subjects::default(), expect))
        }
        raw::Step::Advance(span) => only(Action::Advance(span.duration(scope)?)),
        raw::Step::Tick(worker) => {
            only(Action::Tick(in_range(worker, scope, around.case.workers)?))
        }
        raw::Step::Time(raw) => only(Action::Time(time(raw, scope)?)),
        raw::Step::Update(raw) => {
            let setup = around.case.setup.updated(raw, scope)?;
            let refused = raw.refused.as_ref();
            let refused = refused.map(|refused| expect::refusal(refused, around, names));
            only(Action::Update(
                setup,
                refused.transpose()?.unwrap_or_default(),
            ))
        }
        raw::Step::SharedData(raw) => only(Action::SetSharedData {
            vm_id: optional(raw.vm_id.as_ref(), scope)?,
            key: raw.key.expand(scope)?,
            value: bytes(&raw.value, scope)?,
        }),
        raw::Step::Wipe(raw::Wipe::SharedData) => only(Action::WipeSharedData),
        raw::Step::Mark(name) => {
            let name = name.expand(scope)?;
            names.mark(name.clone());
            only(Action::Mark(name))
        }
        raw::Step::Expect(raw) => Ok((Action::Look, Subjects::default(), Some(&**raw))),
        // The walk takes them apart before.
        raw::Step::Repeat(_) | raw::Step::OnWorker(_) | raw::Step::Together(_) => {
            only(Action::Look)
        }
    }?;
    let expectations = expect.map(|expect| expect::check(expect, place, subjects, around, names));
    Ok(Placed {
        place,
        action,
        expectations: expectations.transpose()?.unwrap_or_default(),
        counts_before: around.case.compares_steps,
    })
}

/// What is done, what expectations are about, and what is expected.
pub(super) type Parts<'a> = (Action, Subjects, Option<&'a raw::Expect>);

fn connect_step<'a>(
    raw: &'a raw::Connect,
    place: Place,
    around: &Surroundings<'_>,
    names: &mut Names,
) -> Result<Parts<'a>, InvalidScenario> {
    let connect = connect(raw, place, around)?;
    let index = names.new_connection(optional(raw.name.as_ref(), around.scope)?);
    Ok((
        Action::Connect(index, connect),
        Subjects::connection(index),
        raw.expect.as_deref(),
    ))
}

fn send<'a>(
    raw: &'a raw::Short<raw::Send>,
    place: Place,
    around: &Surroundings<'_>,
    names: &Names,
) -> Result<Parts<'a>, InvalidScenario> {
    let scope = around.scope;
    match raw {
        raw::Short::Text(text) => {
            let connection = names.connection(None, scope, place)?;
            let bytes = text.expand(scope)?.into_bytes();
            let action = Action::Send {
                connection,
                by: Peer::Client,
                bytes,
                end: false,
            };
            Ok((action, Subjects::connection(connection), None))
        }
        raw::Short::Full(at) => {
            let raw = &at.value;
            let form = raw::BytesForm {
                text: raw.text.clone(),
                hex: raw.hex.clone(),
                base64: raw.base64.clone(),
                times: raw.times.clone(),
            };
            let connection = names.connection(raw.on.as_ref(), scope, place)?;
            let bytes = bytes_form(&form, at.place, scope)?;
            let by = match peer(raw.by) {
                Peer::Proxy => {
                    return Err(InvalidScenario::at(
                        at.place,
                        "expected client or upstream in by",
                    ));
                }
                by => by,
            };
            let action = Action::Send {
                connection,
                by,
                bytes,
                end: raw.end,
            };
            Ok((
                action,
                Subjects::connection(connection),
                raw.expect.as_deref(),
            ))
        }
    }
}

fn close(
    raw: &raw::Short<raw::Close>,
    around: &Surroundings<'_>,
    names: &Names,
) -> Result<Action, InvalidScenario> {
    let scope = around.scope;
    match raw {
        raw::Short::Text(name) => {
            let connection = names.connection(Some(name), scope, name.place)?;
            Ok(Action::Close(connection, Peer::Client))
        }
        raw::Short::Full(at) => {
            let connection = names.connection(at.value.on.as_ref(), scope, at.place)?;
            Ok(Action::Close(connection, peer(at.value.by)))
        }
    }
}

/// The model's word for an end of a connection.
pub(super) fn peer(side: raw::Side) -> Peer {
    match side {
        raw::Side::Client => Peer::Client,
        raw::Side::Upstream => Peer::Upstream,
        raw::Side::Proxy => Peer::Proxy,
    }
}

fn respond<'a>(
    raw: &'a raw::Respond,
    place: Place,
    around: &Surroundings<'_>,
    names: &Names,
) -> Result<Parts<'a>, InvalidScenario> {
    let (request, connection) = names.request(raw.to.as_ref(), around.scope, place)?;
    let form = raw::Answer {
        status: raw.status.clone(),
        headers: raw.headers.clone(),
        body: raw.body.clone(),
        trailers: raw.trailers.clone(),
        reset: raw.reset,
    };
    let action = Action::Respond(request, answer(&form, around.scope)?);
    Ok((
        action,
        Subjects::request(request, connection),
        raw.expect.as_deref(),
    ))
}

fn time(raw: &raw::At<raw::Time>, scope: &Scope<'_>) -> Result<Time, InvalidScenario> {
    match (&raw.value.back, &raw.value.set) {
        (Some(back), None) => back.duration(scope).map(Time::Back),
        (None, Some(set)) => set.moment(scope).map(Time::Set),
        _ => Err(InvalidScenario::at(raw.place, "expected one of back, set")),
    }
}

/// A text that may be left out.
pub(super) fn optional(
    text: Option<&Text>,
    scope: &Scope<'_>,
) -> Result<Option<String>, InvalidScenario> {
    text.map(|text| text.expand(scope)).transpose()
}
