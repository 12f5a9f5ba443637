//! The values that expectations look at.

use super::matching::Subject;
use super::message::header;
use super::seen;
use crate::scenario::model::{
    AccessLogCheck, Check, ConnectionCheck, Expectation, Match, MessageCheck, NumberCheck,
};
use crate::scenario::text::Place;
use crate::scenario::world::{ConnectionSeen, Exchange, MessageSeen, World};

/// A value that an expectation looks at.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Item<'a> {
    pub(super) subject: Subject,
    pub(super) name: String,
    pub(super) wanted: Wanted<'a>,
}

/// What it must be.
#[derive(Clone, Debug)]
pub(in crate::scenario) enum Wanted<'a> {
    Match(&'a Match),
    Number(&'a NumberCheck),
    /// These very words.
    Words(&'static str, Place),
}

impl<'a> Item<'a> {
    fn new(name: String, value: Option<&[u8]>, wanted: Wanted<'a>) -> Self {
        let subject = Subject::bytes(&name, value);
        Self {
            subject,
            name,
            wanted,
        }
    }

    /// What it is called.
    pub(in crate::scenario) fn name(&self) -> &str {
        &self.name
    }

    /// What it is; none if it is absent.
    pub(in crate::scenario) fn into_value(self) -> Option<Vec<u8>> {
        self.subject.text().map(String::into_bytes)
    }
}

/// What an expectation looks at, as far as it is a verdict: not metrics, counts, logs and shared
/// data. Nothing when it cannot be seen in this world.
pub(in crate::scenario) fn looked_at<'a>(
    expectation: &'a Expectation,
    world: &dyn World,
) -> Option<Vec<Item<'a>>> {
    Some(match &expectation.check {
        Check::Upstream(request, check) => {
            let exchange = seen(world.exchange(*request))?;
            let message = exchange.upstream.filter(|_| check.received);
            message.map_or_else(Vec::new, |message| parts("upstream", check, &message))
        }
        Check::Response(request, check) => {
            let exchange = seen(world.exchange(*request))?;
            response(check, &exchange, expectation.place)
        }
        Check::Connection(index, check) => {
            let mut items = connection(check, &seen(world.connection(*index))?, expectation.place);
            for (key, wanted) in &check.filter_state {
                let value = seen(world.filter_state(*index, key))?;
                let name = format!("filter state {key}");
                items.push(Item::new(name, value.as_deref(), Wanted::Match(wanted)));
            }
            items
        }
        Check::AccessLog(check) => access_log(check, world)?,
        _ => Vec::new(),
    })
}

fn parts<'a>(what: &str, check: &'a MessageCheck, message: &MessageSeen) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    let fields = [
        ("header", &check.headers, &message.headers),
        ("trailer", &check.trailers, &message.trailers),
    ];
    for (kind, checks, found) in fields {
        for (field, wanted) in checks {
            let name = format!("{what} {kind} {field}");
            items.push(Item {
                subject: header(&name, field, found),
                name,
                wanted: Wanted::Match(wanted),
            });
        }
    }
    if let Some(body) = &check.body {
        let name = format!("{what} body");
        items.push(Item::new(name, Some(&message.body), Wanted::Match(body)));
    }
    items
}

fn response<'a>(check: &'a MessageCheck, exchange: &Exchange, place: Place) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    let words = |is_reset: bool| match is_reset {
        true => "reset",
        false => "not reset",
    };
    let reset = words(check.reset.unwrap_or(false));
    let found = Some(words(exchange.reset).as_bytes());
    items.push(Item::new(
        "the stream".to_owned(),
        found,
        Wanted::Words(reset, place),
    ));
    if let Some(message) = exchange.response.as_ref().filter(|_| check.received) {
        if let Some(status) = &check.status {
            let value = message.status.map(|status| status.to_string());
            let value = value.as_deref().map(str::as_bytes);
            items.push(Item::new(
                "status".to_owned(),
                value,
                Wanted::Number(status),
            ));
        }
        items.extend(parts("response", check, message));
    }
    if let Some(details) = &check.details {
        let value = exchange.details.as_deref().map(str::as_bytes);
        let name = "response details".to_owned();
        items.push(Item::new(name, value, Wanted::Match(details)));
    }
    items
}

fn connection<'a>(
    check: &'a ConnectionCheck,
    connection: &ConnectionSeen,
    place: Place,
) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    let words = |is_open: bool| match is_open {
        true => "open",
        false => "closed",
    };
    if let Some(open) = check.open {
        let name = "the connection".to_owned();
        let found = Some(words(connection.open).as_bytes());
        items.push(Item::new(name, found, Wanted::Words(words(open), place)));
    }
    if let (Some(wanted), Some(found)) = (check.closed_by, connection.closed_by) {
        let name = "the connection is closed by".to_owned();
        let found = Some(found.name().as_bytes());
        items.push(Item::new(name, found, Wanted::Words(wanted.name(), place)));
    }
    for (what, wanted, found) in [
        ("client", &check.received, &connection.received),
        (
            "upstream",
            &check.upstream_received,
            &connection.upstream_received,
        ),
    ] {
        if let Some(wanted) = wanted {
            let name = format!("bytes to the {what}");
            items.push(Item::new(name, Some(found), Wanted::Match(wanted)));
        }
    }
    items
}

fn access_log<'a>(check: &'a AccessLogCheck, world: &dyn World) -> Option<Vec<Item<'a>>> {
    let lines = seen(world.access_log())?;
    let mut items = Vec::new();
    if let Some(line) = lines.last() {
        for (key, wanted) in &check.last {
            let value = line.get(key).filter(|value| *value != "-");
            let value = value.map(|value| value.as_bytes());
            let name = format!("access log {key}");
            items.push(Item::new(name, value, Wanted::Match(wanted)));
        }
    }
    Some(items)
}
