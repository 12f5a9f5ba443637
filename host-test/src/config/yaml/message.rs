//! A mapping of the text as one of Envoy's messages: its known keys, and no others.

use std::cell::RefCell;
use std::time::Duration;

use super::{
    accepted,
    node::Value,
    place::{Choice, Place},
    problem::Position,
};

/// A mapping whose keys are asked for by name; what is not asked for is reported at the end.
pub(super) struct Message<'a> {
    place: Place<'a>,
    /// Its type in Envoy, such as `envoy.config.listener.v3.Listener`.
    name: &'static str,
    fields: Vec<Field<'a>>,
    asked: RefCell<Vec<&'static str>>,
}

struct Field<'a> {
    /// As Envoy's protos spell it.
    key: String,
    at: Position,
    place: Place<'a>,
}

/// Reads the mapping at `place` as a message of the type `name`; `None` when it is none. Null is
/// an empty one.
pub(super) fn message<'a, T>(
    place: &Place<'a>,
    name: &'static str,
    read: impl FnOnce(&Message<'a>) -> T,
) -> Option<T> {
    let message = Message::new(place, name, &[])?;
    let value = read(&message);
    message.finish();
    Some(value)
}

impl<'a> Message<'a> {
    /// The message at `place`; the keys of `other` belong to what is around it.
    pub(super) fn new(place: &Place<'a>, name: &'static str, other: &[&str]) -> Option<Self> {
        let entries = match &place.node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null => &[],
            found => {
                let kind = found.kind();
                place.problem(format!("expected a mapping of {name}, found {kind}"));
                return None;
            }
        };
        let mut fields: Vec<Field<'a>> = Vec::new();
        for entry in entries {
            let key = snake_case(&entry.key);
            if other.contains(&key.as_str()) {
                continue;
            }
            let place = place.below(&entry.key, &entry.value);
            if fields.iter().any(|field| field.key == key) {
                place.problem_at(entry.at, "stands here twice, expected once");
                continue;
            }
            fields.push(Field {
                key,
                at: entry.at,
                place,
            });
        }
        Some(Self {
            place: place.clone(),
            name,
            fields,
            asked: RefCell::default(),
        })
    }

    /// Reports every key that was not asked for, but those without effect.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for field in &self.fields {
            if asked.contains(&field.key.as_str()) {
                continue;
            }
            if let Some(accepted) = accepted::find(self.name, &field.key) {
                accepted.shape.check(&field.place);
                continue;
            }
            let mut known = asked.clone();
            known.extend(accepted::keys(self.name));
            known.sort_unstable();
            known.dedup();
            let message = format!(
                "unknown key in {}: known to the harness are {}",
                self.name,
                known.join(", ")
            );
            field.place.problem_at(field.at, message);
        }
    }

    /// The value of `key`; `None` when it is absent or null.
    pub(super) fn get(&self, key: &'static str) -> Option<&Place<'a>> {
        if !self.asked.borrow().contains(&key) {
            self.asked.borrow_mut().push(key);
        }
        let field = self.fields.iter().find(|field| field.key == key)?;
        (!field.place.is_null()).then_some(&field.place)
    }

    /// The value of `key`; reported when it is absent.
    pub(super) fn required(&self, key: &'static str) -> Option<&Place<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.problem(format!("{key} is missing"));
        }
        found
    }

    /// Reports a problem of the whole message.
    pub(super) fn problem(&self, text: impl Into<String>) {
        self.place.problem(text);
    }

    /// The one of `keys` that is there; two of them are a problem.
    pub(super) fn one_of(&self, keys: &[&'static str]) -> Option<(&'static str, &Place<'a>)> {
        let mut found = None;
        for key in keys {
            let Some(place) = self.get(key) else { continue };
            match found {
                None => found = Some((*key, place)),
                Some((first, _)) => place.problem(format!("expected alone, but {first} is there")),
            }
        }
        found
    }

    /// The one of `keys` that is there; none or two of them are a problem.
    pub(super) fn exactly_one_of(
        &self,
        keys: &[&'static str],
    ) -> Option<(&'static str, &Place<'a>)> {
        let found = self.one_of(keys);
        if found.is_none() {
            self.problem(format!("expected one of {}", keys.join(", ")));
        }
        found
    }

    /// What `read` makes of `key`.
    pub(super) fn one<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Place<'a>) -> Option<T>,
    ) -> Option<T> {
        self.get(key).and_then(read)
    }

    /// What `read` makes of each item of `key`.
    pub(super) fn each<T>(
        &self,
        key: &'static str,
        read: impl FnMut(&Place<'a>) -> Option<T>,
    ) -> Vec<T> {
        let items = self.get(key).map(Place::items).unwrap_or_default();
        items.iter().filter_map(read).collect()
    }

    /// A text, empty when absent.
    pub(super) fn text(&self, key: &'static str) -> String {
        self.one(key, Place::text).unwrap_or_default().to_owned()
    }

    /// A text that must be there.
    pub(super) fn required_text(&self, key: &'static str) -> String {
        match self.required(key) {
            Some(place) => {
                let text = place.text();
                if text == Some("") {
                    place.problem("expected a text that is not empty");
                }
                text.unwrap_or_default().to_owned()
            }
            None => String::new(),
        }
    }

    /// A boolean.
    pub(super) fn boolean_or(&self, key: &'static str, default: bool) -> bool {
        self.one(key, Place::boolean).unwrap_or(default)
    }

    /// A number of 32 bits without sign.
    pub(super) fn u32(&self, key: &'static str) -> Option<u32> {
        self.one(key, |place| place.unsigned(0, i64::from(u32::MAX)))
    }

    /// A time; `None` for zero, which switches it off.
    pub(super) fn limit_or(
        &self,
        key: &'static str,
        default: Option<Duration>,
    ) -> Option<Duration> {
        self.get(key).map_or(default, |place| {
            place.duration().filter(|time| !time.is_zero())
        })
    }

    /// A value of an enumeration.
    pub(super) fn choice_or<T: Copy>(
        &self,
        key: &'static str,
        choices: &[Choice<T>],
        default: T,
    ) -> T {
        self.one(key, |place| place.choice(choices))
            .unwrap_or(default)
    }
}

/// `statPrefix` is `stat_prefix`, as proto3's JSON says; everything else is itself.
fn snake_case(key: &str) -> String {
    if key.contains('_') || key.starts_with(|first: char| first.is_ascii_uppercase()) {
        return key.to_owned();
    }
    let mut snake = String::with_capacity(key.len());
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
