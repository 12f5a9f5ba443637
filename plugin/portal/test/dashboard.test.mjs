// The page in a real browser, against a made-up portal.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browserPath, launch, open, settled as ready } from "./browser.mjs";
import { busy, quiet, startPortal } from "./fixture.mjs";

const skip = browserPath ? false : "needs Chromium: install chromium, or name it in CHROMIUM";
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  if (!skip) browser = await launch();
});
after(() => browser?.close());

/** Runs `body` with a page of a portal; nothing strange may have happened at its end. */
function withPage(name, { portal: how = {}, page: look = {}, expected = [] }, body) {
  test(name, { skip }, async () => {
    const portal = await startPortal(how);
    try {
      const page = await open(browser, portal.url, look);
      await body(page, portal.state);
      const strange = page.trouble.filter((text) => !expected.some((known) => text.includes(known)));
      assert.deepEqual(strange, [], "nothing on the console");
      assert.deepEqual(page.foreign, [], "no request to anywhere else");
      await page.context().close();
    } finally {
      portal.stop();
    }
  });
}

const text = async (page, selector) => (await page.locator(selector).innerText()).replace(/\s+/g, " ").trim();
const addresses = (page) => page.locator(".sources .open").allInnerTexts();

withPage("what_the_portal_knows_is_on_the_page", {}, async (page) => {
  await ready(page);
  const data = busy();
  assert.match(await text(page, "#tiles"), /Sources tracked 12,418 of 65,536 places Flagged now 3,207 and 14 whole networks New per minute 11 .* Contacts per second 4\.7 .* Evictions 38/);
  const total = (kind) => data.timeline.minute.verdicts[kind].reduce((sum, value) => sum + value);
  assert.ok((await text(page, ".legend")).startsWith(`probe ${total("probe")} vertical ${total("vertical")}`));
  assert.equal(await page.locator(".plot canvas").count(), 2);
  assert.match(await text(page, ".ports tbody tr:first-child"), /^22 ssh 2,140$/);
  assert.equal(await page.locator(".heat .hot, .heat .cold").count(), 20 * 24);
  assert.match(await text(page, "#health"), /Places used 12,418 of 65,536 Evicted 38 .* Keeper's last beat 1 s ago/);
  const [first] = data.feed.entries;
  const row = await text(page, ".sources tbody tr:first-child");
  for (const part of [first.ip, first.kind, first.class, String(first.risk), first.reasons[0]]) assert.ok(row.includes(part), `${part} in ${row}`);
  assert.equal(await page.locator(".sources tbody tr:not(.more)").count(), 15);
});

withPage("the_day_is_another_time_line", {}, async (page, state) => {
  await ready(page);
  await page.getByText("24 hours", { exact: true }).click();
  const day = state.data.timeline.hour.verdicts.vertical.reduce((sum, value) => sum + value).toLocaleString("en");
  await page.locator(".legend", { hasText: `vertical ${day}` }).waitFor();
});

withPage("a_flagged_address_is_explained", {}, async (page, state) => {
  const entry = state.data.feed.entries.find((other) => !other.ip.includes("/") && other.port_count > 20);
  await page.fill("#address", ` ${entry.ip} `);
  await page.keyboard.press("Enter");
  await page.locator(".card.flagged").waitFor();
  const card = await text(page, ".card");
  for (const part of [`${entry.ip} scans.`, entry.kind, entry.class, ...entry.reasons, `and ${entry.port_count - entry.ports.length} others`]) {
    assert.ok(card.includes(part), `${part} in ${card}`);
  }
  assert.ok(page.url().endsWith(`#ip=${entry.ip}`), "the answer has a link");
});

withPage("a_link_to_an_address_asks_for_it", {}, async (page) => {
  await page.goto(`${page.url()}#ip=203.0.113.250`);
  await page.reload();
  await page.locator(".card.clear", { hasText: "203.0.113.250 is not flagged." }).waitFor();
  assert.equal(await page.inputValue("#address"), "203.0.113.250");
});

withPage("a_prefix_is_asked_for_as_the_table_shows_it", {}, async (page, state) => {
  const entry = state.data.feed.entries.find((other) => other.ip.includes(":"));
  await page.fill("#address", entry.ip);
  await page.click("#lookup-form button");
  await page.locator(".card.flagged").waitFor();
  assert.ok(state.requests.some(({ path }) => path === `/v1/ip/${encodeURIComponent(entry.ip)}`));
});

withPage("what_is_no_address_is_said_to_be_none", { expected: ["400"] }, async (page) => {
  await page.click("#lookup-form button");
  await page.locator(".card.trouble", { hasText: "Type an address first." }).waitFor();
  await page.fill("#address", "<b>example.org");
  await page.click("#lookup-form button");
  await page.locator(".card.trouble", { hasText: '"<b>example.org" is not an IP address' }).waitFor();
  assert.equal(await page.getAttribute("#address", "aria-invalid"), "true");
  await page.fill("#address", "192.0.2.99");
  await page.click("#lookup-form button");
  await page.locator(".card.clear, .card.flagged").waitFor();
  assert.equal(await page.getAttribute("#address", "aria-invalid"), null);
});

withPage("headings_sort_and_addresses_sort_as_numbers", {}, async (page) => {
  await ready(page);
  await page.getByRole("button", { name: "Address" }).click();
  assert.equal(await page.getAttribute("th.of-ip[role=columnheader]", "aria-sort"), "ascending");
  const up = (await addresses(page)).map((ip) => ip.split("/")[0].split(".").map(Number));
  assert.deepEqual(up, [...up].sort((a, b) => a.map((part, i) => part - b[i]).find((difference) => difference) ?? 0));
  await page.getByRole("button", { name: "Address" }).click();
  assert.match((await addresses(page))[0], /:/, "IPv6 comes last, so first when turned around");
  await page.getByRole("columnheader", { name: "Last seen" }).getByRole("button").click();
  const times = await page.locator("td.of-last time").evaluateAll((found) => found.map((time) => time.dateTime));
  assert.deepEqual(times, [...times].sort().reverse());
});

withPage("filters_leave_what_matches", {}, async (page, state) => {
  await ready(page);
  await page.selectOption("#filter-kind", "horizontal");
  const marks = await page.locator("td.of-kind").allInnerTexts();
  assert.deepEqual([...new Set(marks)], ["horizontal"]);
  await page.selectOption("#filter-kind", "Any kind");
  await page.selectOption("#filter-class", "benign");
  assert.deepEqual([...new Set((await page.locator("td.of-class").allInnerTexts()).map((mark) => mark.split(" ")[0]))], ["benign"]);
  await page.selectOption("#filter-class", "Any class");
  await page.fill("#filter", "6379");
  const matching = state.data.feed.entries.filter((entry) => entry.ports.includes(6379) || entry.reasons.some((reason) => reason.includes("6379"))).length;
  assert.equal(await text(page, "#sources-count"), `${matching} of 180`);
  await page.fill("#filter", "no such thing");
  await page.getByText("No source matches this filter.").waitFor();
});

withPage("a_row_opens_by_key_and_stays_open_after_a_refresh", {}, async (page, state) => {
  await ready(page);
  const button = page.locator(".sources .open").nth(1);
  await button.focus();
  await page.keyboard.press("Enter");
  assert.equal(await button.getAttribute("aria-expanded"), "true");
  const entry = state.data.feed.entries.find((other) => other.ip === state.data.feed.entries[1].ip);
  entry.hits = 987_654;
  await page.click("#pause");
  await page.click("#pause");
  await page.locator(".detail", { hasText: "987,654" }).waitFor();
  await button.focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".detail").count() && (await page.locator(".detail").isVisible()), false);
});

withPage("more_rows_come_on_request", {}, async (page) => {
  await ready(page);
  await page.getByRole("button", { name: "Show 15 more" }).click();
  assert.equal(await page.locator(".sources tbody tr:not(.more)").count(), 30);
  assert.equal(await page.evaluate(() => document.activeElement === document.querySelectorAll(".sources .open")[15]), true);
});

withPage("charts_are_read_by_arrow_keys", {}, async (page, state) => {
  await ready(page);
  await page.locator("#timeline .canvas").focus();
  await page.keyboard.press("End");
  const { contacts } = state.data.timeline.minute;
  assert.equal(await text(page, "#timeline-readout"), `14:37 to 14:38, so far: ${contacts[59]} contacts`);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await text(page, "#timeline-readout"), `14:36 to 14:37: ${contacts[58]} contacts`);
  await page.locator(".heat").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  const [, telnet] = state.data.ports.ports;
  assert.equal(await text(page, "#heatmap-readout"), `23 telnet, 14:00 to 15:00: ${telnet.hours[23]} contacts`);
});

withPage("charts_are_there_as_tables_too", {}, async (page, state) => {
  await ready(page);
  await page.locator("#timeline summary").click();
  await page.locator("#timeline .scroll tbody tr").first().waitFor();
  assert.equal(await page.locator("#timeline .scroll tbody tr").count(), 60);
  assert.match(await text(page, "#timeline .scroll tbody tr:nth-child(2)"), new RegExp(`^14:36 .* ${state.data.timeline.minute.contacts[58]}$`));
  await page.locator("#heatmap summary").click();
  await page.locator("#heatmap .scroll tbody td").first().waitFor();
  assert.equal(await page.locator("#heatmap .scroll tbody td").count(), 20 * 24);
});

withPage("the_page_follows_the_portal_by_itself", {}, async (page, state) => {
  await ready(page);
  state.data.summary.sources_flagged = 3_208;
  await page.locator("#tiles", { hasText: "3,208" }).waitFor();
  await page.click("#pause");
  await page.locator("#freshness", { hasText: "Paused" }).waitFor();
});

withPage("colours_follow_the_system_and_the_button", { page: { colorScheme: "dark" } }, async (page) => {
  await ready(page);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await ground(), "rgb(16, 18, 20)");
  await page.getByRole("button", { name: "Use light colours" }).click();
  assert.equal(await ground(), "rgb(246, 247, 248)");
  await page.reload();
  await ready(page);
  assert.equal(await ground(), "rgb(246, 247, 248)", "the choice is kept");
  await page.getByRole("button", { name: "Use dark colours" }).click();
  assert.equal(await ground(), "rgb(16, 18, 20)");
});

withPage("a_phone_is_wide_enough", { page: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } }, async (page, state) => {
  await ready(page);
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= screen, `${wide} pixels on a screen of ${screen}`);
  await page.selectOption("#sort", "Address");
  assert.match((await addresses(page))[0], /^192\.0\.2\./);
  await page.locator(".sources .open").first().tap();
  assert.ok(await page.locator(".detail").isVisible());
  const small = await page.locator("button:visible, select:visible, input:visible").evaluateAll((all) =>
    all.filter((one) => one.type !== "radio" && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML),
  );
  assert.deepEqual(small, [], "nothing is too small for a finger");
});

withPage("nothing_seen_is_said_calmly", { portal: { data: quiet() } }, async (page) => {
  await ready(page);
  await page.getByText("Nobody is flagged").waitFor();
  await page.getByText("No new verdict in the last hour").waitFor();
  await page.getByText("No port was touched in 24 hours").waitFor();
  await page.getByText("Nothing to draw yet").waitFor();
});

withPage("times_pass_while_nothing_else_changes", {}, async (page, state) => {
  await ready(page);
  const before = await page.locator("td.of-last time").first().innerText();
  state.now = "2026-11-30T14:37:12Z";
  await page.click("#pause");
  await page.click("#pause");
  await page.locator("td.of-last time", { hasText: "8 d ago" }).first().waitFor();
  assert.notEqual(before, "8 d ago");
});

withPage("what_is_awaited_is_shown_as_such", {}, async (page, state) => {
  await ready(page);
  let release;
  state.hold = new Promise((resolve) => (release = resolve));
  await page.reload();
  assert.equal(await text(page, "#freshness"), "Connecting …");
  assert.equal(await page.locator(".panel[aria-busy=true]").count(), 5);
  release();
  await ready(page);
  assert.equal(await page.locator("[aria-busy]").count(), 0);
});

withPage("nothing_that_is_said_becomes_markup", {}, async (page, state) => {
  state.data.feed.entries[0].reasons = ["<img src=x onerror=alert(1)>"];
  state.data.ports.ports[0].service = "<script>alert(1)</script>";
  await page.reload();
  await ready(page);
  assert.match(await text(page, ".sources tbody tr:first-child"), /<img src=x onerror=alert\(1\)>/);
  assert.match(await text(page, ".ports tbody tr:first-child"), /<script>/);
});

withPage("one_endpoint_in_trouble_is_the_trouble_of_its_panel", { expected: ["503"] }, async (page, state) => {
  state.override.set("/v1/stats/ports", [503, { title: "Statistics are not ready", detail: "no worker has written them" }]);
  await page.reload();
  await ready(page);
  assert.match(await text(page, "#ports"), /Statistics are not ready no worker has written them/);
  assert.equal(await page.locator("#outage").isVisible(), false);
  assert.ok((await addresses(page)).length > 0);
  state.override.clear();
  await page.locator("#ports[data-state=ready]").waitFor({ timeout: 14_000 });
});

withPage("what_was_known_stays_while_the_portal_is_out", { expected: ["ERR_"] }, async (page, state) => {
  await ready(page);
  state.down = true;
  await page.locator("#outage", { hasText: "The portal does not answer." }).waitFor();
  assert.ok((await addresses(page)).length > 0);
  state.down = false;
  await page.getByRole("button", { name: "Try now" }).click();
  await page.locator("#outage").waitFor({ state: "hidden" });
  await page.locator("#freshness", { hasText: "Live" }).waitFor();
});

withPage("a_token_is_asked_for_and_kept_in_the_tab", { portal: { token: "right" }, expected: ["401"] }, async (page, state) => {
  await page.getByText("This portal asks for a token").waitFor();
  assert.equal(await page.locator("#board").isVisible(), false);
  await page.fill("#token-value", "wrong");
  await page.keyboard.press("Enter");
  await page.getByText("The portal does not take this token.").waitFor();
  await page.fill("#token-value", "right");
  await page.keyboard.press("Enter");
  await ready(page);
  await page.reload();
  await page.locator(".sources").waitFor();
  assert.deepEqual(await page.evaluate(() => [JSON.stringify(localStorage), document.cookie]), ["{}", ""]);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "JSON", exact: true }).click();
  assert.equal((await download).suggestedFilename(), "portscan-feed.json");
  const asked = state.requests.filter(({ path }) => path === "/v1/feed.json");
  assert.equal(asked.at(-1)?.headers.authorization, "Bearer right");
  await page.getByRole("button", { name: "Forget token" }).click();
  await page.getByText("This portal asks for a token").waitFor();
});

withPage("trouble_of_the_table_comes_with_advice", {}, async (page, state) => {
  Object.assign(state.data.summary.table, { evictions_flagged_total: 3, used: 65_000 });
  state.data.summary.heartbeat_age_secs = 400;
  await page.reload();
  await ready(page);
  assert.equal(await page.locator(".health .trouble").count(), 3);
  assert.match(await text(page, ".health"), /Verdicts were lost: raise sources\.capacity\./);
});

withPage("a_page_asks_for_each_thing_once", {}, async (page, state) => {
  await ready(page);
  // The icon comes whenever the browser likes.
  const paths = state.requests.map(({ path }) => path.split("?")[0]).filter((path) => path !== "/icon.svg").sort();
  assert.deepEqual(paths, [
    "/", "/app.css", "/app.js", "/v1/feed.json", "/v1/stats/ports", "/v1/stats/summary", "/v1/stats/timeline",
  ]);
});
