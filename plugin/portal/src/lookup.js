// The question people come with: does this address scan?

import { Problem, get } from "./api.js";
import { byId, element } from "./element.js";
import { ago, classMark, detail, kindMark, riskBar } from "./verdict.js";

/** @typedef {import("./shapes.js").Lookup} Lookup */

export class AddressLookup {
  #field = /** @type {HTMLInputElement} */ (byId("address"));
  #result = byId("lookup-result");
  #asked = 0;
  #refused;

  /** @param {(problem: Problem) => void} refused Called where the portal asks for a token. */
  constructor(refused) {
    this.#refused = refused;
    byId("lookup-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(this.#field.value);
    });
    addEventListener("hashchange", () => this.fromLink());
  }

  /** Asks for the address in the page's own link, `#ip=…`, if there is one. */
  fromLink() {
    const address = new URLSearchParams(location.hash.slice(1)).get("ip");
    if (!address || address === this.#field.value) return;
    this.#field.value = address;
    this.ask(address);
  }

  /** @param {string} text As typed. */
  async ask(text) {
    const address = text.trim();
    if (!address) {
      this.#say("trouble", "Type an address first.", "IPv4 or IPv6, such as 198.51.100.7 or 2001:db8::1.");
      this.#field.focus();
      return;
    }
    const turn = ++this.#asked;
    this.#result.setAttribute("aria-busy", "true");
    try {
      const { answer, now } = await get(`/v1/ip/${encodeURIComponent(address)}`);
      if (turn !== this.#asked) return;
      this.#field.removeAttribute("aria-invalid");
      history.replaceState(null, "", `#ip=${encodeURIComponent(address)}`);
      this.#show(answer, now);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (turn === this.#asked) this.#fail(error);
    } finally {
      if (turn === this.#asked) this.#result.removeAttribute("aria-busy");
    }
  }

  /** @param {Lookup} answer @param {string} now When it was made. */
  #show({ ip, found, is_portscan, portscan }, now) {
    if (!is_portscan || !portscan) {
      const text = found ? "It has been where it has no business, not often enough to say that it scans." : "This edge has not seen it scan.";
      this.#say("clear", `${ip} is not flagged.`, text);
      return;
    }
    this.#card(
      "flagged",
      element("p", { class: "answer" }, element("strong", {}, ip), portscan.class === "benign" ? " is a declared scanner." : " scans."),
      element("p", { class: "marks" }, kindMark(portscan.kind), classMark(portscan.class, portscan.actor), riskBar(portscan.risk), element("span", {}, "last seen ", ago(portscan.last_seen, now))),
      detail(portscan, now),
    );
  }

  /** @param {Problem} problem */
  #fail(problem) {
    if (problem.status === 401) {
      this.#result.replaceChildren();
      this.#refused(problem);
      return;
    }
    if (problem.status !== 400) {
      this.#say("trouble", problem.message, problem.detail);
      return;
    }
    this.#field.setAttribute("aria-invalid", "true");
    this.#say("trouble", "This is no IP address.", problem.detail);
  }

  /** @param {string} mood @param {string} title @param {string} text */
  #say(mood, title, text) {
    this.#card(mood, element("p", { class: "answer" }, title), text && element("p", {}, text));
  }

  /** @param {string} mood @param {...(Node | string)} content */
  #card(mood, ...content) {
    this.#result.replaceChildren(element("div", { class: `card ${mood}` }, ...content));
  }
}
