//! Envoy's log, as far as plugins write it.

use std::sync::Mutex;

use super::{ThreadId, lock};
use crate::abi::LogLevel;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Who wrote it.
    pub thread: ThreadId,
    /// How much it matters.
    pub level: LogLevel,
    /// The plugin, as Envoy writes it before the text: name, root and VM, those that are not
    /// empty. Nothing for a line of the host itself.
    pub plugin: String,
    /// The text. Bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// Lines that are kept, and bytes of their texts; of a guest that writes more, the first ones.
const LINES_MAX: usize = 1_000_000;
const BYTES_MAX: usize = 256 << 20;

/// The log of one process.
#[derive(Debug, Default)]
pub struct Log(Mutex<Lines>);

#[derive(Debug)]
struct Lines {
    kept: Vec<LogLine>,
    len_bytes: usize,
    dropped: u64,
    level: LogLevel,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            len_bytes: 0,
            dropped: 0,
            level: LogLevel::Info,
        }
    }
}

impl Log {
    /// Adds a line.
    pub fn write(&self, line: LogLine) {
        let mut lines = lock(&self.0);
        let len_bytes = lines.len_bytes.saturating_add(line.text.len());
        if lines.kept.len() < LINES_MAX && len_bytes <= BYTES_MAX {
            lines.len_bytes = len_bytes;
            lines.kept.push(line);
        } else {
            lines.dropped += 1;
        }
    }

    /// The lines from number `start` on.
    #[must_use]
    pub fn since(&self, start: usize) -> Vec<LogLine> {
        let lines = lock(&self.0);
        lines.kept.get(start..).unwrap_or_default().to_vec()
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.0).kept.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The least that is written, as with Envoy's `--log-level`; `info` at the beginning.
    #[must_use]
    pub fn level(&self) -> LogLevel {
        lock(&self.0).level
    }

    /// Sets the least that is written.
    pub fn set_level(&self, level: LogLevel) {
        lock(&self.0).level = level;
    }

    /// Lines that did not fit.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        lock(&self.0).dropped
    }

    /// Forgets all lines.
    pub fn clear(&self) {
        let mut lines = lock(&self.0);
        lines.kept.clear();
        lines.len_bytes = 0;
    }
}
