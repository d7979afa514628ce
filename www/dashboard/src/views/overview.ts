/** All models and versions, with their health at a glance. */

import { make } from "../../../shared/dom.ts";
import * as api from "../api.ts";
import { spark } from "../charts/points.ts";
import { groupOf, link } from "../context.ts";
import * as format from "../format.ts";
import { freshness, health, shareOf } from "../health.ts";
import * as parts from "../parts/badges.ts";
import { controls, type Go } from "../parts/controls.ts";
import type { Alert, Model, Report } from "../report.ts";
import { grainOf, spanOf, type State } from "../state.ts";

const HOUR = 3_600_000;

export async function overview(state: State, models: Model[], go: Go): Promise<HTMLElement[]> {
  if (models.length === 0) {
    return [
      make("h1", {}, "Models"),
      parts.notice(
        "empty",
        "No model is registered yet",
        make("p", {}, "Start the collector with a bundle, or send one to it:"),
        make(
          "pre",
          { tabindex: 0 },
          'driftline collect --register dist/flights-delay.driftline\n\ncurl --data-binary @dist/flights-delay.driftline \\\n  -H "Authorization: Bearer $ADMIN_TOKEN" http://…/v1/bundles',
        ),
        make("p", { class: "note" }, "Its beacons are counted from then on."),
      ),
    ];
  }
  const { alerts } = await api.alerts();
  const versions = new Map<string, Model[]>();
  for (const model of models) {
    const same = versions.get(model.name) ?? [];
    // an identity with several layouts is one version
    if (!same.some(({ identity }) => identity === model.identity)) same.push(model);
    versions.set(model.name, same);
  }
  const firing = alerts.filter(({ state }) => state === "firing").length;
  const many = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
  const all = [...versions.values()].flat().length;
  return [
    make(
      "div",
      { class: "title" },
      make("h1", {}, "Models"),
      make(
        "p",
        { class: "lead" },
        `${many(versions.size, "model")} in ${many(all, "version")}. `,
        make(
          "a",
          { href: link(state, { view: "alerts", model: null }), "data-focus": "firing" },
          `${many(firing, "alert")} firing`,
        ),
        ".",
      ),
    ),
    controls(state, null, go),
    ...(await Promise.all([...versions].map(([name, same]) => family(name, same, state, alerts)))),
  ];
}

async function family(name: string, models: Model[], state: State, alerts: Alert[]): Promise<HTMLElement> {
  const columns = [
    "Version",
    "Newest window",
    "Detectors",
    "Effect over time",
    "Estimated accuracy",
    "Escalated",
    "Records",
    "Last beacon",
    "Alerts",
  ];
  const rows = await Promise.all(models.map((model) => row(model, state, alerts)));
  return make(
    "section",
    { class: "card family", "aria-label": name },
    make("h2", {}, name),
    parts.table(`Versions of ${name}`, columns, rows, "stack"),
  );
}

async function row(model: Model, state: State, alerts: Alert[]): Promise<(Node | string)[]> {
  const to = link(state, { view: "inputs", model: model.identity });
  const version = make(
    "a",
    { href: to, "data-focus": `open-${model.identity}` },
    make("code", {}, format.short(model.identity)),
  );
  const registered = make(
    "span",
    { class: "note" },
    ` ${new Date(model.registered * 1000).toISOString().slice(0, 10)}`,
  );
  const age = model.newest === null ? null : Date.now() - (model.newest + 1) * HOUR;
  const mine = alerts.filter((alert) => alert.identity === model.identity && alert.state === "firing");
  const gravest = ["critical", "warning", "info"].find((severity) => mine.some((alert) => alert.severity === severity));
  const firing =
    gravest === undefined
      ? parts.badge("none", "none")
      : make(
          "a",
          { href: link(state, { view: "alerts", model: model.identity }), "data-focus": `alerts-${model.identity}` },
          parts.badge(gravest, `${mine.length} ${gravest}`),
        );
  let report: Report;
  try {
    report = await api.report(model.identity, { ...spanOf(state, model), grain: grainOf(state), segment: null });
  } catch (failure) {
    if (!(failure instanceof api.Failure) || failure.kind !== "refused") throw failure;
    return [
      label(version, registered),
      failure.message,
      "",
      "",
      "",
      "",
      format.count(model.records),
      parts.freshness(freshness(age), age),
      firing,
    ];
  }
  const group = groupOf(report, null);
  const { newest, verdict, drifted, alarms, effects } = health(group);
  const seen = make("span", {}, parts.verdict(verdict));
  if (drifted.length > 0)
    seen.append(make("span", { class: "note" }, ` ${drifted.length} of ${newest?.inputs.length ?? 0} inputs`));
  return [
    label(version, registered),
    seen,
    alarms.length === 0 ? parts.badge("none", "quiet") : parts.badge("alarm", `${alarms.length} alarmed`),
    spark(effects, report.criteria.effect),
    format.estimate(newest?.estimated?.accuracy),
    format.percent(shareOf(newest, "escalate")),
    format.count(model.records),
    parts.freshness(freshness(age), age),
    firing,
  ];
}

function label(...children: Node[]): HTMLElement {
  return make("span", { class: "version" }, ...children);
}
