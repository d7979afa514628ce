/** The tab where anything can be sent. */

import { byId, make } from "../../shared/dom.ts";
import { format, parse } from "./literal.ts";
import { TRICKS } from "./tricks.ts";

/** The raw tab. */
export interface Raw {
  /** Writes the record, unless the text says so already. */
  show(record: unknown): void;
}

/**
 * Sets the tab up. `changed` is told each record that can be read, `unreadable` that the text is
 * none, and `original` gives the record that the tricks start from.
 */
export function raw(
  changed: (record: unknown) => void,
  unreadable: (problem: string) => void,
  original: () => Readonly<Record<string, unknown>>,
): Raw {
  const area = byId<HTMLTextAreaElement>("raw");
  const problem = byId("raw-problem");
  const tell = (text: string): void => {
    problem.textContent = text;
    area.setAttribute("aria-invalid", String(text !== ""));
  };

  area.addEventListener("input", () => {
    let record: unknown;
    try {
      record = parse(area.value);
    } catch (raised) {
      const message = raised instanceof Error ? raised.message : String(raised);
      tell(`Not readable yet: ${message}`);
      unreadable(message);
      return;
    }
    tell("");
    changed(record);
  });

  byId("tricks").replaceChildren(
    ...TRICKS.map(({ title, apply }) => {
      const button = make("button", { type: "button", class: "quiet" }, title);
      button.addEventListener("click", () => {
        const record = apply(original());
        area.value = format(record);
        tell("");
        changed(record);
      });
      return button;
    }),
  );

  return {
    show(record) {
      if (document.activeElement === area) return;
      tell("");
      area.value = format(record);
    },
  };
}
