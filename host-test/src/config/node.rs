//! What a process says of itself, as guests read it.

use serde_json::Value;

use super::Node;
use crate::connection::property::Property;

impl Node {
    /// The part of `envoy.config.core.v3.Node` under this path.
    pub(crate) fn property(&self, path: &[&[u8]]) -> Option<Property> {
        let [region, zone, sub_zone] = &self.locality;
        Some(match path {
            [] => Property::Bytes(self.encoded()),
            [b"id"] => Property::text(&self.id),
            [b"cluster"] => Property::text(&self.cluster),
            [b"user_agent_name"] => Property::text("envoy"),
            [b"locality", b"region"] => Property::text(region),
            [b"locality", b"zone"] => Property::text(zone),
            [b"locality", b"sub_zone"] => Property::text(sub_zone),
            [b"metadata", path @ ..] => {
                let mut value = &self.metadata;
                for name in path {
                    value = value.get(std::str::from_utf8(name).ok()?)?;
                }
                return property(value);
            }
            _ => return None,
        })
    }

    /// The fields `id`, `cluster` and `user_agent_name` as protocol buffers; Envoy's own node says
    /// much more of its version and extensions.
    fn encoded(&self) -> Vec<u8> {
        let fields = [(1, &self.id[..]), (2, &self.cluster), (6, "envoy")];
        let present = fields.iter().filter(|(_, text)| !text.is_empty());
        present
            .flat_map(|(number, text)| field(*number, text.as_bytes()))
            .collect()
    }
}

/// A field of bytes in protocol buffers.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    const LENGTH_DELIMITED: u8 = 2;
    let mut out = vec![number << 3 | LENGTH_DELIMITED];
    let mut len = bytes.len();
    loop {
        let low = u8::try_from(len & 0x7f).unwrap_or_default();
        len >>= 7;
        if len == 0 {
            out.push(low);
            break;
        }
        out.push(low | 0x80);
    }
    out.extend_from_slice(bytes);
    out
}

/// A value of JSON: numbers are doubles, lists and objects maps.
fn property(value: &Value) -> Option<Property> {
    let bytes = |value: &Value| property(value)?.serialize().ok();
    match value {
        Value::Null => None,
        Value::Bool(truth) => Some(Property::Bool(*truth)),
        Value::Number(number) => Some(Property::Uint(number.as_f64()?.to_bits())),
        Value::String(text) => Some(Property::text(text)),
        Value::Array(values) => {
            let pairs = values.iter().map(|value| Some((bytes(value)?, Vec::new())));
            Some(Property::Map(pairs.collect::<Option<_>>()?))
        }
        Value::Object(fields) => {
            let pairs = fields
                .iter()
                .map(|(name, value)| Some((name.clone().into(), bytes(value)?)));
            Some(Property::Map(pairs.collect::<Option<_>>()?))
        }
    }
}
