/** Escalations on their way to people, and the answers that come back. */

import type {
  Answer,
  Decision,
  Escalation,
  EscalationHandler,
  GateInfo,
  Outcome,
  Overdue,
} from "./api.js";
import { fault } from "./error.js";
import type { Found, Place, Tracker } from "./track.js";

/** Escalations that a gate remembers until they are answered; the oldest make room. */
const MAX_PENDING = 1000;

interface Pending {
  readonly record: object;
  readonly decision: Decision;
  readonly place: Place;
  /** Milliseconds since 1970; infinity if no answer is due, or the time-out is past. */
  due: number;
  /** When an answer was due at first. */
  readonly deadline: number;
  timedOut: boolean;
}

/** A set of handlers none of which can do harm. */
class Handlers<T> {
  readonly #all = new Set<(event: T) => unknown>();
  failed = 0;

  get size(): number {
    return this.#all.size;
  }

  add(handler: (event: T) => unknown): () => void {
    // one of its own, so that the same function may be given twice
    const own = (event: T): unknown => handler(event);
    this.#all.add(own);
    return () => void this.#all.delete(own);
  }

  call(event: T): void {
    for (const handler of this.#all) {
      try {
        const result = handler(event);
        if (result instanceof Promise) result.catch(() => void (this.failed += 1));
      } catch {
        this.failed += 1;
      }
    }
  }
}

export class Desk {
  readonly escalations = new Handlers<Escalation>();
  readonly outcomes = new Handlers<Outcome>();
  readonly #info: GateInfo;
  readonly #tracker: Tracker;
  readonly #pending = new Map<string, Pending>();
  sent = 0;
  forgotten = 0;
  #broken = 0;

  constructor(info: GateInfo, tracker: Tracker) {
    this.#info = info;
    this.#tracker = tracker;
  }

  get pending(): number {
    return this.#pending.size;
  }

  get failed(): number {
    return this.escalations.failed + this.outcomes.failed + this.#broken;
  }

  onEscalate(handler: EscalationHandler): () => void {
    return this.escalations.add(
      typeof handler === "function" ? handler : (escalation) => handler.send(escalation),
    );
  }

  /** Tells the handlers of an escalated record. Whatever goes wrong, the decision stands. */
  escalate(record: unknown, decision: Decision): void {
    if (decision.action !== "escalate" || this.escalations.size === 0) return;
    try {
      const id = crypto.randomUUID();
      // shallow, since the caller may change it before an answer comes
      const copy: object = typeof record === "object" && record !== null ? { ...record } : {};
      const now = Date.now();
      const route = this.#route(decision);
      const due = now + (route?.due_minutes ?? Number.POSITIVE_INFINITY) * 60_000;
      (decision as { id?: string }).id = id;
      if (this.#pending.size >= MAX_PENDING) this.#forget();
      const place = this.#tracker.place(decision);
      this.#pending.set(id, { record: copy, decision, place, due, deadline: due, timedOut: false });
      this.sent += 1;
      this.escalations.call({
        id,
        at: new Date(now).toISOString(),
        due: Number.isFinite(due) ? new Date(due).toISOString() : null,
        route: decision.route ?? null,
        reason: decision.reason,
        model: this.#info.name,
        identity: decision.identity,
        record: copy as Record<string, unknown>,
        decision,
      });
    } catch {
      // no randomness at hand, as in a Worker's global scope, or a record that cannot be read
      this.#broken += 1;
    }
  }

  find(id: string, now: number): Found | undefined {
    const pending = this.#pending.get(id);
    return pending && { place: pending.place, late: now > pending.deadline };
  }

  /** Counts the escalations whose answer did not come in time. */
  sweep(now: number): void {
    for (const pending of this.#pending.values()) {
      if (pending.timedOut || pending.deadline > now) continue;
      pending.timedOut = true;
      this.#tracker.note("timed_out");
    }
  }

  /** Tells the handlers of an answer that was checked. */
  outcome(id: string, answer: Answer, late: boolean, now: number): Outcome {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    const outcome: Outcome = {
      id,
      at: new Date(now).toISOString(),
      late,
      answer,
      record: (pending?.record as Record<string, unknown> | undefined) ?? null,
      decision: pending?.decision ?? null,
    };
    this.outcomes.call(outcome);
    return outcome;
  }

  overdue(now: number): Overdue[] {
    const found: Overdue[] = [];
    for (const [id, pending] of this.#pending) {
      const { record, decision, due } = pending;
      if (due > now) continue;
      // each is told once; a late answer still finds its record
      pending.due = Number.POSITIVE_INFINITY;
      const action = this.#route(decision)?.unanswered;
      if (action === undefined || action === "escalate") continue;
      found.push({
        id,
        record: record as Record<string, unknown>,
        decision: this.#timedOut(decision, action),
      });
    }
    return found;
  }

  #route(decision: Decision): GateInfo["routes"][number] | undefined {
    return this.#info.routes.find(({ name }) => name === decision.route);
  }

  /** As `Decider::time_out` in the core. */
  #timedOut(decision: Decision, action: "default" | "reject"): Decision {
    const { label_set: _, route: __, rule: ___, ...rest } = decision;
    const info = this.#info;
    const own = decision.predicted === null ? undefined : info.thresholds[decision.predicted];
    const instead = action === "default";
    return {
      ...rest,
      action,
      reason: "timed_out",
      overruled: decision.reason,
      label: instead ? (own?.default_label ?? info.default_label) : null,
      value: instead ? info.default_value : null,
      ...(instead && info.default_labels !== null ? { labels: info.default_labels } : {}),
    };
  }

  check(answer: Answer): void {
    const { labels, kind } = this.#info;
    const told = [answer.label, answer.labels, answer.value].filter((part) => part !== undefined);
    const named = [answer.label, ...(answer.labels ?? [])].filter((part) => part !== undefined);
    const unknown = named.find((label) => !labels.includes(label));
    if (unknown !== undefined) {
      throw fault("bad_usage", `the model has no label \`${unknown}\``, {
        help: `answer one of ${labels.join(", ")}`,
      });
    }
    const numeric = kind === "regression" || kind === "ranking";
    const fits = numeric
      ? Number.isFinite(answer.value)
      : kind === "multilabel"
        ? answer.labels !== undefined
        : answer.label !== undefined;
    const measured = told.length === 0 && Object.keys(answer.metrics ?? {}).length > 0;
    if (!measured && (told.length !== 1 || !fits)) {
      throw fault("bad_usage", "the answer is not of the model's kind", {
        help: "send `label`, of several labels at once `labels`, of a number `value`; or `metrics` alone",
      });
    }
  }

  #forget(): void {
    for (const [id, { timedOut }] of this.#pending) {
      this.#pending.delete(id);
      this.forgotten += 1;
      if (!timedOut) this.#tracker.note("forgotten");
      return;
    }
  }
}
