// How the detector's memory is doing, and what to do where it is not well.

import { element, svg } from "./element.js";
import { span, whole } from "./format.js";
import { Panel } from "./panel.js";

/** @typedef {import("./shapes.js").Summary} Summary */

/** The keeper writes its heartbeat every five seconds; older than this it has stopped. */
const HEARTBEAT_MAX_SECS = 15;
/** From this share of used places on, sources that are not flagged begin to push each other out. */
const FULL = 0.9;

export class Health {
  #panel = new Panel("health");
  #seen = "";

  /** @param {Summary} summary */
  show(summary) {
    const { table, heartbeat_age_secs: age } = summary;
    const seen = JSON.stringify([table, age]);
    if (seen === this.#seen) return;
    this.#seen = seen;
    const share = table.slots ? Math.min(1, table.used / table.slots) : 0;
    const list = element(
      "dl",
      { class: "health" },
      row("Places used", `${whole(table.used)} of ${whole(table.slots)}`, share > FULL && "Raise sources.capacity.", meter(share)),
      row("Evicted", whole(table.evictions_total)),
      row("Evicted while flagged", whole(table.evictions_flagged_total), table.evictions_flagged_total > 0 && "Verdicts were lost: raise sources.capacity."),
      row("Write conflicts", whole(table.cas_conflicts_total)),
      row("Writes given up", whole(table.cas_giveups_total), table.cas_giveups_total > 0 && "Some contacts were not counted."),
      row("Unreadable pages", whole(table.decode_errors_total), table.decode_errors_total > 0 && "Something else writes to shared data."),
      row("Host errors", whole(table.host_errors_total), table.host_errors_total > 0 && "See Envoy's log."),
      age == null
        ? row("Keeper", "none")
        : row("Keeper's last beat", `${span(age)} ago`, age > HEARTBEAT_MAX_SECS && "It has stopped: restart Envoy. Verdicts go on."),
    );
    this.#panel.fill(list);
  }

  /** @param {unknown} error */
  fail(error) {
    this.#panel.fail(error);
  }
}

/**
 * @param {string} label
 * @param {string} value
 * @param {string | false} [trouble] What to do about it.
 * @param {SVGElement} [bar]
 */
function row(label, value, trouble = false, bar = undefined) {
  return element(
    "div",
    { class: trouble ? "trouble" : null },
    element("dt", {}, label),
    element("dd", {}, value),
    bar && element("dd", { class: "whole" }, bar),
    trouble && element("dd", { class: "whole advice" }, trouble),
  );
}

/**
 * A bar of this share of its width.
 * @param {number} share 0 to 1.
 */
export function meter(share) {
  return svg(
    "svg",
    { class: "meter", width: "100%", height: 6, "aria-hidden": "true" },
    svg("rect", { class: "track", width: "100%", height: 6, rx: 3 }),
    share > 0 && svg("rect", { class: "fill", width: `${(100 * share).toFixed(2)}%`, height: 6, rx: 3 }),
  );
}
