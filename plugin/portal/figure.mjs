// Takes the pictures of the documentation, docs/figures/dashboard-{light,dark}.png; `day_at_the_edge` of examples/demo runs this.

import { fileURLToPath } from "node:url";

import { launch, open, settled } from "./test/browser.mjs";

const browser = await launch();
for (const colorScheme of ["light", "dark"]) {
  const page = await open(browser, process.env.PORTAL, { colorScheme, viewport: { width: 1280, height: 1400 } });
  await settled(page);
  const scanner = await page.locator(".sources .open").first().innerText();
  await page.fill("#address", scanner);
  await page.locator("#lookup-form button").click();
  await page.locator(".card.flagged").waitFor();
  const path = fileURLToPath(new URL(`../../docs/figures/dashboard-${colorScheme}.png`, import.meta.url));
  await page.screenshot({ path, animations: "disabled" });
  await page.context().close();
}
await browser.close();
