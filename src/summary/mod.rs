//! Counts in fixed bins: those of the training data, and those of production that are compared
//! with them. docs/summaries.md lists the cells.

mod baseline;
mod bins;
mod counts;
mod declared;
mod kinds;
mod layout;
mod names;
mod outcome;
mod scale;
mod window;
mod window_checks;

pub use baseline::{
    Baseline, CategoryBins, InputBins, NumericBins, OutputBins, ScoreBins, TimestampBins,
};
pub use bins::Bins;
pub use counts::Summary;
pub use declared::Declared;
pub use kinds::{BlockKind, Follow, Special};
pub use layout::{Block, CONFIDENCE_BINS, Layout};
pub use outcome::{Tracked, Truth};
pub use window::Window;
pub use window_checks::{Against, Aggregate, WindowCheck, WindowChecks};

#[cfg(test)]
mod tests;
