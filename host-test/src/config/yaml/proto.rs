//! `google.protobuf.Struct` in protobuf's binary form.
//!
//! A plugin whose `configuration` is a `Struct` is given these bytes, not JSON: seen on Envoy
//! 1.36.4, 1.37.0, 1.39.3 and 1.40.0. The order of the fields is that of the keys here, and no
//! certain one in Envoy.

use std::collections::BTreeMap;

use super::node::{Node, Value};

/// The bytes of a mapping as a `Struct`. Of a key that stands there twice the last value counts.
pub(super) fn encode_struct(node: &Node) -> Vec<u8> {
    let mut fields = BTreeMap::new();
    if let Value::Map(entries) = &node.value {
        fields.extend(entries.iter().map(|entry| (&entry.key, &entry.value)));
    }
    let mut out = Vec::new();
    for (key, value) in fields {
        let mut entry = Vec::new();
        bytes(&mut entry, 1, key.as_bytes());
        bytes(&mut entry, 2, &encode_value(value));
        bytes(&mut out, 1, &entry);
    }
    out
}

/// A `google.protobuf.Value`.
fn encode_value(node: &Node) -> Vec<u8> {
    let mut out = Vec::new();
    match &node.value {
        Value::Null => number(&mut out, 1, 0),
        Value::Int(value) => {
            varint(&mut out, 2 << 3 | 1);
            out.extend_from_slice(&f64::from(*value).to_le_bytes());
        }
        Value::Text(text) => bytes(&mut out, 3, text.as_bytes()),
        Value::Bool(value) => number(&mut out, 4, u64::from(*value)),
        Value::Map(_) => bytes(&mut out, 5, &encode_struct(node)),
        Value::List(items) => {
            let mut list = Vec::new();
            for item in items {
                bytes(&mut list, 1, &encode_value(item));
            }
            bytes(&mut out, 6, &list);
        }
    }
    out
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml::node;

    /// Fields as the log of Envoy 1.40.0 showed them, one by one.
    #[test]
    fn a_struct_has_the_bytes_that_envoy_hands_over() {
        let text = "{b: 1, a: 1.5, c: [y, ~, é, -3, 3000000000, 0x10], d: {}, e: [], f: 1.0}";
        let fields: [&[u8]; 6] = [
            b"\n\x0a\n\x01a\x12\x05\x1a\x031.5",
            b"\n\x0e\n\x01b\x12\x09\x11\0\0\0\0\0\0\xf0?",
            b"\n\x39\n\x01c\x12\x342\x32\n\x02 \x01\n\x02\x08\0\n\x04\x1a\x02\xc3\xa9\
              \n\x09\x11\0\0\0\0\0\0\x08\xc0\n\x0c\x1a\n3000000000\n\x09\x11\0\0\0\0\0\0\x30\x40",
            b"\n\x07\n\x01d\x12\x02*\0",
            b"\n\x07\n\x01e\x12\x022\0",
            b"\n\x0a\n\x01f\x12\x05\x1a\x031.0",
        ];
        assert_eq!(encode_struct(&node::load(text).unwrap()), fields.concat());
    }

    #[test]
    fn long_texts_have_long_lengths() {
        let text = format!("a: {}", "x".repeat(300));
        let bytes = encode_struct(&node::load(&text).unwrap());
        assert_eq!(bytes[..11], *b"\n\xb5\x02\n\x01a\x12\xaf\x02\x1a\xac");
        assert_eq!(bytes.len(), 300 + 12);
    }
}
