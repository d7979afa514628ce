//! Features: how the model's columns are computed from an input, step by step.

use super::scalar::Scalar;
use super::schema::is_default;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use schemars::JsonSchema;

/// One or more columns computed from one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Name of the feature.
    pub name: String,
    /// The input that it starts from.
    pub from: String,
    /// What is done to the value, in order. A missing value passes every step unchanged until one
    /// handles it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// What training replaced missing values with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ImputeStrategy {
    /// A value chosen by hand, which may lie outside the input's range, such as −1.
    #[default]
    Constant,
    /// The training data's mean.
    Mean,
    /// The training data's median.
    Median,
    /// The training data's most frequent value.
    MostFrequent,
}

/// A part of a date or time in a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CalendarPart {
    /// Year of the proleptic Gregorian calendar.
    Year,
    /// 1 to 4.
    Quarter,
    /// 1 to 12.
    Month,
    /// ISO 8601 week, 1 to 53.
    IsoWeek,
    /// Day of the month, 1 to 31.
    Day,
    /// Day of the year, 1 to 366.
    DayOfYear,
    /// Monday 0 to Sunday 6.
    Weekday,
    /// 1 on Saturday and Sunday, else 0.
    Weekend,
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    Minute,
    /// 0 to 59, without the fraction.
    Second,
    /// Minutes on the clock since midnight, 0 to 1439.
    MinuteOfDay,
    /// Seconds on the clock since midnight, 0 to 86399.
    SecondOfDay,
    /// Offset from UTC in minutes, east positive.
    UtcOffset,
}

/// One step of a feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Replaces a missing value.
    Impute {
        /// The replacement, of the type that the value has at this step. For a category it may be
        /// a category of its own, which a later step must know.
        value: Scalar,
        /// Where the replacement comes from. All but `constant` must lie in the input's range.
        #[serde(default, skip_serializing_if = "is_default")]
        strategy: ImputeStrategy,
    },
    /// 1 if the value is missing, else 0.
    MissingIndicator {},
    /// A part of a timestamp on the clock of a zone.
    Calendar {
        /// The part.
        part: CalendarPart,
        /// IANA name of the zone, such as `America/New_York`.
        zone: String,
    },
    /// The position in a list, from 0.
    Ordinal {
        /// The list; the input's `values` if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        categories: Option<Vec<Scalar>>,
        /// The code of a value that is not in the list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unseen: Option<f64>,
        /// The code of a missing value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<f64>,
    },
    /// One column a category: 1 in the value's, 0 in the others.
    OneHot {
        /// The list; the input's `values` if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        categories: Option<Vec<Scalar>>,
        /// What a value that is not in the list gives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unseen: Option<OneHotOther>,
        /// What a missing value gives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<OneHotOther>,
    },
    /// `(x − mean) / scale`.
    StandardScale {
        /// Mean of the training data.
        mean: f64,
        /// Standard deviation of the training data, not 0.
        scale: f64,
    },
    /// `(x − minimum) / (maximum − minimum)`.
    MinMaxScale {
        /// The value that becomes 0.
        minimum: f64,
        /// The value that becomes 1.
        maximum: f64,
    },
    /// The nearest value in `[minimum, maximum]`.
    Clip {
        /// Lower end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<f64>,
        /// Upper end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<f64>,
    },
    /// `ln(1 + x)`; a violation for x ≤ −1.
    Log1p {},
    /// Two columns: `sin(2πx / period)` and `cos(2πx / period)`.
    Cyclic {
        /// Length of the cycle, above 0, in the value's unit.
        period: f64,
    },
}

impl Step {
    /// The step's name as the file spells it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Impute { .. } => "impute",
            Self::MissingIndicator {} => "missing_indicator",
            Self::Calendar { .. } => "calendar",
            Self::Ordinal { .. } => "ordinal",
            Self::OneHot { .. } => "one_hot",
            Self::StandardScale { .. } => "standard_scale",
            Self::MinMaxScale { .. } => "min_max_scale",
            Self::Clip { .. } => "clip",
            Self::Log1p {} => "log1p",
            Self::Cyclic { .. } => "cyclic",
        }
    }
}

/// What one-hot encoding makes of a value without a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OneHotOther {
    /// 0 in every column.
    Zeros,
}
