//! What is wrong with a configuration: one line each, with its place.

use std::fmt;

/// A place in a text, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The character in it.
    pub column: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// Where in it; `None` when it could not be read at all.
    pub position: Option<Position>,
    /// The path of the key, such as `static_resources.listeners[0].name`; empty for the whole.
    pub path: String,
    /// What is wrong, and what is expected. One line.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Everything that is wrong with a file, in the order of the text; at least one problem and
/// [`Problems::MAX`] at most. Shown one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// More are not reported.
    pub const MAX: usize = 100;

    /// Those that were found; the place where one is reported need not be the order of the text.
    pub(super) fn new(mut found: Vec<Problem>) -> Self {
        found.sort_by_key(|problem| problem.position);
        // An anchor that is used twice is wrong twice at one place.
        found.dedup_by(|a, b| a.position == b.position && a.message == b.message);
        found.truncate(Self::MAX);
        Self(found)
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
