// How uPlot draws our bars: hairlines, small labels, colours from the style sheet.

import uPlot from "uplot";

import { clock, short } from "./format.js";

/** Space for labels, in pixels; the same in both charts, so that their bars stand above each other. */
const LEFT = 44;
const BOTTOM = 26;
/** Below this width bars are too thin for a line between them. */
const NARROW = 520;
const FONT = '11px Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/**
 * @param {object} chart
 * @param {number} chart.width
 * @param {number} chart.height
 * @param {readonly string[]} chart.kinds A series each, the tallest sum first.
 * @param {boolean} chart.hasTimes Whether the time is written below.
 * @param {() => number} chart.step Seconds of a bar.
 * @param {(at: number | null) => void} chart.moved Called with the bar under the cursor.
 * @returns {uPlot.Options}
 */
export function chartOptions({ width, height, kinds, hasTimes, step, moved }) {
  const [line, label, ground] = ["line", "label", "ground"].map(colour);
  /** @type {uPlot.Axis} */
  const axis = { stroke: label, font: FONT, ticks: { show: false }, grid: { stroke: line, width: 1 } };
  return {
    width,
    height,
    padding: [8, 0, hasTimes ? 0 : 4, 0],
    legend: { show: false },
    cursor: {
      sync: { key: "time line", setSeries: false },
      drag: { x: false, y: false },
      points: { show: false },
      y: false,
    },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: { x: { time: true, auto: false }, y: { auto: false } },
    axes: [
      {
        ...axis,
        show: hasTimes,
        size: BOTTOM,
        gap: 6,
        grid: { show: false },
        splits: (plot) => timeSplits(plot, step()),
        values: (_, splits) => splits.map(clock),
      },
      {
        ...axis,
        size: LEFT,
        gap: 8,
        splits: (plot) => splits(plot.scales.y?.max ?? 0, hasTimes),
        values: (_, values) => values.map(short),
      },
    ],
    series: [
      {},
      ...kinds.map((kind) => ({
        fill: colour(kind),
        stroke: ground,
        width: width < NARROW ? 0 : 1,
        points: { show: false },
        paths: uPlot.paths.bars?.({ size: [0.86, 40], gap: 0 }),
      })),
    ],
    hooks: { setCursor: [(plot) => moved(plot.cursor.idx ?? null)] },
  };
}

/** The colour that the style sheet gives to this swatch, in the theme of now. @param {string} name */
function colour(name) {
  const swatch = document.createElement("i");
  swatch.className = `swatch ${name}`;
  document.body.append(swatch);
  const found = getComputedStyle(swatch).backgroundColor;
  swatch.remove();
  return found;
}

/** About four lines; in a low chart, the ground and the top. @param {number} most @param {boolean} isLow */
function splits(most, isLow) {
  if (isLow) return [0, most];
  const raw = most / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, raw)));
  const by = Math.max(1, [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((value) => value >= raw && Number.isInteger(value)) ?? raw);
  return Array.from({ length: Math.floor(most / by) + 1 }, (_, i) => i * by);
}

/** Every 10 minutes or 3 hours, less often where it is narrow. @param {uPlot} plot @param {number} step */
function timeSplits(plot, step) {
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  const wide = plot.width > 480;
  const by = step < 3600 ? (wide ? 600 : 1200) : wide ? 3 * 3600 : 6 * 3600;
  const first = Math.ceil(min / by) * by;
  return Array.from({ length: Math.max(0, Math.floor((max - first) / by) + 1) }, (_, i) => first + i * by);
}
