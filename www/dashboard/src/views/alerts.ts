/** Alerts with their history, and the rules that make them. */

import { make } from "../../../shared/dom.ts";
import * as api from "../api.ts";
import { link } from "../context.ts";
import * as format from "../format.ts";
import * as parts from "../parts/badges.ts";
import { picker, type Go } from "../parts/controls.ts";
import type { Alert, Model, Rule } from "../report.ts";
import type { State } from "../state.ts";

const ORDER = ["firing", "pending", "resolved"];

export async function alerts(state: State, models: Model[], go: Go): Promise<HTMLElement[]> {
  const { alerts, rules } = await api.alerts();
  const shown = alerts
    .filter(
      (alert) =>
        (state.alerts === null || alert.state === state.alerts) &&
        (state.model === null || alert.identity === state.model),
    )
    .toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.since.localeCompare(a.since));
  const versions = [
    ...new Map(models.map((model) => [model.identity, `${model.name} ${format.short(model.identity)}`])),
  ];
  return [
    make("div", { class: "title" }, make("h1", {}, "Alerts")),
    make(
      "div",
      { class: "controls", role: "group", "aria-label": "What is shown" },
      picker(
        "alert-state",
        "State",
        [["", "all"], ...ORDER.map((one): [string, string] => [one, one])],
        state.alerts ?? "",
        (value) => go({ alerts: value === "" ? null : (value as State["alerts"]) }),
      ),
      picker(
        "alert-model",
        "Version",
        [["", "all"], ...versions.map(([identity, name]): [string, string] => [identity, name])],
        state.model ?? "",
        (model) => go({ model: model === "" ? null : model }),
      ),
    ),
    shown.length === 0
      ? parts.notice(
          "empty",
          "No alerts",
          make("p", {}, rules.length === 0 ? "This collector has no alert rules." : "Nothing that these choices show."),
        )
      : make("ul", { class: "alerts" }, ...shown.map((alert) => item(alert, state))),
    ...(rules.length === 0
      ? []
      : [
          make(
            "section",
            { class: "card", "aria-labelledby": "rules-title" },
            make("h2", { id: "rules-title" }, "Rules"),
            ruleTable(rules),
          ),
        ]),
  ];
}

function item(alert: Alert, state: State): HTMLElement {
  const figures =
    alert.value === null
      ? ""
      : `${format.number(alert.value)}${alert.threshold === null ? "" : ` (threshold ${format.number(alert.threshold)})`}`;
  // several inputs are listed with commas
  const input = alert.subject.split(",")[0] || null;
  const to = link(state, { view: "inputs", model: alert.identity, input, alerts: null });
  const history: [string, string | null][] = [
    ["pending since", alert.since],
    ["fired", alert.fired],
    ["resolved", alert.resolved],
  ];
  return make(
    "li",
    { class: `card alert ${alert.state}` },
    make(
      "div",
      { class: "alert-head" },
      parts.badge(alert.state),
      parts.badge(alert.severity),
      make("h2", {}, alert.rule),
      make(
        "a",
        { href: to, "data-focus": `alert-${alert.id}` },
        `${alert.name} ${format.short(alert.identity)}${alert.subject === "" ? "" : `, ${alert.subject}`}`,
      ),
    ),
    make("p", {}, alert.message, figures === "" ? "" : ` — ${figures}`),
    make(
      "ol",
      { class: "history" },
      ...history.flatMap(([what, at]) =>
        at === null ? [] : [make("li", {}, make("span", { class: "note" }, what), ` ${format.instant(at)}`)],
      ),
    ),
    ...(alert.deliveries.length === 0
      ? []
      : [
          make(
            "details",
            {},
            make(
              "summary",
              { "data-focus": `deliveries-${alert.id}` },
              `${alert.deliveries.length} deliveries${alert.deliveries.some(({ ok }) => !ok) ? ", some failed" : ""}`,
            ),
            parts.table(
              "Deliveries",
              ["To", "At", "Result"],
              alert.deliveries.map(({ to, at, ok, problem }) => [
                to,
                format.instant(at),
                ok ? "taken" : (problem ?? "failed"),
              ]),
              "rows",
            ),
          ),
        ]),
  );
}

function ruleTable(rules: Rule[]): HTMLElement {
  return parts.table(
    "Rules",
    ["Rule", "Severity", "Watches", "Threshold", "Holds for"],
    rules.map(({ name, severity, what, threshold, hold_minutes }) => [
      name,
      severity,
      format.words(what),
      format.number(threshold),
      `${hold_minutes} min`,
    ]),
    "rows",
  );
}
