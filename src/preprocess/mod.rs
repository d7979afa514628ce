//! Valid records to the model's input tensors, exactly as the contract declares.
//!
//! Arithmetic is binary64 and every value is cast to its tensor's element type once, at the end.
//! What a column cannot hold is a violation, never a rounded, infinite or absent value. NaN is in a
//! tensor only where the contract says `missing_as_nan`.

#[cfg_attr(not(feature = "arrays"), path = "array_absent.rs")]
mod array;
mod calendar;
mod clock;
mod compile;
mod encode;
mod features;
mod hash;
#[cfg(feature = "arrays")]
mod image;
mod pipeline;
mod posix_zone;
mod step;
#[cfg_attr(not(feature = "text"), path = "tokens_absent.rs")]
mod tokens;
mod trace;
mod transform;
mod tzif;
mod zone;

pub use calendar::CalendarReader;
pub use features::{FeatureTensor, FeatureValue, Features};
pub use pipeline::Pipeline;
pub use trace::Traced;
pub use zone::ZoneRules;
