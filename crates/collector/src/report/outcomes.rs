//! What became of decisions: truth by action, metrics, what was followed up.

use super::answers::named;
use super::layout::Parts;
use super::model::{ByAction, Metric, Outcomes};
use super::sums::{Seen, View};
use driftline::beacon::Mode;
use driftline::decision::Action;
use driftline::summary::{BlockKind, CONFIDENCE_BINS};

/// What became of the decisions of a window; none if nothing came back.
pub fn outcomes(view: &View<'_>) -> Option<Outcomes> {
    let follow = named(view, BlockKind::OutcomeFollow);
    let found = Outcomes { by_action: by_action(view), metrics: metrics(view), follow };
    let came = found.follow.iter().any(|one| one.count != 0.0)
        || found.by_action.iter().any(|one| one.wrong != 0.0 || one.right != 0.0)
        || found.metrics.iter().any(|one| one.count != 0.0);
    came.then_some(found)
}

fn by_action(view: &View<'_>) -> Vec<ByAction> {
    let Some((_, seen)) = view.first(BlockKind::OutcomeCorrect) else { return Vec::new() };
    let pairs = seen.part(2 * CONFIDENCE_BINS..seen.counts.len()).chunks_exact(2);
    let of = |(action, pair): (&Action, &[f64])| ByAction {
        action: action.as_str().to_owned(),
        wrong: pair.first().copied().unwrap_or(0.0),
        right: pair.last().copied().unwrap_or(0.0),
    };
    Action::ALL.iter().zip(pairs).map(of).collect()
}

fn metrics(view: &View<'_>) -> Vec<Metric> {
    let of = |(block, seen): (&super::layout::Block, Seen)| {
        let (sums, counts) = seen.counts.split_at(seen.counts.len() / 2);
        let pairs = Action::ALL.iter().zip(sums.iter().zip(counts));
        let metric = |(action, (sum, count)): (&Action, (&f64, &f64))| Metric {
            name: block.name.clone(),
            action: action.as_str().to_owned(),
            sum: sum / view.metric_unit(),
            count: *count,
        };
        pairs.map(metric).collect::<Vec<_>>()
    };
    view.all(BlockKind::OutcomeMetric).flat_map(of).collect()
}

/// Metrics of one value of a segment.
pub fn metrics_in_segment(view: &View<'_>, parts: Parts, value: &Seen) -> Vec<Metric> {
    // they do not leave in `aggregated` mode, where their cells hold noise alone
    if view.mode != Mode::Pseudonymous {
        return Vec::new();
    }
    let blocks = view.layout.all(BlockKind::OutcomeMetric).enumerate();
    let of = |(nth, (_, block)): (usize, (usize, &super::layout::Block))| {
        let (sum, count) = parts.metric(nth);
        Metric {
            name: block.name.clone(),
            action: "(any)".to_owned(),
            sum: value.at(sum) / view.metric_unit(),
            count: value.at(count),
        }
    };
    blocks.map(of).collect()
}
