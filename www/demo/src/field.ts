/** One input of the contract as a field of the form. */

import type { InputInfo, Violation } from "flights-delay";
import { make } from "../../shared/dom.ts";
import { format, parse } from "./literal.ts";
import { inUtc, inZone, instantOf, withoutOffset } from "./time.ts";
import { sentence } from "./verdict.ts";
import { nameOf, unitOf, valueOf, ZONE } from "./words.ts";

/** A field of the form. */
export interface Field {
  readonly element: HTMLElement;
  /** Shows the record's value, unless it is what the field says already. */
  show(value: unknown): void;
  /** Shows what is wrong with the value, or that nothing is. */
  mark(violations: readonly Violation[]): void;
  focus(): void;
}

/** Makes the field; `changed` is told each new value. */
export function field(input: InputInfo, changed: (value: unknown) => void): Field {
  const id = `field-${input.name}`;
  const control = make("input", {
    id,
    name: input.name,
    type: "text",
    class: input.type === "timestamp" ? "wide-text" : undefined,
    inputmode: isNumeric(input) ? "decimal" : undefined,
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: input.missing === "impute" || input.missing === "allow" ? "not known" : undefined,
    "aria-describedby": `${id}-hint ${id}-problem`,
  });
  const problem = make("p", { id: `${id}-problem`, class: "problem" });
  const unit = unitOf(input.unit);
  const label = make("label", { for: id }, nameOf(input.name));
  if (unit !== "" && unit !== input.name) label.append(make("span", { class: "unit" }, ` ${unit}`));
  const box = make("div", { class: input.type === "timestamp" ? "field wide" : "field" }, label, control);

  const read = (): unknown => valueFrom(input, control.value);
  const send = (): void => {
    follow();
    changed(read());
  };
  const slider = isNumeric(input) ? sliderFor(input, (text) => {
    control.value = text;
    send();
  }) : null;
  const follow = (): void => slider?.follow(read());

  control.addEventListener("input", send);
  if (slider !== null) box.append(slider.element);
  if (input.type === "category") {
    box.append(choices(input, id));
    control.setAttribute("list", `${id}-values`);
  }
  if (input.type === "timestamp") {
    box.append(notations(control, send));
  }
  box.append(make("p", { id: `${id}-hint`, class: "hint" }, hint(input)), problem);

  return {
    element: box,
    show(value) {
      if (!Object.is(read(), value)) control.value = textFrom(input, value);
      follow();
      const named = typeof value === "string" ? valueOf(input.name, value) : "";
      box.dataset["named"] = named;
      const spot = box.querySelector(".hint");
      if (spot !== null && input.type === "category") {
        spot.textContent = named === "" ? hint(input) : `${named} · ${hint(input)}`;
      }
    },
    mark(violations) {
      const worst = violations.some(({ severity }) => severity === "reject") ? "reject" : violations[0]?.severity;
      if (worst === undefined) delete box.dataset["severity"];
      else box.dataset["severity"] = worst;
      control.setAttribute("aria-invalid", String(worst === "reject"));
      problem.replaceChildren(...violations.map(({ message }) => make("span", {}, ...sentence(message))));
    },
    focus: () => control.focus(),
  };
}

function isNumeric({ type }: InputInfo): boolean {
  return type === "number" || type === "integer";
}

/** What the text stands for: empty is missing; what is no number stays text, and is refused. */
function valueFrom(input: InputInfo, text: string): unknown {
  if (text.trim() === "") return null;
  if (!isNumeric(input) && input.type !== "boolean") return text;
  try {
    return parse(text);
  } catch {
    return text;
  }
}

function textFrom(input: InputInfo, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return format(value);
  // quoted, so that the text "12" is not read back as the number 12
  return isNumeric(input) || input.type === "boolean" ? format(value) : value;
}

function hint(input: InputInfo): string {
  const { minimum, maximum, values } = input;
  const parts: string[] = [];
  if (values !== null) {
    parts.push(values.length <= 4 ? `one of ${values.join(", ")}` : `${values.length} known codes`);
  }
  if (typeof minimum === "number" && typeof maximum === "number") {
    const low = input.exclusive_minimum ? `above ${minimum}` : String(minimum);
    const high = input.exclusive_maximum ? `below ${maximum}` : String(maximum);
    parts.push(`${low} to ${high}${input.type === "integer" ? ", whole" : ""}`);
  }
  if (input.type === "timestamp") parts.push("with the offset from UTC, or Z");
  return parts.join(" · ");
}

function choices(input: InputInfo, id: string): HTMLElement {
  const options = (input.values ?? []).map((value) =>
    make("option", { value: String(value), label: valueOf(input.name, String(value)) || undefined }));
  return make("datalist", { id: `${id}-values` }, ...options);
}

function sliderFor(
  input: InputInfo,
  moved: (text: string) => void,
): { element: HTMLElement; follow(value: unknown): void } | null {
  const { minimum, maximum } = input;
  if (typeof minimum !== "number" || typeof maximum !== "number") return null;
  const step = input.type === "integer" ? 1 : 10 ** Math.floor(Math.log10((maximum - minimum) / 100));
  const element = make("input", {
    type: "range",
    min: minimum,
    max: maximum,
    step,
    "aria-label": `${nameOf(input.name)}, slider`,
  });
  const digits = Math.max(0, -Math.log10(step));
  element.addEventListener("input", () => moved(String(Number(Number(element.value).toFixed(digits)))));
  return {
    element,
    follow(value) {
      const known = typeof value === "number" && Number.isFinite(value);
      element.classList.toggle("unknown", !known);
      if (known) element.value = String(value);
    },
  };
}

/** Buttons that write the same instant in other ways. */
function notations(control: HTMLInputElement, send: () => void): HTMLElement {
  let last: number | null = null;
  const button = (text: string, write: (instant: number) => string): HTMLElement => {
    const element = make("button", { type: "button", class: "quiet" }, text);
    element.addEventListener("click", () => {
      last = instantOf(control.value) ?? last;
      if (last === null) return;
      control.value = write(last);
      send();
    });
    return element;
  };
  control.addEventListener("focus", () => {
    last = instantOf(control.value) ?? last;
  });
  return make("div", { class: "notations", role: "group", "aria-label": "The same instant, written as" },
    button("UTC", inUtc),
    button("New York time", (instant) => inZone(instant, ZONE)),
    button("without offset", (instant) => withoutOffset(instant, ZONE)));
}
