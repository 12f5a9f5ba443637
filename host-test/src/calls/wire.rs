//! The wire format of protocol buffers, as far as guests give it to Envoy.
//!
//! Source: the encoding guide of protocol buffers; corner cases as Envoy 1.40.0 takes them.

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) number: u32,
    pub(super) value: Value<'a>,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// A number of fixed length, or a group; no message here has one.
    Other,
}

/// The fields of a message in their order; none if the bytes are no message.
pub(super) fn fields(mut bytes: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (number, kind) = tag(&mut bytes)?;
        let value = value(&mut bytes, number, kind, GROUPS_MAX)?;
        all.push(Field { number, value });
    }
    Some(all)
}

/// The last text under this number, as proto3 has it: empty if there is none. None if one of them
/// is no UTF-8.
pub(super) fn text<'a>(fields: &[Field<'a>], number: u32) -> Option<&'a str> {
    let mut found = "";
    for field in fields.iter().filter(|field| field.number == number) {
        if let Value::Bytes(bytes) = field.value {
            found = str::from_utf8(bytes).ok()?;
        }
    }
    Some(found)
}

/// The last bytes under this number; empty if there are none.
pub(super) fn bytes<'a>(fields: &[Field<'a>], number: u32) -> &'a [u8] {
    let of = |field: &Field<'a>| match field.value {
        Value::Bytes(bytes) if field.number == number => Some(bytes),
        _ => None,
    };
    fields.iter().rev().find_map(of).unwrap_or_default()
}

/// The last number under this number; 0 if there is none.
pub(super) fn number(fields: &[Field<'_>], number: u32) -> u64 {
    let of = |field: &Field<'_>| match field.value {
        Value::Varint(value) if field.number == number => Some(value),
        _ => None,
    };
    fields.iter().rev().find_map(of).unwrap_or(0)
}

/// How deep groups may lie in each other.
const GROUPS_MAX: u32 = 100;

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
const GROUP: u32 = 3;
const GROUP_END: u32 = 4;
const FIXED32: u32 = 5;

/// Number and kind of the next field.
fn tag(bytes: &mut &[u8]) -> Option<(u32, u32)> {
    let tag = u32::try_from(varint(bytes)?).ok()?;
    let number = tag >> 3;
    (number != 0).then_some((number, tag & 7))
}

fn value<'a>(bytes: &mut &'a [u8], number: u32, kind: u32, groups: u32) -> Option<Value<'a>> {
    Some(match kind {
        VARINT => Value::Varint(varint(bytes)?),
        FIXED64 => take(bytes, 8).map(|_| Value::Other)?,
        FIXED32 => take(bytes, 4).map(|_| Value::Other)?,
        LENGTH => {
            let len = usize::try_from(varint(bytes)?).ok()?;
            Value::Bytes(take(bytes, len)?)
        }
        GROUP => {
            let groups = groups.checked_sub(1)?;
            loop {
                let (inner, kind) = tag(bytes)?;
                if kind == GROUP_END {
                    break (inner == number).then_some(Value::Other)?;
                }
                value(bytes, inner, kind, groups)?;
            }
        }
        _ => return None,
    })
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    const BYTES_MAX: u32 = 10;
    let mut number = 0_u64;
    for index in 0..BYTES_MAX {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).wrapping_shl(7 * index);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::{bytes, fields, number, text};

    /// Names of clusters that Envoy 1.40.0 took for names, and one that it took for a message.
    #[test]
    fn a_name_can_be_a_message_by_chance() {
        for name in ["grpc", "closed", "nope", "upstream"] {
            assert_eq!(fields(name.as_bytes()), None, "{name}");
        }
        assert!(fields(b"empty").is_some());
        assert!(fields(b"").is_some());
    }

    /// Arguments of `declare_property`, and whether Envoy 1.40.0 took them.
    #[test]
    fn bytes_are_read_as_envoy_reads_them() {
        let read =
            |message: &[u8]| fields(message).and_then(|fields| text(&fields, 1)?.chars().next());
        assert_eq!(read(b"\x0a\x01a\x18\x01\x28\x02"), Some('a'));
        assert_eq!(read(b"\x0a\x01c\x7a\x01x"), Some('c'), "an unknown field");
        assert_eq!(read(b"\x0a\x01e\x7b\x7c"), Some('e'), "a group");
        assert_eq!(read(b"\x0a\x01f\x7b"), None, "a group without end");
        assert_eq!(
            read(b"\x0a\x01g\x7b\x64"),
            None,
            "a group with another's end"
        );
        assert_eq!(read(b"\x0a\x01\xff"), None, "no UTF-8");
        assert_eq!(read(b"\xff\xff"), None, "a cut number");
        assert_eq!(read(b"\x00\x01"), None, "field 0");
        assert_eq!(read(b"\x0a\x05a"), None, "cut bytes");
    }

    #[test]
    fn the_last_of_a_field_counts() {
        let all = fields(b"\x18\x01\x22\x01a\x18\x96\x01\x22\x01b").unwrap();
        assert_eq!(number(&all, 3), 150);
        assert_eq!(bytes(&all, 4), b"b");
        assert_eq!(number(&all, 9), 0);
        assert_eq!(bytes(&all, 9), b"");
    }

    #[test]
    fn groups_in_groups_end_somewhere() {
        assert_eq!(fields(&[0x0b; 1_000_000]), None);
    }
}
