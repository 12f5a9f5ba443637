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

/// Lines that are kept, and bytes of their texts; the first ones.
const LINES_MAX: usize = 1_000_000;
const BYTES_MAX: usize = 256 << 20;

/// What the access logs of one process have written.
#[derive(Debug, Default)]
pub struct AccessLogs(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    kept: Vec<AccessLogLine>,
    len_bytes: usize,
}

impl AccessLogs {
    pub(crate) fn write(&self, path: &str, text: String) {
        let mut lines = lock(&self.0);
        let len_bytes = lines.len_bytes.saturating_add(text.len());
        if lines.kept.len() < LINES_MAX && len_bytes <= BYTES_MAX {
            lines.len_bytes = len_bytes;
            lines.kept.push(AccessLogLine {
                path: path.to_owned(),
                text,
            });
        }
    }

    /// The lines from number `start` on.
    #[must_use]
    pub fn since(&self, start: usize) -> Vec<AccessLogLine> {
        let lines = lock(&self.0);
        lines.kept.get(start..).unwrap_or_default().to_vec()
    }

    /// Forgets them.
    pub fn clear(&self) {
        *lock(&self.0) = Lines::default();
    }
}
