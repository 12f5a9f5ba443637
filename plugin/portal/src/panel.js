// A panel of the board: waiting, filled, empty or in trouble.

import { Problem } from "./api.js";
import { byId, element } from "./element.js";

export class Panel {
  /** @param {string} id */
  constructor(id) {
    this.root = byId(id);
    this.body = /** @type {HTMLElement} */ (this.root.querySelector(".body") ?? this.root);
    /** Whether there is something to see, if old. */
    this.filled = false;
    this.root.setAttribute("aria-busy", "true");
  }

  /** Shows what `content` has become; the same nodes again cost nothing. @param {...Node} content */
  fill(...content) {
    this.#settle("ready");
    this.filled = true;
    if (content.length !== this.body.children.length || content.some((node, i) => node !== this.body.children[i])) {
      this.body.replaceChildren(...content);
    }
  }

  /**
   * Says that there is nothing, and what that means.
   * @param {string} title
   * @param {string} text
   */
  empty(title, text) {
    this.#settle("empty");
    this.filled = false;
    this.#say(title, text);
  }

  /**
   * Says what is wrong; what was there before stays, because old is better than nothing and the page says that it is old.
   * @param {unknown} error
   */
  fail(error) {
    if (this.filled) return;
    this.#settle("error");
    if (error instanceof Problem) this.#say(error.message, error.detail);
    else throw error;
  }

  /** @param {string} state */
  #settle(state) {
    this.root.dataset.state = state;
    this.root.removeAttribute("aria-busy");
  }

  /** @param {string} title @param {string} text */
  #say(title, text) {
    this.body.replaceChildren(element("div", { class: "nothing" }, element("p", {}, title), text && element("p", {}, text)));
  }
}
