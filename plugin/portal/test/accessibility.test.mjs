// What axe-core finds, in every state and both themes; and colours, for eyes that see fewer of them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { browserPath, launch, open } from "./browser.mjs";
import { quiet, startPortal } from "./fixture.mjs";
import { KINDS } from "../src/shapes.js";

const skip = browserPath ? false : "needs Chromium: install chromium, or name it in CHROMIUM";
const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
let browser;

before(async () => {
  if (!skip) browser = await launch();
});
after(() => browser?.close());

/** States of the page: how to get there, and what to wait for. */
const STATES = {
  filled: [{}, async (page) => {
    await page.locator(".open").first().click();
    await page.locator("#timeline summary").click();
    await page.locator("#heatmap summary").click();
    await page.fill("#address", "192.0.2.10");
    await page.keyboard.press("Enter");
    await page.locator(".card").waitFor();
  }],
  phone: [{ page: { viewport: { width: 360, height: 740 } } }, async (page) => page.locator(".open").first().click()],
  empty: [{ portal: { data: quiet() } }, async (page) => page.getByText("Nobody is flagged").waitFor()],
  locked: [{ portal: { token: "secret" } }, async (page) => page.getByText("This portal asks for a token").waitFor()],
  out: [{}, async (page, state) => {
    await page.locator(".open").first().waitFor();
    state.down = true;
    await page.locator("#outage").waitFor();
  }],
};

for (const [name, [options, reach]] of Object.entries(STATES)) {
  for (const colorScheme of ["light", "dark"]) {
    test(`axe_finds_nothing_when_${name}_and_${colorScheme}`, { skip }, async () => {
      const portal = await startPortal(options.portal);
      try {
        const page = await open(browser, portal.url, { ...options.page, colorScheme });
        await reach(page, portal.state);
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 120)} (${node.any[0]?.message ?? ""})`).join(" | ")}`);
        assert.deepEqual(found, []);
        await page.context().close();
      } finally {
        portal.stop();
      }
    });
  }
}

/** How eyes without one kind of cone see linear light: Machado, Oliveira, Fernandes 2009, severity 1. */
const EYES = {
  everybody: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  deuteranopes: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  protanopes: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  tritanopes: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

const STYLE = readFileSync(new URL("../app.css", import.meta.url), "utf8");
const GROUND = pair("surface");

for (const [theme, i] of [["light", 0], ["dark", 1]]) {
  test(`kinds_stay_apart_for_the_colour_blind_in_${theme}`, () => {
    const colours = KINDS.map((kind) => pair(kind)[i]);
    for (const [eye, matrix] of Object.entries(EYES)) {
      colours.forEach((a, m) => colours.slice(m + 1).forEach((b, n) => {
        const apart = distance(seen(matrix, a), seen(matrix, b));
        assert.ok(apart > 0.11, `${KINDS[m]} and ${KINDS[m + 1 + n]} for ${eye}: ${apart.toFixed(3)}`);
      }));
    }
  });

  test(`kinds_stand_out_from_the_ground_in_${theme}`, () => {
    for (const kind of KINDS) {
      const contrast = ratio(pair(kind)[i], GROUND[i]);
      assert.ok(contrast >= 3, `${kind}: ${contrast.toFixed(2)}`);
    }
  });
}

/** A colour of the style sheet, light and dark. */
function pair(name) {
  const [, light, dark] = STYLE.match(new RegExp(`--${name}: light-dark\\((#[0-9a-f]+), (#[0-9a-f]+)\\)`)) ?? [];
  assert.ok(light && dark, `the style sheet has no --${name}`);
  return [light, dark];
}

/** Linear light of `#rgb` or `#rrggbb`. */
function linear(hex) {
  const long = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit).join("") : hex.slice(1);
  return [0, 2, 4].map((at) => parseInt(long.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
}

function ratio(a, b) {
  const [x, y] = [a, b].map((hex) => linear(hex)).map(([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
  return Math.max(x, y) / Math.min(x, y);
}

function seen(matrix, hex) {
  const light = linear(hex);
  return [0, 3, 6].map((row) => light.reduce((sum, value, i) => sum + matrix[row + i] * value, 0));
}

/** How far apart two colours look: their distance in OKLab. */
function distance(a, b) {
  return Math.hypot(...oklab(a).map((value, i) => value - oklab(b)[i]));
}

function oklab([red, green, blue]) {
  const root = (value) => Math.cbrt(Math.max(0, value));
  const [l, m, s] = [
    root(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue),
    root(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue),
    root(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue),
  ];
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
