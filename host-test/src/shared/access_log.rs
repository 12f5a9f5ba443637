//! Lines of access logs.

use std::sync::Mutex;

use super::lock;

/// A line that an access log has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogLine {
    /// Where Envoy would write it.
    pub path: String,
    /// The line, without its end.
    pub text: String,
}

/// Lines that are kept; the first ones.
const LINES_MAX: usize = 1_000_000;

/// What the access logs of one process have written.
#[derive(Debug, Default)]
pub struct AccessLogs(Mutex<Vec<AccessLogLine>>);

impl AccessLogs {
    pub(crate) fn write(&self, path: &str, text: String) {
        let mut lines = lock(&self.0);
        if lines.len() < LINES_MAX {
            lines.push(AccessLogLine {
                path: path.to_owned(),
                text,
            });
        }
    }

    /// The lines from number `start` on.
    #[must_use]
    pub fn since(&self, start: usize) -> Vec<AccessLogLine> {
        lock(&self.0).get(start..).unwrap_or_default().to_vec()
    }

    /// Forgets them.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}
