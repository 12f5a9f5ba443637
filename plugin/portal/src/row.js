// One source in the table: a line, and below it, on demand, everything else.

import { element } from "./element.js";
import { count, moment, span, between } from "./format.js";
import { classMark, detail, kindMark, riskBar } from "./verdict.js";

/** @typedef {import("./shapes.js").Entry} Entry */

/** Ports that fit into the line. */
const PORTS_SHOWN = 4;

let rows = 0;

export class Row {
  #id = `source-${++rows}`;
  #seen = "";
  #open = false;
  /** @type {Entry | null} */
  #entry = null;
  #now = "";
  #name = element("span");
  #button = element(
    "button",
    { type: "button", class: "open", "aria-expanded": "false", "aria-controls": this.#id, click: () => this.#toggle() },
    element("span", { class: "chevron", "aria-hidden": "true" }),
    this.#name,
  );
  #first = element("time");
  #last = element("time");
  #cells = {
    ip: element("th", { scope: "row", role: "rowheader", class: "of-ip" }, this.#button),
    kind: cell("kind"),
    class: cell("class"),
    risk: cell("risk"),
    ports: cell("ports"),
    first: cell("first", this.#first),
    last: cell("last", this.#last),
    why: cell("why"),
  };
  #inner = element("td", { role: "cell", colspan: 8 });

  line = element("tr", { role: "row" }, ...Object.values(this.#cells));
  details = element("tr", { role: "row", id: this.#id, class: "more", hidden: true }, this.#inner);

  /**
   * @param {Entry} entry
   * @param {string} now When the answer was made.
   */
  update(entry, now) {
    this.#entry = entry;
    this.#now = now;
    when(this.#first, entry.first_seen, now);
    when(this.#last, entry.last_seen, now);
    const seen = JSON.stringify(entry);
    if (seen === this.#seen) return;
    this.#seen = seen;
    const cells = this.#cells;
    this.#name.textContent = entry.ip;
    cells.kind.replaceChildren(kindMark(entry.kind));
    cells.class.replaceChildren(classMark(entry.class, entry.actor));
    cells.risk.replaceChildren(riskBar(entry.risk));
    cells.ports.replaceChildren(portList(entry));
    const [reason = "–", ...others] = entry.reasons;
    cells.why.replaceChildren(
      element("span", { class: "reason" }, reason),
      others.length ? element("small", { title: others.join("\n") }, ` +${others.length}`) : "",
    );
    if (this.#open) this.#spell();
  }

  #toggle() {
    this.#open = !this.#open;
    this.#button.setAttribute("aria-expanded", String(this.#open));
    this.details.hidden = !this.#open;
    if (this.#open) this.#spell();
  }

  #spell() {
    if (this.#entry) this.#inner.replaceChildren(detail(this.#entry, this.#now));
  }
}

/** @param {string} name @param {...Node} content */
const cell = (name, ...content) => element("td", { role: "cell", class: `of-${name}` }, ...content);

/** @param {Entry} entry */
function portList({ ports, port_count }) {
  if (port_count == null) return "";
  const shown = ports.slice(0, PORTS_SHOWN).join(", ");
  const more = port_count > Math.min(ports.length, PORTS_SHOWN) && ports.length ? " …" : "";
  return element("span", { title: count(port_count, "port") }, element("b", {}, port_count), element("small", {}, shown + more));
}

/** @param {HTMLTimeElement} target @param {string} time @param {string} now */
function when(target, time, now) {
  const text = `${span(between(time, now))} ago`;
  if (target.textContent !== text) target.textContent = text;
  if (target.dateTime !== time) {
    target.dateTime = time;
    target.title = `${moment(time)} UTC`;
  }
}
