// Numbers and times as people read them.

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const TENTH = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** `12,345`. @param {number} value */
export const whole = (value) => WHOLE.format(value);

/** `12.3K`: for axes and narrow places. @param {number} value */
export const short = (value) => SHORT.format(value);

/** `0.4`, `12.3`, `1,234`: one decimal where it matters. @param {number} value */
export const rate = (value) => (Math.abs(value) < 100 ? TENTH : WHOLE).format(value);

/** `1 port`, `2 ports`. @param {number} value @param {string} noun */
export const count = (value, noun) => `${whole(value)} ${noun}${value === 1 ? "" : "s"}`;

/** `14:05`, in UTC. @param {number} secs Since 1970. */
export const clock = (secs) => new Date(secs * 1000).toISOString().slice(11, 16);

/** `2026-11-22 14:05:09`, in UTC. @param {string} time RFC 3339. */
export const moment = (time) => time.slice(0, 19).replace("T", " ");

/**
 * `8 s`, `5 min`, `3 h`, `12 d`: the largest unit alone.
 * @param {number} secs
 */
export function span(secs) {
  const passed = Math.max(0, Math.round(secs));
  if (passed < 60) return `${passed} s`;
  if (passed < 3600) return `${Math.floor(passed / 60)} min`;
  if (passed < 86_400) return `${Math.floor(passed / 3600)} h`;
  return `${Math.floor(passed / 86_400)} d`;
}

/**
 * Seconds from one time to another, both RFC 3339; 0 where one of them is none.
 * @param {string} from
 * @param {string} to
 */
export function between(from, to) {
  const passed = (Date.parse(to) - Date.parse(from)) / 1000;
  return Number.isFinite(passed) ? passed : 0;
}
