// A portal for tests: serves the built page as the module does, and answers in the agreed shapes with made-up data.

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { KINDS } from "../src/shapes.js";

const DIST = new URL("../dist/", import.meta.url);
const ASSETS = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/app.js": ["app.js", "text/javascript; charset=utf-8"],
  "/app.css": ["app.css", "text/css; charset=utf-8"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
};
const SERVICES = [
  [22, "ssh"], [23, "telnet"], [445, "microsoft-ds"], [3389, "ms-wbt-server"], [6379, "redis"], [3306, "mysql"], [8080, "http-alt"],
  [5900, "rfb"], [1433, "ms-sql-s"], [5432, "postgresql"], [21, "ftp"], [9200, "wap-wsp"], [2375, "docker"], [27017, "mongodb"], [25, "smtp"],
  [110, "pop3"], [11211, "memcache"], [139, "netbios-ssn"], [5060, "sip"], [8443, null],
];

/** Time of every answer: 14:37:12 on a Sunday. */
export const NOW = "2026-11-22T14:37:12Z";
const NOW_SECS = Date.parse(NOW) / 1000;

/**
 * A portal on a free port of loopback. Its `state` may be changed while it runs: `data`, the `token`
 * it asks for, an `override` of single paths with [status, body], `down` for no answer at all, `hold` for a promise
 * to wait for, `now`.
 */
export async function startPortal({ token = null, data = busy() } = {}) {
  const state = { token, data, override: new Map(), requests: [], down: false, hold: null, now: NOW };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://portal");
    state.requests.push({ path: url.pathname + url.search, headers: request.headers });
    if (state.down) return request.socket.destroy();
    const asset = ASSETS[url.pathname];
    if (asset) return sendAsset(response, ...asset);
    await state.hold;
    const [status, body] = answer(state, url, request.headers.authorization);
    response.writeHead(status, {
      "content-type": status < 400 ? "application/json" : "application/problem+json",
      "cache-control": "max-age=1",
      date: new Date(state.now).toUTCString(),
    });
    response.end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { ...state, state, url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close(server.closeAllConnections()) };
}

function sendAsset(response, name, type) {
  response.writeHead(200, {
    "content-type": type,
    "content-encoding": "gzip",
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  response.end(readFileSync(new URL(`${name}.gz`, DIST)));
}

function answer(state, url, authorization) {
  const problem = (status, title, detail) => [status, { type: "about:blank", title, status, detail }];
  if (state.token && authorization !== `Bearer ${state.token}`) return problem(401, "Unauthorized", "this portal asks for a token");
  const override = state.override.get(url.pathname);
  if (override) return override;
  const { data } = state;
  if (url.pathname === "/v1/feed.json") return [200, data.feed];
  if (url.pathname === "/v1/stats/timeline") return [200, data.timeline[url.searchParams.get("step") ?? "minute"]];
  const stats = url.pathname.match(/^\/v1\/stats\/(summary|ports|kinds)$/);
  if (stats) return [200, data[stats[1]]];
  const ip = url.pathname.match(/^\/v1\/ip\/(.+)$/);
  if (!ip) return problem(404, "Not Found", "see /");
  const address = decodeURIComponent(ip[1]);
  if (!/^(\d+\.\d+\.\d+\.\d+|[0-9a-f:]+)(\/\d+)?$/.test(address)) {
    return problem(400, "Bad Request", `"${address}" is not an IP address, such as 198.51.100.7 or 2001:db8::1`);
  }
  const found = data.feed.entries.find((entry) => entry.ip === address);
  return [200, { ip: address, found: !!found, is_portscan: !!found, tags: found ? ["portscan"] : [], portscan: found ?? null, feed: { generated_at: NOW, version: 1 } }];
}

/** What a portal says that has seen nothing. */
export function quiet() {
  const zeros = (length) => Array(length).fill(0);
  const timeline = (step_secs, length) => ({
    version: 1, generated_at: NOW, step_secs, from: start(step_secs, length), contacts: zeros(length),
    verdicts: Object.fromEntries(KINDS.map((kind) => [kind, zeros(length)])),
  });
  return {
    summary: {
      version: 1, generated_at: NOW, sources_tracked: 0, sources_flagged: 0, networks_flagged: 0, new_per_minute: 0, contacts_per_second: 0,
      table: { slots: 65536, used: 0, evictions_total: 0, evictions_flagged_total: 0, cas_conflicts_total: 0, cas_giveups_total: 0, decode_errors_total: 0, host_errors_total: 0 },
      heartbeat_age_secs: 1,
    },
    kinds: { version: 1, generated_at: NOW, kinds: {}, classes: {} },
    timeline: { minute: timeline(60, 60), hour: timeline(3600, 24) },
    ports: { version: 1, generated_at: NOW, ports: [] },
    feed: { version: 1, generated_at: NOW, entries: [] },
  };
}

/** What a portal says on a day like others: the same data every time. */
export function busy() {
  const next = random(7);
  const data = quiet();
  Object.assign(data.summary, { sources_tracked: 12_418, sources_flagged: 3_207, networks_flagged: 14, new_per_minute: 11, contacts_per_second: 4.7 });
  Object.assign(data.summary.table, { used: 12_418, evictions_total: 38, cas_conflicts_total: 1_204 });
  for (const [step, scale] of [["minute", 1], ["hour", 46]]) {
    const { contacts, verdicts } = data.timeline[step];
    contacts.forEach((_, i) => {
      const wave = 1 + 0.35 * Math.sin(i / 7) + 0.25 * next();
      const burst = step === "minute" && i > 37 && i < 43 ? 3.2 : 1;
      const now = i === contacts.length - 1 ? 0.3 : 1;
      contacts[i] = Math.round(240 * scale * wave * burst * now);
      [2.4, 3.1, 2.2, 0.9, 0.7].forEach((mean, k) => {
        verdicts[KINDS[k]][i] = Math.round(mean * scale * wave * (k === 1 ? burst : 1) * now * (0.4 + 1.2 * next()));
      });
    });
  }
  data.ports.ports = SERVICES.map(([port, service], i) => {
    const sources = Math.round(2_140 / (1 + 0.42 * i) - 3 * i);
    return { port, service, sources, hits: Math.round(sources * (2 + 4 * next())), hours: hours(port, sources, next) };
  });
  data.feed.entries = Array.from({ length: 180 }, (_, i) => source(i, next)).sort((a, b) => b.risk - a.risk);
  return data;
}

/** Contacts by hour: SSH comes in two waves, Redis on one evening, others as they please. */
function hours(port, sources, next) {
  return Array.from({ length: 24 }, (_, hour) => {
    const wave = port === 22 ? 1 + Math.cos((hour - 5) / 2.2) : port === 6379 ? (hour > 8 && hour < 14 ? 3 : 0.05) : 0.5 + 0.4 * Math.sin((hour + port) / 3);
    return Math.round((sources / 9) * Math.max(0, wave) * (0.4 + next()) ** 2);
  });
}

const REASONS = {
  decoy: (port) => `touched decoy ${port}/tcp`,
  ports: (port) => `went on to ${port}/tcp`,
  silent: (port) => `silent on ${port}/tcp`,
  mismatch: (port) => `another protocol on ${port}/tcp`,
};

function source(i, next) {
  const kind = ["probe", "vertical", "horizontal", "block", "distributed"][Math.floor(next() ** 0.9 * 5)];
  const count = { probe: 1, vertical: 2 + Math.floor(next() ** 4 * 900), horizontal: 1 + Math.floor(next() * 2), block: 3 + Math.floor(next() * 40), distributed: 1 }[kind];
  const ports = [...new Set(Array.from({ length: Math.min(count, 12) }, () => SERVICES[Math.floor(next() ** 1.6 * SERVICES.length)][0]))];
  const risk = Math.min(99, Math.round(36 + 12 * next() + 7 * Math.log2(count) + (kind === "block" ? 12 : 0)));
  const benign = i % 23 === 11;
  const age = Math.round(60 * 60 * 20 * next() ** 2);
  const lived = Math.round(age + 3600 * 60 * next() ** 3);
  return {
    ip: address(i, kind, next), kind, risk: benign ? Math.min(risk, 55) : risk,
    class: benign ? "benign" : risk >= 80 ? "malicious" : "suspicious", actor: benign ? ["censys", "shadowserver"][i % 2] : null,
    first_seen: at(-lived), last_seen: at(-age), expires_at: at(604_800 - age), hits: count * (1 + Math.floor(next() * 5)),
    port_count: Math.max(count, ports.length), host_count: kind === "horizontal" || kind === "block" ? 2 + Math.floor(next() * 30) : 1, ports,
    reasons: benign ? [`declared scanner on ${ports[0]}/tcp`] : kind === "distributed" ? [`neighbours scan, touched ${ports[0]}/tcp`] : reasons(ports, next),
    spoofable: false, shared_ip_hint: i % 31 === 5,
  };
}

function reasons(ports, next) {
  const [first, ...rest] = ports;
  return [...rest.slice(0, 6).map((port) => REASONS.ports(port)), next() < 0.5 ? REASONS.silent(first) : REASONS.mismatch(first), REASONS.decoy(first)].slice(0, 8);
}

/** Addresses of the networks that are kept for documentation. */
function address(i, kind, next) {
  if (kind === "distributed" && i % 9 === 0) return `203.0.113.${16 * (i % 16)}/28`;
  if (i % 6 === 4) return `2001:db8:${(i * 2654435 % 65536).toString(16)}:${Math.floor(next() * 65536).toString(16)}::/64`;
  return `${["192.0.2", "198.51.100", "203.0.113"][i % 3]}.${1 + ((i * 37) % 254)}`;
}

const at = (secs) => new Date((NOW_SECS + secs) * 1000).toISOString().replace(".000", "");
const start = (step, length) => new Date((Math.floor(NOW_SECS / step) - length + 1) * step * 1000).toISOString().replace(".000", "");

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The built text of an asset. */
export const built = (name) => gunzipSync(readFileSync(new URL(`${name}.gz`, DIST))).toString();
