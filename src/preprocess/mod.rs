//! Valid records to the model's input tensors, exactly as the contract declares.
//!
//! Arithmetic is binary64 and every value is cast to its tensor's element type once, at the end.
//! What a column cannot hold is a violation, never a rounded, infinite or absent value.

mod clock;
mod encode;
mod features;
mod pipeline;
mod step;
mod zone;

pub use features::{FeatureTensor, FeatureValue, Features};
pub use pipeline::Pipeline;
pub use zone::ZoneRules;
