// Reads the request header `x-portscan`: an RFC 9651 Dictionary, for example
//
//   kind=vertical, risk=87, class=malicious, ports=37, last=@1790000042, tags=(decoy), src=local
//
// No dependencies; copy this file into your own service. `readPortscan` is all you need.

// The edge's own values stay far below this; a limit keeps a hostile value from costing anything.
export const MAX_BYTES = 4096;

/** The value is not what the edge writes. Treat the header as absent, and say so in the log. */
export class Malformed extends Error {}

/**
 * Returns the verdict as an object with the known keys only, or null when there is none.
 *
 * `value` is the field value, several lines joined by commas (as node:http does), or undefined.
 * What the edge does not know is left out. Throws `Malformed`.
 */
export function readPortscan(value) {
  if (value === undefined || /^ *$/.test(value)) return null;
  if (value.length > MAX_BYTES) throw new Malformed(`longer than ${MAX_BYTES} bytes`);
  const members = parseDictionary(value);
  const verdict = {};
  for (const [key, type] of KEYS) {
    if (members.has(key)) verdict[key] = checked(key, type, members.get(key));
  }
  return verdict;
}

/**
 * Parses any RFC 9651 Dictionary into a Map of key to `{ type, value }`; parameters are checked
 * and dropped. Throws `Malformed`.
 */
export function parseDictionary(text) {
  const scan = new Scanner(text.replace(/^ +/, "").replace(/ +$/, ""));
  const members = new Map();
  while (!scan.done()) {
    const key = scan.key();
    // RFC 9651, 4.2.2: a key that comes again overwrites, a key without a value is true.
    members.set(key, scan.take("=") ? scan.member() : scan.withParameters(TRUE));
    scan.skip(" \t");
    if (scan.done()) break;
    scan.expect(",");
    scan.skip(" \t");
    if (scan.done()) throw new Malformed("comma at the end");
  }
  return members;
}

// The order is that of the edge, and of the answer that the example gives.
const KEYS = [
  ["kind", "token"],
  ["risk", "integer"],
  ["class", "token"],
  ["actor", "string"],
  ["ports", "integer"],
  ["hosts", "integer"],
  ["hits", "integer"],
  ["first", "date"],
  ["last", "date"],
  ["tags", "list"],
  ["src", "token"],
];

function checked(key, type, found) {
  const { value } = found;
  if (found.type !== type) throw new Malformed(`${key} is not of type ${type}`);
  if (type === "integer" && value < 0) throw new Malformed(`${key} is ${value}, less than 0`);
  if (key === "risk" && value > 100) throw new Malformed(`risk is ${value}, more than 100`);
  if (type !== "list") return value;
  if (value.some((tag) => tag.type !== "token")) throw new Malformed("a tag is not of type token");
  return value.map((tag) => tag.value);
}

/** A position in the text; each method consumes what it names or throws `Malformed`. */
class Scanner {
  #text;
  #at = 0;

  constructor(text) {
    this.#text = text;
  }

  done() {
    return this.#at === this.#text.length;
  }

  take(char) {
    const found = this.#text.startsWith(char, this.#at);
    if (found) this.#at += char.length;
    return found;
  }

  expect(char) {
    if (!this.take(char)) throw new Malformed(`expected '${char}' at ${this.#at}`);
  }

  skip(chars) {
    while (!this.done() && chars.includes(this.#text[this.#at])) this.#at += 1;
  }

  key() {
    return this.#match(KEY, "a key")[0];
  }

  member() {
    return this.take("(") ? this.#innerList() : this.withParameters(this.#bareItem());
  }

  withParameters(item) {
    while (this.take(";")) {
      this.skip(" ");
      this.key();
      if (this.take("=")) this.#bareItem();
    }
    return item;
  }

  #innerList() {
    const value = [];
    this.skip(" ");
    while (!this.take(")")) {
      value.push(this.withParameters(this.#bareItem()));
      if (!this.#text.startsWith(")", this.#at)) {
        this.expect(" ");
        this.skip(" ");
      }
    }
    return this.withParameters({ type: "list", value });
  }

  #bareItem() {
    const { groups } = this.#match(BARE_ITEM, "a value");
    const [type, raw] = Object.entries(groups).find(([, text]) => text !== undefined);
    return { type, value: VALUES[type](raw) };
  }

  #match(pattern, what) {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) throw new Malformed(`expected ${what} at ${this.#at}`);
    this.#at = pattern.lastIndex;
    return match;
  }
}

// RFC 9651, section 3.3. The decimal comes before the integer that it starts with.
const KEY = /[a-z*][a-z0-9_.*-]*/y;
const BARE_ITEM = new RegExp(
  [
    /(?<decimal>-?[0-9]{1,12}\.[0-9]{1,3})/,
    /(?<integer>-?[0-9]{1,15})/,
    /(?<string>"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*")/,
    /(?<token>[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*)/,
    /(?<date>@-?[0-9]{1,15})/,
    /(?<boolean>\?[01])/,
    /(?<bytes>:(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}={0,2}|[A-Za-z0-9+/]{3}=?)?:)/,
    /(?<display>%"(?:[\x20-\x21\x23-\x24\x26-\x7e]|%[0-9a-f]{2})*")/,
  ]
    .map((form) => form.source)
    .join("|"),
  "y",
);
const VALUES = {
  decimal: Number,
  integer: Number,
  string: (raw) => raw.slice(1, -1).replace(/\\(.)/g, "$1"),
  token: (raw) => raw,
  date: (raw) => Number(raw.slice(1)),
  boolean: (raw) => raw === "?1",
  bytes: (raw) => raw,
  display: displayString,
};
const TRUE = { type: "boolean", value: true };

function displayString(raw) {
  try {
    return decodeURIComponent(raw.slice(2, -1));
  } catch {
    throw new Malformed("display string is not UTF-8");
  }
}
