// The browser of the system, headless, and pages in it that remember what went wrong.

import { existsSync } from "node:fs";

import { chromium } from "playwright-core";

/** Where it may be; CHROMIUM names another. */
const PLACES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export const browserPath = PLACES.find((path) => path && existsSync(path));

export const launch = () =>
  chromium.launch({
    executablePath: browserPath,
    // As root there is no sandbox; the rest keeps the browser from talking to its maker.
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

/** Waits until every panel of the page has settled, and what it draws is drawn. */
export async function settled(page) {
  for (const id of ["timeline", "ports", "sources", "heatmap", "health"]) await page.locator(`#${id}[data-state]`).waitFor();
  await page.locator("#tiles .value", { hasText: /^\d/ }).first().waitFor();
  if (await page.locator("#timeline[data-state=ready]").count()) await page.locator(".plot canvas").nth(1).waitFor();
  if (await page.locator("#heatmap[data-state=ready]").count()) await page.locator(".heat .port").first().waitFor();
}

/**
 * A page at `url`, loaded and filled. It has `trouble`, a list of errors on the console and exceptions, and `foreign`, the
 * requests that went elsewhere.
 */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const trouble = [];
  const foreign = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && trouble.push(message.text()));
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("request", (request) => !request.url().startsWith(new URL(url).origin) && foreign.push(request.url()));
  await page.goto(url);
  return Object.assign(page, { trouble, foreign });
}
