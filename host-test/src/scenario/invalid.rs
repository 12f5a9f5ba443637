//! What is wrong with a scenario file, in one line: `file:line:column: …`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;

use super::text::Place;

/// A scenario file that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidScenario {
    file: PathBuf,
    place: Place,
    reason: String,
}

impl InvalidScenario {
    /// An error at a place; the file is named later, by [`Self::in_file`].
    pub(super) fn at(place: Place, reason: impl fmt::Display) -> Self {
        Self {
            file: PathBuf::new(),
            place,
            reason: reason.to_string(),
        }
    }

    /// An error of a whole file.
    pub(super) fn file(file: &Path, reason: impl fmt::Display) -> Self {
        Self {
            file: file.to_owned(),
            place: Place::default(),
            reason: reason.to_string(),
        }
    }

    /// The same error with the name of its file.
    #[must_use]
    pub fn in_file(mut self, file: &Path) -> Self {
        if self.file.as_os_str().is_empty() {
            self.file = file.to_owned();
        }
        self
    }

    /// The place in the file; line 0 if it is the whole file.
    pub fn place(&self) -> Place {
        self.place
    }

    /// What is wrong, without the place.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The error of the YAML reader in our words. `source` is the text of the file.
    pub(super) fn from_yaml(error: &Error, source: &str) -> Self {
        let error = error.without_snippet();
        let place: Place = error.location().map(Place::from).unwrap_or_default();
        let reason = match error {
            Error::SerdeUnknownField {
                field, expected, ..
            } => unknown("key", field, expected),
            Error::SerdeUnknownVariant {
                variant, expected, ..
            } => unknown(
                if is_key(source, place) {
                    "key"
                } else {
                    "value"
                },
                variant,
                expected,
            ),
            Error::SerdeMissingField { field, .. } => format!("missing key {field:?}"),
            Error::SerdeInvalidType {
                unexpected,
                expected,
                ..
            }
            | Error::SerdeInvalidValue {
                unexpected,
                expected,
                ..
            } => {
                format!("expected {expected}, found {unexpected}")
            }
            Error::DuplicateMappingKey { key: Some(key), .. } => {
                format!("the key {key:?} stands here twice")
            }
            Error::InvalidScalar { ty, .. } => format!("expected a value of type {ty}"),
            Error::InvalidBooleanStrict { .. } => "expected true or false".to_owned(),
            Error::ExpectedMappingEndAfterEnumVariantValue { .. } => {
                "expected one key in this mapping, found another".to_owned()
            }
            Error::Unexpected { expected, .. } => format!("expected {}", in_words(expected)),
            Error::NullIntoString { .. } => "expected a text, found nothing".to_owned(),
            Error::Message { msg, .. } => msg.clone(),
            Error::Budget {
                breach: BudgetBreach::Depth { .. },
                ..
            } => too_deep(),
            other => match without_place(&other.to_string()) {
                reason if reason == "recursion limit exceeded" => too_deep(),
                reason => reason,
            },
        };
        Self::at(place, reason)
    }
}

impl fmt::Display for InvalidScenario {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.file.display())?;
        if self.place.line > 0 {
            write!(out, "{}:", self.place)?;
        }
        write!(out, " {}", self.reason)
    }
}

impl std::error::Error for InvalidScenario {}

/// `unknown connection "x"; expected one of a, b; did you mean "a"?`
pub(super) fn unknown<T: AsRef<str>>(what: &str, found: &str, known: &[T]) -> String {
    let mut text = format!("unknown {what} {found:?}; ");
    if known.is_empty() {
        text.push_str("there is none");
        return text;
    }
    text.push_str("expected one of ");
    text.push_str(&one_of(known));
    // Writing to a text cannot fail.
    let _ = similar_to(&mut text, found, known);
    text
}

/// The first of many names.
pub(super) fn one_of<T: AsRef<str>>(known: &[T]) -> String {
    let mut names: Vec<&str> = known.iter().take(MAX_NAMES).map(AsRef::as_ref).collect();
    if known.len() > MAX_NAMES {
        names.push("…");
    }
    names.join(", ")
}

/// Writes `; did you mean "x"?` when one of the known names is near.
pub(super) fn similar_to<T: AsRef<str>>(
    out: &mut impl fmt::Write,
    found: &str,
    known: &[T],
) -> fmt::Result {
    let near = known
        .iter()
        .map(|name| (distance(found, name.as_ref()), name.as_ref()))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 4)
        .min();
    match near {
        Some((_, name)) => write!(out, "; did you mean {name:?}?"),
        None => Ok(()),
    }
}

/// Letters to insert, delete, replace or swap with the next one to make one text of the other
/// (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(MAX_LETTERS).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last = None;
    for (i, letter) in a.chars().take(MAX_LETTERS).enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut cost = (at(&row, j) + usize::from(letter != *other))
                .min(at(&row, j + 1) + 1)
                .min(at(&next, j) + 1);
            let previous = j.checked_sub(1).and_then(|j| b.get(j));
            if last == Some(*other) && previous == Some(&letter) {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            next.push(cost);
        }
        before = row;
        row = next;
        last = Some(letter);
    }
    row.last().copied().unwrap_or(0)
}

/// Whether what stands at a place is the key of a mapping.
fn is_key(source: &str, place: Place) -> bool {
    let line = usize::try_from(place.line)
        .ok()
        .and_then(|line| line.checked_sub(1));
    let column = usize::try_from(place.column)
        .ok()
        .and_then(|column| column.checked_sub(1));
    let (Some(line), Some(column)) = (line, column) else {
        return false;
    };
    let line = source.lines().nth(line).unwrap_or_default();
    let rest: String = line.chars().skip(column).collect();
    rest.trim_start_matches(|c: char| c.is_alphanumeric() || "_-\"'".contains(c))
        .starts_with(':')
}

fn too_deep() -> String {
    format!("expected at most {DEPTH_MAX} lists and mappings inside each other, found more")
}

/// How many lists and mappings may stand inside each other. Reading takes up to 35 KiB of stack for
/// each in a debug build, of the 2 MiB that a thread has.
pub(super) const DEPTH_MAX: usize = 40;

/// The reader's own words without the place, which stands in front already.
fn without_place(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let words = first.split(" at line ").next().unwrap_or(first);
    let mut chars = words.chars();
    chars
        .next()
        .map(|c| c.to_lowercase().collect::<String>() + chars.as_str())
        .unwrap_or_default()
}

/// The reader's names of YAML's shapes in words.
fn in_words(expected: &str) -> &str {
    match expected {
        "string scalar" => "a text",
        "sequence start" => "a list",
        "mapping start" => "a mapping",
        other => other,
    }
}

const MAX_NAMES: usize = 24;
const MAX_LETTERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered() {
        let known = ["connect", "close", "send", "half_close"];
        assert_eq!(
            unknown("key", "conect", &known),
            "unknown key \"conect\"; expected one of connect, close, send, half_close; \
             did you mean \"connect\"?"
        );
        assert_eq!(
            unknown("key", "sned", &known[2..3]),
            "unknown key \"sned\"; expected one of send; did you mean \"send\"?"
        );
        assert_eq!(
            unknown("key", "frobnicate", &known[..1]),
            "unknown key \"frobnicate\"; expected one of connect"
        );
        assert_eq!(
            unknown::<&str>("connection", "c", &[]),
            "unknown connection \"c\"; there is none"
        );
    }
}
