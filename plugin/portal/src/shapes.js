// The portal's answers, as types. The shapes are those of the module's description of its interface.

/** @typedef {"probe" | "vertical" | "horizontal" | "block" | "distributed"} Kind */
/** @typedef {"suspicious" | "malicious" | "benign"} Class */

/**
 * What is said of a flagged source. Times are RFC 3339 in UTC.
 * @typedef {object} Verdict
 * @property {Kind} kind
 * @property {number} risk 0 to 100.
 * @property {Class} class
 * @property {string | null} [actor] Who runs a declared scanner.
 * @property {string} first_seen
 * @property {string} last_seen
 * @property {string} expires_at
 * @property {number} hits 0 of a network.
 * @property {number | null} port_count Unknown of a network, as the hosts and ports.
 * @property {number | null} [host_count]
 * @property {number[]} ports Those that are known exactly.
 * @property {string[]} reasons Newest first.
 * @property {boolean} [shared_ip_hint] Others may use the address as well.
 */

/** @typedef {Verdict & { ip: string }} Entry An entry of the feed; `ip` may be a prefix. */
/** @typedef {{ entries: Entry[] }} Feed */
/** @typedef {{ ip: string, found: boolean, is_portscan: boolean, portscan?: Verdict | null }} Lookup */

/**
 * @typedef {object} Table
 * @property {number} slots
 * @property {number} used
 * @property {number} evictions_total
 * @property {number} evictions_flagged_total
 * @property {number} cas_conflicts_total
 * @property {number} cas_giveups_total
 * @property {number} decode_errors_total
 * @property {number} host_errors_total
 */

/**
 * @typedef {object} Summary
 * @property {number} sources_tracked
 * @property {number} sources_flagged
 * @property {number} networks_flagged
 * @property {number} new_per_minute Of the last full minute.
 * @property {number} contacts_per_second Of the last full minute.
 * @property {Table} table
 * @property {number | null} heartbeat_age_secs
 */


/**
 * @typedef {object} Timeline
 * @property {number} step_secs
 * @property {string} from The start of the first step.
 * @property {number[]} contacts Oldest first; the last step is still running.
 * @property {Partial<Record<Kind, number[]>>} verdicts
 */

/** @typedef {{ port: number, service?: string | null, sources: number, hits: number, hours: number[] }} Port */
/** @typedef {{ ports: Port[] }} Ports */

/** Every kind, in the order in which they are stacked and listed. @type {readonly Kind[]} */
export const KINDS = ["probe", "vertical", "horizontal", "block", "distributed"];

/** What the kinds mean, for those who do not know the words. @type {Readonly<Record<Kind, string>>} */
export const MEANING = {
  probe: "one port of one host",
  vertical: "several ports of one host",
  horizontal: "one or two ports of several hosts",
  block: "several ports of several hosts",
  distributed: "little by itself, in a network that scans",
};
