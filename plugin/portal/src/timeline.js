// The time line: new verdicts stacked by kind, and below them, on the same axis, all contacts.

import uPlot from "uplot";

import { element } from "./element.js";
import { clock, count, whole } from "./format.js";
import { Panel } from "./panel.js";
import { KINDS, MEANING } from "./shapes.js";
import { chartOptions } from "./chart.js";

/** @typedef {import("./shapes.js").Timeline} Answer */
/** @typedef {import("./shapes.js").Kind} Kind */

/** Heights of the two charts, in pixels, axes included. */
const VERDICTS_HEIGHT = 208;
const CONTACTS_HEIGHT = 84;

export class TimeLine {
  #panel = new Panel("timeline");
  /** @type {Answer | null} */
  #answer = null;
  #seen = "";
  /** Set while the pointer or the arrow keys are on a step. @type {number | null} */
  #at = null;
  #width = 0;
  /** @type {[uPlot, uPlot] | null} */
  #charts = null;
  #values = KINDS.map(() => element("b"));
  #legend = element(
    "ul",
    { class: "legend" },
    ...KINDS.map((kind, i) =>
      element("li", { title: MEANING[kind] }, element("i", { class: `swatch ${kind}` }), kind, " ", /** @type {Node} */ (this.#values[i])),
    ),
  );
  #readout = element("p", { class: "readout", id: "timeline-readout" });
  #verdicts = element("div", { class: "plot" });
  #contacts = element("div", { class: "plot" });
  #quiet = element("p", { class: "quiet-note" });
  #frame = element(
    "div",
    {
      class: "canvas",
      role: "img",
      tabindex: 0,
      "aria-describedby": "timeline-readout",
      keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
      blur: () => this.#move(null),
    },
    this.#quiet,
    this.#verdicts,
    element("p", { class: "label" }, "All contacts"),
    this.#contacts,
  );
  #table = element("table");
  #details = element(
    "details",
    { toggle: () => this.#tabulate() },
    element("summary", {}, "As a table"),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Steps of the time line" }, this.#table),
  );
  #above = element("div", { class: "above" }, this.#legend, this.#readout);

  constructor() {
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (!width || width === this.#width) return;
      this.#width = width;
      if (this.#charts) {
        this.#charts[0].setSize({ width, height: VERDICTS_HEIGHT });
        this.#charts[1].setSize({ width, height: CONTACTS_HEIGHT });
      } else this.#draw();
    }).observe(this.#frame);
  }

  /** @param {Answer} answer */
  show(answer) {
    this.#answer = answer;
    const seen = JSON.stringify([answer.from, answer.step_secs, answer.contacts, answer.verdicts]);
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#panel.fill(this.#above, this.#frame, this.#details);
    this.#draw();
    this.#tabulate();
  }

  /** @param {unknown} error */
  fail(error) {
    this.#panel.fail(error);
  }

  /** Draws anew in the colours of now. */
  recolour() {
    for (const chart of this.#charts ?? []) chart.destroy();
    this.#charts = null;
    this.#draw();
  }

  /** Steps of one kind. @param {Kind} kind */
  #of(kind) {
    const steps = this.#answer?.contacts.length ?? 0;
    return this.#answer?.verdicts[kind] ?? Array(steps).fill(0);
  }

  #draw() {
    const answer = this.#answer;
    if (!answer || !this.#width) return;
    const step = answer.step_secs;
    const from = Date.parse(answer.from) / 1000;
    const steps = answer.contacts.length;
    const middles = Array.from({ length: steps }, (_, i) => from + (i + 0.5) * step);
    // The tallest comes first and is painted over by the smaller sums.
    const sums = KINDS.map((_, top) => middles.map((_, i) => KINDS.slice(0, top + 1).reduce((sum, kind) => sum + (this.#of(kind)[i] ?? 0), 0)));
    const span = { from, to: from + steps * step };
    if (!this.#charts) {
      const options = { width: this.#width, step: () => this.#answer?.step_secs ?? 60, moved: (/** @type {number | null} */ at) => this.#tell(at) };
      this.#charts = [
        new uPlot(chartOptions({ ...options, height: VERDICTS_HEIGHT, kinds: [...KINDS].reverse(), hasTimes: false }), undefined, this.#verdicts),
        new uPlot(chartOptions({ ...options, height: CONTACTS_HEIGHT, kinds: ["contacts"], hasTimes: true }), undefined, this.#contacts),
      ];
    }
    const [verdicts, contacts] = this.#charts;
    for (const [chart, series] of /** @type {[uPlot, number[][]][]} */ ([[verdicts, [...sums].reverse()], [contacts, [answer.contacts]]])) {
      chart.batch(() => {
        // A bar of no height would paint its outline over the ground line.
        chart.setData([middles, ...series.map((values) => values.map((value) => value || null))], false);
        chart.setScale("x", { min: span.from, max: span.to });
        chart.setScale("y", { min: 0, max: ceiling(Math.max(0, ...(series[0] ?? []))) });
      });
    }
    this.#describe();
    this.#tell(this.#at);
  }

  #describe() {
    const answer = this.#answer;
    if (!answer) return;
    const total = KINDS.reduce((sum, kind) => sum + add(this.#of(kind)), 0);
    const time = answer.step_secs < 3600 ? "hour" : "24 hours";
    this.#frame.setAttribute(
      "aria-label",
      `Last ${time}: ${count(total, "new verdict")}, ${count(add(answer.contacts), "contact")}. Arrow keys read single steps.`,
    );
    this.#quiet.textContent = total ? "" : `No new verdict in the last ${time}`;
    this.#quiet.hidden = total > 0;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const steps = this.#answer?.contacts.length ?? 0;
    /** @type {Record<string, number>} */
    const places = { ArrowLeft: (this.#at ?? steps) - 1, ArrowRight: (this.#at ?? steps - 2) + 1, Home: 0, End: steps - 1 };
    const place = places[event.key];
    if (place === undefined || !steps) return;
    event.preventDefault();
    this.#readout.setAttribute("aria-live", "polite");
    this.#move(Math.min(steps - 1, Math.max(0, place)));
  }

  /** @param {number | null} at */
  #move(at) {
    const chart = this.#charts?.[0];
    if (!chart) return;
    const middle = at === null ? undefined : chart.data[0][at];
    chart.setCursor({ left: middle === undefined ? -10 : chart.valToPos(middle, "x"), top: middle === undefined ? -10 : 10 });
  }

  /** Says what step `at` holds; the whole time where there is none. @param {number | null} at */
  #tell(at) {
    this.#at = at;
    const answer = this.#answer;
    if (!answer) return;
    KINDS.forEach((kind, i) => {
      const value = this.#values[i];
      if (value) value.textContent = whole(at === null ? add(this.#of(kind)) : (this.#of(kind)[at] ?? 0));
    });
    if (at === null) {
      this.#readout.textContent = `${count(add(answer.contacts), "contact")} in all`;
      return;
    }
    const start = Date.parse(answer.from) / 1000 + at * answer.step_secs;
    const running = at === answer.contacts.length - 1 ? ", so far" : "";
    this.#readout.textContent = `${clock(start)} to ${clock(start + answer.step_secs)}${running}: ${count(answer.contacts[at] ?? 0, "contact")}`;
  }

  #tabulate() {
    const answer = this.#answer;
    if (!this.#details.open || !answer) return;
    const start = Date.parse(answer.from) / 1000;
    const rows = answer.contacts.map((contacts, i) => [
      clock(start + i * answer.step_secs),
      ...KINDS.map((kind) => whole(this.#of(kind)[i] ?? 0)),
      whole(contacts),
    ]);
    this.#table.replaceChildren(
      element("thead", {}, element("tr", {}, ...["From", ...KINDS, "contacts"].map((name) => element("th", { scope: "col" }, name)))),
      element(
        "tbody",
        {},
        ...rows.reverse().map(([time, ...values]) => element("tr", {}, element("th", { scope: "row" }, time), ...values.map((value) => element("td", {}, value)))),
      ),
    );
  }
}

/** A round number that leaves some air above `most`. @param {number} most */
function ceiling(most) {
  if (most < 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((value) => value >= most * 1.05) ?? 15 * power;
}

/** @param {number[]} values */
const add = (values) => values.reduce((sum, value) => sum + value, 0);
