//! Reports for people.

use std::fmt::Write;

use super::{CaseReport, Report, Verdict};
use crate::scenario::{Failure, Outcome};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without colours.
    Plain,
    /// With the colours of a terminal.
    Coloured,
}

impl Style {
    fn paint(self, colour: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\x1b[{colour}m{text}\x1b[0m"),
        }
    }
}

/// What came of one case: a line if it has passed, everything that is known if not.
#[must_use]
pub fn case_text(case: &CaseReport, style: Style) -> String {
    let title = case.title();
    match &case.result {
        Err(error) => format!("{} {error}\n", style.paint(RED, "invalid")),
        Ok(outcome) if outcome.failures.is_empty() => match &outcome.impossible {
            None => format!("{} {title}{}\n", style.paint(GREEN, "ok"), hidden(outcome)),
            Some((place, reason)) => {
                let word = style.paint(YELLOW, "impossible");
                format!("{word} {title}: {place}: {reason}\n")
            }
        },
        Ok(outcome) => {
            let mut text = format!("{} {title}\n", style.paint(RED, "FAILED"));
            if !case.description.is_empty() {
                // Writing to a text cannot fail, here and below.
                let _ = writeln!(text, "  {}", case.description);
            }
            for failure in &outcome.failures {
                failed(&mut text, case, failure, style);
            }
            if let Some(failure) = outcome.failures.first() {
                trace(&mut text, failure);
            }
            text
        }
    }
}

/// How many cases ended how.
#[must_use]
pub fn summary(report: &Report, style: Style) -> String {
    let counts: Vec<String> = [
        (Verdict::Passed, GREEN),
        (Verdict::Impossible, YELLOW),
        (Verdict::Failed, RED),
        (Verdict::Invalid, RED),
    ]
    .into_iter()
    .map(|(verdict, colour)| (report.count(verdict), verdict, colour))
    .filter(|(count, verdict, _)| *count > 0 || *verdict == Verdict::Passed)
    .map(|(count, verdict, colour)| style.paint(colour, &format!("{count} {}", verdict.name())))
    .collect();
    format!(
        "{} in {:.1} s\n",
        counts.join(", "),
        report.elapsed.as_secs_f64()
    )
}

fn hidden(outcome: &Outcome) -> String {
    let mut notes = Vec::new();
    if outcome.hidden > 0 {
        let hidden = outcome.hidden;
        notes.push(format!(
            "{hidden} expectations about what cannot be seen here"
        ));
    }
    let skipped = outcome.skipped.iter();
    notes.extend(skipped.map(|(count, what)| format!("not compared: {count} {what}")));
    match notes.as_slice() {
        [] => String::new(),
        notes => format!(" ({})", notes.join("; ")),
    }
}

fn failed(text: &mut String, case: &CaseReport, failure: &Failure, style: Style) {
    let file = case.file.display();
    let place = match failure.place.line {
        0 => format!("{file}"),
        _ => format!("{file}:{}", failure.place),
    };
    let _ = writeln!(text, "  {place}: {}", failure.reason);
    for line in failure.diff.lines() {
        let colour = match line.chars().next() {
            Some('-') => RED,
            Some('+') => GREEN,
            _ => "0",
        };
        let _ = writeln!(text, "    {}", style.paint(colour, line));
    }
}

fn trace(text: &mut String, failure: &Failure) {
    if failure.trace.is_empty() {
        return;
    }
    let _ = writeln!(text, "  in the last step:");
    let skipped = failure.trace.len().saturating_sub(TRACE_LINES_MAX);
    if skipped > 0 {
        let _ = writeln!(text, "    … {skipped} lines before");
    }
    for line in failure.trace.iter().skip(skipped) {
        let _ = writeln!(text, "    {line}");
    }
}

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const TRACE_LINES_MAX: usize = 60;
