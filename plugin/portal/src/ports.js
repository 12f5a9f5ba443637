// Which ports are asked for, by how many sources.

import { element } from "./element.js";
import { count, short, whole } from "./format.js";
import { meter } from "./health.js";
import { Panel } from "./panel.js";

/** @typedef {import("./shapes.js").Ports} Ports */

/** As many as stand beside the time line without making it taller. */
const SHOWN_AT_FIRST = 10;

export class TopPorts {
  #panel = new Panel("ports");
  /** @type {Ports["ports"]} */
  #ports = [];
  #all = false;
  #seen = "";
  #rows = element("tbody");
  #more = element("button", { type: "button", class: "quiet", click: () => this.#toggle() });
  #table = element(
    "table",
    { class: "ports" },
    element("caption", { class: "unseen" }, "Ports by distinct sources in the last 24 hours"),
    element(
      "thead",
      { class: "unseen" },
      element("tr", {}, ...["Port", "Service", "Share", "Sources"].map((name) => element("th", { scope: "col" }, name))),
    ),
    this.#rows,
  );

  /** @param {Ports} answer */
  show({ ports }) {
    const seen = JSON.stringify(ports.map((port) => [port.port, port.sources, port.hits]));
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#ports = ports;
    if (ports.length) this.#draw();
    else this.#panel.empty("No port was touched in 24 hours", "Ports appear here with the first contact.");
  }

  /** @param {unknown} error */
  fail(error) {
    this.#panel.fail(error);
  }

  #toggle() {
    this.#all = !this.#all;
    this.#draw();
  }

  #draw() {
    const most = Math.max(1, ...this.#ports.map((port) => port.sources));
    const shown = this.#all ? this.#ports : this.#ports.slice(0, SHOWN_AT_FIRST);
    this.#rows.replaceChildren(
      ...shown.map((port) =>
        element(
          "tr",
          { title: `${count(port.sources, "source")}, ${count(port.hits, "contact")}` },
          element("th", { scope: "row", class: "number" }, port.port),
          element("td", { class: "name" }, port.service || "–"),
          element("td", { class: "bar" }, meter(port.sources / most)),
          element("td", { class: "number" }, port.sources < 100_000 ? whole(port.sources) : short(port.sources)),
        ),
      ),
    );
    this.#more.textContent = this.#all ? `Show ${SHOWN_AT_FIRST}` : `Show all ${this.#ports.length}`;
    this.#more.hidden = this.#ports.length <= SHOWN_AT_FIRST;
    this.#panel.fill(this.#table, this.#more);
  }
}
