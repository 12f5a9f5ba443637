//! Keys that are accepted and change nothing that the harness observes.

mod groups;

pub(super) use groups::GROUPS;

use super::{
    node::Value,
    place::{Place, choice},
};

/// What is expected at a key that has no effect: enough to find mistakes that Envoy finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A boolean.
    Flag,
    /// A number without sign.
    Number,
    /// A time.
    Time,
    /// A text.
    Text,
    /// A text that is not empty.
    Name,
    /// One of these names.
    OneOf(&'static [&'static str]),
    /// A mapping, into which nobody looks.
    Mapping,
    /// A mapping or a list of them, into which nobody looks.
    Mappings,
    /// Texts.
    Texts,
}

impl Shape {
    /// Reports what has another shape.
    pub(super) fn check(self, place: &Place<'_>) {
        if place.is_null() {
            return;
        }
        match self {
            Self::Flag => report(place.boolean()),
            Self::Number => report(place.number(0, i64::from(u32::MAX))),
            Self::Time => report(place.duration()),
            Self::Text => report(place.text()),
            Self::Name => {
                if place.text() == Some("") {
                    place.problem("expected a text that is not empty");
                }
            }
            Self::OneOf(names) => {
                let choices: Vec<_> = names.iter().zip(0..).collect();
                let choices = choices
                    .into_iter()
                    .map(|(name, number)| choice(name, number, ()));
                place.choice(&choices.collect::<Vec<_>>());
            }
            Self::Mapping => mapping(place),
            Self::Mappings => place.items().iter().for_each(mapping),
            Self::Texts => place.items().iter().for_each(|item| report(item.text())),
        }
    }
}

/// The value does not matter, what is wrong with it is reported already.
fn report<T>(_value: Option<T>) {}

fn mapping(place: &Place<'_>) {
    if !matches!(place.node.value, Value::Map(_)) {
        let kind = place.node.value.kind();
        place.problem(format!("expected a mapping, found {kind}"));
    }
}

/// A key without effect.
pub(super) struct Accepted {
    pub(super) key: &'static str,
    pub(super) shape: Shape,
}

/// Keys of one message that have no effect for one reason.
pub(super) struct Group {
    /// The message.
    pub(super) message: &'static str,
    /// Why the keys have no effect.
    pub(super) why: &'static str,
    /// The keys.
    pub(super) keys: &'static [Accepted],
}

/// The key of a message, if it is one without effect.
pub(super) fn find(message: &str, key: &str) -> Option<&'static Accepted> {
    groups(message).find_map(|group| group.keys.iter().find(|accepted| accepted.key == key))
}

/// Keys of a message that have no effect.
pub(super) fn keys(message: &str) -> impl Iterator<Item = &'static str> {
    groups(message).flat_map(|group| group.keys.iter().map(|accepted| accepted.key))
}

fn groups(message: &str) -> impl Iterator<Item = &'static Group> {
    GROUPS.iter().filter(move |group| group.message == message)
}
