// Keeps the page up to date: asks again and again, less often while nobody answers, never while nobody looks.

import { Problem } from "./api.js";

/** What changes by the second, and what is expensive and changes slowly. */
const EVERY_MS = 5000;
const SLOW_EVERY = 3;
/** While the portal is out: twice the pause each time, up to this. */
const PAUSE_MAX_MS = 60_000;

export class Refresh {
  /** @type {number | undefined} */
  #timer;
  #round = 0;
  #failures = 0;
  #running = false;
  #paused = false;
  #parts;
  #told;

  /**
   * @param {{ quick: (() => Promise<void>)[], slow: (() => Promise<void>)[] }} parts
   * @param {(state: { problem: Problem | null, next: number }) => void} told Called after each round; `next` in seconds.
   */
  constructor(parts, told) {
    this.#parts = parts;
    this.#told = told;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#stop() : this.now()));
    addEventListener("online", () => this.now());
  }

  get paused() {
    return this.#paused;
  }

  set paused(value) {
    this.#paused = value;
    if (value) this.#stop();
    else this.now();
  }

  /** Asks for everything at once, now. */
  now() {
    this.#round = 0;
    this.#failures = 0;
    this.#run();
  }

  async #run() {
    this.#stop();
    if (this.#running) return;
    this.#running = true;
    const { quick, slow } = this.#parts;
    const wanted = this.#round % SLOW_EVERY === 0 ? [...quick, ...slow] : quick;
    const results = await Promise.allSettled(wanted.map((part) => part()));
    this.#running = false;
    const problems = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    // What was not answered is asked for again in the next round, slow or not.
    this.#round = problems.length ? 0 : this.#round + 1;
    const strange = problems.find((problem) => !(problem instanceof Problem));
    if (strange) console.error(strange);
    /** @type {Problem | null} */
    const refused = problems.find((problem) => problem.status === 401) ?? null;
    // One endpoint in trouble is its panel's matter; the portal is out when nothing came.
    const out = refused ?? (problems.length === wanted.length ? problems[0] : null);
    this.#failures = out ? this.#failures + 1 : 0;
    const pause = Math.min(PAUSE_MAX_MS, EVERY_MS * 2 ** Math.max(0, this.#failures - 1));
    this.#told({ problem: out, next: pause / 1000 });
    if (!refused && !this.#paused && !document.hidden) this.#timer = setTimeout(() => this.#run(), pause);
  }

  #stop() {
    clearTimeout(this.#timer);
  }
}
