// Light or dark: as the system says, unless the reader chose.

import { byId } from "./element.js";

const KEY = "portscan-theme";

/** Wires the button; `changed` is called whenever colours change. @param {() => void} changed */
export function startTheme(changed) {
  const button = byId("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const apply = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
    changed();
  };
  const chosen = localStorage.getItem(KEY);
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  button.addEventListener("click", () => {
    const wanted = isDark() ? "light" : "dark";
    // What the system says anyway needs no memory, and goes on following it.
    if ((wanted === "dark") === system.matches) {
      delete root.dataset.theme;
      localStorage.removeItem(KEY);
    } else {
      root.dataset.theme = wanted;
      localStorage.setItem(KEY, wanted);
    }
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}
