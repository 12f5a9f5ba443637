//! What came of a run: for people, for machines, for CI.

mod json;
mod junit;
mod text;
mod trace;

pub use json::json;
pub use junit::junit;
pub use text::{Style, case_text, summary};
pub use trace::{trace_json, trace_line};

use std::path::PathBuf;
use std::time::Duration;

use crate::scenario::{InvalidScenario, Outcome};

/// What came of all cases, in the order of files and cases.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Cases, and files that could not be read.
    pub cases: Vec<CaseReport>,
    /// How long it took.
    pub elapsed: Duration,
}

/// What came of one case.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// The file.
    pub file: PathBuf,
    /// The name; empty for a file without cases, or one that could not be read.
    pub name: String,
    /// What is shown.
    pub description: String,
    /// What came of it, or what is wrong with the scenario.
    pub result: Result<Outcome, InvalidScenario>,
    /// How long it took.
    pub elapsed: Duration,
}

/// What came of a case in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything was as expected.
    Passed,
    /// What was seen was as expected, but a step cannot be done in that world.
    Impossible,
    /// Something was not.
    Failed,
    /// The scenario itself is wrong.
    Invalid,
}

impl Verdict {
    /// The word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Impossible => "impossible",
            Self::Failed => "failed",
            Self::Invalid => "invalid",
        }
    }
}

impl CaseReport {
    /// What came of it in one word.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match &self.result {
            Ok(outcome) if !outcome.failures.is_empty() => Verdict::Failed,
            Ok(outcome) if outcome.impossible.is_some() => Verdict::Impossible,
            Ok(_) => Verdict::Passed,
            Err(_) => Verdict::Invalid,
        }
    }

    /// File and name.
    #[must_use]
    pub fn title(&self) -> String {
        match self.name.as_str() {
            "" => self.file.display().to_string(),
            name => format!("{}: {name}", self.file.display()),
        }
    }
}

impl Report {
    /// How many cases ended like this.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.cases
            .iter()
            .filter(|case| case.verdict() == verdict)
            .count()
    }

    /// The worst that came of any case.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.cases
            .iter()
            .map(CaseReport::verdict)
            .max()
            .unwrap_or(Verdict::Passed)
    }
}
