//! The inner loops of the plan runtime and of the statistics: slices in, slices out.
//!
//! They are a crate of their own because the level of optimisation is set for each crate: these are
//! compiled for speed, everything around them for size.

pub mod dense;
pub mod doubles;
pub mod elementwise;
pub mod lanes;
pub mod scores;
pub mod trees;
