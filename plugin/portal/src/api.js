// Asks the portal. The token, where one is needed, lives in this tab alone.

/** An answer may take this long; then the portal counts as out. */
const TIMEOUT_MS = 10_000;
const TOKEN_KEY = "portscan-token";

/** What went wrong, in the portal's words where it has any. `status` is 0 where nobody answered. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} title
   * @param {string} [detail]
   */
  constructor(status, title, detail = "") {
    super(title);
    this.status = status;
    this.detail = detail;
  }
}

/** @returns {string | null} */
export const token = () => sessionStorage.getItem(TOKEN_KEY);

/** Keeps `value` until the tab is closed; `null` forgets it. @param {string | null} value */
export function setToken(value) {
  if (value) sessionStorage.setItem(TOKEN_KEY, value);
  else sessionStorage.removeItem(TOKEN_KEY);
}

/**
 * The JSON at `path`, and when it was so, in RFC 3339. The browser keeps the last answer and asks whether it has changed;
 * where it has not, what the answer itself says of its time is old, and the header is not.
 * @param {string} path
 * @returns {Promise<{ answer: any, now: string }>}
 * @throws {Problem}
 */
export async function get(path) {
  const response = await ask(path);
  const date = new Date(response.headers.get("date") ?? Date.now());
  try {
    return { answer: await response.json(), now: date.toISOString() };
  } catch {
    throw new Problem(response.status, "The answer was cut short or is not JSON.", path);
  }
}

/**
 * The answer to `path`, if it is a good one.
 * @param {string} path
 * @returns {Promise<Response>}
 * @throws {Problem}
 */
export async function ask(path) {
  const secret = token();
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      headers: secret ? { authorization: `Bearer ${secret}` } : {},
      cache: "no-cache",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new Problem(0, late ? "The portal takes too long to answer." : "The portal does not answer.");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Problem(response.status, problem.title ?? `The portal answered ${response.status}.`, problem.detail);
}
