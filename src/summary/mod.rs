//! Counts in fixed bins: those of the training data, and what they are compared with.

mod baseline;

pub use baseline::{
    Baseline, CategoryBins, InputBins, NumericBins, OutputBins, ScoreBins, TimestampBins,
};
