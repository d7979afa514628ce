//! Features: how the model's columns are computed from an input, step by step.

use super::scalar::Scalar;
use super::schema::{is_default, is_true, yes};
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
        /// A category without a column of its own: it gives 0 in every column.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        drop: Option<Scalar>,
    },
    /// A number that training found for each category: target, frequency or weight of evidence.
    Map {
        /// The categories; the input's `values` if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        categories: Option<Vec<Scalar>>,
        /// The number of each.
        values: Vec<f64>,
        /// The number of a value that is not in the list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unseen: Option<f64>,
        /// The number of a missing value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<f64>,
    },
    /// A bucket from 0 by hash: 32-bit MurmurHash3 (x86) of the text's UTF-8, modulo `buckets`.
    /// Unseen categories have a bucket like all others.
    Hash {
        /// Buckets.
        buckets: u32,
        /// Seed of the hash.
        #[serde(default, skip_serializing_if = "is_default")]
        seed: u32,
    },
    /// One column a bucket: how often n-grams of the text fall into it, as scikit-learn's
    /// `HashingVectorizer` counts them.
    HashTokens {
        /// What the text is cut into.
        tokens: Tokens,
        /// Shortest and longest n-gram.
        #[serde(default = "unigrams", skip_serializing_if = "are_unigrams")]
        ngrams: (u32, u32),
        /// Columns.
        buckets: u32,
        /// Half of the n-grams count −1, so that collisions cancel out; `true` if left out.
        #[serde(default = "yes", skip_serializing_if = "is_true")]
        signed: bool,
        /// The text is put in lower case first; `true` if left out.
        #[serde(default = "yes", skip_serializing_if = "is_true")]
        lowercase: bool,
        /// What the columns are divided by.
        #[serde(default, skip_serializing_if = "is_default")]
        norm: Norm,
    },
    /// Number of characters (Unicode scalar values).
    TextLength {},
    /// Time since 1970-01-01T00:00:00Z.
    Epoch {
        /// The unit.
        unit: TimeUnit,
    },
    /// Time since another timestamp of the record, negative before it; missing if that is.
    Since {
        /// The input with the other timestamp.
        input: String,
        /// The unit.
        unit: TimeUnit,
    },
    /// NaN for a missing value, for models that were trained with NaN as missing; float tensors
    /// only. Nothing else ever puts NaN into a tensor.
    MissingAsNan {},
    /// `(x − center) / scale`, median and interquartile range of the training data.
    RobustScale {
        /// What becomes 0.
        center: f64,
        /// What becomes 1 after that, not 0.
        scale: f64,
    },
    /// Logarithm of x + `offset`; a violation unless that is above 0.
    Log {
        /// Base, above 0 and not 1; e if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<f64>,
        /// Added first.
        #[serde(default, skip_serializing_if = "is_default")]
        offset: f64,
    },
    /// Box and Cox (1964): `(x^λ − 1) / λ`, or `ln x` for λ = 0; a violation unless x is above 0.
    BoxCox {
        /// λ.
        lambda: f64,
    },
    /// Yeo and Johnson (2000), for numbers of either sign.
    YeoJohnson {
        /// λ.
        lambda: f64,
    },
    /// Place among the training data's quantiles, as scikit-learn's `QuantileTransformer`.
    Quantile {
        /// The quantiles, rising, two or more, evenly spaced in probability from 0 to 1.
        quantiles: Vec<f64>,
        /// Distribution of the result.
        #[serde(default, skip_serializing_if = "is_default")]
        output: Distribution,
    },
    /// Number of the bin from 0: bins are `[edge, next edge)`, values beyond the ends fall into
    /// the outer bins.
    Bins {
        /// The edges, rising, both ends included.
        edges: Vec<f64>,
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
    /// Another height and width of an image, an array of height × width × channels. Either both are
    /// given, or `shortest`, which keeps the proportions and cuts the other side to a whole number,
    /// as torchvision's `Resize`.
    Resize {
        /// Rows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        height: Option<u32>,
        /// Columns.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        width: Option<u32>,
        /// Length of the shorter side.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shortest: Option<u32>,
        /// How pixels are made from pixels.
        method: Resampling,
    },
    /// The middle of an image, as torchvision's `CenterCrop`: half of an odd rest is rounded to the
    /// even number. An image that is smaller is refused.
    CenterCrop {
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
    },
    /// Some of an image's channels in this order: `[0, 1, 2]` drops alpha, `[2, 1, 0]` makes BGR of
    /// RGB.
    Channels {
        /// Channels of the image, from 0.
        take: Vec<u32>,
    },
    /// `(x / divisor − mean) / std` of every element of an array; mean and deviation are those of
    /// the last dimension, or one for all.
    Normalize {
        /// Divides first, such as 255; 1 if left out.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        divisor: f64,
        /// Subtracted then; 0 if left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mean: Vec<f64>,
        /// Divides last, not 0; 1 if left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        std: Vec<f64>,
    },
    /// Height × width × channels become channels × height × width. The last step of an image.
    ChannelsFirst {},
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
            Self::Map { .. } => "map",
            Self::Hash { .. } => "hash",
            Self::HashTokens { .. } => "hash_tokens",
            Self::TextLength {} => "text_length",
            Self::Epoch { .. } => "epoch",
            Self::Since { .. } => "since",
            Self::MissingAsNan {} => "missing_as_nan",
            Self::RobustScale { .. } => "robust_scale",
            Self::Log { .. } => "log",
            Self::BoxCox { .. } => "box_cox",
            Self::YeoJohnson { .. } => "yeo_johnson",
            Self::Quantile { .. } => "quantile",
            Self::Bins { .. } => "bins",
            Self::Resize { .. } => "resize",
            Self::CenterCrop { .. } => "center_crop",
            Self::Channels { .. } => "channels",
            Self::Normalize { .. } => "normalize",
            Self::ChannelsFirst {} => "channels_first",
        }
    }
}

/// How an image's pixels are made from those of another size. Pixels are squares and their values
/// those of their centres: the centre of output pixel i lies at `(i + 0.5) · in / out` (half-pixel
/// centres, `align_corners = false`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Resampling {
    /// The pixel that holds the centre: Pillow's `NEAREST`, PyTorch's `nearest-exact`.
    Nearest,
    /// Between the four pixels around the centre, whatever the scale; edges repeat, and nothing is
    /// rounded: ONNX's `Resize` with `half_pixel`, PyTorch's `bilinear`, TensorFlow's `bilinear`.
    Bilinear,
    /// A triangle over all pixels that the output pixel covers, rows first: `BILINEAR` of Pillow up
    /// to 12, and so torchvision's `Resize` of images. Elements of `uint8` are rounded after rows and
    /// after columns in Pillow's fixed-point arithmetic. Pillow 13 begins with the cheaper of the
    /// two, so that a byte may differ by one.
    BilinearAntialias,
}

/// What one-hot encoding makes of a value without a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OneHotOther {
    /// 0 in every column.
    Zeros,
    /// A last column of its own, for values that training had gathered as infrequent.
    Column,
}

/// What a text is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tokens {
    /// Runs of two or more letters, digits and underscores.
    Words,
    /// Characters; runs of white space count as one space.
    Characters,
}

/// What a row of counts is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// Nothing.
    None,
    /// The sum of its absolute values.
    L1,
    /// Its Euclidean length.
    #[default]
    L2,
}

/// A distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// Uniform on [0, 1].
    #[default]
    Uniform,
    /// Normal with mean 0 and deviation 1, cut at about ±5.2.
    Normal,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// 1 s.
    Seconds,
    /// 60 s.
    Minutes,
    /// 3,600 s.
    Hours,
    /// 86,400 s, whatever the calendar says.
    Days,
}

impl TimeUnit {
    /// The unit in seconds.
    pub const fn seconds(self) -> f64 {
        match self {
            Self::Seconds => 1.0,
            Self::Minutes => 60.0,
            Self::Hours => 3_600.0,
            Self::Days => 86_400.0,
        }
    }
}

fn one() -> f64 {
    1.0
}

fn is_one(x: &f64) -> bool {
    *x == 1.0
}

fn unigrams() -> (u32, u32) {
    (1, 1)
}

fn are_unigrams(ngrams: &(u32, u32)) -> bool {
    *ngrams == unigrams()
}
