// When which port was asked for: a row a port, a column an hour.

import { byId, element, svg } from "./element.js";
import { clock, count, whole } from "./format.js";
import { Panel } from "./panel.js";

/** @typedef {import("./shapes.js").Ports} Ports */
/** @typedef {import("./shapes.js").Port} Port */

const HOURS = 24;
/** Heights and gaps in pixels. */
const ROW = 20;
const GAP = 2;
const HEAD = 20;
const LABEL = 132;
const LABEL_NARROW = 48;
/** Letters of a service name that fit between port and field. */
const NAME_MAX = 14;
/** Below this width service names are left out, and columns are labelled less often. */
const NARROW = 520;

export class HeatMap {
  #panel = new Panel("heatmap");
  #readout = byId("heatmap-readout");
  /** @type {Port[]} */
  #ports = [];
  /** The start of the first hour, seconds since 1970. */
  #from = 0;
  #width = 0;
  #seen = "";
  /** @type {[number, number] | null} */
  #cursor = null;
  #picture = svg("svg", {
    class: "heat",
    role: "img",
    tabindex: 0,
    "aria-describedby": "heatmap-readout",
    pointermove: (/** @type {PointerEvent} */ event) => this.#point(event),
    pointerleave: () => this.#pick(null),
    blur: () => this.#pick(null),
    keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
  });
  #frame = element("div", { class: "canvas" }, this.#picture);
  #ring = svg("rect", { class: "ring", rx: 3 });
  #table = element("table");
  #details = element(
    "details",
    { toggle: () => this.#tabulate() },
    element("summary", {}, "As a table"),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Fields of the heat map" }, this.#table),
  );

  constructor() {
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width && width !== this.#width) {
        this.#width = width;
        this.#draw();
      }
    }).observe(this.#frame);
  }

  /** @param {Ports} answer @param {string} now When it was made. */
  show({ ports }, now) {
    const hour = Math.floor(Date.parse(now) / 3_600_000) * 3600;
    const seen = JSON.stringify([hour, ports.map((port) => [port.port, port.hours])]);
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#from = hour - (HOURS - 1) * 3600;
    this.#ports = ports;
    if (!ports.length) {
      this.#panel.empty("Nothing to draw yet", "Each touched port gets a row, each hour a column.");
      return;
    }
    this.#panel.fill(this.#frame, this.#details);
    this.#draw();
    this.#tabulate();
  }

  /** @param {unknown} error */
  fail(error) {
    this.#panel.fail(error);
  }

  #geometry() {
    const label = this.#width < NARROW ? LABEL_NARROW : LABEL;
    return { label, column: (this.#width - label) / HOURS };
  }

  #draw() {
    if (!this.#width || !this.#ports.length) return;
    const { label, column } = this.#geometry();
    const height = HEAD + this.#ports.length * ROW;
    const most = Math.max(1, ...this.#ports.flatMap((port) => port.hours));
    const every = this.#width < NARROW ? 6 : 3;
    /** @type {SVGElement[]} */
    const parts = [];
    for (let hour = 0; hour < HOURS; hour += every) {
      parts.push(svg("text", { x: label + hour * column + 1, y: 11 }, clock(this.#from + hour * 3600)));
    }
    this.#ports.forEach((port, row) => {
      const y = HEAD + row * ROW;
      parts.push(svg("text", { class: "port", x: 38, y: y + 13, "text-anchor": "end" }, port.port));
      if (label === LABEL) parts.push(svg("text", { x: 46, y: y + 13 }, short(port.service ?? "")));
      port.hours.forEach((hits, hour) => {
        parts.push(
          svg("rect", {
            class: hits ? "hot" : "cold",
            x: (label + hour * column).toFixed(1),
            y,
            width: Math.max(1, column - GAP).toFixed(1),
            height: ROW - GAP,
            rx: 2,
            // Counts differ by powers of ten: a root shows both ends, and more than their logarithm between.
            "fill-opacity": hits ? (0.1 + 0.9 * (hits / most) ** 0.4).toFixed(2) : null,
          }),
        );
      });
    });
    this.#picture.setAttribute("width", String(this.#width));
    this.#picture.setAttribute("height", String(height));
    this.#picture.setAttribute("aria-label", this.#summary());
    this.#picture.replaceChildren(...parts, this.#ring);
    this.#pick(this.#cursor);
  }

  #summary() {
    let [best, at, hits] = [this.#ports[0], 0, -1];
    for (const port of this.#ports) {
      port.hours.forEach((value, hour) => {
        if (value > hits) [best, at, hits] = [port, hour, value];
      });
    }
    const where = best ? `Busiest: ${named(best)} at ${clock(this.#from + at * 3600)}, ${count(hits, "contact")}.` : "";
    return `Contacts by port and hour, ${count(this.#ports.length, "port")}, 24 hours. ${where} Arrow keys read single fields.`;
  }

  /** @param {PointerEvent} event */
  #point(event) {
    const { label, column } = this.#geometry();
    const box = this.#picture.getBoundingClientRect();
    const hour = Math.floor((event.clientX - box.left - label) / column);
    const row = Math.floor((event.clientY - box.top - HEAD) / ROW);
    this.#pick(hour >= 0 && hour < HOURS && row >= 0 && row < this.#ports.length ? [row, hour] : null);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    /** @type {Record<string, [number, number]>} */
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const [row, hour] = this.#cursor ?? [0, HOURS - 1];
    const go = this.#cursor ? step : [0, 0];
    this.#pick([
      Math.min(this.#ports.length - 1, Math.max(0, row + (go[0] ?? 0))),
      Math.min(HOURS - 1, Math.max(0, hour + (go[1] ?? 0))),
    ]);
    this.#readout.setAttribute("aria-live", "polite");
  }

  /** @param {[number, number] | null} cell Row and hour. */
  #pick(cell) {
    const port = cell && this.#ports[cell[0]];
    this.#cursor = port ? cell : null;
    if (!cell || !port) {
      this.#ring.setAttribute("visibility", "hidden");
      this.#readout.textContent = "24 hours, stronger is more";
      return;
    }
    const { label, column } = this.#geometry();
    const [row, hour] = cell;
    const start = this.#from + hour * 3600;
    const place = { x: label + hour * column - 1, y: HEAD + row * ROW - 1, width: Math.max(1, column - GAP) + 2, height: ROW };
    for (const [name, value] of Object.entries(place)) this.#ring.setAttribute(name, value.toFixed(1));
    this.#ring.setAttribute("visibility", "visible");
    this.#readout.textContent = `${named(port)}, ${clock(start)} to ${clock(start + 3600)}: ${count(port.hours[hour] ?? 0, "contact")}`;
  }

  #tabulate() {
    if (!this.#details.open) return;
    const hours = Array.from({ length: HOURS }, (_, hour) => clock(this.#from + hour * 3600));
    this.#table.replaceChildren(
      element("thead", {}, element("tr", {}, ...["Port", ...hours].map((name) => element("th", { scope: "col" }, name)))),
      element(
        "tbody",
        {},
        ...this.#ports.map((port) =>
          element("tr", {}, element("th", { scope: "row" }, named(port)), ...port.hours.map((hits) => element("td", {}, whole(hits)))),
        ),
      ),
    );
  }
}

/** @param {Port} port */
const named = (port) => (port.service ? `${port.port} ${port.service}` : String(port.port));

/** @param {string} name */
const short = (name) => (name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name);
