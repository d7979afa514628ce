/** Figures over time: one line each, with limits, a band of noise, errors, and deployments. */

import * as Plot from "@observablehq/plot";
import type { Deployment, Iso } from "../report.ts";
import * as format from "../format.ts";
import { chart, type Cell, type Key } from "./frame.ts";

export interface Point {
  start: Iso;
  end: Iso;
  value: number | null;
  /** Half of the interval around the value. */
  error?: number | null;
}

export interface Line {
  name: string;
  color: string;
  shape?: "line" | "dashed" | "dotted";
  points: Point[];
}

export interface TimeChart {
  id: string;
  title: string;
  note?: string;
  /** Of the value's axis, with its unit. */
  axis: string;
  lines: Line[];
  /** Where values fall if nothing drifted. */
  band?: { name: string; points: { start: Iso; end: Iso; high: number | null }[] };
  limit?: { name: string; value: number };
  /** A figure that is expected, one a window. */
  expected?: Line;
  scale?: "linear" | "log" | "share";
  /** The axis begins near the lowest value and not at nothing. */
  tight?: boolean;
  deployments: readonly Deployment[];
}

const DASHES = { line: undefined, dashed: "6 4", dotted: "2 3" };
/** What a logarithmic axis begins at. */
const FLOOR = 0.1;

interface Dot {
  at: Date;
  start: Iso;
  end: Iso;
  name: string;
  value: number;
  low: number;
  high: number;
}

const middle = ({ start, end }: { start: Iso; end: Iso }): Date => new Date((Date.parse(start) + Date.parse(end)) / 2);

export const dashOf = (line: Line): string | undefined => DASHES[line.shape ?? "line"];

export function timeChart(spec: TimeChart): HTMLElement {
  const { scale = "linear", limit, band } = spec;
  const lines = spec.expected === undefined ? spec.lines : [...spec.lines, spec.expected];
  const factor = scale === "share" ? 100 : 1;
  const drawn = (value: number): number => (scale === "log" ? Math.max(value, FLOOR) : value * factor);
  // a gap in what came is a gap in the line
  const dots = (line: Line): (Dot | { at: Date; value: number })[] =>
    line.points.map((point) => {
      const at = middle(point);
      if (point.value === null) return { at, value: Number.NaN };
      const error = point.error ?? 0;
      const [value, low, high] = [point.value, point.value - error, point.value + error].map(drawn) as [
        number,
        number,
        number,
      ];
      return { at, start: point.start, end: point.end, name: line.name, value, low, high };
    });
  const isDot = (dot: object): dot is Dot => "name" in dot;
  const all = lines.flatMap((line) => dots(line).filter(isDot));
  const spans = lines.flatMap(({ points }) => points);
  const domain = [
    new Date(Math.min(...spans.map(({ start }) => Date.parse(start)))),
    new Date(Math.max(...spans.map(({ end }) => Date.parse(end)))),
  ] as const;
  const inside = spec.deployments.filter(({ at }) => new Date(at) >= domain[0] && new Date(at) <= domain[1]);
  const bandDots = (band?.points ?? []).map((point) => ({
    at: middle(point),
    high: point.high === null ? Number.NaN : drawn(point.high),
  }));
  const top = Math.max(
    ...all.map(({ high }) => high),
    ...bandDots.map(({ high }) => (Number.isFinite(high) ? high : 0)),
    limit === undefined ? 0 : drawn(limit.value),
  );
  const tip = (dot: Dot): string => `${dot.name}\n${format.window("day", dot.start)}: ${shown(dot.value, scale)}`;

  const draw = (width: number): SVGSVGElement | HTMLElement =>
    Plot.plot({
      className: "plot",
      width,
      height: Math.round(Math.min(260, Math.max(190, width * 0.42))),
      marginLeft: 46,
      marginRight: 14,
      marginTop: inside.length > 0 ? 36 : 24,
      marginBottom: 48,
      x: { type: "utc", domain: [...domain], label: "time (UTC)", ticks: Math.max(2, Math.floor(width / 90)) },
      y: axisOf(
        spec,
        top,
        all.map(({ low }) => low),
      ),
      marks: [
        Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1 }),
        band &&
          Plot.areaY(bandDots, {
            x: "at",
            y1: scale === "log" ? FLOOR : 0,
            y2: "high",
            fill: "var(--band)",
            curve: "step",
          }),
        limit && Plot.ruleY([drawn(limit.value)], { stroke: "var(--limit)", strokeDasharray: "6 4", strokeWidth: 1.5 }),
        Plot.ruleX(inside, { x: (one: Deployment) => new Date(one.at), stroke: "var(--soft)", strokeDasharray: "2 3" }),
        Plot.text(inside, {
          x: (one: Deployment) => new Date(one.at),
          frameAnchor: "top",
          dy: -16,
          text: (one: Deployment) => `▼ ${one.action}`,
          title: (one: Deployment) => `${one.action} in ${one.channel}, ${format.instant(one.at)}`,
          fill: "var(--soft)",
        }),
        ...lines.flatMap((line) => {
          const own = dots(line);
          const solid = own.filter(isDot);
          const stroke = `var(--${line.color})`;
          return [
            Plot.line(own, {
              x: "at",
              y: "value",
              stroke,
              strokeWidth: 2,
              strokeDasharray: dashOf(line) ?? null,
            } as Plot.LineOptions),
            line.points.some(({ error }) => error)
              ? Plot.ruleX(solid, { x: "at", y1: "low", y2: "high", stroke, strokeOpacity: 0.75 })
              : null,
            line.shape === "dotted"
              ? null
              : Plot.dot(solid, { x: "at", y: "value", r: solid.length > 60 ? 1.5 : 3, fill: stroke }),
          ];
        }),
        Plot.tip(all, Plot.pointer({ x: "at", y: "value", title: tip, fill: "var(--card)", stroke: "var(--edge)" })),
      ],
    });

  const keys: Key[] = lines.map(({ name, color, shape = "line" }) => ({ name, color, shape }));
  if (band) keys.push({ name: band.name, color: "band", shape: "box" });
  if (limit) keys.push({ name: `${limit.name} (${format.number(limit.value)})`, color: "limit", shape: "dashed" });
  if (inside.length > 0) keys.push({ name: "deployment", color: "soft", shape: "mark" });
  return chart({ ...spec, keys, describe: words(spec, lines), data: table(spec, lines), draw });
}

function shown(value: number, scale: string): string {
  return scale === "share" ? `${format.number(value)}%` : format.number(value);
}

function axisOf({ axis: label, scale, tight = false }: TimeChart, top: number, lows: number[]): Plot.ScaleOptions {
  if (scale !== "log") {
    const least = Math.min(...lows);
    const low = tight && least > 0 ? least - (top - least) * 0.15 : Math.min(0, least);
    return { label, domain: [low, top > low ? top * 1.05 : 1], ticks: 5 };
  }
  const last = Math.max(2, Math.ceil(Math.log10(Math.max(top, 10))));
  const step = Math.max(1, Math.ceil((last + 1) / 6));
  const ticks = Array.from({ length: Math.floor(last / step) + 1 }, (_, nth) => 10 ** (nth * step));
  const tickFormat = (value: number): string =>
    value < 1000 ? String(value) : `10${format.superscript(Math.round(Math.log10(value)))}`;
  return { type: "log", label, domain: [FLOOR, 10 ** last], ticks, tickFormat } as Plot.ScaleOptions;
}

/** The picture in words: ends and extremes of each line. */
function words({ limit, scale }: TimeChart, lines: readonly Line[]): string {
  const factor = scale === "share" ? 100 : 1;
  const said = lines.map(({ name, points }) => {
    const known = points.flatMap(({ value, start }) => (value === null ? [] : [{ value: value * factor, start }]));
    const last = known.at(-1);
    if (last === undefined) return `${name}: nothing.`;
    const peak = known.reduce((most, one) => (one.value > most.value ? one : most));
    const unit = scale === "share" ? "%" : "";
    return `${name}: ${known.length} windows, highest ${format.number(peak.value)}${unit} on ${peak.start.slice(0, 10)}, last ${format.number(last.value)}${unit}.`;
  });
  if (limit) said.push(`${limit.name} is ${format.number(limit.value * factor)}.`);
  return said.join(" ");
}

function table({ band }: TimeChart, lines: readonly Line[]): { columns: string[]; rows: Cell[][] } {
  const starts = [...new Set(lines.flatMap(({ points }) => points.map(({ start }) => start)))].sort();
  const ends = new Map(lines.flatMap(({ points }) => points.map(({ start, end }) => [start, end] as const)));
  const errors = lines.map(({ points }) => points.some(({ error }) => error !== undefined));
  const columns = ["start", "end"];
  lines.forEach(({ name }, at) =>
    columns.push(name, ...(errors[at] ? [`${name}: half width of the 95% interval`] : [])),
  );
  if (band) columns.push(band.name);
  const by = lines.map(({ points }) => new Map(points.map((point) => [point.start, point])));
  const high = new Map(band?.points.map((point) => [point.start, point.high]));
  const rows = starts.map((start) => [
    start,
    ends.get(start) ?? null,
    ...by.flatMap((points, at): Cell[] => {
      const point = points.get(start);
      return [point?.value ?? null, ...(errors[at] ? [point?.error ?? null] : [])];
    }),
    ...(band ? [high.get(start) ?? null] : []),
  ]);
  return { columns, rows };
}
