/** Whether it runs: records, beacons, time of predictions, faults. */

import { make } from "../../../shared/dom.ts";
import { ranking } from "../charts/bars.ts";
import { timeChart } from "../charts/time.ts";
import type { Context } from "../context.ts";
import * as format from "../format.ts";
import { quantile, sum } from "../health.ts";
import type { Window } from "../report.ts";

export function operations({ group, deployments }: Context): HTMLElement[] {
  const { windows, total } = group;
  const points = (value: (window: Window) => number | null) =>
    windows.map((window) => ({ start: window.start, end: window.end, value: value(window) }));
  const latency = total?.latency_us ?? null;
  const timed = quantile(latency, 0.5) !== null;
  const bins =
    latency === null
      ? []
      : latency.counts
          .map((count, at) => ({ name: `< ${format.number(latency.upper[at])} µs`, count }))
          .filter(({ count }) => count > 0);
  return [
    make(
      "div",
      { class: "grid" },
      timeChart({
        id: "records",
        title: "Records",
        axis: "records a window",
        lines: [{ name: "records", color: "c1", points: points(({ records }) => records) }],
        deployments,
      }),
      timeChart({
        id: "beacons",
        title: "Beacons",
        axis: "beacons a window",
        lines: [{ name: "beacons", color: "c3", points: points(({ beacons }) => beacons) }],
        deployments,
      }),
      ...(timed
        ? [
            timeChart({
              id: "latency",
              title: "Time of a prediction",
              note: "Upper ends of the bins in which the quantiles lie.",
              axis: "microseconds (log)",
              scale: "log",
              lines: [
                { name: "median", color: "c1", points: points(({ latency_us }) => quantile(latency_us, 0.5)) },
                {
                  name: "95%",
                  color: "c2",
                  shape: "dashed",
                  points: points(({ latency_us }) => quantile(latency_us, 0.95)),
                },
                {
                  name: "99%",
                  color: "c4",
                  shape: "dashed",
                  points: points(({ latency_us }) => quantile(latency_us, 0.99)),
                },
              ],
              deployments,
            }),
            ranking({ id: "latency-bins", title: "Times of the range", axis: "predictions", counts: bins }),
          ]
        : []),
      timeChart({
        id: "faults",
        title: "Faults",
        note: "Errors of calls, and traps in WebAssembly.",
        axis: "faults a window",
        lines: [
          { name: "faults", color: "c5", points: points(({ faults }) => (faults.length === 0 ? null : sum(faults))) },
        ],
        deployments,
      }),
    ),
  ];
}
