//! Every limit on input from outside, each with its reason. `docs/limits.md` lists the same.

/// Longest text value in a record, in bytes: categories and timestamps are far shorter, and the
/// check must come before anything walks the text.
pub const MAX_TEXT_BYTES: usize = 65_536;

/// Longest piece of a caller's value that a message may repeat, in characters.
pub const MAX_QUOTED_CHARS: usize = 40;

/// Fields that a record may have beyond the contract's before the rest goes unlisted.
pub const MAX_UNKNOWN_LISTED: usize = 16;

/// Inputs of a contract: a beacon and a validation message must stay readable.
pub const MAX_INPUTS: usize = 4_096;

/// Features that a contract may compute.
pub const MAX_FEATURES: usize = 65_536;

/// Steps of one feature: each is walked for every record.
pub const MAX_STEPS: usize = 64;

/// Checks of one input and rules of a contract: each is tried on every record.
pub const MAX_CHECKS: usize = 1_024;

/// Compiled size of one regular expression, in bytes: counted repetitions multiply.
pub const MAX_REGEX_BYTES: usize = 1 << 20;

/// Input tensors of a model.
pub const MAX_TENSORS: usize = 4_096;

/// Longest name of an input, feature, tensor, label or zone, in bytes: names go into messages,
/// beacons and file names.
pub const MAX_NAME_BYTES: usize = 256;

/// How deep the values of a JSON record may be nested: the reader walks them recursively.
pub const MAX_JSON_DEPTH: usize = 64;

/// Allowed values or categories of one input.
pub const MAX_CATEGORIES: usize = 65_536;

/// Contract, policy or baseline as text, in bytes: parsed in one piece.
pub const MAX_DEFINITION_BYTES: usize = 16 << 20;

/// Whole bundle, in bytes: what a browser tab loads without asking.
pub const MAX_BUNDLE_BYTES: usize = 512 << 20;

/// Manifest of a bundle, in bytes: it is parsed before any hash can be checked.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;

/// Parts of a bundle.
pub const MAX_PARTS: usize = 64;

/// Signature file or key, in bytes: read before anything in it is trusted.
pub const MAX_SIGNATURE_BYTES: usize = 65_536;

/// Signatures, rotations and pinned keys each: every one may cost a verification.
pub const MAX_SIGNATURES: usize = 8;

/// Channel file, in bytes: fetched by every client at each poll.
pub const MAX_CHANNEL_BYTES: usize = 65_536;

/// Steps that a channel remembers; older ones make room.
pub const MAX_CHANNEL_STEPS: usize = 50;

/// ONNX file, in bytes: protobuf's own limit.
pub const MAX_ONNX_BYTES: usize = (2 << 30) - 1;

/// Tree nodes in one model: the flat form takes 12–16 bytes a node.
pub const MAX_TREE_NODES: usize = 4_000_000;

/// Steps of one plan.
pub const MAX_PLAN_STEPS: usize = 65_536;

/// Tensors of one plan, constants included.
pub const MAX_PLAN_TENSORS: usize = 1 << 20;

/// Strings of one plan: labels and categories.
pub const MAX_PLAN_STRINGS: usize = 1 << 22;

/// Text that one prediction may bring or make, in bytes, beyond the plan's own: a million rows of 64
/// bytes, or a thousand of 64 KiB.
pub const MAX_CALL_TEXT_BYTES: usize = 64 << 20;

/// Classes of a support vector classifier: it votes on every pair of them.
pub const MAX_SVM_CLASSES: usize = 1_024;

/// Words of one n-gram, skipped ones included: all of them are held while a text is read.
pub const MAX_GRAM_WINDOW: usize = 64;

/// Memory that one prediction may take, in bytes: half of what 32-bit wasm can address.
pub const MAX_ARENA_BYTES: usize = 2 << 30;

/// Element operations that a plan may take for one row: about a minute. A bundle's few bytes can
/// ask for years.
pub const MAX_PLAN_WORK: u64 = 1 << 36;

/// Element operations that one call may take: a million rows of a million operations.
pub const MAX_CALL_WORK: u64 = 1 << 40;

/// Elements of a constant that the compiler computes: beyond it the step stays in the plan.
pub const MAX_FOLDED_ELEMENTS: usize = 1 << 20;

/// Elements of one tensor while predicting: 1 GiB of f32.
pub const MAX_TENSOR_ELEMENTS: usize = 1 << 28;

/// Rows of one call to `predict_many`.
pub const MAX_BATCH_ROWS: usize = 1 << 20;

/// One record as JSON text, in bytes: it is read in one piece; images come as typed arrays.
pub const MAX_RECORD_BYTES: usize = 64 << 20;

/// Nesting of arrays in one value: an image is rows × columns × channels, in batches.
pub const MAX_LIST_DEPTH: usize = 5;

/// Elements of one record's arrays together: a 4-megapixel image with four channels.
pub const MAX_LIST_LENGTH: usize = 1 << 24;

/// Points of one isotonic calibration map: each is a step that the fitting rows can tell apart.
pub const MAX_CALIBRATION_POINTS: usize = 4_096;

/// Features that novelty looks at: each is walked for every record.
pub const MAX_NOVELTY_FEATURES: usize = 1_024;

/// Edges of one feature's bins in novelty's tables: pairs of features square them.
pub const MAX_NOVELTY_BINS: usize = 256;

/// Strangenesses that novelty keeps: a tenth of 40,960 ranked rows, which tells p-values of 0.0001.
pub const MAX_NOVELTY_LEVELS: usize = 4_096;

/// Bins of one histogram: more say nothing that a drift test could use.
pub const MAX_BINS: usize = 4_096;

/// Checks of a window: a suite of several a column; each is computed for every window of a report.
pub const MAX_WINDOW_CHECKS: usize = 4_096;

/// Distinct values of one column that `driftline profile` counts exactly; with more of them its
/// counts are bounds, so that memory stays flat however long the file is.
pub const MAX_PROFILE_DISTINCT: usize = 4_096;

/// Bytes of those values of one column together, for the same reason.
pub const MAX_PROFILE_VALUE_BYTES: usize = 1 << 18;

/// Values that a profile follows in a column with more distinct ones than it counts exactly. A
/// frequency is then too low by at most the rows' 1,025th part (Misra and Gries).
pub const MAX_PROFILE_FREQUENT: usize = 1_024;

/// Capacity k of a profile's quantile sketch (KLL): ranks are within 0.25% with 99% confidence.
pub const PROFILE_SKETCH_SIZE: usize = 2_048;

/// Rules of a policy: each is tried on every record.
pub const MAX_RULES: usize = 256;

/// Conditions of one rule or assertion.
pub const MAX_CONDITIONS: usize = 64;

/// Assertions of a policy: each may hold the histories of its identifiers.
pub const MAX_ASSERTIONS: usize = 32;

/// Escalation routes of a policy.
pub const MAX_ROUTES: usize = 64;

/// Identifiers that one assertion remembers, 40 bytes each; those seen longest ago make room.
pub const MAX_TRACKED_IDENTIFIERS: usize = 4_096;

/// Places that an identifier may have among them.
pub const TRACKED_WAYS: usize = 4;

/// Rows that a profile keeps to compare each column with the target.
pub const MAX_PROFILE_SAMPLE: usize = 4_096;

/// Columns of a file whose dictionary in a profile has its full length; with more columns each has
/// the less, and at least 64 values, so that a wide file stays bounded too.
pub const MAX_PROFILE_FULL_COLUMNS: usize = 256;

/// Cells of those rows together.
pub const MAX_PROFILE_SAMPLE_CELLS: usize = 1 << 22;

/// Rows of an MLflow input example that `driftline import` tries on the contract.
pub const MAX_EXAMPLE_ROWS: usize = 1_000;

/// One array of an archive that `driftline run` reads, in bytes: NumPy takes 4 for each character
/// of a text array.
pub const MAX_NPZ_ARRAY_BYTES: u64 = 4 << 30;

/// Cells of a summary: 8 MiB of counts, some hundred times what a wide contract has.
pub const MAX_SUMMARY_CELLS: usize = 1 << 20;

/// Labels that a summary tells apart in pairs and in confidence; with more of them it counts right
/// and wrong by predicted label, and the confidence of all together.
pub const MAX_SUMMARY_LABELS: usize = 64;

/// Largest count of a summary: 2^53 − 1, so that it is one number in JavaScript and in JSON.
pub const MAX_COUNT: u64 = (1 << 53) - 1;

/// Segments that a host may declare: each repeats the main cells for each of its values.
pub const MAX_SEGMENT_KEYS: usize = 4;

/// Values of one segment with cells of their own; all others share one.
pub const MAX_SEGMENT_VALUES: usize = 32;

/// Metrics that a host may declare.
pub const MAX_METRICS: usize = 8;

/// Largest value of a metric: 9,007 of them fit into a sum of millionths.
pub const MAX_METRIC: f64 = 1e6;

/// One beacon, in bytes: browsers share 64 KiB among all that is in flight when a page closes.
pub const MAX_BEACON_BYTES: usize = 16 * 1024;

/// Window of one beacon, in hours: a day of a client, a week of a queue, the clock of a laptop.
pub const MAX_BEACON_HOURS: u32 = 366 * 24;

/// Milliseconds of an hour, the unit in which beacons tell time.
pub const MS_PER_HOUR: f64 = 3_600_000.0;

/// Largest ε, in thousandths: at 10 an answer is the truth with odds of 22,026 to 1.
pub const MAX_EPSILON_MILLI: u32 = 10_000;

/// ε of a client and day in `randomized` mode unless told otherwise, in thousandths.
pub const EPSILON_RANDOMIZED_MILLI: u32 = 4_000;

/// ε of a window in `aggregated` mode unless told otherwise, in thousandths.
pub const EPSILON_AGGREGATED_MILLI: u32 = 1_000;

/// Users of a window below which `aggregated` mode lets nothing out.
pub const MIN_USERS: u64 = 100;

/// Records that one client may contribute to a window in `aggregated` mode unless told otherwise.
pub const DEFAULT_CONTRIBUTION: u32 = 1;

/// Most that a client may be let contribute: beyond it the noise would hide everything.
pub const MAX_CONTRIBUTION: u32 = 1_000;
