// A small service behind the edge that acts on `x-portscan`. Node 20 or later, no dependencies.
//
//   node server.mjs --port 18080

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { Malformed, readPortscan } from "./portscan-header.mjs";

// Behind the edge there are few connections; more than this are refused.
const MAX_CONNECTIONS = 256;

// What is done about it. An unknown class is treated with the care that an unknown scanner deserves.
const DECISION_BY_CLASS = new Map([
  ["malicious", "deny"],
  ["suspicious", "step-up"],
  ["benign", "plain"],
]);

// decision: status of /, status of /login, what the login page offers.
const ANSWERS = {
  allow: { root: 200, loginStatus: 200, login: "form" },
  plain: { root: 200, loginStatus: 200, login: "none" },
  "step-up": { root: 200, loginStatus: 429, login: "captcha" },
  deny: { root: 403, loginStatus: 403, login: "none" },
};

/** The service: `/` says what it understood, `/login` asks for more where it should. */
export function createUpstream(log = console.log) {
  const server = createServer((request, response) => {
    // node:http joins several lines of one field with ", ", and keeps `x_portscan` apart from ours.
    const { understood, note } = understand(request.headers["x-portscan"]);
    const { decision } = understood;
    const path = request.url.split("?", 1)[0];
    const [status, answer] = answerTo(path, understood);

    request.resume();
    // JSON escapes keep whatever the client wrote on one line of the log.
    log(`${request.method} ${JSON.stringify(path.slice(0, 200))} ${status} ${decision} ${note}`);
    const body = `${JSON.stringify(answer)}\n`;
    response.writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    });
    response.end(body);
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function answerTo(path, understood) {
  const { decision } = understood;
  const { root, loginStatus, login } = ANSWERS[decision];
  if (path === "/") return [root, understood];
  if (path === "/login") return [loginStatus, { decision, login }];
  return [decision === "deny" ? 403 : 404, { decision }];
}

/** Returns what `/` answers for the header value (undefined: no header), and a note for the log. */
export function understand(value) {
  let verdict;
  try {
    verdict = readPortscan(value);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    // Whoever is served must not depend on a broken header: absent, but never silently.
    return {
      understood: { header: "malformed", scanner: false, decision: "allow" },
      note: `malformed x-portscan: ${error.message}`,
    };
  }
  if (verdict === null) {
    return {
      understood: { header: "absent", scanner: false, decision: "allow" },
      note: "no scanner",
    };
  }
  const decision = DECISION_BY_CLASS.get(verdict.class) ?? "step-up";
  const said = ["class", "kind", "risk"].map((key) => `${key}=${verdict[key] ?? "?"}`);
  return {
    understood: { header: "present", scanner: true, decision, ...verdict },
    note: [...said, `tags=${(verdict.tags ?? []).join(",")}`].join(" "),
  };
}

function main() {
  const { values } = parseArgs({ options: { port: { type: "string", default: "18080" } } });
  const server = createUpstream();
  // Loopback only: the header means something only when the edge is in front.
  server.listen(Number(values.port), "127.0.0.1", () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main();
