/** Asks the collector that served this page. */

import type { Alerts, Deployment, Model, Report } from "./report.ts";
import type { Comparison } from "./views/compare.ts";

const TOKEN = "driftline.token";

/** Why there is no answer. */
export class Failure extends Error {
  readonly kind: "unauthorized" | "unreachable" | "refused";
  readonly status: number;
  readonly code: string;
  readonly help: string;

  constructor(kind: Failure["kind"], message: string, status = 0, code = "", help = "") {
    super(message);
    this.kind = kind;
    this.status = status;
    this.code = code;
    this.help = help;
  }
}

/** The read token: for this tab only, and gone with it. */
export const token = {
  get: (): string | null => sessionStorage.getItem(TOKEN),
  set: (text: string): void => sessionStorage.setItem(TOKEN, text),
  clear: (): void => sessionStorage.removeItem(TOKEN),
};

type Query = Record<string, string | null | undefined>;

/** Answers that are still asked for or were given, by path, until the next refresh. */
const answers = new Map<string, Promise<unknown>>();

/** Forgets what was answered. */
export function forget(): void {
  answers.clear();
}

function pathOf(path: string, query: Query): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) words.set(name, value);
  const text = words.toString();
  return text === "" ? path : `${path}?${text}`;
}

async function request(path: string): Promise<unknown> {
  const told = token.get();
  let response: Response;
  try {
    response = await fetch(path, {
      headers: told === null ? {} : { authorization: `Bearer ${told}` },
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch {
    throw new Failure("unreachable", "the collector does not answer");
  }
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    throw new Failure("unreachable", `the answer is no JSON (status ${response.status})`, response.status);
  }
  if (response.ok) return body;
  const { detail, code, help } = body as Partial<Record<"detail" | "code" | "help", string>>;
  const kind = response.status === 401 ? "unauthorized" : "refused";
  throw new Failure(kind, detail ?? `status ${response.status}`, response.status, code, help);
}

function ask<Answer>(path: string, query: Query = {}): Promise<Answer> {
  const full = pathOf(path, query);
  let answer = answers.get(full);
  if (answer === undefined) {
    answer = request(full);
    answers.set(full, answer);
    // what failed is asked for again
    answer.catch(() => answers.delete(full));
  }
  return answer as Promise<Answer>;
}

/** `absent` if the collector has no such path or thing. */
async function orAbsent<Answer>(asked: Promise<Answer>, absent: Answer): Promise<Answer> {
  try {
    return await asked;
  } catch (failure) {
    if (failure instanceof Failure && failure.status === 404) return absent;
    throw failure;
  }
}

export interface Span {
  from: string | null;
  to: string | null;
}

export async function models(): Promise<Model[]> {
  return (await ask<{ models: Model[] }>("v1/models")).models;
}

export function report(identity: string, asked: Span & { grain: string; segment: string | null }): Promise<Report> {
  return ask(`v1/models/${encodeURIComponent(identity)}/report`, { ...asked });
}

export function compare(a: string, b: string, span: Span): Promise<Comparison> {
  return ask("v1/compare", { a, b, ...span });
}

export function alerts(): Promise<Alerts> {
  return orAbsent(ask<Alerts>("v1/alerts"), { alerts: [], rules: [] });
}

export async function deployments(name: string): Promise<Deployment[]> {
  const none = { deployments: [] as Deployment[] };
  return (await orAbsent(ask<typeof none>("v1/deployments", { name }), none)).deployments;
}
