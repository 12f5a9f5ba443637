//! Configuration in three stages: raw JSON ([`json`]), checked values ([`Policy`], [`Role`]), and
//! what runs ([`crate::detector::Detector`], [`crate::listener::Listener`]).
//!
//! Every problem of a text is reported, not only the first; nothing is clamped or ignored.

pub mod choices;
mod exploits;
pub mod fields;
pub mod json;
pub mod policy;
pub mod problem;
mod reader;
pub mod reference;

pub mod role;
mod secret;

use alloc::vec::Vec;

pub use self::choices::{Action, DecisionScope, Remedy, Sensitivity, StandingSource};
pub use self::policy::{KnownScanner, Policy};
pub use self::problem::Problem;
pub use self::role::{Plugin, Portal, Role, Sensor, Tagger};
pub use self::secret::SecretDigest;

use self::json::Json;
use self::reader::Reader;

/// Longest configuration text, bytes.
pub const CONFIG_LEN_MAX: usize = 32 << 20;

/// Problems that are reported of one text; more are only counted.
pub const PROBLEMS_MAX: usize = 100;

/// The policy in `text`, the configuration of the VM. Empty text is the default policy.
///
/// # Errors
/// Every problem that the text has, at least one.
pub fn parse_policy(text: &[u8]) -> Result<Policy, Vec<Problem>> {
    let mut problems = Vec::new();
    let policy = match raw(text, "policy", &mut problems) {
        None => Policy::default(),
        Some(json) => policy::read(Reader::new("policy", json, &mut problems)),
    };
    if problems.is_empty() {
        Ok(policy)
    } else {
        Err(bounded(problems))
    }
}

/// What `text`, the configuration of one filter, says.
///
/// # Errors
/// Every problem that the text has, at least one.
pub fn parse_plugin(text: &[u8]) -> Result<Plugin, Vec<Problem>> {
    let mut problems = Vec::new();
    let json = raw(text, "plugin", &mut problems);
    if json.is_none() && problems.is_empty() {
        problems.push(Problem::missing("role", &role::ROLES));
    }
    let plugin = json.and_then(|json| role::read(json, &mut problems));
    match plugin {
        Some(plugin) if problems.is_empty() => Ok(plugin),
        _ => Err(bounded(problems)),
    }
}

fn bounded(mut problems: Vec<Problem>) -> Vec<Problem> {
    let more = problems.len().saturating_sub(PROBLEMS_MAX);
    if more > 0 {
        problems.truncate(PROBLEMS_MAX);
        problems.push(Problem::more(more));
    }
    problems
}

/// The JSON in `text`; nothing where it is empty or (with a problem) malformed.
fn raw(text: &[u8], path: &str, problems: &mut Vec<Problem>) -> Option<Json> {
    if text.len() > CONFIG_LEN_MAX {
        problems.push(Problem::too_long(path, text.len(), CONFIG_LEN_MAX));
        return None;
    }
    if text.trim_ascii().is_empty() {
        return None;
    }
    json::parse(text)
        .map_err(|error| problems.push(Problem::not_json(path, &error)))
        .ok()
}

#[cfg(test)]
mod tests;
