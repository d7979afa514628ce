/**
 * What a caller of driftline sees: decisions, violations, errors and the gate.
 *
 * This file imports nothing, so that the packages that `driftline build` writes can carry its
 * declarations as they are.
 */

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

/** Stable codes of broken clauses. New ones may come; none changes its meaning. */
export type ViolationCode =
  | "missing_value"
  | "wrong_type"
  | "not_finite"
  | "not_integer"
  | "unsafe_integer"
  | "out_of_range"
  | "not_in_set"
  | "empty_text"
  | "too_long"
  | "bad_timestamp"
  | "missing_offset"
  | "unknown_field"
  | "duplicate_field"
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
  /** Stable code of the reason for the action. */
  readonly reason: string;
  /** The label that stands, or `null` where nothing was decided. */
  readonly label: Label | null;
  /** Probability of each label, or `null` where the model did not answer. */
  readonly scores: Readonly<Record<Label, number>> | null;
  /** Confidence in `[0, 1]` that the policy compared with its threshold, or `null`. */
  readonly confidence: number | null;
  /** The predicted quantity of a regression model, otherwise `null`. */
  readonly value: number | null;
  /** Every broken clause. */
  readonly violations: readonly Violation[];
  /** Identity of the bundle that decided: `sha256:` and 64 hexadecimal digits. */
  readonly identity: string;
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
}

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
   * `input_too_large` past the limit of rows; and those of {@link Gate.predict}.
   */
  predictMany(rows: readonly Row[] | Columns<Row>): Decision<Label>[];

  /** The broken clauses of a record, without asking the model. Errors as for `predict`. */
  validate(record: Row): Violation[];

  /** Frees the instance. Further calls raise `disposed`; disposing twice does nothing. */
  dispose(): void;
  /** The same as {@link Gate.dispose}, for `using`. */
  [Symbol.dispose](): void;
}

/** The type of an input. */
export type InputType = "number" | "integer" | "text" | "category" | "boolean" | "timestamp";

/** One input of the contract. */
export interface InputInfo {
  readonly name: string;
  readonly type: InputType;
  readonly description?: string;
  readonly unit?: string;
  readonly required: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusive_minimum?: boolean;
  readonly exclusive_maximum?: boolean;
  readonly values?: readonly string[];
  readonly missing: string;
  readonly unseen?: string;
}

/** What a gate knows about itself. */
export interface GateInfo {
  readonly name: string;
  readonly identity: string;
  readonly inputs: readonly InputInfo[];
  readonly labels: readonly string[];
}
