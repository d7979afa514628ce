//! The baseline's counts in the order of a window's cells.

use crate::summary::InputBins;

/// Counts of an input's cells: its bins, then missing, of numbers below and above, of categories
/// unseen, then invalid, as [`crate::summary::Layout`] lays them out; and the edges of the bins.
pub fn baseline_cells(bins: &InputBins) -> (Vec<u64>, Option<&[f64]>) {
    let (counts, specials, edges) = match bins {
        InputBins::Numeric(b) => {
            (&b.counts, vec![b.missing, b.below, b.above, b.invalid], Some(b.edges.as_slice()))
        }
        InputBins::Timestamp(b) => {
            (&b.counts, vec![b.missing, 0, 0, b.invalid], Some(b.edges.as_slice()))
        }
        InputBins::Category(b) => (&b.counts, vec![b.missing, b.unseen, b.invalid], None),
    };
    (counts.iter().copied().chain(specials).collect(), edges)
}
