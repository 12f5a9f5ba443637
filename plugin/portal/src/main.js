// The dashboard: fetches what the portal knows and hands it to the panels.

import { Problem, ask, get, setToken, token } from "./api.js";
import { byId, element } from "./element.js";
import { Health } from "./health.js";
import { HeatMap } from "./heatmap.js";
import { AddressLookup } from "./lookup.js";
import { TopPorts } from "./ports.js";
import { Refresh } from "./refresh.js";
import { SOURCES_MAX, Sources } from "./sources.js";
import { startTheme } from "./theme.js";
import { Tiles } from "./tiles.js";
import { TimeLine } from "./timeline.js";

const tiles = new Tiles();
const health = new Health();
const timeline = new TimeLine();
const ports = new TopPorts();
const heatmap = new HeatMap();
const sources = new Sources();
const lookup = new AddressLookup(askForToken);

/** Something has been shown, so that there is something to keep while the portal is out. */
let isFilled = false;

/** When the last answer was made, by the portal's clock. */
let latest = new Date().toISOString();

/** "minute" or "hour": the steps of the time line. */
let step = "minute";

const refresh = new Refresh(
  {
    quick: [
      part("/v1/stats/summary", [tiles, health]),
      () => part(`/v1/stats/timeline?step=${step}`, [timeline])(),
    ],
    slow: [
      part("/v1/stats/ports?max=20", [ports, heatmap]),
      part(`/v1/feed.json?class=suspicious,malicious,benign&max=${SOURCES_MAX}`, [sources]),
    ],
  },
  tell,
);

/**
 * Fetches `path` for `panels`; each is told what came, or what went wrong.
 * @param {string} path
 * @param {{ show: (answer: any, now: string) => void, fail?: (error: unknown) => void }[]} panels
 */
function part(path, panels) {
  return async () => {
    try {
      const { answer, now } = await get(path);
      latest = now;
      for (const panel of panels) panel.show(answer, now);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status !== 401) for (const panel of panels) panel.fail?.(error);
      throw error;
    }
  };
}

/** @param {{ problem: Problem | null, next: number }} state */
function tell({ problem, next }) {
  const refused = problem?.status === 401;
  document.body.dataset.state = refused ? "locked" : problem ? "out" : "live";
  byId("sign-out").hidden = !token() || refused;
  isFilled ||= !problem;
  if (refused) askForToken();
  else {
    byId("token").hidden = true;
    byId("lookup").hidden = false;
    byId("board").hidden = !isFilled;
  }
  const time = latest.slice(11, 19);
  const freshness = byId("freshness-text");
  if (!problem) freshness.textContent = refresh.paused ? `Paused at ${time}` : `Live, ${time} UTC`;
  else if (refused) freshness.textContent = "Locked";
  else freshness.textContent = "No answer";
  const outage = byId("outage");
  outage.hidden = !problem || refused;
  if (problem && !refused) {
    const retry = element("button", { type: "button", click: () => refresh.now() }, "Try now");
    const again = refresh.paused ? "" : ` Trying again in ${next} seconds.`;
    outage.replaceChildren(element("p", {}, element("strong", {}, problem.message), ` ${problem.detail}${again}`), retry);
  }
}

function askForToken() {
  const [form, note, field] = [byId("token"), byId("token-note"), /** @type {HTMLInputElement} */ (byId("token-value"))];
  if (token()) {
    setToken(null);
    note.textContent = "The portal does not take this token.";
    field.setAttribute("aria-invalid", "true");
  }
  byId("board").hidden = true;
  byId("lookup").hidden = true;
  if (form.hidden) {
    form.hidden = false;
    field.focus();
  }
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (byId("token-value"));
  setToken(field.value.trim());
  field.value = "";
  field.removeAttribute("aria-invalid");
  refresh.now();
});

byId("sign-out").addEventListener("click", () => {
  setToken(null);
  location.reload();
});

byId("pause").addEventListener("click", () => {
  refresh.paused = !refresh.paused;
  byId("pause").textContent = refresh.paused ? "Resume" : "Pause";
  if (refresh.paused) tell({ problem: null, next: 0 });
});

byId("span").addEventListener("change", (event) => {
  step = /** @type {HTMLInputElement} */ (event.target).value;
  refresh.now();
});

// A link cannot carry the token: fetch the file with it, and hand it over as one.
byId("files").addEventListener("click", async (event) => {
  const link = /** @type {HTMLElement} */ (event.target).closest("a");
  if (!link || !token()) return;
  event.preventDefault();
  const path = link.getAttribute("href") ?? "";
  const url = URL.createObjectURL(await (await ask(path)).blob());
  element("a", { href: url, download: `portscan-${path.split("/").pop()}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
});

startTheme(() => timeline.recolour());
lookup.fromLink();
refresh.now();
