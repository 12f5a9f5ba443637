//! What is wrong with a configuration, one line each.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use super::json::Json;

/// One problem: where, what was found, what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    path: String,
    found: String,
    allowed: String,
}

impl Problem {
    /// The value at `path` is not one of those allowed.
    pub fn value(path: &str, found: &Json, allowed: impl Into<String>) -> Self {
        Self {
            path: path.to_string(),
            found: found.to_string(),
            allowed: allowed.into(),
        }
    }

    pub(super) fn missing(path: &str, choices: &[&str]) -> Self {
        let allowed = format!("must be one of {}", quoted(choices));
        Self {
            path: path.to_string(),
            found: "missing".to_string(),
            allowed,
        }
    }

    pub(super) fn unknown_key(path: &str, known: &[&str]) -> Self {
        let allowed = format!("keys here are {}", known.join(", "));
        Self {
            path: path.to_string(),
            found: "unknown key".to_string(),
            allowed,
        }
    }

    pub(super) fn repeated_key(path: &str) -> Self {
        let allowed = "each key stands once".to_string();
        Self {
            path: path.to_string(),
            found: "repeated key".to_string(),
            allowed,
        }
    }

    pub(super) fn not_json(path: &str, error: &serde_json::Error) -> Self {
        Self {
            path: path.to_string(),
            found: "not JSON".to_string(),
            allowed: error.to_string(),
        }
    }

    pub(super) fn too_long(path: &str, len: usize, max: usize) -> Self {
        let found = format!("{len} bytes");
        Self {
            path: path.to_string(),
            found,
            allowed: format!("at most {max} bytes are read"),
        }
    }

    pub(super) fn more(count: usize) -> Self {
        let found = format!("{count} more problems");
        Self {
            path: "configuration".to_string(),
            found,
            allowed: "not shown".to_string(),
        }
    }

    /// The policy stands in the configuration of the VM and of this filter.
    pub fn policy_twice() -> Self {
        Self {
            path: "policy".to_string(),
            found: "stands in vm_config.configuration too".to_string(),
            allowed: "must stand in one of the two places".to_string(),
        }
    }

    /// Two filters of one VM have different policies.
    pub fn policy_differs() -> Self {
        Self {
            path: "policy".to_string(),
            found: "differs from that of another filter of this VM".to_string(),
            allowed: "must be the same for all filters with one vm_config".to_string(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys are the writer's: escaped, whatever they hold is one line.
        write!(
            f,
            "{}: {}: {}",
            self.path.escape_debug(),
            self.found,
            self.allowed
        )
    }
}

/// `"a", "b"`
pub(super) fn quoted(choices: &[&str]) -> String {
    let mut text = String::new();
    for choice in choices {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&format!("{choice:?}"));
    }
    text
}
