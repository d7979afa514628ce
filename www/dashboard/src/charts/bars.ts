/** Shares and counts by category or bin. */

import * as Plot from "@observablehq/plot";
import type { Deployment, Iso } from "../report.ts";
import * as format from "../format.ts";
import { chart, type Data } from "./frame.ts";

export interface Overlay {
  id: string;
  title: string;
  note?: string;
  cells: readonly string[];
  /** Of the first cells, one more than those. */
  edges: readonly number[] | null;
  baseline: readonly number[];
  current: readonly number[];
  /** What `current` is of. */
  name: string;
}

const MOST = 30;

/** The baseline and a window in one picture, in %. */
export function overlay(spec: Overlay): HTMLElement {
  const { cells, baseline, current, name } = spec;
  const data: Data = {
    columns: ["cell", "baseline share", "current share"],
    rows: cells.map((cell, at) => [cell, baseline[at] ?? null, current[at] ?? null]),
  };
  const gaps = cells.map((cell, at) => ({ cell, gap: (current[at] ?? 0) - (baseline[at] ?? 0) }));
  const largest = gaps
    .toSorted((a, b) => Math.abs(b.gap) - Math.abs(a.gap))
    .slice(0, 3)
    .filter(({ gap }) => Math.abs(gap) > 0);
  const moves = largest.map(
    ({ cell, gap }) => `${cell} ${gap > 0 ? "+" : "−"}${Math.abs(gap * 100).toFixed(1)} points`,
  );
  const describe = moves.length === 0 ? "Both are the same." : `Largest differences: ${moves.join(", ")}.`;
  const keys = [
    { name: "baseline (training)", color: "baseline", shape: "box" as const },
    { name, color: "c1", shape: spec.edges === null ? ("dot" as const) : ("line" as const) },
  ];
  const draw = spec.edges === null ? categories(spec) : steps(spec, spec.edges);
  return chart({ ...spec, describe, keys, data, draw });
}

/** Bins side by side, equally wide, since a quantile's bins would else be slivers. */
function steps(
  { baseline, current }: Overlay,
  edges: readonly number[],
): (width: number) => SVGSVGElement | HTMLElement {
  const bins = edges.length - 1;
  const at = (shares: readonly number[]): { x1: number; x2: number; y: number }[] =>
    shares.slice(0, bins).map((share, nth) => ({ x1: nth, x2: nth + 1, y: share * 100 }));
  const outline = at(current).flatMap(({ x1, x2, y }) => [
    { x: x1, y },
    { x: x2, y },
  ]);
  return (width) => {
    const step = Math.max(1, Math.ceil(bins / Math.max(3, Math.floor(width / 56))));
    const ticks = Array.from({ length: Math.floor(bins / step) + 1 }, (_, nth) => nth * step);
    return Plot.plot({
      className: "plot",
      width,
      height: 250,
      marginLeft: 46,
      marginRight: 18,
      marginTop: 24,
      marginBottom: 40,
      x: {
        domain: [0, bins],
        ticks,
        tickFormat: (nth: number) => format.number(edges[nth]),
        label: "value (edges of the bins)",
      },
      y: {
        label: "share of records (%)",
        ticks: 5,
        domain: [0, Math.max(1e-9, ...[...baseline, ...current].map((share) => share * 100)) * 1.05],
      },
      marks: [
        Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1 }),
        Plot.rectY(at(baseline), { x1: "x1", x2: "x2", y: "y", fill: "var(--baseline)", inset: 0.5 }),
        Plot.line(outline, { x: "x", y: "y", stroke: "var(--c1)", strokeWidth: 2.5, strokeLinejoin: "round" }),
      ],
    });
  };
}

function categories({ cells, baseline, current }: Overlay): (width: number) => SVGSVGElement | HTMLElement {
  const all = cells.map((cell, at) => ({
    cell,
    was: (baseline[at] ?? 0) * 100,
    is: Math.max(0, current[at] ?? 0) * 100,
  }));
  const rank = ({ was, is }: { was: number; is: number }): number => Math.max(was, is);
  const rows = all
    .filter((row) => rank(row) > 0)
    .toSorted((a, b) => rank(b) - rank(a))
    .slice(0, MOST);
  const longest = Math.max(4, ...rows.map(({ cell }) => cell.length));
  return (width) =>
    Plot.plot({
      className: "plot",
      width,
      height: 60 + rows.length * 20,
      marginLeft: Math.min(width * 0.35, 14 + longest * 6.4),
      marginRight: 18,
      marginBottom: 40,
      x: {
        label: "share of records (%)",
        ticks: Math.max(3, Math.floor(width / 110)),
        domain: [0, Math.max(1e-9, ...rows.map(rank)) * 1.05],
      },
      y: { domain: rows.map(({ cell }) => cell), label: null, tickSize: 0 },
      marks: [
        Plot.gridX({ stroke: "var(--grid)", strokeOpacity: 1 }),
        Plot.barX(rows, { x: "was", y: "cell", fill: "var(--baseline)", insetTop: 1, insetBottom: 1 }),
        Plot.ruleY(rows, { x1: "was", x2: "is", y: "cell", stroke: "var(--c1)", strokeWidth: 2 }),
        Plot.dot(rows, { x: "is", y: "cell", r: 4.5, fill: "var(--c1)" }),
      ],
    });
}

export interface Share {
  name: string;
  color: string;
}

/** Windows as columns of 100%, in the order of `parts`. */
export function mix(spec: {
  id: string;
  title: string;
  note?: string;
  parts: Share[];
  windows: { start: Iso; end: Iso; shares: (number | null)[] }[];
  deployments: readonly Deployment[];
}): HTMLElement {
  const { parts, windows } = spec;
  const boxes = windows.flatMap(({ start, end, shares }) => {
    let low = 0;
    return shares.flatMap((share, at) => {
      // noise may take a count below nothing, which has no height
      const height = Math.max(0, share ?? 0) * 100;
      low += height;
      return height === 0
        ? []
        : [{ start: new Date(start), end: new Date(end), low: low - height, high: low, part: at }];
    });
  });
  const data: Data = {
    columns: ["start", "end", ...parts.map(({ name }) => `${name}: share`)],
    rows: windows.map(({ start, end, shares }) => [start, end, ...shares]),
  };
  const last = windows.at(-1)?.shares ?? [];
  const describe = `Last window: ${parts.map(({ name }, at) => `${name} ${format.percent(last[at])}`).join(", ")}.`;
  const [first, final] = [windows[0]?.start ?? 0, windows.at(-1)?.end ?? 0];
  const inside = spec.deployments.filter(
    ({ at }) => new Date(at) >= new Date(first) && new Date(at) <= new Date(final),
  );
  const draw = (width: number): SVGSVGElement | HTMLElement =>
    Plot.plot({
      className: "plot",
      width,
      height: 240,
      marginLeft: 46,
      marginTop: 26,
      marginBottom: 48,
      x: {
        type: "utc",
        domain: [new Date(first), new Date(final)],
        label: "time (UTC)",
        ticks: Math.max(2, Math.floor(width / 90)),
      },
      y: { domain: [0, 100], label: "share (%)", ticks: 5 },
      marks: [
        ...parts.map(({ color }, at) =>
          Plot.rect(
            boxes.filter(({ part }) => part === at),
            { x1: "start", x2: "end", y1: "low", y2: "high", fill: `var(--${color})`, insetRight: 1, insetBottom: 0.5 },
          ),
        ),
        Plot.ruleX(inside, { x: (one: Deployment) => new Date(one.at), stroke: "var(--ink)", strokeDasharray: "2 3" }),
        Plot.text(inside, {
          x: (one: Deployment) => new Date(one.at),
          frameAnchor: "top",
          dy: -14,
          text: (one: Deployment) => `▼ ${one.action}`,
          fill: "var(--soft)",
        }),
      ],
    });
  return chart({
    ...spec,
    describe,
    keys: parts.map(({ name, color }) => ({ name, color, shape: "box" })),
    data,
    draw,
  });
}

/** Counts by name, largest first. */
export function ranking(spec: {
  id: string;
  title: string;
  note?: string;
  axis: string;
  counts: { name: string; count: number }[];
}): HTMLElement {
  const rows = spec.counts.toSorted((a, b) => b.count - a.count).slice(0, MOST);
  const all = spec.counts.reduce((sum, { count }) => sum + count, 0);
  const longest = Math.max(4, ...rows.map(({ name }) => name.length));
  const describe = rows
    .slice(0, 3)
    .map(({ name, count }) => `${name}: ${format.count(count)} (${format.percent(all > 0 ? count / all : null)})`)
    .join(", ");
  const draw = (width: number): SVGSVGElement | HTMLElement =>
    Plot.plot({
      className: "plot",
      width,
      height: 62 + rows.length * 26,
      marginLeft: Math.min(width * 0.42, 14 + longest * 6.6),
      marginRight: 64,
      marginBottom: 40,
      x: {
        label: spec.axis,
        ticks: Math.max(2, Math.floor(width / 150)),
        tickFormat: format.compact,
        domain: [0, Math.max(1, ...rows.map(({ count }) => count))],
      },
      y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0 },
      marks: [
        Plot.gridX({ stroke: "var(--grid)", strokeOpacity: 1 }),
        Plot.barX(rows, {
          x: ({ count }: { count: number }) => Math.max(0, count),
          y: "name",
          fill: "var(--c1)",
          insetTop: 2,
          insetBottom: 2,
        }),
        Plot.text(rows, {
          x: ({ count }: { count: number }) => Math.max(0, count),
          y: "name",
          text: ({ count }: { count: number }) => format.count(count),
          textAnchor: "start",
          dx: 5,
          fill: "var(--ink)",
        }),
      ],
    });
  const data: Data = { columns: ["name", "count"], rows: spec.counts.map(({ name, count }) => [name, count]) };
  return chart({ ...spec, describe: `${describe}.`, data, draw });
}
