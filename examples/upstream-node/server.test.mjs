// The shared vectors over real HTTP, and the bounds of the parser.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { after, before, test } from "node:test";

import { MAX_BYTES, Malformed, readPortscan } from "./portscan-header.mjs";
import { createUpstream } from "./server.mjs";

const shared = JSON.parse(await readFile(new URL("../vectors.json", import.meta.url), "utf8"));
const lines = [];
const server = createUpstream((line) => lines.push(line));

before(() => once(server.listen(0, "127.0.0.1"), "listening"));
after(() => server.close());

async function ask(path, headers = [], { method = "GET", body } = {}) {
  const { port } = server.address();
  // A flat list of names and values is sent as it stands: in order, every line of its own.
  const flat = ["Host", "127.0.0.1", ...headers.flat()];
  const sent = request({ host: "127.0.0.1", port, path, method, headers: flat, agent: false });
  sent.end(body);
  const [response] = await once(sent, "response");
  const text = (await response.setEncoding("utf8").toArray()).join("");
  return { status: response.statusCode, answer: text === "" ? null : JSON.parse(text) };
}

test("there are vectors", () => assert.ok(shared.vectors.length > 40));

for (const { name, headers, understood } of shared.vectors) {
  test(`vector: ${name}`, async () => {
    const { decision } = understood;
    const expected = shared.decisions[decision];
    assert.deepEqual(await ask("/", headers), {
      status: expected.root_status,
      answer: understood,
    });
    assert.deepEqual(await ask("/login", headers), {
      status: expected.login_status,
      answer: { decision, login: expected.login },
    });
  });
}

test("another path is not found and stays forbidden for malicious sources", async () => {
  assert.equal((await ask("/x")).status, 404);
  assert.equal((await ask("/x", [["x-portscan", "class=malicious"]])).status, 403);
});

test("a login with a body is answered", async () => {
  const body = "u=1".repeat(10_000);
  assert.equal((await ask("/login", [], { method: "POST", body })).status, 200);
});

test("HEAD has no body", async () => {
  assert.deepEqual(await ask("/", [], { method: "HEAD" }), { status: 200, answer: null });
});

test("one log line per request with the reason of a malformed header", async () => {
  lines.length = 0;
  await ask("/?query=1", [["x-portscan", "class="]]);
  assert.deepEqual(lines, ['GET "/" 200 allow malformed x-portscan: expected a value at 6']);
});

test("the longest value is read and one byte more is malformed", () => {
  const longest = `class=benign${" ".repeat(MAX_BYTES - 13)},`;
  assert.throws(() => readPortscan(longest), new Malformed("comma at the end"));
  assert.throws(() => readPortscan(`${longest} `), new Malformed("longer than 4096 bytes"));
});

test("no cut of a value throws anything else", () => {
  for (const { headers } of shared.vectors) {
    const value = headers.map(([, text]) => text).join(",");
    for (let end = 0; end < value.length; end += 1) {
      try {
        readPortscan(value.slice(0, end));
      } catch (error) {
        assert.ok(error instanceof Malformed, error);
      }
    }
  }
});
