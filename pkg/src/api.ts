/**
 * What a caller of driftline sees: decisions, violations, errors and the gate.
 *
 * It imports types alone, so that the packages that `driftline build` writes can carry its
 * declarations as they are.
 */

import type { Summary, SummaryLayout, SummaryOptions } from "./report.js";

/** What became of a record. */
export type Action =
  /** The model's answer stands: its confidence reached the threshold. */
  | "accept"
  /** The policy's lower-risk default stands in for the model's answer. */
  | "default"
  /** A person has to decide. */
  | "escalate"
  /** The record was refused; the violations say why. */
  | "reject";

/** What follows from a broken clause, in the order of gravity. */
export type Severity = "warn" | "escalate" | "reject";

/** Stable codes of the reason for an action. New ones may come; none changes its meaning. */
export type Reason =
  /** The confidence reaches the label's threshold. */
  | "confident"
  /** The confidence is below the label's threshold. */
  | "low_confidence"
  /** The predicted value lies within the policy's bounds. */
  | "within_bounds"
  /** The predicted value lies outside the policy's bounds. */
  | "out_of_bounds"
  /** The policy accepts no such answer, whatever its confidence. */
  | "no_threshold"
  /** The truth may lie further from the predicted value than the policy tolerates. */
  | "wide_interval"
  /** The record is unlike those that the policy was fitted on. */
  | "novel"
  /** The record breaks a clause of the contract that refuses or escalates it. */
  | "violation"
  /** The model answered NaN, infinity, or a score outside `[0, 1]`. */
  | "bad_scores"
  /** The model could not compute the record. */
  | "model_failed"
  /** The answer breaks an assertion over several records, or over inputs and answer. */
  | "assertion"
  /** The record meets the conditions of a rule of the policy. */
  | "rule"
  /** The model would be trusted, but a drift alarm suspends its thresholds. */
  | "suspended"
  /** The kill switch is on. */
  | "killed"
  /** The day's escalations are used up. */
  | "budget_used_up"
  /** No person answered in time. */
  | "timed_out"
  | (string & {});

/** Stable codes of broken clauses. New ones may come; none changes its meaning. */
export type ViolationCode =
  | "missing_value"
  | "wrong_type"
  | "not_finite"
  | "not_integer"
  | "unsafe_integer"
  | "out_of_range"
  | "not_in_set"
  | "forbidden_value"
  | "not_missing"
  | "empty_text"
  | "too_long"
  | "too_short"
  | "wrong_shape"
  | "pattern_mismatch"
  | "bad_format"
  | "bad_character"
  | "bad_timestamp"
  | "missing_offset"
  | "unknown_field"
  | "duplicate_field"
  | "field_count"
  | "field_order"
  | "rule_broken"
  | "not_a_record"
  | "unreadable_field"
  | "not_representable"
  | (string & {});

/** Stable codes of the errors that loading and calling a gate can raise. */
export type ErrorCode =
  | "bad_usage"
  | "bad_input"
  | "io"
  | "disposed"
  | "summary_mismatch"
  | "summary_invalid"
  | "token_invalid"
  | "token_expired"
  | "input_too_large"
  | "format_version"
  | "contract_invalid"
  | "policy_invalid"
  | "plan_invalid"
  | "model_mismatch"
  | "model_failed"
  | "bundle_truncated"
  | "bundle_altered"
  | "bundle_syntax"
  | "bundle_duplicate"
  | "bundle_missing"
  | "bundle_too_large"
  | "bundle_part"
  | "runtime_mismatch"
  | "signature_missing"
  | "signature_invalid"
  | "signature_expired"
  | "signature_unsupported"
  | "key_unknown"
  | "downgrade"
  | "self_test_failed"
  | "channel_invalid"
  | "channel_expired"
  | "trap"
  | "internal"
  | (string & {});

/** One broken clause of the contract. */
export interface Violation {
  /** Stable code. */
  readonly code: ViolationCode;
  /** Name of the input; for an unknown field, the field's; empty for the record as a whole. */
  readonly input: string;
  /** What follows. */
  readonly severity: Severity;
  /** What was found and what was expected, for people. */
  readonly message: string;
}

/** The answer to one record. */
export interface Decision<Label extends string = string> {
  /** What became of the record. */
  readonly action: Action;
  /** Why. */
  readonly reason: Reason;
  /** The label to act on: the model's if accepted, the policy's if defaulted, else `null`. */
  readonly label: Label | null;
  /** The number to act on, of a regression; as for `label`. */
  readonly value: number | null;
  /** The model's own answer, whatever the action, or `null` if the model was not asked. */
  readonly predicted: Label | null;
  /** Score of each label in `[0, 1]`, calibrated if the policy says how; `null` if the model was not asked. */
  readonly scores: Readonly<Record<Label, number>> | null;
  /** The highest score, in `[0, 1]`, which the policy compares with the label's threshold. */
  readonly confidence: number | null;
  /** The labels that an escalated record may have, if the policy has `label_sets`. */
  readonly label_set?: readonly Label[];
  /** The interval that holds the truth, if the policy has one for a predicted value. */
  readonly interval?: readonly [number, number];
  /** The model's own number, of a regression or ranking, whatever the action. */
  readonly predicted_value?: number;
  /** How many of the records like those of the policy's fit are as strange, in `(0, 1]`, if the policy has `novelty`. */
  readonly novelty?: number;
  /** Every broken clause. */
  readonly violations: readonly Violation[];
  /** Identity of the bundle that decided: `sha256:` and 64 hexadecimal digits. */
  readonly identity: string;
  /** The labels to act on, of a model of several labels at once; as for `label`. */
  readonly labels?: readonly Label[];
  /** Of such a model, the labels below their thresholds. */
  readonly uncertain?: readonly Label[];
  /** The rule or assertion that decided. */
  readonly rule?: string;
  /** The assertions that the answer breaks, also those that are only counted. */
  readonly assertions?: readonly string[];
  /** The reason that would have stood without this one. */
  readonly overruled?: Reason;
  /** Where the escalated record goes, by the policy's `routes`. */
  readonly route?: string;
  /** Random name of an escalated decision that a handler was told of, for {@link Gate.outcome}. */
  readonly id?: string;
}

/** An escalated record, with all that the person needs who decides. */
export interface Escalation<
  Row extends object = Record<string, unknown>,
  Label extends string = string,
> {
  /** Random name; the same one at each attempt to deliver. */
  readonly id: string;
  /** When it was escalated, RFC 3339. */
  readonly at: string;
  /** Until when an answer is due, RFC 3339, or `null`. */
  readonly due: string | null;
  /** Name of the policy's route, or `null`. */
  readonly route: string | null;
  /** Why. */
  readonly reason: Reason;
  /** Name of the model. */
  readonly model: string;
  /** Identity of the bundle that decided. */
  readonly identity: string;
  /** The record as it was given. */
  readonly record: Row;
  /** Scores, violations, label set, the model's own answer. */
  readonly decision: Decision<Label>;
}

/** What a route has done. */
export interface RouteStatus {
  /** Waiting. */
  readonly queued: number;
  /** Answered with success. */
  readonly delivered: number;
  /** Attempts that failed and were followed by another. */
  readonly retried: number;
  /** Given up: refused, too often tried, too large, or no room. */
  readonly dropped: number;
}

/** A way for escalations to people. */
export interface Route {
  /** Takes an escalation. Never throws for what happens on the way. */
  send(escalation: Escalation<object>): void;
  /** Resolves when nothing waits any more; never rejects. In Workers, for `ctx.waitUntil`. */
  flush(): Promise<void>;
  /** Drops what waits. */
  close(): void;
  /** Counts. */
  readonly status: RouteStatus;
}

/** A function that is told of each escalation, or a route. */
export type EscalationHandler<
  Row extends object = Record<string, unknown>,
  Label extends string = string,
> = ((escalation: Escalation<Row, Label>) => unknown) | Route;

/** What came back: the truth, by the model's kind one of the three, or metrics, or both. */
export interface Answer<Label extends string = string> {
  readonly label?: Label;
  /** Of several labels at once: those that hold. */
  readonly labels?: readonly Label[];
  /** Of a regression or ranking. */
  readonly value?: number;
  /** Declared metrics, such as `{ revenue: 19.99 }`: each from 0 to 1,000,000. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Who or what answered, for the host's own use. */
  readonly by?: string;
}

/** An answer that came back. `record` and `decision` are those of escalations alone. */
export interface Outcome<
  Row extends object = Record<string, unknown>,
  Label extends string = string,
> {
  /** Of the escalation. */
  readonly id: string;
  /** When, RFC 3339. */
  readonly at: string;
  /** Whether it came after it was due. */
  readonly late: boolean;
  /** The answer. */
  readonly answer: Answer<Label>;
  /** The record, or `null` if this gate does not know the id (any more). */
  readonly record: Row | null;
  /** What was decided, or `null` likewise. */
  readonly decision: Decision<Label> | null;
}

/** An escalation that nobody answered in time. */
export interface Overdue<
  Row extends object = Record<string, unknown>,
  Label extends string = string,
> {
  /** Of the escalation. */
  readonly id: string;
  /** The record. */
  readonly record: Row;
  /** What the policy declares instead; its reason is `timed_out`. */
  readonly decision: Decision<Label>;
}

/** What a gate remembers. */
export interface GateStatus {
  /** Why the kill switch is on, or `null`. */
  readonly killed: string | null;
  /** Why thresholds are suspended, or `null`. */
  readonly suspended: string | null;
  /** Escalations of the policy's day, or `null` without a budget. */
  readonly budget: { readonly per_day: number; readonly used: number } | null;
  /** How often each assertion was checked and broken, since the instance began. */
  readonly assertions: readonly {
    readonly name: string;
    readonly checked: number;
    readonly broken: number;
  }[];
  /** What became of escalations: told to handlers, not yet answered, pushed out by newer ones, handlers that threw. */
  readonly escalations: {
    readonly sent: number;
    readonly pending: number;
    readonly forgotten: number;
    readonly failed: number;
  };
}

/** Where an error lies, as far as it is known. */
export interface Place {
  /** File or URL. */
  readonly file?: string;
  /** Line, from 1. */
  readonly line?: number;
  /** Column in characters, from 1. */
  readonly column?: number;
  /** Field, column or part. */
  readonly path?: string;
}

/** Every error that driftline raises. */
export class DriftlineError extends Error {
  override readonly name = "DriftlineError";
  /** Stable code; script against this and not against the message. */
  readonly code: ErrorCode;
  /** What the reader can do about it. */
  readonly help: string;
  /** Where it happened, or `null`. */
  readonly place: Place | null;

  /** @internal */
  constructor(
    code: ErrorCode,
    message: string,
    details: { help?: string; place?: Place | null; cause?: unknown } = {},
  ) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.help = details.help ?? "";
    this.place = details.place ?? null;
  }
}

/** Where a gate comes from. */
export type Source =
  /** A compiled module whose custom section `driftline.bundle` holds the bundle. */
  | WebAssembly.Module
  /** Address of a `.wasm` with a bundle, or of a `.driftline` file. */
  | URL
  | string
  /** The answer to a request for one of these. */
  | Response
  | PromiseLike<Response>
  /** The bytes of one of these. */
  | ArrayBuffer
  | ArrayBufferView;

/** How to load. */
export interface LoadOptions {
  /**
   * The runtime for a stand-alone `.driftline` bundle: a module, its bytes or its address.
   * Without it, the runtime beside this package is used.
   */
  readonly runtime?: Source;
  /** What is counted; `false`: nothing is. */
  readonly summary?: SummaryOptions | false;
  /**
   * Public keys, as the text of `.pub` files or 64 hexadecimal digits each. Only a bundle is loaded that one
   * of them signed; of a `.wasm`, only one that was signed as a whole. Not for `loadSync`.
   */
  readonly publicKeys?: readonly string[];
  /** The bundle's signature file: its address, its bytes, or the answer to a request for it. */
  readonly signature?: Exclude<Source, WebAssembly.Module>;
  /** Least sequence number of the signature, so that no older release is loaded. */
  readonly minimum?: number;
  /** Milliseconds since 1970 at which the signature has to be good, in place of the host's clock. */
  readonly now?: number;
}

/** Loads a bundle. */
export type Load = <
  Row extends object = Record<string, unknown>,
  Label extends string = string,
>(
  source?: Source,
  options?: LoadOptions,
) => Promise<Gate<Row, Label>>;

/** Loads a bundle that is at hand. */
export type LoadSync = <
  Row extends object = Record<string, unknown>,
  Label extends string = string,
>(
  source?: WebAssembly.Module | ArrayBuffer | ArrayBufferView,
  options?: LoadOptions,
) => Gate<Row, Label>;

/** Columns of equal length, by the name of the input; typed arrays save memory. */
export type Columns<Row extends object = Record<string, unknown>> = {
  readonly [Name in keyof Row]?: ArrayLike<Row[Name]>;
};

/** A loaded bundle, ready to decide. */
export interface Gate<Row extends object = Record<string, unknown>, Label extends string = string> {
  /** Identity of the bundle: `sha256:` and 64 hexadecimal digits. */
  readonly identity: string;
  /** The contract's inputs, the labels, the policy's thresholds and the runtime. */
  readonly info: GateInfo;

  /**
   * Decides one record.
   *
   * A record that breaks the contract is no error: its decision is `reject` or `escalate` and
   * lists the violations.
   *
   * @throws {@link DriftlineError} `disposed` after {@link Gate.dispose}; `trap` if the
   * WebAssembly instance failed (it is replaced, and the next call answers).
   */
  predict(record: Row): Decision<Label>;

  /**
   * Decides many records, given as rows or as columns; one decision a row, in order.
   *
   * @throws {@link DriftlineError} `bad_input` if columns differ in length or are no arrays;
   * and those of {@link Gate.predict}.
   */
  predictMany(rows: readonly Row[] | Columns<Row>): Decision<Label>[];

  /** The broken clauses of a record, without asking the model. Errors as for `predict`. */
  validate(record: Row): Violation[];

  /**
   * The model's raw scores of a record, bit for bit and whatever the policy says of them, or
   * `null` if the record cannot be turned into features. For comparison with the training
   * pipeline. Errors as for `predict`, and `model_failed`.
   */
  scores(record: Row): Float64Array | null;

  /**
   * Has a function or a route told of each escalated record, after its decision is made; what it
   * throws is counted and goes no further. The answer ends it.
   */
  onEscalate(handler: EscalationHandler<Row, Label>): () => void;

  /**
   * Remembers a decision for its outcome, and gives the id to name it by. What is kept are the cells
   * that it was counted in; a decision that is not tracked costs nothing. An escalated decision that
   * a handler was told of has its id already.
   *
   * @throws {@link DriftlineError} `bad_usage` for a decision of another bundle, and where there is
   * no randomness, as in a Worker's global scope.
   */
  track(decision: Decision<Label>): string;

  /**
   * Takes the outcome of a decision: the truth, or metrics, or both, each id once. It is counted by the
   * decision's label, confidence and action.
   *
   * @throws {@link DriftlineError} `bad_usage` if it is not of the model's kind or labels, or has a
   * metric that was not declared; nothing is counted then.
   */
  outcome(id: string, answer: Answer<Label>): Outcome<Row, Label>;

  /** Has a function told of each answer. What it throws goes no further. */
  onOutcome(handler: (outcome: Outcome<Row, Label>) => unknown): () => void;

  /**
   * The escalations whose answer is overdue and whose route declares what happens then, each told
   * once. `now` in milliseconds since 1970.
   */
  overdue(now?: number): Overdue<Row, Label>[];

  /** Turns the kill switch on: the model is not asked, every record has the policy's fallback. */
  kill(why: string): void;
  /** Turns the kill switch off. */
  revive(): void;

  /** Says that a drift alarm stands: what would be accepted has the policy's `suspended`. */
  suspend(why: string): void;
  /** Says that it stands no more. */
  resume(): void;

  /** Switches, budget, assertions, escalations. Errors as for `predict`. */
  status(): GateStatus;

  /** What was counted since the window began: cells alone, never a record. Errors as for `predict`. */
  summary(): Summary;

  /**
   * Says to which values of the declared segments the records from now on belong. A key that is left
   * out, or a value that was not declared, counts among all others.
   *
   * @throws {@link DriftlineError} `bad_usage` for a key that was not declared.
   */
  segment(values: Readonly<Record<string, string>>): void;

  /** Frees the instance. Further calls raise `disposed`; disposing twice does nothing. */
  dispose(): void;
  /** The same as {@link Gate.dispose}, for `using`. */
  [Symbol.dispose](): void;
}

/** The type of an input. Nothing is converted from another type. */
export type InputType =
  | "number"
  | "integer"
  | "text"
  | "category"
  | "boolean"
  | "timestamp"
  | "array"
  | "any";

/** One input of the contract; a clause that the contract does not have is `null`. */
export interface InputInfo {
  /** Name of the field in a record. */
  readonly name: string;
  /** Type of its value. */
  readonly type: InputType;
  /** What it is. */
  readonly description: string | null;
  /** Its unit, as UCUM writes it where there is a code. */
  readonly unit: string | null;
  /** Whether the field has to be there. */
  readonly required: boolean;
  /** What follows from a missing value. */
  readonly missing: "reject" | "escalate" | "impute" | "allow";
  /** Element type of an array. */
  readonly dtype: "float32" | "float64" | "int64" | "int32" | "uint8" | null;
  /** Length of each dimension of an array, `null` where any will do. */
  readonly shape: readonly (number | null)[] | null;
  /** Lower end of the range; RFC 3339 for a timestamp. */
  readonly minimum: number | string | null;
  /** Upper end of the range. */
  readonly maximum: number | string | null;
  /** Whether the lower end itself is outside. */
  readonly exclusive_minimum: boolean;
  /** Whether the upper end itself is outside. */
  readonly exclusive_maximum: boolean;
  /** The allowed values. */
  readonly values: readonly (string | number)[] | null;
  /** What follows from a category that is not listed. */
  readonly unseen: "reject" | "escalate" | "warn" | "encode";
}

/** What a gate knows about itself. */
export interface GateInfo {
  /** Name of the model. */
  readonly name: string;
  /** What the model is for. */
  readonly description: string | null;
  /** Identity of the bundle: `sha256:` and 64 hexadecimal digits. */
  readonly identity: string;
  /** What runs the model. */
  readonly runtime: "plan" | "tract";
  /** Version of driftline that compiled the model. */
  readonly compiled_by: string;
  /** The inputs, in the contract's order. */
  readonly inputs: readonly InputInfo[];
  /** What the answer is. */
  readonly kind: "binary" | "multiclass" | "multilabel" | "regression" | "ranking";
  /** The labels, in the order of the scores; none for a regression. */
  readonly labels: readonly string[];
  /** By label: the confidence that it needs, in `[0, 1]`, and what happens below; `null`: never accepted. */
  readonly thresholds: Readonly<
    Record<string, { readonly threshold: number | null; readonly below: "default" | "escalate" | "reject"; readonly default_label?: string }>
  >;
  /** The label that the action `default` answers. */
  readonly default_label: string | null;
  /** The labels that it answers, of a model of several labels at once. */
  readonly default_labels: readonly string[] | null;
  /** The number that it answers. */
  readonly default_value: number | null;
  /** Where escalated records go; the first that fits. */
  readonly routes: readonly {
    readonly name: string;
    readonly due_minutes?: number;
    readonly unanswered: "default" | "escalate" | "reject";
  }[];
  /** How many records a day this gate may escalate. */
  readonly budget: {
    readonly per_day: number;
    readonly used_up: "default" | "reject" | "accept";
    readonly utc_offset_minutes: number;
  } | null;
  /** Names of the assertions. */
  readonly assertions: readonly string[];
  /** Whether decisions depend on the time. */
  readonly needs_clock: boolean;
  /** Whether identifiers are remembered, as hashes under a random key of this instance. */
  readonly needs_key: boolean;
  /** The cells that decisions are counted in; made when it is first read. */
  readonly summary: SummaryLayout;
}
