// The orders of the table of sources.

/** @typedef {import("./shapes.js").Entry} Entry */
/** @typedef {"ip" | "kind" | "class" | "risk" | "ports" | "first" | "last" | "why"} Column */

/** How bad a class is. */
const SEVERITY = { benign: 0, suspicious: 1, malicious: 2 };

/**
 * The columns in their order, what they sort by, and whether the highest comes first when one is chosen.
 * @type {readonly { column: Column, title: string, down: boolean, key: (entry: Entry) => string | number }[]}
 */
export const ORDERS = [
  { column: "ip", title: "Address", down: false, key: (entry) => addressKey(entry.ip) },
  { column: "kind", title: "Kind", down: false, key: (entry) => entry.kind },
  { column: "class", title: "Class", down: true, key: (entry) => SEVERITY[entry.class] },
  { column: "risk", title: "Risk", down: true, key: (entry) => entry.risk },
  { column: "ports", title: "Ports", down: true, key: (entry) => entry.port_count ?? 0 },
  { column: "first", title: "First seen", down: true, key: (entry) => Date.parse(entry.first_seen) },
  { column: "last", title: "Last seen", down: true, key: (entry) => Date.parse(entry.last_seen) },
  { column: "why", title: "Why", down: false, key: (entry) => entry.reasons[0] ?? "" },
];

/**
 * `entries` in a new order; what is equal there stands by address, so that nothing jumps between two refreshes.
 * @param {readonly Entry[]} entries
 * @param {Column} by
 * @param {boolean} down
 */
export function sorted(entries, by, down) {
  const key = ORDERS.find((order) => order.column === by)?.key ?? ((entry) => entry.ip);
  return entries
    .map((entry) => ({ entry, key: key(entry), address: addressKey(entry.ip) }))
    .sort((a, b) => (down ? -1 : 1) * compare(a.key, b.key) || compare(a.address, b.address))
    .map(({ entry }) => entry);
}

/**
 * A text that sorts as the address counts: IPv4 before IPv6, 9.0.0.0 before 10.0.0.0.
 * @param {string} ip
 */
export function addressKey(ip) {
  const [address = "", length = ""] = ip.split("/");
  const tail = `/${length.padStart(3, "0")}`;
  if (!address.includes(":")) return `4${address.split(".").map((part) => part.padStart(3, "0")).join("")}${tail}`;
  const [head = "", rest] = address.split("::");
  const groups = (/** @type {string} */ text) => (text ? text.split(":") : []);
  const [before, after] = [groups(head), groups(rest ?? "")];
  const all = rest === undefined ? before : [...before, ...Array(Math.max(0, 8 - before.length - after.length)).fill("0"), ...after];
  return `6${all.map((group) => group.padStart(4, "0")).join("")}${tail}`;
}

/** @param {string | number} a @param {string | number} b */
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
