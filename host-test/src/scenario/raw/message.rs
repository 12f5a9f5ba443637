//! Parts of messages as they are written: bytes, header lines, answers.

use schemars::JsonSchema;
use serde::Deserialize;

use super::shape::{Pairs, Short};
use crate::scenario::text::Text;

/// Bytes: a text, or a mapping.
pub(in crate::scenario) type Bytes = Short<BytesForm>;

/// Bytes in one of three forms.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct BytesForm {
    /// As a text.
    pub(in crate::scenario) text: Option<Text>,
    /// In hexadecimal; white space is left out.
    pub(in crate::scenario) hex: Option<Text>,
    /// In base64.
    pub(in crate::scenario) base64: Option<Text>,
    /// So often one after the other. Default: 1.
    pub(in crate::scenario) times: Option<Text>,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::scenario) enum HttpVersion {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2.
    Http2,
}

/// A header line: a mapping with one key.
pub(in crate::scenario) type HeaderLine = Pairs<Text>;

/// What an upstream answers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Answer {
    /// Default: 200.
    pub(in crate::scenario) status: Option<Text>,
    /// Header lines in their order.
    #[serde(default)]
    pub(in crate::scenario) headers: Vec<HeaderLine>,
    /// The body.
    pub(in crate::scenario) body: Option<Bytes>,
    /// Trailers in their order.
    #[serde(default)]
    pub(in crate::scenario) trailers: Vec<HeaderLine>,
    /// It resets the stream instead. Default: false.
    #[serde(default)]
    pub(in crate::scenario) reset: bool,
}
