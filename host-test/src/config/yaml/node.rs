//! The text of a YAML as a tree of values with their places, as Envoy's reader yaml-cpp sees it.
//!
//! It is YAML 1.1: plain `y`, `no` and `on` are booleans, `010` is eight, `<<` is a key like any
//! other. Envoy turns whole numbers of 32 bits into numbers, and all others into texts.

use std::{fmt, thread};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{
    DuplicateKeyPolicy, Error, MergeKeyPolicy, Spanned, Tagged, options::NonFiniteFloatPolicy,
};

use super::problem::Position;

/// A value and where it stands; behind an alias, where its anchor is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i32),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) at: Position,
    pub(super) key: String,
    pub(super) value: Node,
}

impl Value {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// Bytes of a configuration at most.
pub(super) const BYTES_MAX: usize = 32 << 20;
/// Values at most, those that aliases repeat included.
const VALUES_MAX: usize = 200_000;
/// Depth at most.
const DEPTH_MAX: usize = 64;
/// The deserializer of values with places takes some 45 KiB of stack for each level of depth, in
/// code that is not optimised more: no thread of a test has so much.
const STACK_BYTES: usize = 64 << 20;

/// Reads `text`. Fails with one problem where it is no YAML, too large, or more than one document.
pub(super) fn load(text: &str) -> Result<Node, (Option<Position>, String)> {
    let loaded = thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK_BYTES);
        let reader = reader.spawn_scoped(scope, || load_here(text));
        reader.ok().and_then(|reader| reader.join().ok())
    });
    loaded.unwrap_or_else(|| Err((None, "no thread to read it in".to_owned())))
}

fn load_here(text: &str) -> Result<Node, (Option<Position>, String)> {
    if text.len() > BYTES_MAX {
        let message = format!("{} bytes, at most {BYTES_MAX} are read", text.len());
        return Err((None, message));
    }
    let options = serde_saphyr::options! {
        // Found later, with the key's path.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: VALUES_MAX,
        },
        budget: serde_saphyr::budget! {
            max_nodes: VALUES_MAX,
            max_depth: DEPTH_MAX,
        },
        with_snippet: false,
    };
    let raw: Spanned<Raw> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| problem(&error))?;
    Ok(node(raw, text))
}

fn problem(error: &Error) -> (Option<Position>, String) {
    let at = error.location().map(|location| Position {
        line: location.line(),
        column: location.column(),
    });
    if let Error::MultipleDocuments { .. } = error.without_snippet() {
        let message = "a second document begins here, expected one: Envoy reads the first alone";
        return (at, message.to_owned());
    }
    // The place stands in front already.
    let full = error.without_snippet().to_string();
    let message = full.split(" at line ").next().unwrap_or_default();
    (at, format!("not YAML: {}", message.replace('\n', " ")))
}

/// What serde is given: plain scalars have lost their spelling.
enum Raw {
    /// Not plain, or a plain text.
    Text(String),
    /// A plain scalar that may be something else than a text: its spelling tells.
    Plain,
    Null,
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Tagged<String>>, Spanned<Raw>)>),
}

fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let span = raw.defined.span();
    let value = match raw.value {
        Raw::Text(text) => Value::Text(text),
        Raw::Null => Value::Null,
        Raw::Plain => {
            let from = span.byte_offset().unwrap_or_default();
            let to = from.saturating_add(span.byte_len().unwrap_or_default());
            let bounds = usize::try_from(from).ok().zip(usize::try_from(to).ok());
            let spelling = bounds.and_then(|(from, to)| text.get(from..to));
            plain(spelling.unwrap_or_default().trim())
        }
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(item, text)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                // Envoy leaves such entries out: they hold anchors.
                .filter(|(key, _)| key.value.1.as_deref() != Some("!ignore"))
                .map(|(key, value)| Entry {
                    at: position(key.defined),
                    key: key.value.0,
                    value: node(value, text),
                })
                .collect(),
        ),
    };
    Node {
        at: position(raw.defined),
        value,
    }
}

fn position(location: serde_saphyr::Location) -> Position {
    Position {
        line: location.line(),
        column: location.column(),
    }
}

/// A plain scalar, as Envoy's `parseYamlNode` reads it.
fn plain(spelling: &str) -> Value {
    let lower = spelling.to_ascii_lowercase();
    // `tRue` is none.
    let one_case = spelling == lower
        || spelling == spelling.to_ascii_uppercase()
        || spelling.get(1..) == lower.get(1..);
    match lower.as_str() {
        "y" | "yes" | "true" | "on" if one_case => return Value::Bool(true),
        "n" | "no" | "false" | "off" if one_case => return Value::Bool(false),
        _ => {}
    }
    match integer(&lower) {
        Some(number) => {
            i32::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Int)
        }
        None => Value::Text(spelling.to_owned()),
    }
}

/// A whole number of C++'s streams: decimal, `0x` and, behind a leading zero, octal.
fn integer(lower: &str) -> Option<i64> {
    let (negative, digits) = match lower.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, lower.strip_prefix('+').unwrap_or(lower)),
    };
    let (radix, digits) = match digits.strip_prefix("0x") {
        Some(hexadecimal) => (16, hexadecimal),
        None if digits.len() > 1 && digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if negative { -number } else { number }).ok()
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn values(text: &str) -> Vec<Value> {
        match load(text).unwrap().value {
            Value::List(items) => items.into_iter().map(|item| item.value).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    /// Each of them was tried on Envoy 1.40.0 as a number, a boolean and a text.
    #[test]
    fn plain_scalars_are_those_of_envoy() {
        let all = "[y, Yes, NO, tRue, \"y\", 'no', 5, +5, -3, 010, 08, 0x1F, -0x10, 0o17, 1_000, \
                   2147483647, 2147483648, 1.50, 1e3, .inf, ~, null, '', é, 0x80000000, 12:30]";
        assert_eq!(
            values(all),
            [
                Value::Bool(true),
                Value::Bool(true),
                Value::Bool(false),
                text("tRue"),
                text("y"),
                text("no"),
                Value::Int(5),
                Value::Int(5),
                Value::Int(-3),
                Value::Int(8),
                text("08"),
                Value::Int(31),
                Value::Int(-16),
                text("0o17"),
                text("1_000"),
                Value::Int(i32::MAX),
                text("2147483648"),
                text("1.50"),
                text("1e3"),
                text(".inf"),
                Value::Null,
                Value::Null,
                text(""),
                text("é"),
                text("2147483648"),
                text("12:30"),
            ]
        );
    }

    #[test]
    fn blocks_and_quotes_are_texts_and_aliases_are_what_they_stand_for() {
        assert_eq!(
            values("- |\n  5\n- >-\n  y\n- &a 010\n- *a\n- &b \"5\"\n- *b\n- \"a\n  b\"\n- ! 5\n"),
            [
                text("5\n"),
                text("y"),
                Value::Int(8),
                Value::Int(8),
                text("5"),
                text("5"),
                text("a b"),
                text("5"),
            ]
        );
    }

    #[test]
    fn places_are_those_of_the_anchor_and_ignored_entries_are_gone() {
        let Value::Map(entries) = load("!ignore x: &a\n  b: 1\nc: *a\n<<: 2\n").unwrap().value
        else {
            panic!("not a mapping");
        };
        let keys: Vec<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["c", "<<"]);
        assert_eq!(entries[0].at, Position { line: 3, column: 1 });
        assert_eq!(entries[0].value.at, Position { line: 2, column: 3 });
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        for (text, line, column, message) in [
            ("a: [", 1, 4, "not YAML: unclosed bracket '['"),
            ("a: *b", 1, 4, "not YAML: alias references unknown anchor"),
            ("a: 1\n---\nb: 1\n", 3, 1, "a second document begins here, "),
            (
                "a:\n\t- b",
                2,
                2,
                "not YAML: tabs disallowed within this context",
            ),
            ("? [a]\n: b", 1, 3, "not YAML: expected string scalar"),
        ] {
            let (at, found) = load(text).unwrap_err();
            assert_eq!(at, Some(Position { line, column }), "{text}");
            assert!(found.starts_with(message), "{text}: {found}");
        }
    }

    #[test]
    fn alias_bombs_and_deep_nests_are_refused() {
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, of) in ('b'..='k').zip('a'..) {
            let aliases = vec![format!("*{of}"); 10].join(", ");
            bomb.push_str(&format!("{name}: &{name} [{aliases}]\n"));
        }
        load(&bomb).unwrap_err();
        load(&"[".repeat(100_000)).unwrap_err();
        load(&"- ".repeat(100_000)).unwrap_err();
        load(&"- ".repeat(DEPTH_MAX)).unwrap();
        load(&"- ".repeat(DEPTH_MAX + 1)).unwrap_err();
        load(&"{a: ".repeat(5_000)).unwrap_err();
        let (at, message) = load(&" ".repeat(BYTES_MAX + 1)).unwrap_err();
        assert_eq!(at, None);
        assert_eq!(message, "33554433 bytes, at most 33554432 are read");
    }
}
