//! What workers did, a column for each, one step a line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::shared::ThreadId;
use crate::trace::TraceEntry;

/// Characters of a column. What is longer goes on in the next one, where nothing stands.
const WIDTH: usize = 48;

/// The entries in their order, each under its worker.
pub(super) fn columns(entries: &[TraceEntry]) -> String {
    let threads: BTreeSet<ThreadId> = entries.iter().map(|entry| entry.thread).collect();
    let mut out = String::new();
    for (column, thread) in threads.iter().enumerate() {
        let width = if column + 1 < threads.len() { WIDTH } else { 0 };
        // Writing to a string does not fail.
        let _ = write!(out, "{:width$}", thread.to_string());
    }
    out.push('\n');
    for entry in entries {
        let column = threads.iter().position(|thread| *thread == entry.thread);
        let indent = column.unwrap_or(0) * WIDTH;
        let _ = writeln!(out, "{:indent$}{}", "", entry.event);
    }
    out
}
