//! Fitting novelty: bins, a tree of features, and the ranks of rows that took no part in it.

use crate::decision::Fallback;
use crate::decision::novelty::{NovelFeature, Novelty, UNITS};
use crate::limits::MAX_NOVELTY_LEVELS;

/// Added to every count, so that what was never seen is rare and not impossible.
const SMOOTHING: f64 = 0.5;
/// Rows that the share among all rows counts for beside those of one bin of the parent.
const TOWARDS_ALL: f64 = 2.0;
/// Share of the ranked rows whose strangeness is kept: p-values above it are of no use.
const KEPT: f64 = 0.1;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoveltyOptions {
    /// Bins of a number: edges are its quantiles.
    pub bins: usize,
    /// Whether features are looked at in pairs, or each by itself.
    pub pairs: bool,
    /// As in the policy.
    pub p_below: f64,
    /// As in the policy.
    pub then: Fallback,
}

/// Fits on some rows and ranks others, row-major, one number a name; `None` without rows to rank
/// or features. A feature with few values has a bin for each.
pub fn novelty(
    names: &[String],
    fit: &[Vec<f64>],
    rank: &[Vec<f64>],
    options: NoveltyOptions,
) -> Option<Novelty> {
    if names.is_empty() || fit.is_empty() || rank.is_empty() {
        return None;
    }
    let empty = |(at, name): (usize, &String)| {
        let column = fit.iter().filter_map(|row| row.get(at).copied());
        let edges = edges(column.collect(), options.bins);
        NovelFeature { name: name.clone(), edges, parent: None, surprisals: Vec::new() }
    };
    let columns: Vec<NovelFeature> = names.iter().enumerate().map(empty).collect();
    let binned: Vec<Vec<usize>> = columns
        .iter()
        .enumerate()
        .map(|(at, f)| {
            fit.iter().map(|row| f.bin(row.get(at).copied().unwrap_or(f64::NAN))).collect()
        })
        .collect();
    let order = if options.pairs {
        tree(&columns, &binned)
    } else {
        (0..columns.len()).map(|at| (at, None)).collect()
    };
    let mut features: Vec<NovelFeature> = Vec::new();
    for (at, parent) in &order {
        let mut feature = columns.get(*at)?.clone();
        let own = binned.get(*at)?;
        feature.surprisals = match parent {
            None => surprisals(own, None, feature.bins()),
            Some(parent) => {
                let place = order.iter().position(|(p, _)| p == parent)?;
                feature.parent = u32::try_from(place).ok();
                let beside = (binned.get(*parent)?.as_slice(), columns.get(*parent)?.bins());
                surprisals(own, Some(beside), feature.bins())
            }
        };
        features.push(feature);
    }
    let mut found = Novelty {
        p_below: options.p_below,
        then: options.then,
        features,
        levels: Vec::new(),
        rows: u32::try_from(rank.len()).ok()?,
    };
    let (mut values, mut bins) = (Vec::new(), Vec::new());
    for row in rank {
        values.clear();
        values.extend(order.iter().map(|(at, _)| row.get(*at).copied().unwrap_or(f64::NAN)));
        found.levels.push(found.strangeness(&values, &mut bins));
    }
    found.levels.sort_unstable_by(|a, b| b.cmp(a));
    let kept = ((rank.len() as f64 * KEPT) as usize).clamp(20, MAX_NOVELTY_LEVELS);
    found.levels.truncate(kept);
    Some(found)
}

/// Quantiles of the values, or the values themselves where they are few; NaN left out.
fn edges(mut column: Vec<f64>, bins: usize) -> Vec<f64> {
    column.retain(|x| x.is_finite());
    column.sort_by(f64::total_cmp);
    let mut distinct = column.clone();
    distinct.dedup();
    if distinct.len() > bins {
        let n = column.len();
        // the ends are edges too: beyond them is a bin of its own
        let last = column.last().copied();
        distinct = (0..bins).filter_map(|i| column.get(i * n / bins).copied()).collect();
        distinct.extend(last.map(|x| x.next_up()));
        distinct.dedup();
    } else if let Some(last) = distinct.last().copied() {
        distinct.push(last.next_up());
    }
    distinct
}

/// Hundredths of −ln of each bin's share; beside a parent, of its share in each of the parent's
/// bins, drawn towards the share among all rows so that what no row had is rarest everywhere.
fn surprisals(own: &[usize], beside: Option<(&[usize], usize)>, bins: usize) -> Vec<u32> {
    let rows = own.len() as f64 + SMOOTHING * bins as f64;
    let mut shares = vec![SMOOTHING / rows; bins];
    for bin in own {
        if let Some(share) = shares.get_mut(*bin) {
            *share += 1.0 / rows;
        }
    }
    let hundredths = |share: f64| libm::round(-libm::log(share) * UNITS) as u32;
    let Some((parents, lines)) = beside else {
        return shares.into_iter().map(hundredths).collect();
    };
    let mut counts = vec![0.0; lines * bins];
    for (bin, line) in own.iter().zip(parents) {
        if let Some(count) = counts.get_mut(line * bins + bin) {
            *count += 1.0;
        }
    }
    let line = |counts: &[f64]| -> Vec<u32> {
        let total = counts.iter().sum::<f64>() + TOWARDS_ALL;
        let pairs = counts.iter().zip(&shares);
        pairs.map(|(n, share)| hundredths((n + TOWARDS_ALL * share) / total)).collect()
    };
    counts.chunks(bins).flat_map(line).collect()
}

/// The tree of greatest mutual information (Chow and Liu 1968), parents first, by Prim's way.
fn tree(columns: &[NovelFeature], binned: &[Vec<usize>]) -> Vec<(usize, Option<usize>)> {
    let mut order = vec![(0, None)];
    let mut best: Vec<(f64, usize)> = vec![(f64::NEG_INFINITY, 0); columns.len()];
    while order.len() < columns.len() {
        let last = order.last().map_or(0, |(at, _)| *at);
        for (at, entry) in best.iter_mut().enumerate() {
            if order.iter().any(|(o, _)| *o == at) {
                continue;
            }
            let (Some(a), Some(b)) = (binned.get(at), binned.get(last)) else { continue };
            let width = |i: usize| columns.get(i).map_or(0, NovelFeature::bins);
            let shared = information(a, b, width(at), width(last));
            if shared > entry.0 {
                *entry = (shared, last);
            }
        }
        let open = best.iter().enumerate().filter(|(at, _)| !order.iter().any(|(o, _)| o == at));
        let Some((at, (_, parent))) = open.max_by(|a, b| a.1.0.total_cmp(&b.1.0)) else { break };
        order.push((at, Some(*parent)));
    }
    order
}

/// Mutual information of two columns of bins, in nats.
fn information(a: &[usize], b: &[usize], width_a: usize, width_b: usize) -> f64 {
    let n = a.len() as f64;
    let mut joint = vec![0.0f64; width_a * width_b];
    let (mut of_a, mut of_b) = (vec![0.0f64; width_a], vec![0.0f64; width_b]);
    for (x, y) in a.iter().zip(b) {
        for (table, at) in [(&mut joint, x * width_b + y), (&mut of_a, *x), (&mut of_b, *y)] {
            if let Some(cell) = table.get_mut(at) {
                *cell += 1.0;
            }
        }
    }
    let cells = of_a.iter().flat_map(|x| of_b.iter().map(move |y| x * y)).zip(&joint);
    cells.filter(|(_, c)| **c > 0.0).map(|(xy, c)| c / n * libm::log(c * n / xy)).sum()
}

#[cfg(test)]
#[path = "novelty_tests.rs"]
mod tests;
