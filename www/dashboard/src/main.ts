/** Shows what the address says, and moves between addresses without loading the page again. */

import { byId, make } from "../../shared/dom.ts";
import * as api from "./api.ts";
import { sweep } from "./charts/frame.ts";
import { link } from "./context.ts";
import * as parts from "./parts/badges.ts";
import { tokenForm } from "./parts/token.ts";
import { changed, difference, href, read, type State } from "./state.ts";
import { theme } from "./theme.ts";
import { alerts } from "./views/alerts.ts";
import { model } from "./views/model.ts";
import { overview } from "./views/overview.ts";

const main = byId("main");
/** Counts the pages that were begun: an answer that comes late is of no use. */
let turn = 0;
/** What the links on the page were drawn for. */
let drawn = read(location.search);

function go(changes: Partial<State>): void {
  visit(href(changed(read(location.search), changes)));
}

function visit(address: string): void {
  history.pushState(null, "", address === "?" ? location.pathname : address);
  void show();
}

async function page(state: State): Promise<HTMLElement[]> {
  const models = await api.models();
  if (state.view === "overview") return overview(state, models, go);
  if (state.view === "alerts") return alerts(state, models, go);
  return model(state, models, go);
}

async function show(): Promise<void> {
  const mine = ++turn;
  const state = read(location.search);
  pages(state);
  const before = { view: main.dataset["view"], focus: focused(), scroll: window.scrollY };
  main.setAttribute("aria-busy", "true");
  if (main.childElementCount === 0) main.replaceChildren(make("p", { class: "waiting" }, "Asking the collector…"));
  let content: HTMLElement[];
  try {
    content = await page(state);
  } catch (failure) {
    content = failed(failure);
  }
  if (mine !== turn) return;
  main.replaceChildren(...content);
  drawn = state;
  main.removeAttribute("aria-busy");
  const view = `${state.view} ${state.model ?? ""}`;
  main.dataset["view"] = view;
  const heading = main.querySelector("h1")?.textContent ?? "";
  document.title = heading === "" ? "driftline" : `${heading} · ${state.view} · driftline`;
  if (before.view === view) {
    refocus(before.focus);
    window.scrollTo(0, before.scroll);
  } else if (before.view !== undefined) {
    if (!refocus(before.focus)) main.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  byId("status").textContent = `${heading}, ${state.view}`;
  sweep();
}

/** The name of what has the focus, which a redrawn page has again. */
function focused(): string | null {
  return (document.activeElement as HTMLElement | null)?.dataset["focus"] ?? null;
}

function refocus(name: string | null): boolean {
  if (name === null) return false;
  const again = document.querySelector<HTMLElement>(`[data-focus="${CSS.escape(name)}"]`);
  again?.focus({ preventScroll: true });
  return again !== null;
}

function failed(failure: unknown): HTMLElement[] {
  if (!(failure instanceof api.Failure)) throw failure;
  const retry = (): void => {
    api.forget();
    void show();
  };
  if (failure.kind === "unauthorized") return [tokenForm(failure, retry)];
  const again = make("button", { type: "button", class: "strong" }, "Try again");
  again.addEventListener("click", retry);
  if (failure.kind === "unreachable") {
    return [
      make("h1", {}, "The collector does not answer"),
      parts.notice(
        "problem",
        "Nothing could be read",
        make("p", {}, `${failure.message}. Is it running, and is this machine's network up?`),
        again,
      ),
    ];
  }
  return [
    make("h1", {}, "The collector refused"),
    parts.notice(
      "problem",
      failure.message,
      ...(failure.help ? [make("p", {}, failure.help)] : []),
      make("p", { class: "note" }, `Status ${failure.status}, code `, make("code", {}, failure.code)),
      again,
      " ",
      make("a", { href: "?" }, "All models"),
    ),
  ];
}

function pages(state: State): void {
  const item = (name: string, address: string, current: boolean): HTMLElement =>
    make("a", { href: address, "data-focus": `page-${name}`, ...(current ? { "aria-current": "page" } : {}) }, name);
  byId("pages").replaceChildren(
    item("Models", link(state, { view: "overview", model: null, alerts: null }), state.view !== "alerts"),
    item("Alerts", link(state, { view: "alerts", model: null }), state.view === "alerts"),
  );
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return;
  const anchor = (event.target as Element | null)?.closest("a");
  const address = anchor?.getAttribute("href");
  if (!address?.startsWith("?")) return;
  event.preventDefault();
  go(difference(drawn, read(address)));
});
window.addEventListener("popstate", () => void show());
byId("refresh").addEventListener("click", () => {
  api.forget();
  void show();
});
theme();
void show();
