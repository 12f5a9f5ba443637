//! From an expectation as it is written to what is checked.

use super::names::Names;
use super::step::{Surroundings, peer};
use super::value::hex;
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

type Checked<T> = Result<T, InvalidScenario>;

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

/// Reads what a text must be like.
pub(super) fn text(raw: &raw::Match, around: &Surroundings<'_>, names: &Names) -> Checked<Match> {
    Reader { around, names }.text(raw)
}

struct Reader<'a> {
    around: &'a Surroundings<'a>,
    names: &'a Names,
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

    fn pairs(&self, raw: &raw::Pairs<raw::Match>) -> Checked<Vec<(String, Match)>> {
        let pair = |(name, value): &(Text, raw::Match)| {
            Ok((name.expand(self.around.scope)?, self.text(value)?))
        };
        raw.0.iter().map(pair).collect()
    }

    fn optional(&self, raw: Option<&raw::Match>) -> Checked<Option<Match>> {
        raw.map(|raw| self.text(raw)).transpose()
    }

    fn text(&self, raw: &raw::Match) -> Checked<Match> {
        Ok(match raw {
            raw::Short::Text(text) => Match {
                place: text.place,
                conditions: vec![Condition::Is(text.expand(self.around.scope)?)],
            },
            raw::Short::Full(at) => Match {
                place: at.place,
                conditions: self.conditions(&at.value, at.place)?,
            },
        })
    }

    fn conditions(&self, raw: &raw::TextMatch, place: Place) -> Checked<Vec<Condition>> {
        let scope = self.around.scope;
        let mut out = Vec::new();
        if let Some(raw::OneOrMany(texts)) = &raw.is {
            let mut texts = texts
                .iter()
                .map(|text| text.expand(scope))
                .collect::<Checked<Vec<_>>>()?;
            out.push(match (texts.len(), texts.pop()) {
                (1, Some(text)) => Condition::Is(text),
                (_, last) => Condition::Members(texts.into_iter().chain(last).collect()),
            });
        }
        out.extend(raw.absent.map(Condition::Absent));
        for text in raw.contains.iter().flat_map(|raw::OneOrMany(texts)| texts) {
            out.push(Condition::Contains(text.expand(scope)?));
        }
        for text in raw.lacks.iter().flat_map(|raw::OneOrMany(texts)| texts) {
            out.push(Condition::Lacks(text.expand(scope)?));
        }
        if let Some(text) = &raw.starts_with {
            out.push(Condition::StartsWith(text.expand(scope)?));
        }
        if let Some(text) = &raw.ends_with {
            out.push(Condition::EndsWith(text.expand(scope)?));
        }
        if let Some(text) = &raw.matches {
            let expression = regex::Regex::new(&text.expand(scope)?)
                .map_err(|error| text.error(one_line(&error.to_string())))?;
            out.push(Condition::Matches(expression));
        }
        if let Some(text) = &raw.at_least {
            out.push(Condition::AtLeast(text.parse(scope, "a number")?));
        }
        if let Some(text) = &raw.at_most {
            out.push(Condition::AtMost(text.parse(scope, "a number")?));
        }
        if let Some(text) = &raw.hex {
            out.push(Condition::Bytes(hex(text, scope)?));
        }
        if let Some(number) = &raw.length {
            out.push(Condition::Length(self.number(number)?));
        }
        if let Some(number) = &raw.lines {
            out.push(Condition::Lines(self.number(number)?));
        }
        if let Some(members) = &raw.dictionary {
            out.push(Condition::Dictionary(self.pairs(members)?));
        }
        match out.is_empty() {
            true => Err(InvalidScenario::at(place, "this expectation says nothing")),
            false => Ok(out),
        }
    }

    fn number(&self, raw: &raw::Number) -> Checked<NumberCheck> {
        let scope = self.around.scope;
        let parse = |text: &Text| text.parse::<i64>(scope, "a whole number");
        let optional = |text: &Option<Text>| text.as_ref().map(parse).transpose();
        let at = match raw {
            raw::Short::Text(text) => {
                let is = Some(parse(text)?);
                return Ok(NumberCheck {
                    place: text.place,
                    is,
                    ..NumberCheck::default()
                });
            }
            raw::Short::Full(at) => at,
        };
        let number = NumberCheck {
            place: at.place,
            is: optional(&at.value.is)?,
            at_least: optional(&at.value.at_least)?,
            at_most: optional(&at.value.at_most)?,
            absent: at.value.absent,
            since: match &at.value.since {
                Some(since) => Some(self.names.since(since, scope)?),
                None => None,
            },
        };
        let says_nothing = (number.is, number.at_least, number.at_most) == (None, None, None);
        match says_nothing && number.absent.is_none() {
            true => Err(InvalidScenario::at(
                at.place,
                "expected is, at_least, at_most or absent",
            )),
            false => Ok(number),
        }
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

/// What the reader of expressions says, in one line.
fn one_line(text: &str) -> String {
    let last = text.lines().last().unwrap_or_default();
    format!(
        "no regular expression: {}",
        last.trim_start_matches("error: ")
    )
}
