// The table of flagged sources: sorted and filtered here, a page at a time.

import { byId, element } from "./element.js";
import { whole } from "./format.js";
import { Panel } from "./panel.js";
import { ORDERS, sorted } from "./order.js";
import { Row } from "./row.js";
import { KINDS } from "./shapes.js";

/** @typedef {import("./shapes.js").Feed} Feed */
/** @typedef {import("./shapes.js").Entry} Entry */
/** @typedef {import("./order.js").Column} Column */

/** Sources that the page asks for, highest risk first: more than anybody reads, few enough to sort in a blink. */
export const SOURCES_MAX = 1000;
/** Rows that are shown at first, and added at a time. */
const PAGE = 15;

export class Sources {
  #panel = new Panel("sources");
  #count = byId("sources-count");
  /** @type {Entry[]} */
  #entries = [];
  #now = "";
  /** @type {{ by: Column, down: boolean }} */
  #order = { by: "risk", down: true };
  #shown = PAGE;
  #seen = "";
  /** Rows by address, so that a refresh leaves focus, selection and open details alone. @type {Map<string, Row>} */
  #rows = new Map();

  #search = element("input", {
    type: "search",
    id: "filter",
    placeholder: "Address, port, reason …",
    autocomplete: "off",
    spellcheck: "false",
    input: () => this.#restart(),
  });
  #kind = select("filter-kind", ["Any kind", ...KINDS], () => this.#restart());
  #class = select("filter-class", ["Any class", "malicious", "suspicious", "benign"], () => this.#restart());
  #sort = select("sort", ORDERS.map((order) => order.title), () => this.#sortBy(ORDERS[this.#sort.selectedIndex]?.column ?? "risk"));
  #heads = ORDERS.map(({ column, title }) =>
    element(
      "th",
      { scope: "col", role: "columnheader", class: `of-${column}` },
      element("button", { type: "button", click: () => this.#sortBy(column) }, title, element("span", { class: "arrow", "aria-hidden": "true" })),
    ),
  );
  #body = element("tbody", { role: "rowgroup" });
  #table = element(
    "table",
    { class: "sources", role: "table" },
    element("caption", { class: "unseen" }, "Flagged sources; the headings sort"),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...this.#heads)),
    this.#body,
  );
  #none = element("p", { class: "nothing", hidden: true });
  #more = element("button", { type: "button", class: "quiet more", click: () => this.#extend() });
  #tools = element(
    "form",
    { class: "filters", role: "search", "aria-label": "Filter the sources", submit: (/** @type {Event} */ event) => event.preventDefault() },
    labelled("Filter", this.#search),
    labelled("Kind", this.#kind),
    labelled("Class", this.#class),
    labelled("Sort by", this.#sort, "sort"),
  );

  /** @param {Feed} feed @param {string} now When it was made. */
  show({ entries }, now) {
    this.#now = now;
    this.#count.setAttribute("aria-live", "off");
    this.#entries = entries;
    if (!entries.length) {
      this.#count.textContent = "";
      this.#rows.clear();
      this.#panel.empty("Nobody is flagged", "Whoever touches a decoy or walks along the ports appears here within seconds, with the reasons.");
      return;
    }
    this.#panel.fill(this.#tools, this.#table, this.#none, this.#more);
    this.#draw();
  }

  /** @param {unknown} error */
  fail(error) {
    this.#panel.fail(error);
  }

  /** @param {Column} column */
  #sortBy(column) {
    const same = this.#order.by === column;
    const order = ORDERS.find((known) => known.column === column);
    this.#order = { by: column, down: same ? !this.#order.down : (order?.down ?? true) };
    this.#restart();
  }

  #restart() {
    this.#shown = PAGE;
    // What the reader asked for is read out, what a refresh brings is not.
    this.#count.setAttribute("aria-live", "polite");
    this.#draw();
  }

  #extend() {
    const first = this.#shown;
    this.#shown += PAGE;
    this.#draw();
    // Who pressed the button by key goes on in what it brought.
    /** @type {HTMLElement | null | undefined} */ (this.#body.querySelectorAll(".of-ip button")[first])?.focus();
  }

  #draw() {
    const wanted = this.#search.value.trim().toLowerCase();
    const kind = this.#kind.selectedIndex ? this.#kind.value : "";
    const name = this.#class.selectedIndex ? this.#class.value : "";
    const matching = this.#entries.filter(
      (entry) => (!kind || entry.kind === kind) && (!name || entry.class === name) && (!wanted || matches(entry, wanted)),
    );
    const ordered = sorted(matching, this.#order.by, this.#order.down).slice(0, this.#shown);
    this.#place(ordered);
    ORDERS.forEach(({ column }, i) => {
      const active = column === this.#order.by;
      this.#heads[i]?.setAttribute("aria-sort", active ? (this.#order.down ? "descending" : "ascending") : "none");
      if (active) this.#sort.selectedIndex = i;
    });
    this.#more.hidden = matching.length <= this.#shown;
    this.#more.textContent = `Show ${Math.min(PAGE, matching.length - this.#shown)} more`;
    this.#none.hidden = matching.length > 0;
    this.#none.textContent = "No source matches this filter.";
    this.#table.hidden = matching.length === 0;
    this.#tell(matching.length);
  }

  /** @param {number} matching */
  #tell(matching) {
    const all = this.#entries.length;
    const cut = all >= SOURCES_MAX ? `the ${whole(all)} of highest risk` : `${whole(all)} in all`;
    const text = matching === all ? cut : `${whole(matching)} of ${whole(all)}`;
    if (text !== this.#seen) this.#count.textContent = this.#seen = text;
  }

  /** @param {Entry[]} entries */
  #place(entries) {
    /** @type {Map<string, Row>} */
    const rows = new Map();
    /** @type {Element | null} */
    let place = this.#body.firstElementChild;
    for (const entry of entries) {
      const row = this.#rows.get(entry.ip) ?? new Row();
      row.update(entry, this.#now);
      rows.set(entry.ip, row);
      for (const line of [row.line, row.details]) {
        if (line === place) place = place.nextElementSibling;
        else this.#body.insertBefore(line, place);
      }
    }
    while (place) {
      const next = place.nextElementSibling;
      place.remove();
      place = next;
    }
    this.#rows = rows;
  }
}

/** @param {Entry} entry @param {string} wanted In small letters. */
function matches(entry, wanted) {
  if (/^\d{1,5}$/.test(wanted) && entry.ports.includes(Number(wanted))) return true;
  return [entry.ip, entry.kind, entry.class, entry.actor ?? "", ...entry.reasons].some((text) => text.toLowerCase().includes(wanted));
}

/**
 * @param {string} id
 * @param {readonly string[]} names
 * @param {() => void} changed
 */
function select(id, names, changed) {
  return element("select", { id, change: changed }, ...names.map((name) => element("option", {}, name)));
}

/** @param {string} text @param {HTMLElement} field @param {string} [name] */
function labelled(text, field, name) {
  return element("label", { class: name }, element("span", { class: "unseen" }, text), field);
}
