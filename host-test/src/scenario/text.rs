//! Texts of a scenario file that know where they stand, and may hold `${…}`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};

use super::expression::{Scope, expand};
use super::invalid::InvalidScenario;
use super::moment::{Moment, duration};

/// A place in a scenario file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1; 0 if unknown.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self {
            line: location.line(),
            column: location.column(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.line, self.column)
    }
}

/// A scalar of the file: its text as written, before variables are put in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text {
    /// The text.
    pub(super) text: String,
    /// Where it begins.
    pub(super) place: Place,
}

impl Text {
    /// The text with its variables put in.
    ///
    /// # Errors
    ///
    /// When an expression is none, or names an unknown variable.
    pub(super) fn expand(&self, scope: &Scope<'_>) -> Result<String, InvalidScenario> {
        expand(&self.text, scope).map_err(|reason| self.error(reason))
    }

    /// The text read as a `T`, which is called `what` in the error.
    ///
    /// # Errors
    ///
    /// When the text is no `T`.
    pub(super) fn parse<T: FromStr>(
        &self,
        scope: &Scope<'_>,
        what: &str,
    ) -> Result<T, InvalidScenario> {
        let text = self.expand(scope)?;
        text.parse()
            .map_err(|_| self.error(format!("expected {what}, found {text:?}")))
    }

    /// A span of time, such as `400ms`, `5s`, `2m`, `1h`, `1d`.
    ///
    /// # Errors
    ///
    /// When the text is none.
    pub(super) fn duration(&self, scope: &Scope<'_>) -> Result<Duration, InvalidScenario> {
        duration(&self.expand(scope)?).map_err(|reason| self.error(reason))
    }

    /// A point in time: RFC 3339 in UTC, or Unix seconds.
    ///
    /// # Errors
    ///
    /// When the text is none.
    pub(super) fn moment(&self, scope: &Scope<'_>) -> Result<Moment, InvalidScenario> {
        self.expand(scope)?
            .parse()
            .map_err(|reason| self.error(reason))
    }

    /// An error about this text.
    pub(super) fn error(&self, reason: impl fmt::Display) -> InvalidScenario {
        InvalidScenario::at(self.place, reason)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<String>::deserialize(deserializer)?;
        Ok(Self {
            text: spanned.value,
            place: spanned.referenced.into(),
        })
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text, with variables as ${name} or ${expression} in it.",
            "type": ["string", "number", "boolean"]
        })
    }
}
