// Builds the dashboard: plugin/portal/dist/*.gz, which the module contains as they are.
//
//   node build.mjs           writes them
//   node build.mjs --check   fails where those that are there would change
//
// The same sources give the same bytes on every machine: all tools are pinned, and the compressor is a program of its own
// instead of the zlib of whatever runs this.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build, transform } from "esbuild";
import zopfli from "@gfx/zopfli";

const HERE = dirname(fileURLToPath(import.meta.url));
/** What the module may carry, gzipped, all files together. */
const BYTES_MAX = 60 * 1024;
/** Browsers from spring 2024 on: the style sheet asks for light-dark(). */
const TARGET = ["chrome123", "firefox120", "safari17.5"];

const read = (...path) => readFileSync(join(HERE, ...path), "utf8");

/** The assets by name, minified. */
async function assets() {
  const uplot = JSON.parse(read("node_modules/uplot/package.json"));
  const script = await build({
    absWorkingDir: HERE,
    entryPoints: ["src/main.js"],
    bundle: true,
    write: false,
    format: "iife",
    minify: true,
    target: TARGET,
    charset: "utf8",
    legalComments: "none",
    // Its licence asks for itself in every copy.
    banner: { js: `/* Contains uPlot ${uplot.version}:\n${read("node_modules/uplot/LICENSE").trim()}\n*/` },
  });
  const style = await transform(read("app.css"), { loader: "css", minify: true, target: TARGET, charset: "utf8" });
  return {
    "index.html": read("index.html").replace(/>\s+</g, "> <").replace(/\s+/g, " "),
    "app.js": script.outputFiles[0].text,
    "app.css": style.code,
    "icon.svg": read("icon.svg").trim(),
  };
}

/** gzip with an empty header: no time, no name. */
const gzip = (text) => new Promise((resolve, reject) => {
  zopfli.gzip(Buffer.from(text), { numiterations: 30 }, (error, bytes) => (error ? reject(error) : resolve(Buffer.from(bytes))));
});

/** The digests of everything that the build reads, so that a stale build is found without one. */
function sources() {
  const names = ["app.css", "build.mjs", "icon.svg", "index.html", "package-lock.json", "package.json"]
    .concat(readdirSync(join(HERE, "src")).map((name) => `src/${name}`))
    .sort();
  return names.map((name) => `${createHash("sha256").update(read(name)).digest("hex")}  ${name}\n`).join("");
}

const built = { "sources.sha256": Buffer.from(sources()) };
let total = 0;
for (const [name, text] of Object.entries(await assets())) {
  const bytes = await gzip(text);
  built[`${name}.gz`] = bytes;
  total += bytes.length;
  console.log(`${name.padEnd(10)} ${String(Buffer.byteLength(text)).padStart(6)} bytes, gzipped ${String(bytes.length).padStart(5)}`);
}
console.log(`together, gzipped ${total} of ${BYTES_MAX} bytes`);
if (total > BYTES_MAX) throw new Error(`the dashboard has ${total} bytes gzipped: at most ${BYTES_MAX}`);

mkdirSync(join(HERE, "dist"), { recursive: true });
for (const [name, bytes] of Object.entries(built)) {
  const path = join(HERE, "dist", name);
  if (!process.argv.includes("--check")) writeFileSync(path, bytes);
  else if (!readFileSync(path).equals(bytes)) {
    console.error(`plugin/portal/dist/${name} is not what its sources give: run ./justw dashboard and commit plugin/portal/dist`);
    process.exitCode = 1;
  }
}
