//! How steps are raced, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::text::Text;

/// How `host-test race` switches between the lists of steps under `together`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Race {
    /// Host functions before which another list may go on. Default: `proxy_get_shared_data` and
    /// `proxy_set_shared_data`.
    pub(in crate::scenario) at: Option<Vec<Text>>,
    /// Only where the key is like one of these, in which `*` stands for any bytes. Default: all
    /// keys.
    #[serde(default)]
    pub(in crate::scenario) keys: Vec<Text>,
    /// Choices at which everything is tried. Default: 8.
    pub(in crate::scenario) depth: Option<Text>,
    /// Leave out what differs only in the order of what commutes. Default: false.
    #[serde(default)]
    pub(in crate::scenario) reduced: bool,
    /// Schedules by chance that are tried after that. Default: 0.
    pub(in crate::scenario) random: Option<Text>,
    /// The seed of the first of them. Default: 0.
    pub(in crate::scenario) seed: Option<Text>,
}
