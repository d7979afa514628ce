/** Drift × importance, confidence, reliability, and the small lines in tables. */

import * as Plot from "@observablehq/plot";
import type { Verdict } from "../report.ts";
import * as format from "../format.ts";
import { WIDTH } from "../format.ts";
import { chart } from "./frame.ts";

export const VERDICT_COLORS: Record<Verdict, string> = {
  too_few: "soft",
  stable: "accept",
  slight: "escalate",
  drifted: "reject",
};
const SYMBOLS: Record<Verdict, Plot.SymbolType> = {
  too_few: "times",
  stable: "circle",
  slight: "diamond2",
  drifted: "triangle2",
};

export interface Spot {
  name: string;
  importance: number;
  effect: number;
  verdict: Verdict;
}

export function scatter(spots: Spot[], limit: number): HTMLElement {
  const graves = spots.toSorted((a, b) => b.effect * b.importance - a.effect * a.importance);
  const named = new Set(graves.slice(0, 5).map(({ name }) => name));
  const draw = (width: number): SVGSVGElement | HTMLElement =>
    Plot.plot({
      className: "plot",
      width,
      height: 300,
      marginLeft: 50,
      marginRight: 60,
      marginTop: 26,
      marginBottom: 40,
      x: {
        label: "importance to the model",
        domain: [0, Math.max(...spots.map(({ importance }) => importance)) * 1.1],
        ticks: 5,
      },
      y: {
        label: "effect (Hellinger beyond chance)",
        domain: [0, Math.max(limit, ...spots.map(({ effect }) => effect)) * 1.1],
        ticks: 5,
      },
      marks: [
        Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1 }),
        Plot.ruleY([limit], { stroke: "var(--limit)", strokeDasharray: "6 4", strokeWidth: 1.5 }),
        ...(Object.keys(VERDICT_COLORS) as Verdict[]).map((verdict) =>
          Plot.dot(
            spots.filter((spot) => spot.verdict === verdict),
            {
              x: "importance",
              y: "effect",
              r: 5,
              symbol: SYMBOLS[verdict],
              fill: `var(--${VERDICT_COLORS[verdict]})`,
            } as Plot.DotOptions,
          ),
        ),
        Plot.text(
          spots.filter(({ name }) => named.has(name)),
          { x: "importance", y: "effect", text: "name", textAnchor: "start", dx: 9, fill: "var(--ink)" },
        ),
        Plot.tip(
          spots,
          Plot.pointer({
            x: "importance",
            y: "effect",
            title: ({ name, effect, importance }: Spot) =>
              `${name}\neffect ${format.number(effect)}, importance ${format.number(importance)}`,
            fill: "var(--card)",
            stroke: "var(--edge)",
          }),
        ),
      ],
    });
  return chart({
    id: "drift-importance",
    title: "Drift × importance",
    note: "What moved and matters is at the upper right.",
    describe: `Furthest to the upper right: ${graves
      .slice(0, 3)
      .map(({ name }) => name)
      .join(", ")}.`,
    keys: [
      { name: "drifted", color: "reject", shape: "dot" },
      { name: "slight", color: "escalate", shape: "dot" },
      { name: "stable", color: "accept", shape: "dot" },
      { name: "least effect that counts", color: "limit", shape: "dashed" },
    ],
    data: {
      columns: ["input", "importance", "effect", "verdict"],
      rows: spots.map(({ name, importance, effect, verdict }) => [name, importance, effect, verdict]),
    },
    draw,
  });
}

export function confidence(labels: { label: string; counts: number[] }[]): HTMLElement {
  const bins = labels[0]?.counts.length ?? 1;
  const colors = ["c1", "c2", "c3", "c4", "c5", "c6"];
  const boxes = Array.from({ length: bins }, (_, bin) => {
    let low = 0;
    return labels.map(({ counts }, at) => {
      const height = Math.max(0, counts[bin] ?? 0);
      low += height;
      return { x1: bin / bins, x2: (bin + 1) / bins, low: low - height, high: low, at };
    });
  }).flat();
  const all = labels.map(({ counts }) => counts.reduce((sum, count) => sum + count, 0));
  const draw = (width: number): SVGSVGElement | HTMLElement =>
    Plot.plot({
      className: "plot",
      width,
      height: 250,
      marginLeft: 50,
      marginTop: 26,
      marginBottom: 40,
      x: { domain: [0, 1], label: "calibrated confidence", ticks: 5 },
      y: { label: "answers", ticks: 5, tickFormat: format.compact },
      marks: [
        Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1 }),
        ...labels.map((_, at) =>
          Plot.rect(
            boxes.filter((box) => box.at === at),
            { x1: "x1", x2: "x2", y1: "low", y2: "high", fill: `var(--${colors[at % colors.length]})`, inset: 0.5 },
          ),
        ),
        Plot.ruleY([0], { stroke: "var(--edge)" }),
      ],
    });
  const name = (label: string): string => (label === "" ? "all labels" : label);
  return chart({
    id: "confidence",
    title: "Confidence of the answers",
    describe: labels.map(({ label }, at) => `${name(label)}: ${format.count(all[at] ?? 0)} answers`).join(", "),
    keys: labels.map(({ label }, at) => ({
      name: name(label),
      color: colors[at % colors.length] ?? "c1",
      shape: "box",
    })),
    data: {
      columns: ["confidence from", "to", ...labels.map(({ label }) => name(label))],
      rows: Array.from({ length: bins }, (_, bin) => [
        bin / bins,
        (bin + 1) / bins,
        ...labels.map(({ counts }) => counts[bin] ?? null),
      ]),
    },
    draw,
  });
}

export function reliability({ wrong, right }: { wrong: number[]; right: number[] }): HTMLElement {
  const bins = right.length;
  const rows = right.map((count, at) => ({
    from: at / bins,
    to: (at + 1) / bins,
    wrong: wrong[at] ?? 0,
    right: count,
  }));
  const dots = rows.flatMap(({ from, to, wrong, right }) => {
    const all = wrong + right;
    if (all < 1) return [];
    const share = Math.min(1, Math.max(0, right / all));
    const error = WIDTH * Math.sqrt((share * (1 - share)) / all);
    return [{ x: (from + to) / 2, share, low: Math.max(0, share - error), high: Math.min(1, share + error), all }];
  });
  const draw = (width: number): SVGSVGElement | HTMLElement =>
    Plot.plot({
      className: "plot",
      width,
      height: 250,
      marginLeft: 50,
      marginTop: 26,
      marginBottom: 40,
      x: { domain: [0, 1], label: "calibrated confidence", ticks: 5 },
      y: { domain: [0, 1], label: "share of right answers", ticks: 5 },
      marks: [
        Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1 }),
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: "var(--limit)", strokeDasharray: "6 4", strokeWidth: 1.5 },
        ),
        Plot.ruleX(dots, { x: "x", y1: "low", y2: "high", stroke: "var(--c1)", strokeWidth: 1.5 }),
        Plot.line(dots, { x: "x", y: "share", stroke: "var(--c1)", strokeWidth: 1.5 }),
        Plot.dot(dots, { x: "x", y: "share", fill: "var(--c1)", r: 4 }),
      ],
    });
  const answers = dots.reduce((sum, { all }) => sum + all, 0);
  return chart({
    id: "reliability",
    title: "Reliability",
    note: "Of answers with known outcome: on the diagonal confidence means what it says.",
    describe: `${format.count(answers)} answers with known outcome in ${dots.length} bins.`,
    keys: [
      { name: "right answers, 95% interval", color: "c1" },
      { name: "perfectly calibrated", color: "limit", shape: "dashed" },
    ],
    data: {
      columns: ["confidence from", "to", "wrong", "right"],
      rows: rows.map(({ from, to, wrong, right }) => [from, to, wrong, right]),
    },
    draw,
  });
}

const SVG = "http://www.w3.org/2000/svg";

/** A line of a table's height, with the limit it is about. It says nothing that the row does not. */
export function spark(values: readonly (number | null)[], limit: number): SVGSVGElement {
  const [width, height] = [96, 26];
  const svg = document.createElementNS(SVG, "svg");
  const top = Math.max(limit * 1.6, ...values.map((value) => value ?? 0));
  const x = (at: number): number => (values.length < 2 ? width / 2 : 2 + (at * (width - 4)) / (values.length - 1));
  const y = (value: number): number => height - 2 - (value / top) * (height - 4);
  const put = (name: string, attributes: Record<string, string>): void => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    svg.append(element);
  };
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("class", "spark");
  svg.setAttribute("aria-hidden", "true");
  put("line", { class: "spark-limit", x1: "0", x2: String(width), y1: String(y(limit)), y2: String(y(limit)) });
  let path = "";
  let pen = "M";
  for (const [at, value] of values.entries()) {
    if (value === null) pen = "M";
    else {
      path += `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    }
  }
  put("path", { class: "spark-line", d: path });
  const last = values.findLastIndex((value) => value !== null);
  if (last >= 0)
    put("circle", { class: "spark-dot", cx: x(last).toFixed(1), cy: y(values[last] ?? 0).toFixed(1), r: "2.5" });
  return svg;
}
