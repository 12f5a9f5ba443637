// One verdict, spelled out: the same below a row of the table and in the answer to a lookup.

import { element, svg } from "./element.js";
import { between, count, moment, span, whole } from "./format.js";
import { MEANING } from "./shapes.js";

/** @typedef {import("./shapes.js").Verdict} Verdict */
/** @typedef {import("./shapes.js").Kind} Kind */
/** @typedef {import("./shapes.js").Class} Class */

/** A swatch and the name of a kind. @param {Kind} kind */
export function kindMark(kind) {
  return element("span", { class: "kind", title: MEANING[kind] }, element("i", { class: `swatch ${kind}` }), kind);
}

/**
 * The class with a sign that needs no colour: full, half, hollow.
 * @param {Class} name
 * @param {string | null} [actor]
 */
export function classMark(name, actor) {
  const sign = svg("svg", { class: "sign", viewBox: "0 0 10 10", width: 10, height: 10, "aria-hidden": "true" });
  sign.append(svg("circle", { cx: 5, cy: 5, r: 4, class: name === "malicious" ? "full" : "ring" }));
  if (name === "suspicious") sign.append(svg("path", { class: "full", d: "M5 1a4 4 0 0 0 0 8z" }));
  return element("span", { class: `class ${name}` }, sign, name, actor ? element("small", {}, ` ${actor}`) : null);
}

/** The risk as a number and a bar. @param {number} risk 0 to 100. */
export function riskBar(risk) {
  return element(
    "span",
    { class: "risk" },
    element("b", {}, risk),
    svg(
      "svg",
      { class: "meter", width: 56, height: 6, "aria-hidden": "true" },
      svg("rect", { class: "track", width: 56, height: 6, rx: 3 }),
      svg("rect", { class: "fill", width: (56 * Math.min(100, Math.max(0, risk))) / 100, height: 6, rx: 3 }),
    ),
  );
}

/** How long ago `time` was at `now`, with the time itself on demand. @param {string} time @param {string} now */
export function ago(time, now) {
  return element("time", { datetime: time, title: `${moment(time)} UTC` }, `${span(between(time, now))} ago`);
}

/**
 * Everything that is known of a flagged source.
 * @param {Verdict} verdict
 * @param {string} now When the answer was made.
 */
export function detail(verdict, now) {
  const missing = (verdict.port_count ?? 0) - verdict.ports.length;
  const ports = verdict.ports.join(", ") + (missing > 0 ? `${verdict.ports.length ? " and " : ""}${count(missing, verdict.ports.length ? "other" : "port")}` : "");
  const facts = /** @type {[string, Node | string | null][]} */ ([
    ["Ports", ports],
    ["Hosts", verdict.host_count != null ? whole(verdict.host_count) : null],
    ["Contacts", verdict.hits ? whole(verdict.hits) : null],
    ["First seen", `${moment(verdict.first_seen)}`],
    ["Last seen", `${moment(verdict.last_seen)}`],
    ["Expires", `${moment(verdict.expires_at)}, in ${span(between(now, verdict.expires_at))}`],
    ["Shared", verdict.shared_ip_hint ? "Others may use it as well." : null],
  ]);
  return element(
    "div",
    { class: "detail" },
    element(
      "div",
      {},
      element("h3", {}, "Why"),
      verdict.reasons.length
        ? element("ul", { class: "reasons" }, ...verdict.reasons.map((reason) => element("li", {}, reason)))
        : element("p", {}, "The reasons are no longer known."),
    ),
    element(
      "dl",
      {},
      ...facts.filter(([, value]) => value).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
    ),
  );
}
