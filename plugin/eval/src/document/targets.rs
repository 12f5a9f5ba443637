//! What was aimed at, and what is reached.

use super::table::{of, percent, rate, table};
use crate::generate::Kind;
use crate::measure::{Measured, share};
use crate::runs::Results;
use crate::runs::peers;

/// A target, and whether it is met; unknown where the trace is absent.
struct Target {
    what: String,
    aim: String,
    measured: String,
    is_met: bool,
}

pub(super) fn targets(results: &Results) -> String {
    let mut all = on_traces(results);
    all.extend(harmless(results));
    all.extend(rivals(results));
    let rows = all.into_iter().map(|target| {
        let verdict = if target.is_met { "yes" } else { "**no**" };
        vec![target.what, target.aim, target.measured, verdict.to_owned()]
    });
    table_of(rows)
}

fn table_of(rows: impl Iterator<Item = Vec<String>>) -> String {
    format!(
        "At medium sensitivity:\n\n{}",
        table(&["what", "target", "measured", "met"], rows)
    )
}

fn on_traces(results: &Results) -> Vec<Target> {
    let mut targets = Vec::new();
    for row in &results.quality {
        if row.sensitivity != "medium" {
            continue;
        }
        let Measured {
            contacts_to_flag,
            tagged,
            contacts,
            tagged_real,
            real,
            false_tags,
            ..
        } = row.measured;
        let effectiveness = row.measured.effectiveness();
        let mut at_least = |aim: f64, what: &str, reached: f64| {
            targets.push(Target {
                what: format!("{}: {what}", row.what),
                aim: format!("≥ {}", percent(aim)),
                measured: percent(reached),
                is_met: reached >= aim,
            });
        };
        match row.what.as_str() {
            "honeytrap-2025" => {
                at_least(0.97, "sources flagged", effectiveness);
                targets.push(Target {
                    what: format!("{}: N̄", row.what),
                    aim: "≤ 1.05".to_owned(),
                    measured: format!("{contacts_to_flag:.2}"),
                    is_met: contacts_to_flag <= 1.05,
                });
            }
            "generated" => at_least(0.97, "sources flagged", effectiveness),
            "accept-lab" => targets.push(Target {
                what: format!("{}: harmless clients flagged", row.what),
                aim: "0".to_owned(),
                measured: false_tags.to_string(),
                is_met: false_tags == 0,
            }),
            what if what.contains("learnt") => at_least(0.94, "sources flagged", effectiveness),
            what if what.contains("switched off") => {
                at_least(0.69, "sources flagged", effectiveness);
            }
            what if what.contains("busiest") => {
                at_least(
                    0.16,
                    "contacts with real ports tagged",
                    share(tagged_real, real),
                );
            }
            what if what.contains("login") => {
                at_least(0.95, "sessions tagged", share(tagged, contacts));
            }
            _ => {}
        }
    }
    if let Some((at_first, touching)) = results.lab_first_decoy {
        targets.push(Target {
            what: "accept-lab: scanners that touch a decoy, flagged at the first one".to_owned(),
            aim: "all".to_owned(),
            measured: of(at_first, touching),
            is_met: at_first == touching,
        });
    }
    targets
}

fn harmless(results: &Results) -> Vec<Target> {
    let people = || {
        let rows = results.false_tags.people.iter();
        rows.filter(|row| row.sensitivity == "medium")
    };
    let tagged: usize = people().map(|row| row.in_standing.0).sum();
    let all: usize = people().map(|row| row.in_standing.1).sum();
    let mut targets = vec![Target {
        what: "accidents of people in good standing that led to a tag, all p together".to_owned(),
        aim: "≤ 1 %".to_owned(),
        measured: of(tagged, all),
        is_met: tagged * 100 <= all,
    }];
    let machines = results.false_tags.machines.iter();
    let rows = people()
        .filter(|row| row.probability == 1e-3)
        .chain(machines.filter(|row| row.sensitivity == "medium"));
    for (kind, tags) in rows.flat_map(|row| &row.kinds) {
        let what = match kind {
            Kind::HealthChecker => "health checkers",
            Kind::Browser => "browsers that connect early, p = 1e-3",
            Kind::LargeGateway => "gateways of 500, p = 1e-3",
            _ => continue,
        };
        targets.push(Target {
            what: format!("{what}: false tags per 100,000 client-days"),
            aim: "≤ 1".to_owned(),
            measured: rate(tags.rate()),
            is_met: tags.rate() <= 1.0,
        });
    }
    targets
}

/// At the false tags of the best reference, ten times its effectiveness.
fn rivals(results: &Results) -> Vec<Target> {
    let table = &results.peers;
    let false_tags = |row: &peers::Row| row.people.rate() + row.machines.rate();
    let traces = table.traces.iter().enumerate();
    let targets = traces.filter_map(|(index, trace)| {
        let of_row =
            |row: &peers::Row| row.measured.get(index).map_or(0.0, Measured::effectiveness);
        let references = table.rows.iter().filter(|row| row.is_reference);
        let best = references.max_by(|a, b| of_row(a).total_cmp(&of_row(b)))?;
        // Real scanners that were told to walk through ports: nobody misses ten of eleven.
        if *trace == "accept-lab" {
            return None;
        }
        let ours = table.rows.iter().filter(|row| row.is_ours());
        let as_quiet = ours
            .filter(|row| false_tags(row) <= false_tags(best))
            .max_by(|a, b| of_row(a).total_cmp(&of_row(b)));
        let reached = as_quiet.map_or(0.0, of_row);
        let name = as_quiet.map_or("no sensitivity is as quiet", |row| row.name.as_str());
        Some(Target {
            what: format!(
                "{trace}: effectiveness at the false tags of the best reference, {}",
                best.name
            ),
            aim: format!("≥ 10 times its {}", percent(of_row(best))),
            measured: format!("{} ({name})", percent(reached)),
            is_met: reached >= 10.0 * of_row(best),
        })
    });
    targets.collect()
}
