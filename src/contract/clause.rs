//! Clauses beyond an input's own: checks of one value, rules over several, relaxations.

use super::scalar::Scalar;
use super::schema::{is_default, is_reject, reject};
use super::violation::Severity;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use schemars::JsonSchema;

/// One more check of an input's value, with a severity of its own. A missing value passes all but
/// [`Check::MissingOnly`]; what follows from it is the input's `missing`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// The value lies between two ends.
    Range {
        /// Lower end, itself allowed unless `exclusive_minimum`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<Scalar>,
        /// The range is open below.
        #[serde(default, skip_serializing_if = "is_default")]
        exclusive_minimum: bool,
        /// Upper end, itself allowed unless `exclusive_maximum`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<Scalar>,
        /// The range is open above.
        #[serde(default, skip_serializing_if = "is_default")]
        exclusive_maximum: bool,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The value is one of a list. Numbers compare by value, texts byte for byte.
    InSet {
        /// The list.
        values: Vec<Scalar>,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The value is none of a list.
    NotInSet {
        /// The list.
        values: Vec<Scalar>,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The text has so many characters (Unicode scalar values).
    Length {
        /// Fewest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<u32>,
        /// Most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<u32>,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The text matches regular expressions: syntax of the crate `regex`, linear time, so neither
    /// look-around nor back-references. `\w`, `\d`, `\s` and `(?i)` know Unicode.
    Regex {
        /// The expressions.
        patterns: Vec<String>,
        /// How many of them must match.
        #[serde(default, skip_serializing_if = "is_default")]
        of: Of,
        /// Which part of the text must match.
        #[serde(default, skip_serializing_if = "is_default")]
        anchor: Anchor,
        /// Python's reading of the syntax: `$` also before a last line feed, `\Z` for the end.
        #[serde(default, skip_serializing_if = "is_default")]
        python: bool,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The whole text matches SQL `LIKE` patterns: `%` is any text and `_` any character; a
    /// backslash makes the next character plain.
    Like {
        /// The patterns.
        patterns: Vec<String>,
        /// How many of them must match.
        #[serde(default, skip_serializing_if = "is_default")]
        of: Of,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The text is a date or time in this form, as Python's `strptime` reads it: `%Y %y %m %d %j
    /// %H %I %p %M %S %f %z %a %A %b %B %%`, names in English.
    Strftime {
        /// The form.
        format: String,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The text is a date: RFC 3339's `full-date`, alone or with a time, with or without offset.
    Date {
        /// Also what people write: `May 5`, `1/2/3`, `12:00`. Which day is meant stays open.
        #[serde(default, skip_serializing_if = "is_default")]
        lenient: bool,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The text is JSON.
    Json {
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The text is JSON that this JSON Schema describes.
    JsonSchema {
        /// The schema; references only within it.
        schema: serde_json::Value,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The value is missing.
    MissingOnly {
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The value is of one of these types, as its source told them apart: `1.0` is a number, `1`
    /// an integer.
    Types {
        /// The types.
        types: Vec<ValueType>,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The text is in Unicode's normal form C, so that equal texts have equal bytes. Other texts
    /// are never rewritten.
    Nfc {
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The text has only characters of this set.
    Charset {
        /// The set.
        charset: Charset,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
}

impl Check {
    /// The check's name as the file spells it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Range { .. } => "range",
            Self::InSet { .. } => "in_set",
            Self::NotInSet { .. } => "not_in_set",
            Self::Length { .. } => "length",
            Self::Regex { .. } => "regex",
            Self::Like { .. } => "like",
            Self::Strftime { .. } => "strftime",
            Self::Date { .. } => "date",
            Self::Json { .. } => "json",
            Self::JsonSchema { .. } => "json_schema",
            Self::MissingOnly { .. } => "missing_only",
            Self::Types { .. } => "types",
            Self::Nfc { .. } => "nfc",
            Self::Charset { .. } => "charset",
        }
    }

    /// The crate feature that runs the check, if not every build can.
    pub const fn requires(&self) -> Option<&'static str> {
        match self {
            Self::Regex { .. } => Some("regex"),
            Self::JsonSchema { .. } => Some("json-schema"),
            Self::Nfc { .. } => Some("unicode"),
            _ => None,
        }
    }

    /// What follows from breaking it.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Range { severity, .. }
            | Self::InSet { severity, .. }
            | Self::NotInSet { severity, .. }
            | Self::Length { severity, .. }
            | Self::Regex { severity, .. }
            | Self::Like { severity, .. }
            | Self::Strftime { severity, .. }
            | Self::Date { severity, .. }
            | Self::Json { severity }
            | Self::JsonSchema { severity, .. }
            | Self::MissingOnly { severity }
            | Self::Types { severity, .. }
            | Self::Nfc { severity }
            | Self::Charset { severity, .. } => *severity,
        }
    }
}

/// How many patterns of a list must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Every one.
    #[default]
    All,
    /// One or more.
    Any,
    /// None.
    None,
}

/// Which part of a text a regular expression must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// Any part; `^` and `$` in the expression anchor it.
    #[default]
    Search,
    /// A beginning of the text.
    Start,
    /// The whole text.
    Full,
}

/// A set of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Charset {
    /// U+0000 to U+007F.
    Ascii,
    /// U+0000 to U+00FF, ISO 8859-1.
    Latin1,
    /// All but control characters.
    Printable,
}

/// Type of a value as its source told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// A number with fraction or exponent; every JavaScript number.
    Number,
    /// An integer written as one, or a `BigInt`.
    Integer,
    /// Text.
    Text,
    /// True or false.
    Boolean,
    /// A JavaScript `Date`.
    Date,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A value that is not of the input's type, and is taken all the same because the contract says
/// so. Without it nothing is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Accept {
    /// NaN and an invalid `Date` are missing values, as in pandas.
    NanAsMissing,
    /// ±∞ are numbers. Only for inputs that no feature uses.
    Infinity,
    /// True is 1 and false 0, for numbers and integers.
    BooleanAsNumber,
    /// An integer in decimal digits, such as `"9007199254740993"`, for callers whose JSON has no
    /// integers beyond 2^53.
    DecimalText,
}

/// When a rule over several inputs is left out because values are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// If any is missing: whether one may be is its own input's clause.
    #[default]
    AnyMissing,
    /// If all are missing; with one missing the rule is broken.
    AllMissing,
    /// Never; a missing value breaks the rule.
    Never,
}

/// A rule over several inputs. It is left out when one of them broke a clause of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// `left` is greater than `right`; numbers, timestamps, and texts in the order of their code
    /// points.
    Greater {
        /// The greater.
        left: String,
        /// The smaller.
        right: String,
        /// Equal will do.
        #[serde(default, skip_serializing_if = "is_default")]
        or_equal: bool,
        /// When the rule is left out.
        #[serde(default, skip_serializing_if = "is_default")]
        skip: Skip,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// All values are equal.
    Equal {
        /// The inputs, two or more.
        inputs: Vec<String>,
        /// When the rule is left out.
        #[serde(default, skip_serializing_if = "is_default")]
        skip: Skip,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// No two values are equal.
    Unique {
        /// The inputs, two or more.
        inputs: Vec<String>,
        /// When the rule is left out.
        #[serde(default, skip_serializing_if = "is_default")]
        skip: Skip,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The two values are one of the pairs.
    PairInSet {
        /// The first of each pair.
        left: String,
        /// The second of each pair.
        right: String,
        /// The pairs.
        pairs: Vec<(Scalar, Scalar)>,
        /// When the rule is left out.
        #[serde(default, skip_serializing_if = "is_default")]
        skip: Skip,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The numbers add up, in the order given, to the total.
    SumEquals {
        /// The inputs.
        inputs: Vec<String>,
        /// The total.
        total: f64,
        /// How far the sum may be off; 0 if left out.
        #[serde(default, skip_serializing_if = "is_default")]
        tolerance: f64,
        /// When the rule is left out.
        #[serde(default, skip_serializing_if = "is_default")]
        skip: Skip,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
    /// The input must not be missing when another has one of these values, or, without `values`,
    /// any value.
    RequiredIf {
        /// The input that is then required.
        input: String,
        /// The input that decides.
        when: String,
        /// Its deciding values.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        values: Option<Vec<Scalar>>,
        /// What follows.
        #[serde(default = "reject", skip_serializing_if = "is_reject")]
        severity: Severity,
    },
}

impl Rule {
    /// The rule's name as the file spells it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Greater { .. } => "greater",
            Self::Equal { .. } => "equal",
            Self::Unique { .. } => "unique",
            Self::PairInSet { .. } => "pair_in_set",
            Self::SumEquals { .. } => "sum_equals",
            Self::RequiredIf { .. } => "required_if",
        }
    }

    /// The inputs that it names, in its order.
    pub fn inputs(&self) -> Vec<&str> {
        match self {
            Self::Greater { left, right, .. } | Self::PairInSet { left, right, .. } => {
                vec![left, right]
            }
            Self::Equal { inputs, .. }
            | Self::Unique { inputs, .. }
            | Self::SumEquals { inputs, .. } => inputs.iter().map(String::as_str).collect(),
            Self::RequiredIf { input, when, .. } => vec![input, when],
        }
    }
}

/// What the fields of a record must be as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// The fields stand in the order of the contract's inputs; for files with columns.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ordered: bool,
    /// Fewest fields, unknown ones included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u32>,
    /// Most fields, unknown ones included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u32>,
}
