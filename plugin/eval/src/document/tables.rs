//! The tables of the document.

use super::power_of_ten;
use super::table::{grouped, of, percent, rate, table};
use crate::calibrate::{Calibration, Count};
use crate::generate::{DAY, HOUR, SECOND};
use crate::measure::{FalseTags, SENSITIVITIES};
use crate::runs::Results;
use crate::runs::false_tags::Row;
use crate::runs::peers;
use crate::runs::slow::{Found, GAPS};

pub(super) fn traces(results: &Results) -> String {
    let rows = results.traces.iter().map(|(name, about, contacts)| {
        vec![(*name).to_owned(), grouped(*contacts), (*about).to_owned()]
    });
    format!(
        "Traces in this document:\n\n{}",
        table(&["trace", "contacts", "what it is"], rows)
    )
}

pub(super) fn quality(results: &Results) -> String {
    let header = [
        "trace",
        "sensitivity",
        "flagged",
        "effectiveness",
        "efficiency",
        "N̄",
        "tagged contacts",
        "tagged contacts with real ports",
    ];
    let rows = results.quality.iter().map(|row| {
        let measured = &row.measured;
        vec![
            row.what.clone(),
            row.sensitivity.to_owned(),
            of(measured.flagged, measured.scanners),
            percent(measured.effectiveness()),
            percent(measured.efficiency()),
            format!("{:.2}", measured.contacts_to_flag),
            of(measured.tagged, measured.contacts),
            of(measured.tagged_real, measured.real),
        ]
    });
    table(&header, rows)
}

pub(super) fn missed(results: &Results) -> String {
    /// Of one trace.
    const ROWS_MAX: usize = 10;
    let rows = results.missed.iter().flat_map(|(name, missed)| {
        let shown = missed.iter().take(ROWS_MAX);
        shown.map(move |source| {
            let ports: Vec<String> = source.ports.iter().map(u16::to_string).collect();
            vec![
                format!("{name} ({} in all)", missed.len()),
                source.src.to_string(),
                ports.join(", "),
                grouped(source.contacts),
            ]
        })
    });
    table(&["trace", "source", "ports", "contacts"], rows)
}

pub(super) fn false_tags(results: &Results) -> String {
    let table_of = &results.false_tags;
    let tags = |tags: FalseTags| format!("{} ({})", rate(tags.rate()), tags.flagged);
    let mut text = String::from("In 100,000 client-days, and in brackets how many there were:\n\n");
    let kinds: Vec<&str> = table_of.people[0]
        .kinds
        .iter()
        .map(|(kind, _)| kind.label())
        .collect();
    let mut header = vec!["p", "sensitivity"];
    header.extend(&kinds);
    header.push("all");
    header.push("accidents in good standing that led to a tag");
    header.push("of strangers");
    let row = |row: &Row| {
        let mut cells = vec![power_of_ten(row.probability), row.sensitivity.to_owned()];
        cells.extend(row.kinds.iter().map(|(_, kind)| tags(*kind)));
        cells.push(tags(row.total()));
        cells.push(of(row.in_standing.0, row.in_standing.1));
        cells.push(of(row.strangers.0, row.strangers.1));
        cells
    };
    text.push_str(&table(&header, table_of.people.iter().map(row)));
    let days = table_of.people.iter().map(|row| row.total().client_days);
    text.push_str(&format!(
        "\nEach line is of about {} client-days. The last two columns are of people with an \
         address of their own; behind a gateway a second accident meets the first.\n\n",
        grouped(usize::try_from(days.max().unwrap_or(0)).unwrap_or(0))
    ));
    let mut header = vec!["machines", "client-days"];
    header.extend(SENSITIVITIES);
    let kinds = &table_of.machines[0].kinds;
    let rows = kinds.iter().enumerate().map(|(index, (kind, all))| {
        let days = usize::try_from(all.client_days).unwrap_or(0);
        let mut cells = vec![kind.label().to_owned(), grouped(days)];
        let at = table_of.machines.iter().map(|row| tags(row.kinds[index].1));
        cells.extend(at);
        cells
    });
    text.push_str(&table(&header, rows));
    text
}

pub(super) fn peers(results: &Results) -> String {
    let found = &results.peers;
    let mut header = vec!["detector"];
    header.extend(&found.traces);
    let sizes: Vec<String> = found
        .traces
        .iter()
        .map(|name| format!("N̄, {name}"))
        .collect();
    header.extend(sizes.iter().map(String::as_str));
    header.extend(["false tags, people", "false tags, machines", "remembers"]);
    let row = |row: &peers::Row| {
        let mut cells = vec![row.name.clone()];
        let each = |text: fn(&crate::measure::Measured) -> String| row.measured.iter().map(text);
        cells.extend(each(|measured| percent(measured.effectiveness())));
        cells.extend(each(|measured| match measured.flagged {
            0 => "–".to_owned(),
            _ => format!("{:.2}", measured.contacts_to_flag),
        }));
        cells.push(rate(row.people.rate()));
        cells.push(rate(row.machines.rate()));
        let most = row.measured.iter().map(|measured| measured.peak_slots);
        cells.push(grouped(
            usize::try_from(most.max().unwrap_or(0)).unwrap_or(0),
        ));
        cells
    };
    let mut text = table(&header, found.rows.iter().map(row));
    text.push_str(
        "\n*Remembers* is the most that was remembered on any of the traces: slots of ours, \
         sources, targets and times of the others.\n\n",
    );
    let rows = found.rows.iter().filter(|row| !row.is_ours());
    let sources = rows.map(|row| vec![row.name.clone(), row.source.to_owned()]);
    text.push_str(&table(&["textbook implementation of", "after"], sources));
    text
}

pub(super) fn ablation(results: &Results) -> String {
    let mut header = vec!["without"];
    header.extend(results.ablation.traces.iter().map(String::as_str));
    let rows = results.ablation.rows.iter().map(|(off, measured)| {
        let name = off.map_or("nothing switched off".to_owned(), |kind| {
            format!("`{}`", kind.name())
        });
        let mut cells = vec![name];
        cells.extend(measured.iter().map(|measured| {
            let tagged = crate::measure::share(measured.tagged, measured.contacts);
            format!(
                "{} ({})",
                percent(measured.effectiveness()),
                percent(tagged)
            )
        }));
        cells
    });
    table(&header, rows)
}

pub(super) fn slow(results: &Results) -> String {
    let mut header = vec!["detector", "ports"];
    header.extend(GAPS.map(|(_, name)| name));
    let rows = results.slow.iter().map(|series| {
        let ports = if series.decoys { "decoys" } else { "real" };
        let mut cells = vec![series.name.clone(), ports.to_owned()];
        cells.extend(
            series
                .found
                .iter()
                .map(|found| found.map_or("–".to_owned(), found_after)),
        );
        cells
    });
    table(&header, rows)
}

fn found_after(found: Found) -> String {
    let after = match found.after {
        0 => return "at once (1)".to_owned(),
        days if days >= 2 * DAY => format!("{} d", days / DAY),
        hours if hours >= 2 * HOUR => format!("{} h", hours / HOUR),
        minutes if minutes >= 120 * SECOND => format!("{} min", minutes / (60 * SECOND)),
        seconds => format!("{} s", seconds / SECOND),
    };
    format!("{after} ({})", found.contacts)
}

pub(super) fn memory(results: &Results) -> String {
    let rows = results.memory.iter().map(|point| {
        let slots = usize::try_from(point.slots).unwrap_or(0);
        let evictions = usize::try_from(point.evictions).unwrap_or(0);
        let sources = usize::try_from(point.sources).unwrap_or(0);
        vec![
            grouped(sources),
            grouped(slots),
            grouped(evictions),
            grouped(point.bytes),
        ]
    });
    table(
        &[
            "sources",
            "slots in use",
            "slots that made room",
            "bytes of shared data",
        ],
        rows,
    )
}

pub(super) fn calibration(results: &Results) -> String {
    calibration_table(&results.calibration)
}

pub(super) fn calibration_table(calibration: &Calibration) -> String {
    let header = [
        "evidence",
        "weight in use",
        "estimate",
        "even sources",
        "odd sources",
        "off by",
        "days of scanners",
        "days of people",
        "days of machines",
    ];
    let count = |count: Count| {
        of(
            usize::try_from(count.with).unwrap_or(0),
            usize::try_from(count.all).unwrap_or(0),
        )
    };
    let rows = calibration.rows.iter().map(|row| {
        let mut cells = vec![
            row.name.to_owned(),
            format!("{:.1}", f64::from(row.weight.hundredths()) / 100.0),
        ];
        if row.has_data() {
            cells.extend(row.estimates.map(|nats| format!("{nats:.1}")));
            cells.push(format!("{:+.1}", row.off_by()));
        } else {
            cells.extend(["no data", "", "", ""].map(str::to_owned));
        }
        cells.extend([row.scanners, row.people, row.machines].map(count));
        cells
    });
    format!(
        "Scanners: {}; harmless clients: made up, p = {:e}.\n\n{}",
        calibration.trace,
        crate::calibrate::PROBABILITY,
        table(&header, rows)
    )
}
