/** Light, dark, or as the system says. */

import { byId } from "../../shared/dom.ts";

const KEY = "driftline.theme";

export function theme(): void {
  const picker = byId<HTMLSelectElement>("theme");
  const apply = (name: string): void => {
    if (name === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = name;
  };
  const kept = localStorage.getItem(KEY);
  picker.value = kept === "light" || kept === "dark" ? kept : "auto";
  apply(picker.value);
  picker.addEventListener("change", () => {
    localStorage.setItem(KEY, picker.value);
    apply(picker.value);
  });
}
