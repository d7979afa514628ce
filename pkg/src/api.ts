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

/** Stable codes of the reason for an action. New ones may come; none changes its meaning. */
export type Reason =
  /** The confidence reaches the label's threshold. */
  | "confident"
  /** The confidence is below the label's threshold. */
  | "low_confidence"
  /** The policy accepts no such answer, whatever its confidence. */
  | "no_threshold"
  /** The predicted value lies within the policy's bounds. */
  | "within_bounds"
  /** The predicted value lies outside the policy's bounds. */
  | "out_of_bounds"
  /** The truth may lie further from the predicted value than the policy tolerates. */
  | "wide_interval"
  /** The record breaks a clause of the contract that refuses or escalates it. */
  | "violation"
  /** The model answered NaN, infinity, or a score outside `[0, 1]`. */
  | "bad_scores"
  /** The model could not compute the record. */
  | "model_failed"
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
    Record<string, { readonly threshold: number | null; readonly below: "default" | "escalate" | "reject" }>
  >;
  /** The label that the action `default` answers. */
  readonly default_label: string | null;
}
