//! What a record must be: schema, raw values, validators, violations.

mod value;
mod violation;

pub use value::{RawRecord, Value};
pub use violation::{Severity, Violation};
