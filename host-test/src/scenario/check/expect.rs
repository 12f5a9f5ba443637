//! From an expectation as it is written to what is checked.

use super::names::Names;
use super::step::{Surroundings, peer};
use crate::abi::{Callback, HostCall, LogLevel};
use crate::scenario::invalid::{InvalidScenario, unknown};
use crate::scenario::model::{
    AccessLogCheck, Check, Condition, ConnectionCheck, ConnectionIndex, Expectation, LogCheck,
    Match, MessageCheck, NumberCheck, RequestIndex, SharedDataCheck,
};
use crate::scenario::raw;
use crate::scenario::text::{Place, Text};

/// What an expectation is about that does not say it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Subjects {
    connection: Option<ConnectionIndex>,
    request: Option<RequestIndex>,
}

impl Subjects {
    pub(super) fn connection(connection: ConnectionIndex) -> Self {
        Self {
            connection: Some(connection),
            request: None,
        }
    }

    pub(super) fn request(request: RequestIndex, connection: ConnectionIndex) -> Self {
        Self {
            connection: Some(connection),
            request: Some(request),
        }
    }
}

/// What was read.
pub(super) type Checked<T> = Result<T, InvalidScenario>;

/// Reads all that is said in one `expect`.
pub(super) fn check(
    raw: &raw::Expect,
    place: Place,
    subjects: Subjects,
    around: &Surroundings<'_>,
    names: &Names,
) -> Checked<Vec<Expectation>> {
    let reader = Reader { around, names };
    let mut out = Vec::new();
    let mut push = |place, check| out.push(Expectation { place, check });
    if let Some(at) = &raw.upstream {
        let request = reader.request(at.value.request.as_ref(), subjects, at.place)?;
        push(
            at.place,
            Check::Upstream(request, reader.upstream(&at.value)?),
        );
    }
    if let Some(at) = &raw.response {
        let request = reader.request(at.value.request.as_ref(), subjects, at.place)?;
        push(
            at.place,
            Check::Response(request, reader.response(&at.value)?),
        );
    }
    if let Some(at) = &raw.connection {
        let connection = match (&at.value.on, subjects.connection) {
            (None, Some(connection)) => connection,
            (on, _) => names.connection(on.as_ref(), around.scope, at.place)?,
        };
        push(
            at.place,
            Check::Connection(connection, reader.connection(&at.value)?),
        );
    }
    for line in &raw.log {
        let (place, check) = reader.log(line)?;
        push(place, Check::Log(check));
    }
    for (name, number) in &raw.metrics.0 {
        let check = Check::Metric(name.expand(around.scope)?, reader.number(number)?);
        push(name.place, check);
    }
    for at in &raw.shared_data {
        push(
            at.place,
            Check::SharedData(reader.shared_data(&at.value, at.place)?),
        );
    }
    if let Some(at) = &raw.access_log {
        push(at.place, Check::AccessLog(reader.access_log(&at.value)?));
    }
    for at in &raw.calls {
        push(at.place, Check::Call(reader.call(at)?));
    }
    for (name, number) in &raw.callbacks.0 {
        let known: Vec<&str> = Callback::ALL
            .iter()
            .map(|callback| callback.name())
            .collect();
        let text = reader.one_of("callback", name, &known)?;
        push(name.place, Check::Callback(text, reader.number(number)?));
    }
    for (name, number) in &raw.host_calls.0 {
        let known: Vec<&str> = HostCall::ALL.iter().map(|call| call.name()).collect();
        let text = reader.one_of("host function", name, &known)?;
        push(name.place, Check::HostCall(text, reader.number(number)?));
    }
    if out.is_empty() {
        return Err(InvalidScenario::at(place, "expect says nothing"));
    }
    Ok(out)
}

/// Reads what a refusal must say.
pub(super) fn refusal(
    raw: &raw::Refusal,
    around: &Surroundings<'_>,
    names: &Names,
) -> Checked<Vec<Match>> {
    let reader = Reader { around, names };
    raw.0.iter().map(|line| reader.text(line)).collect()
}

/// Reads what a number must be like.
pub(super) fn number(
    raw: &raw::Number,
    around: &Surroundings<'_>,
    names: &Names,
) -> Checked<NumberCheck> {
    Reader { around, names }.number(raw)
}

/// Reads what is said, with the names and variables of its place.
pub(super) struct Reader<'a> {
    pub(super) around: &'a Surroundings<'a>,
    pub(super) names: &'a Names,
}

impl Reader<'_> {
    fn request(
        &self,
        name: Option<&Text>,
        subjects: Subjects,
        place: Place,
    ) -> Checked<RequestIndex> {
        match (name, subjects.request) {
            (None, Some(request)) => Ok(request),
            _ => Ok(self.names.request(name, self.around.scope, place)?.0),
        }
    }

    fn one_of(&self, what: &str, name: &Text, known: &[&str]) -> Checked<String> {
        let text = name.expand(self.around.scope)?;
        match known.contains(&text.as_str()) {
            true => Ok(text),
            false => Err(name.error(unknown(what, &text, known))),
        }
    }

    fn upstream(&self, raw: &raw::Upstream) -> Checked<MessageCheck> {
        Ok(MessageCheck {
            received: raw.received.unwrap_or(true),
            headers: self.pairs(&raw.headers)?,
            body: self.optional(raw.body.as_ref())?,
            trailers: self.pairs(&raw.trailers)?,
            ..MessageCheck::default()
        })
    }

    fn response(&self, raw: &raw::Response) -> Checked<MessageCheck> {
        Ok(MessageCheck {
            // A stream that was reset has no answer, unless something is said about one.
            received: raw.received.unwrap_or(raw.reset != Some(true)),
            status: raw
                .status
                .as_ref()
                .map(|status| self.number(status))
                .transpose()?,
            headers: self.pairs(&raw.headers)?,
            body: self.optional(raw.body.as_ref())?,
            trailers: self.pairs(&raw.trailers)?,
            details: self.optional(raw.details.as_ref())?,
            reset: raw.reset,
        })
    }

    fn connection(&self, raw: &raw::Connection) -> Checked<ConnectionCheck> {
        Ok(ConnectionCheck {
            open: raw.open,
            closed_by: raw.closed_by.map(peer),
            received: self.optional(raw.received.as_ref())?,
            upstream_received: self.optional(raw.upstream_received.as_ref())?,
            filter_state: self.pairs(&raw.filter_state)?,
        })
    }

    fn log(&self, raw: &raw::Short<raw::LogLine>) -> Checked<(Place, LogCheck)> {
        let some = |place| NumberCheck {
            place,
            at_least: Some(1),
            ..NumberCheck::default()
        };
        let at = match raw {
            raw::Short::Full(at) => at,
            raw::Short::Text(text) => {
                let contains = Condition::Contains(text.expand(self.around.scope)?);
                let text_match = Match {
                    place: text.place,
                    conditions: vec![contains],
                };
                let count = some(text.place);
                let check = LogCheck {
                    level: None,
                    text: text_match,
                    count,
                    since: None,
                };
                return Ok((text.place, check));
            }
        };
        let raw = &at.value;
        let form = raw::TextMatch {
            is: raw.is.clone().map(|text| raw::OneOrMany(vec![text])),
            contains: raw.contains.clone(),
            lacks: raw.lacks.clone(),
            matches: raw.matches.clone(),
            ..raw::TextMatch::default()
        };
        let check = LogCheck {
            level: raw.level.map(level),
            text: Match {
                place: at.place,
                conditions: self.conditions(&form, at.place)?,
            },
            count: match &raw.count {
                Some(count) => self.number(count)?,
                None => some(at.place),
            },
            since: match &raw.since {
                Some(since) => Some(self.names.since(since, self.around.scope)?),
                None => None,
            },
        };
        Ok((at.place, check))
    }

    fn shared_data(&self, raw: &raw::SharedData, place: Place) -> Checked<SharedDataCheck> {
        let scope = self.around.scope;
        Ok(SharedDataCheck {
            vm_id: raw.vm_id.as_ref().map(|id| id.expand(scope)).transpose()?,
            key: raw.key.expand(scope)?,
            value: match &raw.value {
                Some(value) => self.text(value)?,
                None => Match {
                    place,
                    conditions: Vec::new(),
                },
            },
        })
    }

    fn access_log(&self, raw: &raw::AccessLog) -> Checked<AccessLogCheck> {
        Ok(AccessLogCheck {
            count: raw
                .count
                .as_ref()
                .map(|count| self.number(count))
                .transpose()?,
            last: self.pairs(&raw.last)?,
            any: raw
                .any
                .iter()
                .map(|line| self.pairs(line))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn level(raw: raw::Level) -> LogLevel {
    match raw {
        raw::Level::Trace => LogLevel::Trace,
        raw::Level::Debug => LogLevel::Debug,
        raw::Level::Info => LogLevel::Info,
        raw::Level::Warn => LogLevel::Warn,
        raw::Level::Error => LogLevel::Error,
        raw::Level::Critical => LogLevel::Critical,
    }
}
