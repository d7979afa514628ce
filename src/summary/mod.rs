//! Counts in fixed bins: those of the training data, and those of production that are compared
//! with them. docs/summaries.md lists the cells.

mod baseline;
mod bins;
mod counts;
mod declared;
mod layout;
mod outcome;
mod scale;
mod window;

pub use baseline::{
    Baseline, CategoryBins, InputBins, NumericBins, OutputBins, ScoreBins, TimestampBins,
};
pub use bins::Bins;
pub use counts::Summary;
pub use declared::Declared;
pub use layout::{Block, BlockKind, CONFIDENCE_BINS, Follow, Layout, Special};
pub use outcome::{Tracked, Truth};
pub use window::Window;

#[cfg(test)]
mod tests;
