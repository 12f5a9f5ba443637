//! Envoy's log, as far as plugins write it.

use std::sync::Mutex;

use super::{ThreadId, bounded::Bounded, lock};
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

/// The log of one process; of more than a million lines, or 256 MiB, the first ones.
#[derive(Debug, Default)]
pub struct Log(Mutex<Lines>);

#[derive(Debug)]
struct Lines {
    kept: Bounded<LogLine>,
    level: LogLevel,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            kept: Bounded::default(),
            level: LogLevel::Info,
        }
    }
}

impl Log {
    /// Adds a line.
    pub fn write(&self, line: LogLine) {
        let len_bytes = line.text.len();
        lock(&self.0).kept.push(line, len_bytes);
    }

    /// The lines from number `start` on.
    #[must_use]
    pub fn since(&self, start: usize) -> Vec<LogLine> {
        lock(&self.0).kept.since(start)
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
        lock(&self.0).kept.dropped()
    }

    /// Forgets all lines.
    pub fn clear(&self) {
        lock(&self.0).kept.clear();
    }
}
