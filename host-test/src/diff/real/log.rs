//! Envoy's log and access logs, as far as scenarios speak of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::abi::LogLevel;
use crate::shared::{LogLine, ThreadId};

/// What makes each line of the log tell its parts: thread, level, logger, text; texts may have any
/// number of lines.
pub(super) const FORMAT: &str = "\x1e%t\x1f%l\x1f%n\x1f%v\x1d";

/// What is read of the log so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Bytes that were taken from the file.
    taken: usize,
    /// The start of a record whose end has not come yet.
    partial: Vec<u8>,
    /// Lines of plugins.
    pub(super) lines: Vec<LogLine>,
    /// What Envoy says of guests that did not return.
    pub(super) traps: Vec<String>,
    /// What Envoy says went wrong.
    pub(super) problems: Vec<String>,
    threads: BTreeMap<String, ThreadId>,
    /// Where the names of Envoy's threads are.
    tasks: PathBuf,
}

impl Log {
    pub(super) fn of_process(pid: u32) -> Self {
        Self {
            tasks: PathBuf::from(format!("/proc/{pid}/task")),
            ..Self::default()
        }
    }

    /// How many bytes were taken.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Takes what is new.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.taken += bytes.len();
        self.partial.extend_from_slice(bytes);
        while let Some(end) = self.partial.iter().position(|byte| *byte == 0x1d) {
            let record: Vec<u8> = self.partial.drain(..=end).collect();
            let record = String::from_utf8_lossy(&record);
            if let Some((_, record)) = record.split_once('\x1e') {
                self.record(record.trim_end_matches('\x1d'));
            }
        }
    }

    fn record(&mut self, record: &str) {
        let mut parts = record.splitn(4, '\x1f');
        let mut part = || parts.next().unwrap_or_default();
        let (thread, level, logger, text) = (part(), part(), part(), part());
        if matches!(level, "error" | "critical") {
            self.problems.push(text.to_owned());
        }
        if logger != "wasm" {
            return;
        }
        if let Some(rest) = text.strip_prefix("wasm log") {
            let Some((plugin, text)) = rest.split_once(": ") else {
                return;
            };
            let line = LogLine {
                thread: self.thread(thread),
                level: level_of(level),
                plugin: plugin.trim_start().to_owned(),
                text: text.to_owned(),
            };
            self.lines.push(line);
        } else if text.contains("Function: ") && text.contains(" failed: ") {
            self.traps.push(text.to_owned());
        }
    }

    /// The thread of this number, whose name says which worker it is.
    fn thread(&mut self, number: &str) -> ThreadId {
        let tasks = &self.tasks;
        *self.threads.entry(number.to_owned()).or_insert_with(|| {
            let name = std::fs::read_to_string(tasks.join(number).join("comm"));
            let name = name.unwrap_or_default();
            let worker = name.trim_end().strip_prefix("wrk:worker_");
            match worker.and_then(|index| index.parse().ok()) {
                Some(index) => ThreadId::Worker(index),
                None => ThreadId::Main,
            }
        })
    }
}

fn level_of(name: &str) -> LogLevel {
    match name {
        "trace" => LogLevel::Trace,
        "debug" => LogLevel::Debug,
        "warning" => LogLevel::Warn,
        "error" => LogLevel::Error,
        "critical" => LogLevel::Critical,
        _ => LogLevel::Info,
    }
}

/// Whole lines of a file that grows.
#[derive(Debug, Default)]
pub(super) struct Lines {
    taken: usize,
    partial: Vec<u8>,
    pub(super) lines: Vec<String>,
}

impl Lines {
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.taken += bytes.len();
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.partial);
                    self.lines.push(String::from_utf8_lossy(&line).into_owned());
                }
                byte => self.partial.push(*byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_plugins_are_told_from_others() {
        let mut log = Log::default();
        let record = |level: &str, logger: &str, text: &str| {
            format!("\x1e7\x1f{level}\x1f{logger}\x1f{text}\x1d\n")
        };
        let text = [
            record("info", "main", "starting"),
            record(
                "warning",
                "wasm",
                "wasm log sensor root vm: two\nlines: here",
            ),
            record(
                "error",
                "wasm",
                "Function: proxy_on_tick failed: Uncaught RuntimeError",
            ),
            record("critical", "wasm", "wasm log: of nobody"),
        ]
        .concat();
        // In pieces, as they come.
        for piece in text.as_bytes().chunks(7) {
            log.take(piece);
        }
        let found: Vec<_> = log
            .lines
            .iter()
            .map(|line| (line.level, line.plugin.as_str(), line.text.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (LogLevel::Warn, "sensor root vm", "two\nlines: here"),
                (LogLevel::Critical, "", "of nobody"),
            ]
        );
        assert_eq!(log.traps.len(), 1);
        assert_eq!(log.problems.len(), 2);
    }
}
