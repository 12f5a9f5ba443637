//! A value of the text with the path that leads to it, and what it can be read as.
//!
//! Reading never stops at a problem: it is reported, and `None` returned. What is read then is
//! thrown away as a whole at the end.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    node::{Node, Value},
    problem::{Position, Problem},
};
use crate::config::base64;

/// What reading one file shares.
pub(super) struct Reading<'a> {
    /// The name of the file, for messages.
    pub(super) file: &'a str,
    /// Where relative paths begin; `None`: files are not looked for.
    pub(super) folder: Option<&'a Path>,
    /// Names of clusters. They are read before what names them.
    pub(super) clusters: RefCell<BTreeSet<String>>,
    /// What is wrong.
    pub(super) problems: RefCell<Vec<Problem>>,
}

/// A value and its path.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) node: &'a Node,
    pub(super) path: String,
}

impl<'a> Place<'a> {
    /// The value below `key`.
    pub(super) fn below(&self, key: &str, node: &'a Node) -> Self {
        let path = if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        };
        Self {
            reading: self.reading,
            node,
            path,
        }
    }

    /// Reports a problem with this value.
    pub(super) fn problem(&self, message: impl Into<String>) {
        self.problem_at(self.node.at, message);
    }

    /// Reports a problem of this value with a place of its own, such as that of a key.
    pub(super) fn problem_at(&self, at: Position, message: impl Into<String>) {
        self.reading.problems.borrow_mut().push(Problem {
            file: self.reading.file.to_owned(),
            position: Some(at),
            path: self.path.clone(),
            message: message.into(),
        });
    }

    /// Reports that something else was expected.
    fn wrong<T>(&self, expected: &str) -> Option<T> {
        let found = match &self.node.value {
            Value::Text(text) => format!("{text:?}"),
            Value::Int(number) => number.to_string(),
            other => other.kind().to_owned(),
        };
        self.problem(format!("expected {expected}, found {found}"));
        None
    }

    /// A text.
    pub(super) fn text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            // A rule of YAML 1.1 that everybody meets once.
            Value::Bool(_) | Value::Int(_) => {
                let kind = self.node.value.kind();
                self.problem(format!(
                    "expected a text, found {kind}: quote it (y, n, yes, no, on and off are booleans too)"
                ));
                None
            }
            _ => self.wrong("a text"),
        }
    }

    /// A boolean, or a text that proto3's JSON takes for one.
    pub(super) fn boolean(&self) -> Option<bool> {
        let text = match &self.node.value {
            Value::Bool(value) => return Some(*value),
            Value::Text(text) => text.to_ascii_lowercase(),
            _ => return self.wrong("true or false"),
        };
        match text.as_str() {
            "true" | "t" | "yes" | "y" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "0" => Some(false),
            _ => self.wrong("true or false"),
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn number(&self, least: i64, most: i64) -> Option<i64> {
        let number = match &self.node.value {
            Value::Int(number) => Some(i64::from(*number)),
            Value::Text(text) => whole_number(text),
            _ => None,
        };
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Some(number),
            None => self.wrong(&format!("a whole number from {least} to {most}")),
        }
    }

    /// A number of an unsigned type `T`, from `least` on.
    pub(super) fn unsigned<T: TryFrom<i64>>(&self, least: i64, most: i64) -> Option<T> {
        self.number(least, most)
            .and_then(|number| T::try_from(number).ok())
    }

    /// A time such as `1.5s`, not negative.
    pub(super) fn duration(&self) -> Option<Duration> {
        let parsed = match &self.node.value {
            Value::Text(text) => duration(text),
            _ => None,
        };
        parsed.or_else(|| self.wrong("seconds such as 10s or 0.25s"))
    }

    /// The bytes of a Base64 text.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        let text = self.text()?;
        base64::decode(text).or_else(|| self.wrong("Base64"))
    }

    /// One of `choices`, by its name in whatever case or by its number.
    pub(super) fn choice<T: Copy>(&self, choices: &[Choice<T>]) -> Option<T> {
        let found = choices.iter().find(|choice| match &self.node.value {
            Value::Text(text) => text.eq_ignore_ascii_case(choice.name),
            Value::Int(number) => *number == choice.number,
            _ => false,
        });
        match found {
            Some(choice) => Some(choice.value),
            None => {
                let names: Vec<_> = choices.iter().map(|choice| choice.name).collect();
                self.wrong(&names.join(" or "))
            }
        }
    }

    /// The items of a list; anything else is a list of itself alone, as in Envoy.
    pub(super) fn items(&self) -> Vec<Self> {
        let Value::List(nodes) = &self.node.value else {
            return vec![self.clone()];
        };
        let items = nodes.iter().enumerate().map(|(index, node)| Self {
            reading: self.reading,
            node,
            path: format!("{}[{index}]", self.path),
        });
        // Envoy refuses them too.
        let (nulls, items): (Vec<_>, Vec<_>) = items.partition(|item| item.is_null());
        for null in nulls {
            null.problem("expected a value, found null");
        }
        items
    }

    /// Keys of a mapping with their values, for maps whose keys are names of the user.
    pub(super) fn entries(&self) -> Vec<(&'a str, Self)> {
        let Value::Map(entries) = &self.node.value else {
            self.wrong::<()>("a mapping");
            return Vec::new();
        };
        let mut seen = BTreeSet::new();
        let mut places = Vec::new();
        for entry in entries {
            let place = self.below(&entry.key, &entry.value);
            if seen.insert(&entry.key) {
                places.push((entry.key.as_str(), place));
            } else {
                place.problem_at(entry.at, "stands here twice, expected once");
            }
        }
        places
    }

    /// The path of a file, which is there if files are looked for.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let text = self.text()?;
        if text.is_empty() {
            return self.wrong("the path of a file");
        }
        let Some(folder) = self.reading.folder else {
            return Some(PathBuf::from(text));
        };
        let path = folder.join(text);
        if !path.is_file() {
            self.problem(format!(
                "no file {text:?}; relative paths begin in {}",
                folder.display()
            ));
            return None;
        }
        Some(PathBuf::from(text))
    }

    pub(super) fn is_null(&self) -> bool {
        self.node.value == Value::Null
    }
}

/// A value of an enumeration.
pub(super) struct Choice<T> {
    pub(super) name: &'static str,
    pub(super) number: i32,
    pub(super) value: T,
}

/// Values of an enumeration, each with its name and its number in Envoy's protos.
pub(super) const fn choice<T>(name: &'static str, number: i32, value: T) -> Choice<T> {
    Choice {
        name,
        number,
        value,
    }
}

/// A number in a text, as proto3's JSON reads it: digits, or a float without a fraction.
fn whole_number(text: &str) -> Option<i64> {
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return None;
    }
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return i64::from_str_radix(digits, 16).ok();
    }
    let float: f64 = text.parse().ok()?;
    // Up to here every whole number is a float.
    let exact = float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0;
    exact.then_some(float as i64)
}

/// Seconds with up to nine digits behind the point and an `s`.
fn duration(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (secs, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(secs) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let secs: u64 = secs.parse().ok()?;
    let nanos: u32 = format!("{fraction:0<9}").parse().ok()?;
    (secs <= DURATION_SECS_MAX).then(|| Duration::new(secs, nanos))
}

/// What proto's `Duration` holds: 10,000 years.
const DURATION_SECS_MAX: u64 = 315_576_000_000;
