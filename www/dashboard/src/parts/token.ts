/** Asks for the read token. */

import { make } from "../../../shared/dom.ts";
import { token, type Failure } from "../api.ts";

export function tokenForm(failure: Failure, again: () => void): HTMLElement {
  const had = token.get() !== null;
  const input = make("input", {
    type: "password",
    id: "token",
    name: "token",
    autocomplete: "off",
    required: true,
    spellcheck: "false",
    "aria-describedby": "token-note",
  });
  const form = make(
    "form",
    { class: "token" },
    make("label", { for: "token" }, "Read token"),
    input,
    make("button", { type: "submit", class: "strong" }, "Open"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    token.set(input.value.trim());
    again();
  });
  const problem = had ? "The collector does not know this token." : "This collector wants a token.";
  return make(
    "section",
    { class: "card notice" },
    make("h1", {}, "Who asks?"),
    make("p", { class: had ? "problem" : "", role: "alert" }, problem),
    form,
    make(
      "p",
      { class: "note", id: "token-note" },
      `It is kept in this tab until that closes, and sent to this collector alone. (${failure.message})`,
    ),
  );
}
