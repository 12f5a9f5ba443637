//! Format strings with the values of a connection or a request in them.

use std::{borrow::Cow, net::SocketAddr};

use serde_json::{Value, json};

use super::{AddressPart, Attributes, Command, Format, Part, command::HeaderName};
use crate::config::base64;

/// What stands in a text for a value that is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenAbsent {
    /// A `-`: access logs.
    Dash,
    /// Nothing: header values, and access logs with `omit_empty_values`.
    Nothing,
}

impl WhenAbsent {
    fn text(self) -> &'static [u8] {
        match self {
            Self::Dash => b"-",
            Self::Nothing => b"",
        }
    }
}

impl Format {
    /// The bytes of a text or of a header's value.
    pub fn render(&self, attributes: &dyn Attributes, absent: WhenAbsent) -> Vec<u8> {
        let mut out = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Part::Command(command) => match command.value(attributes) {
                    Some(found) => out.extend_from_slice(&found.bytes()),
                    None => out.extend_from_slice(absent.text()),
                },
            }
        }
        out
    }

    /// The value in a JSON object: with one command alone that value with its type, `Null` when
    /// it is absent; a text otherwise.
    pub fn render_json(&self, attributes: &dyn Attributes, absent: WhenAbsent) -> Value {
        match self.parts.as_slice() {
            [Part::Command(command)] => command
                .value(attributes)
                .map_or(Value::Null, |found| found.json()),
            _ => Value::String(text(self.render(attributes, absent))),
        }
    }
}

/// The value of a command.
enum Found<'a> {
    Bytes(Cow<'a, [u8]>),
    Number(u64),
    Json(Value, Option<usize>),
}

impl<'a> Found<'a> {
    fn text(text: Cow<'a, str>) -> Self {
        Self::Bytes(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }

    fn bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(number) => Cow::Owned(number.to_string().into_bytes()),
            // A text stands without quotes.
            Self::Json(Value::String(text), length) => cut(Cow::Owned(text.into_bytes()), length),
            Self::Json(value, length) => cut(Cow::Owned(value.to_string().into_bytes()), length),
        }
    }

    fn json(self) -> Value {
        match self {
            Self::Bytes(bytes) => Value::String(text(bytes.into_owned())),
            Self::Number(number) => Value::from(number),
            Self::Json(value, _) => value,
        }
    }
}

impl Command {
    fn value<'a>(&self, attributes: &'a dyn Attributes) -> Option<Found<'a>> {
        match self {
            Self::StartTime(format) => Some(Found::text(Cow::Owned(
                format.render(attributes.start_nanos()),
            ))),
            Self::Address(endpoint, part) => Some(address(attributes.address(*endpoint)?, *part)),
            Self::RequestHeader(name) => name.value(|name| attributes.request_header(name)),
            Self::ResponseHeader(name) => name.value(|name| attributes.response_header(name)),
            Self::ResponseTrailer(name) => name.value(|name| attributes.response_trailer(name)),
            Self::FilterState { key, length } => {
                Some(Found::Bytes(cut(attributes.filter_state(key)?, *length)))
            }
            Self::FilterStateTyped { key, length } => {
                Some(Found::Json(typed(&attributes.filter_state(key)?), *length))
            }
            Self::DynamicMetadata {
                namespace,
                path,
                length,
            } => {
                let value = attributes.dynamic_metadata(namespace, path)?;
                Some(Found::Json(value, *length))
            }
            Self::Number(number) => attributes.number(*number).map(Found::Number),
            Self::Text(which) => attributes.text(*which).map(Found::text),
        }
    }
}

impl HeaderName {
    fn value<'a>(&self, header: impl Fn(&str) -> Option<Cow<'a, [u8]>>) -> Option<Found<'a>> {
        let value = header(&self.name).or_else(|| header(self.alternative.as_deref()?))?;
        Some(Found::Bytes(cut(value, self.length)))
    }
}

fn address(address: SocketAddr, part: AddressPart) -> Found<'static> {
    match part {
        AddressPart::Whole => Found::text(Cow::Owned(address.to_string())),
        AddressPart::Ip => Found::text(Cow::Owned(address.ip().to_string())),
        AddressPart::Port => Found::Number(u64::from(address.port())),
    }
}

/// What Envoy logs for a filter state that a plugin has set.
fn typed(state: &[u8]) -> Value {
    json!({
        "@type": "type.googleapis.com/google.protobuf.BytesValue",
        "value": base64::encode(state),
    })
}

fn cut(bytes: Cow<'_, [u8]>, length: Option<usize>) -> Cow<'_, [u8]> {
    let Some(length) = length.filter(|length| *length < bytes.len()) else {
        return bytes;
    };
    match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(..length).unwrap_or(bytes)),
        Cow::Owned(mut bytes) => {
            bytes.truncate(length);
            Cow::Owned(bytes)
        }
    }
}

/// Bytes in a JSON object: UTF-8, or else one character for each byte, as Envoy escapes them.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        error
            .as_bytes()
            .iter()
            .map(|byte| char::from(*byte))
            .collect()
    })
}
