//! Reading objects of raw JSON, with every problem noted at its path.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::fields::{Choice, Switch, Whole};
use super::json::Json;
use super::problem::{Problem, quoted};

/// One object that is being read. What is left when it is [finished](Reader::finish) is unknown.
pub(super) struct Reader<'a> {
    path: String,
    members: Vec<(String, Json)>,
    asked: Vec<&'static str>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Reads `json`, which stands at `path`. Anything else than an object is a problem, and is read
    /// like an empty one.
    pub(super) fn new(path: &str, json: Json, problems: &'a mut Vec<Problem>) -> Self {
        let members = match json {
            Json::Object(members) => members,
            other => {
                let shown = if path.is_empty() { "plugin" } else { path };
                problems.push(Problem::value(shown, &other, "must be an object"));
                Vec::new()
            }
        };
        Self {
            path: path.to_string(),
            members,
            asked: Vec::new(),
            problems,
        }
    }

    /// The value under `key`, unread.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Json> {
        self.asked.push(key);
        let (mut found, mut is_repeated) = (None, false);
        for (name, value) in core::mem::take(&mut self.members) {
            if name != key {
                self.members.push((name, value));
            } else if found.is_none() {
                found = Some(value);
            } else {
                is_repeated = true;
            }
        }
        if is_repeated {
            self.problems.push(Problem::repeated_key(&self.at(key)));
        }
        found
    }

    /// Whether there is a value under `key`.
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        let is_there = self.members.iter().any(|(name, _)| name == key);
        if !is_there {
            self.asked.push(key);
        }
        is_there
    }

    pub(super) fn object(&mut self, key: &'static str) -> Option<Reader<'_>> {
        let json = self.take(key)?;
        let path = self.at(key);
        Some(Reader::new(&path, json, self.problems))
    }

    pub(super) fn whole(&mut self, field: &Whole) -> u32 {
        self.optional_whole(field).unwrap_or(field.default)
    }

    pub(super) fn optional_whole(&mut self, field: &Whole) -> Option<u32> {
        let json = self.take(field.key)?;
        let value = match &json {
            Json::Integer(value) => u32::try_from(*value).ok(),
            _ => None,
        };
        let value = value.filter(|value| (field.min..=field.max).contains(value));
        if value.is_none() {
            let allowed = format!("must be a whole number from {} to {}", field.min, field.max);
            self.refuse(field.key, &json, allowed);
        }
        value
    }

    pub(super) fn switch(&mut self, field: &Switch) -> bool {
        match self.take(field.key) {
            None => field.default,
            Some(Json::Bool(value)) => value,
            Some(other) => {
                self.refuse(field.key, &other, "must be true or false");
                field.default
            }
        }
    }

    pub(super) fn choice<T: Copy + Default>(&mut self, field: &Choice<T>) -> T {
        let default = field
            .words
            .first()
            .map(|(_, value)| *value)
            .unwrap_or_default();
        let Some(json) = self.take(field.key) else {
            return default;
        };
        let chosen = match &json {
            Json::Text(text) => field.words.iter().find(|(word, _)| word == text),
            _ => None,
        };
        if let Some((_, value)) = chosen {
            return *value;
        }
        let words: Vec<&str> = field.words.iter().map(|(word, _)| *word).collect();
        self.refuse(
            field.key,
            &json,
            format!("must be one of {}", quoted(&words)),
        );
        default
    }

    /// A list of at most `max` values, each as `read` makes it; what it refuses must be `allowed`.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        max: usize,
        allowed: &str,
        mut read: impl FnMut(&Json) -> Option<T>,
    ) -> Vec<T> {
        let json = match self.take(key) {
            None => return Vec::new(),
            Some(Json::List(list)) if list.len() <= max => list,
            Some(Json::List(list)) => {
                let found = Json::Integer(i64::try_from(list.len()).unwrap_or(i64::MAX));
                self.refuse(
                    key,
                    &found,
                    format!("entries are too many, at most {max} are allowed"),
                );
                return Vec::new();
            }
            Some(other) => {
                self.refuse(key, &other, "must be a list");
                return Vec::new();
            }
        };
        let mut values = Vec::with_capacity(json.len());
        for (index, entry) in json.iter().enumerate() {
            match read(entry) {
                Some(value) => values.push(value),
                None => {
                    let path = format!("{}[{index}]", self.at(key));
                    self.problems.push(Problem::value(&path, entry, allowed));
                }
            }
        }
        values
    }

    /// Notes that the value under `key` is not what is allowed.
    pub(super) fn refuse(&mut self, key: &str, found: &Json, allowed: impl Into<String>) {
        let path = self.at(key);
        self.problems.push(Problem::value(&path, found, allowed));
    }

    /// The path of `key`.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_string()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Where problems are noted.
    pub(super) const fn problems(&mut self) -> &mut Vec<Problem> {
        self.problems
    }

    /// Notes every key that was not asked for.
    pub(super) fn finish(self) {
        for (key, _) in &self.members {
            let path = self.at(key);
            self.problems.push(Problem::unknown_key(&path, &self.asked));
        }
    }
}
