/** A chart with what every chart has: title, legend, text in its place, its numbers, and its files. */

import { make } from "../../../shared/dom.ts";
import { saveCsv, savePng } from "./save.ts";

export type Cell = string | number | null;

/** The numbers of a chart as the collector gave them. */
export interface Data {
  columns: string[];
  rows: Cell[][];
}

export interface Key {
  name: string;
  /** One of the colours `c1` … `c6`, or of an action. */
  color: string;
  shape?: "line" | "dashed" | "dotted" | "box" | "dot" | "mark";
}

export interface Chart {
  /** Unique in the page; also the name of its files. */
  id: string;
  title: string;
  /** What it means, for people who see it first. */
  note?: string | undefined;
  /** What is seen, in words: stands for the picture. */
  describe: string;
  keys?: Key[];
  data: Data;
  draw: (width: number) => SVGSVGElement | HTMLElement;
}

const drawn = new Map<Element, () => void>();
const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) drawn.get(target)?.();
});

/** Ends the drawing of charts that are no longer in the page. */
export function sweep(): void {
  for (const box of drawn.keys()) {
    if (box.isConnected) continue;
    watch.unobserve(box);
    drawn.delete(box);
  }
}

export function chart(spec: Chart): HTMLElement {
  const box = make("div", { class: "picture" });
  let width = 0;
  drawn.set(box, () => {
    const now = Math.floor(box.clientWidth);
    if (now === width || now === 0) return;
    width = now;
    const picture = spec.draw(width) as SVGSVGElement;
    // its rules are in chart.css: a policy without 'unsafe-inline' refuses the element
    for (const style of picture.querySelectorAll("style")) style.remove();
    // the names of its parts mean nothing inside of one image
    for (const part of picture.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", `${spec.title}. ${spec.describe}`);
    box.replaceChildren(picture);
  });
  watch.observe(box);

  const csv = make(
    "button",
    { type: "button", class: "small", "data-focus": `${spec.id}-csv`, "aria-label": `CSV of ${spec.title}` },
    "CSV",
  );
  csv.addEventListener("click", () => saveCsv(spec.id, spec.data));
  const png = make(
    "button",
    { type: "button", class: "small", "data-focus": `${spec.id}-png`, "aria-label": `PNG of ${spec.title}` },
    "PNG",
  );
  png.addEventListener("click", () => {
    const picture = box.querySelector("svg");
    if (picture !== null) void savePng(spec.id, spec.title, picture);
  });

  return make(
    "figure",
    { class: "chart card", id: spec.id },
    make(
      "figcaption",
      {},
      make("div", { class: "chart-head" }, make("h2", {}, spec.title), make("div", { class: "chart-tools" }, csv, png)),
      ...(spec.note === undefined ? [] : [make("p", { class: "note" }, spec.note)]),
    ),
    ...(spec.keys === undefined ? [] : [legend(spec.keys)]),
    box,
    numbers(spec),
  );
}

function legend(keys: readonly Key[]): HTMLElement {
  const item = ({ name, color, shape = "line" }: Key): HTMLElement =>
    make("li", {}, make("span", { class: `swatch ${shape} ${color}`, "aria-hidden": "true" }), name);
  return make("ul", { class: "legend" }, ...keys.map(item));
}

/** The numbers as a table, made when it is opened. */
function numbers({ id, title, data }: Chart): HTMLElement {
  const details = make("details", { class: "numbers" }, make("summary", { "data-focus": `${id}-numbers` }, "Numbers"));
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table") !== null) return;
    const head = data.columns.map((name) => make("th", { scope: "col" }, name));
    const row = (cells: readonly Cell[]): HTMLElement =>
      make(
        "tr",
        {},
        ...cells.map((cell) =>
          make("td", { class: typeof cell === "number" && "number" }, cell === null ? "" : String(cell)),
        ),
      );
    const table = make(
      "table",
      {},
      make("thead", {}, make("tr", {}, ...head)),
      make("tbody", {}, ...data.rows.map(row)),
    );
    details.append(
      make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Numbers of ${title}` }, table),
    );
  });
  return details;
}
