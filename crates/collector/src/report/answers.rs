//! What was decided, by the blocks that say so.

use super::model::{LabelConfidence, Latency, Named, Violations};
use super::sums::View;
use driftline::summary::BlockKind;

/// Each cell of the first block of a kind; nothing if the mode does not carry it.
pub fn named(view: &View<'_>, kind: BlockKind) -> Vec<Named> {
    let Some((block, seen)) = view.first(kind) else { return Vec::new() };
    let cells = block.cells.iter().zip(seen.counts);
    cells.map(|(name, count)| Named { name: name.clone(), count }).collect()
}

/// The same without those that never came.
pub fn occurring(view: &View<'_>, kind: BlockKind) -> Vec<Named> {
    let mut all = named(view, kind);
    all.retain(|named| named.count != 0.0);
    all
}

pub fn violations(view: &View<'_>) -> Vec<Violations> {
    let of = |named: Named| {
        // a code has no slash, an input may
        let (input, code) = named.name.rsplit_once('/')?;
        Some(Violations { input: input.into(), code: code.into(), count: named.count })
    };
    occurring(view, BlockKind::Violation).into_iter().filter_map(of).collect()
}

pub fn confidence(view: &View<'_>) -> Vec<LabelConfidence> {
    let of = |(block, seen): (&super::layout::Block, super::sums::Seen)| LabelConfidence {
        label: block.name.clone(),
        counts: seen.counts,
    };
    view.all(BlockKind::Confidence).map(of).collect()
}

/// Cell 0 is below a microsecond, each other one an octave: [2^(n−1), 2^n).
pub fn latency(view: &View<'_>) -> Option<Latency> {
    let (_, seen) = view.first(BlockKind::Latency)?;
    if seen.counts.iter().all(|count| *count == 0.0) {
        return None;
    }
    let octaves = std::iter::successors(Some(1.0), |end: &f64| Some(2.0 * end));
    Some(Latency { upper: octaves.take(seen.counts.len()).collect(), counts: seen.counts })
}
