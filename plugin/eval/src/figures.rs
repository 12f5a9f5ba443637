//! Figures of the document, as SVG.

mod bars;

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::generate::SECOND;
use crate::runs::Results;
use crate::runs::false_tags::PROBABILITIES;
use crate::runs::slow::GAPS;

/// What a figure may fail with: a folder that cannot be written.
pub type Failure = Box<dyn Error>;

const SIZE: (u32, u32) = (760, 420);
const FONT: &str = "sans-serif";

/// Colours that stay apart for those who do not see all of them (Okabe, Ito 2008).
const BLUE: RGBColor = RGBColor(0, 114, 178);
const ORANGE: RGBColor = RGBColor(230, 159, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const RED: RGBColor = RGBColor(213, 94, 0);
const PINK: RGBColor = RGBColor(204, 121, 167);
const GREY: RGBColor = RGBColor(120, 120, 120);

/// Writes all figures into `dir`.
///
/// # Errors
/// A file cannot be written.
pub fn write(results: &Results, dir: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(dir)?;
    false_tags(results, &dir.join("detection-false-tags.svg"))?;
    bars::effectiveness(results, &dir.join("detection-effectiveness.svg"))?;
    memory(results, &dir.join("detection-memory.svg"))?;
    slow(results, &dir.join("detection-slow.svg"))
}

/// A line with its name, colour and points.
struct Line {
    name: String,
    colour: RGBColor,
    points: Vec<(f64, f64)>,
}

/// Axes of a chart where both are logarithmic.
struct Axes<'a> {
    x: std::ops::Range<f64>,
    x_ticks: Vec<f64>,
    y: std::ops::Range<f64>,
    y_ticks: Vec<f64>,
    x_name: &'a str,
    y_name: &'a str,
    x_label: &'a dyn Fn(&f64) -> String,
    y_label: &'a dyn Fn(&f64) -> String,
    legend: SeriesLabelPosition,
}

fn lines(path: &Path, axes: Axes<'_>, lines: Vec<Line>) -> Result<(), Failure> {
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .margin(14)
        .x_label_area_size(46)
        .y_label_area_size(78)
        .build_cartesian_2d(
            axes.x.log_scale().with_key_points(axes.x_ticks),
            axes.y.log_scale().with_key_points(axes.y_ticks),
        )?;
    chart
        .configure_mesh()
        .x_desc(axes.x_name)
        .y_desc(axes.y_name)
        .x_label_formatter(axes.x_label)
        .y_label_formatter(axes.y_label)
        .axis_desc_style((FONT, 15))
        .label_style((FONT, 13))
        .light_line_style(WHITE)
        .draw()?;
    for Line {
        name,
        colour,
        points,
    } in lines
    {
        let dots = points.clone();
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| {
                PathElement::new(vec![(x, y), (x + 22, y)], colour.stroke_width(2))
            });
        let dots = dots
            .into_iter()
            .map(|at| Circle::new(at, 4, colour.filled()));
        chart.draw_series(dots)?;
    }
    chart
        .configure_series_labels()
        .position(axes.legend)
        .label_font((FONT, 14))
        .background_style(WHITE.mix(0.85))
        .border_style(GREY)
        .draw()?;
    root.present()?;
    Ok(())
}

fn false_tags(results: &Results, path: &Path) -> Result<(), Failure> {
    let colours = [GREEN, BLUE, RED];
    let mut all = Vec::new();
    for (sensitivity, colour) in crate::measure::SENSITIVITIES.into_iter().zip(colours) {
        let rows = results.false_tags.people.iter();
        let points = rows
            .filter(|row| row.sensitivity == sensitivity)
            .map(|row| (row.probability, row.total().rate().max(NONE)));
        all.push(Line {
            name: format!("sensitivity {sensitivity}"),
            colour,
            points: points.collect(),
        });
    }
    let axes = Axes {
        x: 0.7e-5..1.4e-2,
        x_ticks: PROBABILITIES.to_vec(),
        y: 0.08..1e3,
        y_ticks: vec![NONE, 1.0, 10.0, 100.0, 1_000.0],
        x_name: "accidental decoy contacts per person and day (p)",
        y_name: "false tags per 100,000 client-days",
        x_label: &|p| format!("{p:e}"),
        y_label: &|rate| {
            if *rate <= NONE {
                "none".to_owned()
            } else {
                format!("{rate}")
            }
        },
        legend: SeriesLabelPosition::UpperLeft,
    };
    lines(path, axes, all)
}

/// Where a logarithmic axis has its zero.
const NONE: f64 = 0.1;

#[expect(clippy::cast_precision_loss, reason = "counts of sources are exact")]
fn memory(results: &Results, path: &Path) -> Result<(), Failure> {
    let series = |name: &str, colour, value: fn(&crate::runs::memory::Point) -> f64| Line {
        name: name.to_owned(),
        colour,
        points: results
            .memory
            .iter()
            .map(|point| (f64::from(point.sources), value(point)))
            .collect(),
    };
    let all = vec![
        series("slots in use", BLUE, |point| point.slots as f64),
        series("KiB of shared data", RED, |point| {
            point.bytes as f64 / 1_024.0
        }),
    ];
    let axes = Axes {
        x: 80.0..1.3e6,
        x_ticks: vec![1e2, 1e3, 1e4, 1e5, 1e6],
        y: 8.0..2e5,
        y_ticks: vec![10.0, 1e2, 1e3, 1e4, 1e5],
        x_name: "sources that touched a decoy",
        y_name: "slots, KiB",
        x_label: &thousands,
        y_label: &thousands,
        legend: SeriesLabelPosition::UpperLeft,
    };
    lines(path, axes, all)
}

fn thousands(value: &f64) -> String {
    match *value {
        large if large >= 1e6 => format!("{}M", large / 1e6),
        medium if medium >= 1e3 => format!("{}k", medium / 1e3),
        small => format!("{small}"),
    }
}

fn slow(results: &Results, path: &Path) -> Result<(), Failure> {
    let shown = [
        (OURS, true, "this detector, decoys", BLUE),
        (OURS, false, "this detector, real ports alone", GREEN),
        (
            "TRW per (address, port)",
            true,
            "TRW per (address, port), decoys",
            ORANGE,
        ),
        ("fail2ban rule", true, "fail2ban rule, decoys", PINK),
        ("Zeek scan policy", true, "Zeek scan policy, decoys", GREY),
        (
            "Snort port_scan, high",
            true,
            "Snort port_scan, high, decoys",
            RED,
        ),
    ];
    let mut all = Vec::new();
    for (name, decoys, label, colour) in shown {
        let series = results.slow.iter();
        let Some(series) = series
            .clone()
            .find(|series| series.name == name && series.decoys == decoys)
        else {
            continue;
        };
        let points = GAPS
            .into_iter()
            .zip(&series.found)
            .filter_map(|((gap, _), found)| {
                found.map(|found| (seconds(gap), seconds(found.after).max(AT_ONCE)))
            });
        all.push(Line {
            name: label.to_owned(),
            colour,
            points: points.collect(),
        });
    }
    let axes = Axes {
        x: 0.8..30_000.0,
        x_ticks: GAPS.map(|(gap, _)| seconds(gap)).to_vec(),
        y: 0.4..2e6,
        y_ticks: vec![
            AT_ONCE, 10.0, 60.0, 600.0, 3_600.0, 21_600.0, 86_400.0, 864_000.0,
        ],
        x_name: "time between two ports of the scan",
        y_name: "time until flagged",
        x_label: &|secs| duration(*secs),
        y_label: &|secs| duration(*secs),
        legend: SeriesLabelPosition::UpperLeft,
    };
    lines(path, axes, all)
}

/// Our detector as it is by default.
const OURS: &str = "this detector, medium";

/// Where a logarithmic axis has what is flagged by its first contact.
const AT_ONCE: f64 = 0.5;

#[expect(clippy::cast_precision_loss, reason = "microseconds of days are exact")]
fn seconds(at: u64) -> f64 {
    at as f64 / SECOND as f64
}

fn duration(secs: f64) -> String {
    match secs {
        none if none <= AT_ONCE => "at once".to_owned(),
        days if days >= 86_400.0 => format!("{} d", days / 86_400.0),
        hours if hours >= 3_600.0 => format!("{} h", hours / 3_600.0),
        minutes if minutes >= 60.0 => format!("{} min", minutes / 60.0),
        short => format!("{short} s"),
    }
}
