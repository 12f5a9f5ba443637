//! The text of a YAML as a tree of values with their places, as Envoy's reader yaml-cpp sees it.
//!
//! It is YAML 1.1: plain `y`, `no` and `on` are booleans, `010` is eight, `<<` is a key like any
//! other. Envoy turns whole numbers of 32 bits into numbers, and all others into texts.

mod build;

pub(super) use build::load;

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
            (
                "a: *b",
                1,
                4,
                "not YAML: while parsing node, found unknown anchor",
            ),
            ("a: 1\n---\nb: 1\n", 2, 1, "a second document begins here, "),
            (
                "a:\n\t- b",
                2,
                2,
                "not YAML: tabs disallowed within this context",
            ),
            ("? [a]\n: b", 1, 3, "expected a text as key"),
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
        let (_, message) = load(&bomb).unwrap_err();
        assert_eq!(
            message,
            "more than 200000 values, those of aliases included"
        );
        load(&"[".repeat(100_000)).unwrap_err();
        load(&"- ".repeat(100_000)).unwrap_err();
        load(&"- ".repeat(64)).unwrap();
        load(&"- ".repeat(65)).unwrap_err();
        load(&"{a: ".repeat(5_000)).unwrap_err();
        let mut chain = "- &a0 []\n".to_owned();
        for level in 1..100 {
            chain.push_str(&format!("- &a{level} [*a{}]\n", level - 1));
        }
        let (_, message) = load(&chain).unwrap_err();
        assert_eq!(message, "deeper than 64 levels, those of aliases included");
        let (_, message) = load("- &a [*a]").unwrap_err();
        assert_eq!(message, "an alias of what it stands in");
        let (at, message) = load(&" ".repeat(BYTES_MAX + 1)).unwrap_err();
        assert_eq!(at, None);
        assert_eq!(message, "33554433 bytes, at most 33554432 are read");
    }
}
