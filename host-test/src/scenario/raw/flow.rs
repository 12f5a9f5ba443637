//! Steps about time, and steps that hold others, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::step::Steps;
use crate::scenario::text::Text;

/// The clock is set: one of the two.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Time {
    /// Back by so much.
    pub(in crate::scenario) back: Option<Text>,
    /// To this time: RFC 3339 in UTC, or Unix seconds.
    pub(in crate::scenario) set: Option<Text>,
}

/// Steps several times.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct Repeat {
    /// How often, at most 10,000,000 times.
    pub(in crate::scenario) count: Text,
    /// The variable that counts. Default: i.
    #[serde(rename = "as")]
    pub(in crate::scenario) variable: Option<Text>,
    /// Where it begins. Default: 0.
    pub(in crate::scenario) from: Option<Text>,
    /// What is done.
    pub(in crate::scenario) steps: Steps,
}

/// Steps on one worker.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::scenario) struct OnWorker {
    /// The worker, from 0.
    pub(in crate::scenario) worker: Text,
    /// What is done.
    pub(in crate::scenario) steps: Steps,
}
