//! Format strings of access logs and of header values: `%COMMAND(parameters):length%`.
//!
//! Parsed once, as Envoy parses them, into a [`Format`]; rendered with what a connection or a
//! request says about itself through [`Attributes`].

mod attributes;
mod command;
mod parse;
mod render;
mod time;

pub(crate) use self::time::http_date;
pub use self::{
    attributes::{Attributes, Endpoint, Number, Text},
    command::{AddressPart, Command, InvalidFormat},
    render::WhenAbsent,
    time::TimeFormat,
};

use std::fmt;

/// A parsed format string; the default one is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Format {
    text: String,
    parts: Vec<Part>,
}

/// A piece of a format string.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Stands for itself.
    Literal(String),
    /// Is replaced by a value.
    Command(Command),
}

impl Format {
    /// Parses `text`. Fails where Envoy refuses it, and for a command that the harness does not
    /// have.
    pub fn parse(text: &str) -> Result<Self, InvalidFormat> {
        Ok(Self {
            text: text.to_owned(),
            parts: parse::parts(text)?,
        })
    }

    /// The text that was parsed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
