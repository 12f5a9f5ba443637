//! The figures for people and for machines.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Rounds;

/// A table for each case.
#[must_use]
pub fn as_text(cases: &[Rounds]) -> String {
    let mut text = String::new();
    for case in cases {
        // Writing to a String cannot fail.
        let _ = write_case(&mut text, case);
    }
    text
}

fn write_case(text: &mut String, rounds: &Rounds) -> std::fmt::Result {
    let (case, again) = (&rounds.figures, &rounds.again);
    writeln!(text, "{}", case.case)?;
    writeln!(
        text,
        "  {:<38} {:>9} {:>9} {:>9} {:>7}  host calls of one",
        "callback", "samples", "median ns", "p99 ns", "bytes"
    )?;
    for (name, figures) in &case.callbacks {
        let calls = figures.host_calls.iter();
        let calls: Vec<String> = calls
            .map(|(call, count)| match count {
                1 => (*call).to_owned(),
                count => format!("{count} × {call}"),
            })
            .collect();
        writeln!(
            text,
            "  {:<38} {:>9} {:>9} {:>9} {:>7}  {}",
            name,
            figures.nanos.samples,
            figures.nanos.median,
            figures.nanos.p99,
            figures.bytes_returned,
            calls.join(", ")
        )?;
    }
    let together = [
        ("all callbacks of one connection", case.connection_nanos),
        ("all callbacks of one stream", case.stream_nanos),
    ];
    for (name, nanos) in together {
        let Some(nanos) = nanos else { continue };
        writeln!(
            text,
            "  {name:<38} {:>9} {:>9} {:>9}",
            nanos.samples, nanos.median, nanos.p99
        )?;
    }
    let kib = case.guest_memory_bytes / 1024;
    let noise = if again.is_quiet() {
        ""
    } else {
        ": too noisy, the times say nothing"
    };
    writeln!(
        text,
        "  guest memory: {kib} KiB; the same twice: {:.3} ({:.3} to {:.3}, {} pairs){noise}\n",
        again.median, again.low, again.high, again.pairs
    )
}

/// The same as JSON.
#[must_use]
pub fn as_json(cases: &[Rounds]) -> Value {
    json!({ "version": 1, "cases": cases })
}
