//! A start that has failed.

use std::fmt;

/// Envoy has ended before it was ready.
#[derive(Clone, Debug)]
pub struct StartFailed {
    pub(super) reason: String,
    /// Everything that it has written to its log.
    pub log: String,
}

impl fmt::Display for StartFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for StartFailed {}
