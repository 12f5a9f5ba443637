// The page of a real edge after a day of scans; `day_at_the_edge` of examples/demo runs this, and says where the portal is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browserPath, launch, open, settled } from "./browser.mjs";

const { PORTAL, SCANNERS } = process.env;
const skip = !browserPath ? "needs Chromium: install chromium, or name it in CHROMIUM" : !PORTAL ? "needs an edge: run ./justw dashboard-test" : false;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  if (!skip) browser = await launch();
});
after(() => browser?.close());

const text = async (page, selector) => (await page.locator(selector).innerText()).replace(/\s+/g, " ").trim();
const get = async (path) => (await fetch(new URL(path, PORTAL))).json();

/** Runs `body` with the edge's page; nothing strange may have happened at its end. */
function withPage(name, body, { expected = [], ...look } = {}) {
  test(name, { skip }, async () => {
    const page = await open(browser, PORTAL, look);
    await settled(page);
    await body(page);
    assert.deepEqual(page.trouble.filter((said) => !expected.some((known) => said.includes(known))), [], "nothing on the console");
    assert.deepEqual(page.foreign, [], "no request to anywhere else");
    await page.context().close();
  });
}

withPage("whoever_is_flagged_is_in_the_table", async (page) => {
  const { entries } = await get("/v1/feed.json?class=suspicious,malicious,benign");
  const summary = await get("/v1/stats/summary");
  assert.equal(entries.filter(({ hits }) => hits > 0).length, summary.sources_flagged);
  assert.equal(entries.filter(({ hits }) => !hits).length, summary.networks_flagged);
  assert.equal(await text(page, "#sources-count"), `${entries.length} in all`);
  const shown = await page.locator(".sources .open").first().innerText();
  const first = entries.find(({ ip }) => ip === shown);
  assert.equal(first?.risk, entries[0].risk);
  const row = await text(page, ".sources tbody tr:first-child");
  for (const part of [first.ip, first.kind, first.class, String(first.risk), String(first.port_count)]) {
    assert.ok(row.includes(part), `${part} in ${row}`);
  }
});

withPage("the_day_is_counted", async (page) => {
  const summary = await get("/v1/stats/summary");
  assert.equal(summary.sources_tracked, Number(SCANNERS));
  // Some were served before, and only touched one decoy.
  assert.ok(summary.sources_flagged > Number(SCANNERS) / 2 && summary.networks_flagged > 0);
  assert.ok((await text(page, "#tiles")).includes(`Flagged now ${summary.sources_flagged} `), await text(page, "#tiles"));
  assert.match(await text(page, ".ports tbody tr:first-child"), /^\d+ [a-z-]+ \d+$/);
  const { ports } = await get("/v1/stats/ports?max=20");
  assert.equal(await page.locator(".heat .hot, .heat .cold").count(), ports.length * 24);
  assert.ok((await page.locator(".heat .hot").count()) > ports.length, "contacts in many hours");
  await page.getByText("24 hours", { exact: true }).click();
  const { verdicts } = await get("/v1/stats/timeline?step=hour");
  const of = (kind) => verdicts[kind].reduce((sum, value) => sum + value);
  assert.equal(Object.keys(verdicts).reduce((sum, kind) => sum + of(kind), 0), summary.sources_flagged, "each is flagged once");
  assert.ok(of("vertical") > 0);
  await page.locator(".legend", { hasText: `vertical ${of("vertical")}` }).waitFor();
  assert.ok((await text(page, "#health")).includes("Host errors 0"));
});

withPage("a_scanner_is_found_and_a_stranger_is_not", async (page) => {
  const scanner = await page.locator(".sources .open").first().innerText();
  await page.fill("#address", scanner);
  await page.keyboard.press("Enter");
  await page.locator(".card.flagged", { hasText: `${scanner} scans.` }).waitFor();
  assert.match(await text(page, ".card .reasons"), /touched decoy \d+\/tcp/);
  await page.fill("#address", "192.0.2.200");
  await page.keyboard.press("Enter");
  await page.locator(".card.clear", { hasText: "192.0.2.200 is not flagged." }).waitFor();
});

withPage("what_is_no_address_is_refused_by_the_edge", async (page) => {
  await page.fill("#address", "example.org");
  await page.keyboard.press("Enter");
  await page.locator(".card.trouble", { hasText: '"example.org" is not an IP address' }).waitFor();
}, { expected: ["400"] });

withPage("addresses_of_the_day_sort_and_filter", async (page) => {
  await page.getByRole("button", { name: "Address" }).click();
  const [first = ""] = await page.locator(".sources .open").allInnerTexts();
  assert.match(first, /^198\.51\.100\./);
  await page.fill("#filter", "203.0.113.");
  const shown = await page.locator(".sources .open").allInnerTexts();
  assert.ok(shown.length > 0 && shown.every((ip) => ip.startsWith("203.0.113.")), shown.join());
});

withPage("the_page_is_dark_on_a_dark_phone", async (page) => {
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(16, 18, 20)");
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
}, { colorScheme: "dark", viewport: { width: 360, height: 740 }, isMobile: true });
