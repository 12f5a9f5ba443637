//! Lines of access logs.

use std::sync::Mutex;

use super::{bounded::Bounded, lock};

/// A line that an access log has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogLine {
    /// Where Envoy would write it.
    pub path: String,
    /// The line, without its end.
    pub text: String,
}

/// What the access logs of one process have written; of more than a million lines, or 256 MiB, the
/// first ones.
#[derive(Debug, Default)]
pub struct AccessLogs(Mutex<Bounded<AccessLogLine>>);

impl AccessLogs {
    pub(crate) fn write(&self, path: &str, text: String) {
        let (path, len_bytes) = (path.to_owned(), text.len());
        lock(&self.0).push(AccessLogLine { path, text }, len_bytes);
    }

    /// The lines from number `start` on.
    #[must_use]
    pub fn since(&self, start: usize) -> Vec<AccessLogLine> {
        lock(&self.0).since(start)
    }

    /// Lines that did not fit.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        lock(&self.0).dropped()
    }

    /// Forgets them.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}
