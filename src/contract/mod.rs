//! What a record must be: schema, raw values, validators, violations.
//!
//! ```
//! use driftline::contract::Contract;
//!
//! let contract = Contract::from_json(br#"{
//!     "format": "driftline.contract/1", "name": "trips",
//!     "inputs": [{"name": "distance", "type": "number", "minimum": 0, "unit": "km"}]
//! }"#)?;
//! assert_eq!(contract.inputs.len(), 1);
//! # Ok::<(), driftline::Error>(())
//! ```

mod check;
mod clause;
mod decimal;
mod document;
mod json;
mod pattern;
mod quote;
mod record;
mod scalar;
mod schema;
mod step;
#[cfg_attr(not(feature = "text"), path = "strptime_absent.rs")]
mod strptime;
mod time;
mod valid;
mod validate;
mod value;
mod violation;

pub(crate) use check::array_shape;
#[cfg(feature = "arrays")]
pub(crate) use check::shortest_side;
pub use clause::{Accept, Anchor, Charset, Check, Fields, Of, Rule, Skip, ValueType};
pub use document::read_json;
pub(crate) use document::{parse_json, read_value};
pub use json::{HUGE_INTEGER, LONE_SURROGATE};
pub use record::RecordReader;
pub use scalar::{Scalar, exact_f64};
pub use schema::{
    Contract, Input, InputType, Missing, OutputKind, Outputs, TensorSpec, UnknownFields, Unseen,
    is_utc,
};
pub use step::{
    CalendarPart, Distribution, Feature, ImputeStrategy, Norm, OneHotOther, Resampling, Step,
    TimeUnit, Tokens,
};
pub(crate) use time::days_from_civil;
pub use time::{Instant, TimeFault, parse_rfc3339};
pub use valid::{Cell, ValidRecord};
pub use validate::Validator;
pub(crate) use validate::{TextSet, Values};
pub use value::{RawRecord, Value};
pub use violation::{Severity, Violation};
