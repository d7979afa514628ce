/** Tabs as the ARIA Authoring Practices describe them: arrows move, one tab stop. */

import { byId } from "../../shared/dom.ts";

const NAMES = ["form", "raw"] as const;

/** Sets the tabs up; `opened` is told which one is shown. */
export function tabs(opened: (name: (typeof NAMES)[number]) => void): void {
  const open = (name: (typeof NAMES)[number], focus: boolean): void => {
    for (const other of NAMES) {
      const tab = byId(`tab-${other}`);
      const chosen = other === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      byId(`panel-${other}`).hidden = !chosen;
      if (chosen && focus) tab.focus();
    }
    opened(name);
  };
  NAMES.forEach((name, at) => {
    const tab = byId(`tab-${name}`);
    tab.addEventListener("click", () => open(name, false));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      open(NAMES[(at + step + NAMES.length) % NAMES.length] ?? name, true);
    });
  });
}
