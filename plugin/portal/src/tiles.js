// The numbers at the top.

import { byId, element } from "./element.js";
import { count, rate, whole } from "./format.js";

/** @typedef {import("./shapes.js").Summary} Summary */

export class Tiles {
  #list = byId("tiles");
  #tiles = {
    tracked: tile("Sources tracked"),
    flagged: tile("Flagged now"),
    fresh: tile("New per minute"),
    contacts: tile("Contacts per second"),
    evictions: tile("Evictions"),
  };

  constructor() {
    this.#list.append(...Object.values(this.#tiles).map((made) => made.root));
  }

  /** @param {Summary} summary */
  show(summary) {
    const { table } = summary;
    const tiles = this.#tiles;
    tiles.tracked.set(whole(summary.sources_tracked), `of ${whole(table.slots)} places`);
    tiles.flagged.set(
      whole(summary.sources_flagged),
      `and ${count(summary.networks_flagged, "whole network")}`,
    );
    tiles.fresh.set(whole(summary.new_per_minute), "verdicts in the last full minute");
    tiles.contacts.set(rate(summary.contacts_per_second), "mean of the last full minute");
    const lost = table.evictions_flagged_total;
    tiles.evictions.set(whole(table.evictions_total), lost ? `${whole(lost)} of flagged sources` : "none of a flagged source");
  }
}

/** @param {string} label */
function tile(label) {
  const value = element("dd", { class: "value" }, "–");
  const note = element("dd", { class: "note" }, "\u00a0");
  return {
    root: element("div", {}, element("dt", {}, label), value, note),
    /** @param {string} text @param {string} small */
    set(text, small) {
      if (value.textContent !== text) value.textContent = text;
      if (note.textContent !== small) note.textContent = small;
    },
  };
}
