//! Bars: one detector below the other, a bar for each trace.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{BLUE, FONT, Failure, GREEN, GREY, ORANGE};
use crate::runs::Results;

/// Width and height.
const SIZE: (u32, u32) = (760, 500);

/// Effectiveness of all detectors on all traces.
pub(super) fn effectiveness(results: &Results, path: &Path) -> Result<(), Failure> {
    let table = &results.peers;
    let rows = i32::try_from(table.rows.len())?;
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .margin(14)
        .x_label_area_size(46)
        .y_label_area_size(170)
        .build_cartesian_2d(0.0..112.0, 0.0..f64::from(rows))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .x_desc("scanners that were flagged, %")
        .x_label_formatter(&|share| {
            if *share > 100.0 {
                String::new()
            } else {
                format!("{share}")
            }
        })
        .y_labels(0)
        .axis_desc_style((FONT, 15))
        .label_style((FONT, 13))
        .light_line_style(WHITE)
        .draw()?;
    let traces = table.traces.len().clamp(1, 3);
    let height = 0.8 / f64::from(u32::try_from(traces)?);
    let colours = [BLUE, ORANGE, GREEN];
    for (trace, (name, colour)) in table.traces.iter().zip(colours).enumerate() {
        let mut bars = Vec::new();
        let mut labels = Vec::new();
        for (row, line) in table.rows.iter().enumerate() {
            let Some(measured) = line.measured.get(trace) else {
                continue;
            };
            let top = f64::from(rows) - f64::from(u32::try_from(row)?) - 0.1;
            let top = top - height * f64::from(u32::try_from(trace)?);
            let percent = measured.effectiveness() * 100.0;
            bars.push(Rectangle::new(
                [(0.0, top), (percent.max(0.15), top - height)],
                colour.filled(),
            ));
            let style = TextStyle::from((FONT, 11)).color(&BLACK);
            let text = if percent >= 10.0 {
                format!("{percent:.0}")
            } else {
                format!("{percent:.1}")
            };
            labels.push(Text::new(text, (percent + 0.8, top - 0.02), style));
        }
        chart
            .draw_series(bars)?
            .label(*name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.filled()));
        chart.draw_series(labels)?;
    }
    for (row, line) in table.rows.iter().enumerate() {
        let (_, y) =
            chart.backend_coord(&(0.0, f64::from(rows) - f64::from(u32::try_from(row)?) - 0.5));
        let style = TextStyle::from((FONT, 13)).color(&BLACK).pos(RIGHT);
        root.draw(&Text::new(line.name.clone(), (178, y), style))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .label_font((FONT, 14))
        .background_style(WHITE)
        .border_style(GREY)
        .draw()?;
    root.present()?;
    Ok(())
}

/// Names stand left of the axis.
const RIGHT: Pos = Pos {
    h_pos: HPos::Right,
    v_pos: VPos::Center,
};
