//! What is said of a sweep.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use host_test::abi::HostCall;
use host_test::fault::{Fault, Violation};
use serde_json::{Value, json};

use super::sweep::Run;

/// All faults of a case.
pub(super) struct CaseSweep {
    /// The name; empty if the file has no cases.
    pub(super) case: String,
    pub(super) calls: BTreeMap<HostCall, u64>,
    pub(super) runs: Vec<Run>,
}

impl CaseSweep {
    pub(super) fn has_passed(&self) -> bool {
        self.runs.iter().all(|(_, run)| run.violations.is_empty())
    }

    fn count(&self, is_counted: impl Fn(&Run) -> bool) -> usize {
        self.runs.iter().filter(|run| is_counted(run)).count()
    }

    /// The command that injects one fault again.
    fn replay(&self, fault: &Fault, scenario: &Path) -> String {
        let mut command = format!(
            "host-test fault {}",
            quoted(&scenario.display().to_string())
        );
        if !self.case.is_empty() {
            command.push_str(&format!(" --case {}", quoted(&self.case)));
        }
        format!("{command} --only {}", quoted(&fault.to_string()))
    }
}

/// Violations that are printed in full; the report in JSON holds all of them.
const PRINTED_MAX: usize = 50;

/// The violations of a case, and how to see them again.
pub(super) fn text(sweep: &CaseSweep, scenario: &Path) -> String {
    let mut out = String::new();
    let file = scenario.display();
    let wrong = sweep
        .runs
        .iter()
        .filter(|(_, run)| !run.violations.is_empty());
    let wrong: Vec<&Run> = wrong.collect();
    for (fault, run) in wrong.iter().take(PRINTED_MAX) {
        for violation in &run.violations {
            let place = violation
                .place
                .map_or(String::new(), |place| format!("{place}:"));
            let _ = writeln!(out, "{file}:{place} {fault}: {}", violation.reason);
            for line in &violation.trace {
                let _ = writeln!(out, "    {line}");
            }
        }
        let _ = writeln!(out, "    again: {}", sweep.replay(fault, scenario));
    }
    if wrong.len() > PRINTED_MAX {
        let more = wrong.len() - PRINTED_MAX;
        let _ = writeln!(
            out,
            "{more} more faults with violations; --json holds all of them"
        );
    }
    let calls: Vec<String> = sweep
        .calls
        .iter()
        .map(|(call, count)| format!("{} {count}", call.name()))
        .collect();
    let name = match sweep.case.as_str() {
        "" => file.to_string(),
        name => format!("{file}: {name}"),
    };
    let _ = writeln!(
        out,
        "{name}: {} faults, {} did not happen, {} ended at the start, {} with violations; \
         host calls without a fault: {}",
        sweep.runs.len(),
        sweep.count(|(_, run)| run.hits == 0),
        sweep.count(|(_, run)| run.is_refused),
        wrong.len(),
        calls.join(", "),
    );
    out
}

/// One line for all cases.
pub(super) fn summary(sweeps: &[CaseSweep], elapsed: Duration) -> String {
    let faults: usize = sweeps.iter().map(|sweep| sweep.runs.len()).sum();
    let wrong = |(_, run): &Run| !run.violations.is_empty();
    let wrong: usize = sweeps.iter().map(|sweep| sweep.count(wrong)).sum();
    let secs = elapsed.as_secs_f64();
    let cases = sweeps.len();
    format!("{faults} faults in {cases} cases, {wrong} with violations, {secs:.1} s\n")
}

/// The same in JSON, and every violation.
pub(super) fn json(sweeps: &[CaseSweep], scenario: &Path) -> Value {
    let case = |sweep: &CaseSweep| {
        let calls = sweep.calls.iter();
        let calls: BTreeMap<&str, u64> = calls.map(|(call, count)| (call.name(), *count)).collect();
        let wrong = sweep
            .runs
            .iter()
            .filter(|(_, run)| !run.violations.is_empty());
        let violations: Vec<Value> = wrong
            .flat_map(|(fault, run)| {
                let replay = sweep.replay(fault, scenario);
                run.violations
                    .iter()
                    .map(move |violation| as_json(fault, violation, &replay))
            })
            .collect();
        json!({
            "case": sweep.case,
            "host_calls": calls,
            "faults": sweep.runs.len(),
            "did_not_happen": sweep.count(|(_, run)| run.hits == 0),
            "ended_at_the_start": sweep.count(|(_, run)| run.is_refused),
            "with_violations": sweep.count(|(_, run)| !run.violations.is_empty()),
            "violations": violations,
        })
    };
    json!({
        "scenario": scenario.display().to_string(),
        "cases": sweeps.iter().map(case).collect::<Vec<_>>(),
    })
}

fn as_json(fault: &Fault, violation: &Violation, replay: &str) -> Value {
    json!({
        "fault": fault.to_string(),
        "place": violation.place.map(|place| place.to_string()),
        "reason": violation.reason,
        "trace": violation.trace,
        "replay": replay,
    })
}

/// A word of a command, as a shell takes it for one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
