//! `google.protobuf.Any`: a mapping that names its own type, alone or wrapped in a `TypedStruct`.

use super::{message::Message, node::Value, place::Place};

/// A value with the type that it names.
pub(super) struct Any<'a> {
    /// The type, such as `envoy.extensions.filters.network.echo.v3.Echo`.
    pub(super) type_name: String,
    /// Where its fields stand: beside `@type`, or in `value` of a `TypedStruct`.
    place: Place<'a>,
}

/// Both spellings of a value that is no message of Envoy's own; its type stands beside it.
const TYPED_STRUCTS: &[&str] = &["udpa.type.v1.TypedStruct", "xds.type.v3.TypedStruct"];

impl<'a> Any<'a> {
    /// The value at `place`. Reported when it names no type.
    pub(super) fn read(place: &Place<'a>) -> Option<Self> {
        let Some(url) = text_below(place, "@type")? else {
            place.problem("@type is missing");
            return None;
        };
        let name = type_name(place, url)?;
        if !TYPED_STRUCTS.contains(&name) {
            return Some(Self {
                type_name: name.to_owned(),
                place: place.clone(),
            });
        }
        let wrapper = Message::new(place, "xds.type.v3.TypedStruct", &["@type"])?;
        let url = wrapper.required("type_url")?.text()?;
        let inner = wrapper.required("value")?.clone();
        wrapper.finish();
        Some(Self {
            type_name: type_name(place, url)?.to_owned(),
            place: inner,
        })
    }

    /// Its fields as a message of the type `name`.
    pub(super) fn message<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Message<'a>) -> T,
    ) -> Option<T> {
        let message = Message::new(&self.place, name, &["@type"])?;
        let value = read(&message);
        message.finish();
        Some(value)
    }

    /// Reports that its type is none of `known`, which are types of `what`.
    pub(super) fn unknown<T>(&self, what: &str, known: &[&str]) -> Option<T> {
        self.place.problem(format!(
            "unknown {what} {}: known to the harness are {}",
            self.type_name,
            known.join(", ")
        ));
        None
    }
}

/// The `typed_config` of an extension. Its type decides what it is, as in Envoy, and its `name` is
/// a name.
pub(super) fn extension<'a>(message: &Message<'a>) -> Option<Any<'a>> {
    message.required_text("name");
    Any::read(message.required("typed_config")?)
}

/// The text at `key`; the outer `None` when it is no text, which is reported.
fn text_below<'a>(place: &Place<'a>, key: &str) -> Option<Option<&'a str>> {
    let Value::Map(entries) = &place.node.value else {
        let kind = place.node.value.kind();
        place.problem(format!("expected a mapping with @type, found {kind}"));
        return None;
    };
    match entries.iter().find(|entry| entry.key == key) {
        Some(entry) => place.below(key, &entry.value).text().map(Some),
        None => Some(None),
    }
}

/// What stands behind the last slash.
fn type_name<'a>(place: &Place<'_>, url: &'a str) -> Option<&'a str> {
    match url.rsplit_once('/') {
        Some((host, name)) if !host.is_empty() => Some(name),
        _ => {
            place.problem(format!(
                "@type is {url:?}, expected type.googleapis.com/ and the name of a type"
            ));
            None
        }
    }
}
