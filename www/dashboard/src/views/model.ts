/** The page of one version. */

import { make } from "../../../shared/dom.ts";
import * as api from "../api.ts";
import { groupOf, link, type Context } from "../context.ts";
import * as format from "../format.ts";
import { freshness } from "../health.ts";
import * as parts from "../parts/badges.ts";
import { controls, type Go } from "../parts/controls.ts";
import type { Model } from "../report.ts";
import { grainOf, spanOf, VIEWS, type State } from "../state.ts";
import { checks } from "./checks.ts";
import { compare } from "./compare.ts";
import { decisions } from "./decisions.ts";
import { inputs } from "./inputs.ts";
import { operations } from "./operations.ts";
import { performance } from "./performance.ts";

const HOUR = 3_600_000;

export async function model(state: State, models: Model[], go: Go): Promise<HTMLElement[]> {
  const version = models
    .filter(({ identity }) => identity === state.model)
    .toSorted((a, b) => (b.newest ?? 0) - (a.newest ?? 0))[0];
  if (version === undefined) {
    return [
      make("h1", {}, "Unknown version"),
      parts.notice(
        "problem",
        "Nobody registered this identity here",
        make("p", {}, make("code", { class: "identity" }, state.model ?? "")),
        make("p", {}, make("a", { href: "?" }, "All models")),
      ),
    ];
  }
  const asked = { ...spanOf(state, version), grain: grainOf(state), segment: state.segment };
  const [report, deployments] = await Promise.all([api.report(version.identity, asked), api.deployments(version.name)]);
  const group = groupOf(report, state.group);
  const head = title(state, version);
  const tabs = make(
    "nav",
    { class: "tabs", "aria-label": "Of this version" },
    ...VIEWS.map((view) =>
      make(
        "a",
        {
          href: link(state, { view }),
          "data-focus": `tab-${view}`,
          ...(view === state.view ? { "aria-current": "page" } : {}),
        },
        view,
      ),
    ),
  );
  // a comparison has neither modes nor segments to choose from
  const bar = controls(state, state.view === "compare" ? null : report, go);
  if (group === null || group.windows.length === 0) {
    const when =
      version.newest === null
        ? "No beacon of this version has come yet."
        : `The newest counts are of ${format.instant(new Date(version.newest * HOUR).toISOString())}.`;
    return [
      head,
      tabs,
      bar,
      parts.notice(
        "empty",
        "Nothing was counted in this range",
        make("p", {}, when),
        make("p", {}, make("a", { href: link(state, { range: "all", grain: null }) }, "Show everything")),
      ),
    ];
  }
  const context: Context = { state, models, model: version, report, group, deployments };
  const few =
    group.windows.length > 0 &&
    (group.total?.inputs ?? []).length > 0 &&
    (group.total?.inputs ?? []).every(({ verdict }) => verdict === "too_few");
  const warning = few
    ? [
        parts.notice(
          "warning",
          "Too few reports to tell",
          make(
            "p",
            {},
            `Nothing is said below ${report.criteria.least_records} records a window: choose a longer range or a coarser grain, or wait.`,
          ),
        ),
      ]
    : [];
  return [head, tabs, bar, ...warning, ...(await body(context, go))];
}

async function body(context: Context, go: Go): Promise<HTMLElement[]> {
  switch (context.state.view) {
    case "decisions":
      return decisions(context);
    case "performance":
      return performance(context);
    case "operations":
      return operations(context);
    case "checks":
      return checks(context);
    case "compare":
      return compare(context, go);
    default:
      return inputs(context, go);
  }
}

function title(state: State, version: Model): HTMLElement {
  const age = version.newest === null ? null : Date.now() - (version.newest + 1) * HOUR;
  return make(
    "div",
    { class: "title" },
    make(
      "p",
      { class: "crumb" },
      make("a", { href: link(state, { view: "overview", model: null }), "data-focus": "models" }, "Models"),
    ),
    make("h1", {}, version.name),
    make(
      "p",
      { class: "lead" },
      make("code", { class: "identity", title: version.identity }, format.short(version.identity)),
      ` registered ${new Date(version.registered * 1000).toISOString().slice(0, 10)}, ${format.count(version.records)} records, last beacon `,
      parts.freshness(freshness(age), age),
    ),
  );
}
