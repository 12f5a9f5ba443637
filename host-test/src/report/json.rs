//! Reports for machines, as one JSON object.
//!
//! ```json
//! { "version": 1, "passed": 1, "impossible": 0, "failed": 1, "invalid": 1, "seconds": 0.5, "cases": [
//!   { "file": "a.yaml", "name": "case", "description": "…", "verdict": "passed",
//!     "expectations": 3, "hidden": 0, "skipped": 0, "seconds": 0.1, "failures": [], "impossible": null },
//!   { "file": "b.yaml", "name": "", "description": "…", "verdict": "failed",
//!     "expectations": 2, "hidden": 0, "skipped": 0, "seconds": 0.1, "failures": [
//!       { "line": 3, "column": 5, "reason": "…", "diff": "-a\n+b\n", "trace": ["…"] } ],
//!     "impossible": null },
//!   { "file": "c.yaml", "name": "", "description": "", "verdict": "invalid",
//!     "error": { "line": 1, "column": 1, "reason": "…" }, "seconds": 0.0 } ] }
//! ```
//!
//! A case with a step that a world cannot do is `impossible`, with an object like that of an error.
//! Line 0 stands for the whole file. New keys may come; the version changes when one goes.

use serde_json::{Value, json};

use super::{CaseReport, Report, Verdict};
use crate::scenario::Failure;

/// The report as JSON.
#[must_use]
pub fn json(report: &Report) -> Value {
    json!({
        "version": 1,
        "passed": report.count(Verdict::Passed),
        "impossible": report.count(Verdict::Impossible),
        "failed": report.count(Verdict::Failed),
        "invalid": report.count(Verdict::Invalid),
        "seconds": report.elapsed.as_secs_f64(),
        "cases": report.cases.iter().map(case).collect::<Vec<_>>(),
    })
}

fn case(case: &CaseReport) -> Value {
    let mut value = json!({
        "file": case.file.display().to_string(),
        "name": case.name,
        "description": case.description,
        "verdict": case.verdict().name(),
        "seconds": case.elapsed.as_secs_f64(),
    });
    let more = match &case.result {
        Ok(outcome) => json!({
            "expectations": outcome.expectations,
            "hidden": outcome.hidden,
            "skipped": outcome.skipped.iter().map(|(count, _)| count).sum::<usize>(),
            "failures": outcome.failures.iter().map(failure).collect::<Vec<_>>(),
            "impossible": outcome.impossible.as_ref().map(|(place, reason)| json!({
                "line": place.line,
                "column": place.column,
                "reason": reason,
            })),
        }),
        Err(error) => json!({ "error": {
            "line": error.place().line,
            "column": error.place().column,
            "reason": error.reason(),
        } }),
    };
    if let (Value::Object(members), Value::Object(more)) = (&mut value, more) {
        members.extend(more);
    }
    value
}

fn failure(failure: &Failure) -> Value {
    json!({
        "line": failure.place.line,
        "column": failure.place.column,
        "reason": failure.reason,
        "diff": failure.diff,
        "trace": failure.trace,
    })
}
