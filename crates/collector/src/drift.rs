//! What moved between a bundle's baseline and the sums of a span of time.

use crate::store::{Counts, Definitions};
use driftline::beacon::Mode;
use driftline::drift::{Criteria, Feature, Found, Noise, baseline_cells, judge};
use driftline::privacy::{Epsilon, debias};
use driftline::summary::{Baseline, BlockKind};
use driftline::{Error, ErrorCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sums that were made private in one way, judged together.
#[derive(Debug, Serialize)]
pub struct Group {
    /// How.
    pub mode: Mode,
    /// ε in thousandths, 0 for none.
    pub epsilon: u32,
    /// Records that one client could contribute to a beacon, 0 for no bound.
    pub bound: u32,
    /// The inputs that the baseline has bins of.
    pub inputs: Vec<Input>,
}

/// One input.
#[derive(Debug, Serialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Beacons that reported on it.
    pub reports: i64,
    /// Records, as estimated.
    pub records: f64,
    /// Verdict, test and effects.
    #[serde(flatten)]
    pub found: Found,
}

/// A layout as [`crate::register`] writes it.
#[derive(Deserialize)]
struct Layout {
    blocks: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    kind: String,
    name: String,
    cells: Vec<serde::de::IgnoredAny>,
    weight: Option<u32>,
}

type Key = (i64, u32, u32);

#[derive(Default)]
struct Sum {
    reports: i64,
    cells: Vec<i64>,
}

/// Judges each way of noise on its own, since other noise cannot be added up.
///
/// # Errors
/// Definitions that driftline did not write; sums beyond 64 bits.
pub fn report(definitions: &Definitions, counts: &[Counts]) -> Result<Vec<Group>, Error> {
    let damaged = |what: &str| Error::new(ErrorCode::StoreFailed, format!("{what} is damaged"));
    let layout: Layout =
        serde_json::from_str(&definitions.summary).map_err(|_| damaged("a layout"))?;
    let Some(baseline) = &definitions.baseline else { return Ok(Vec::new()) };
    let baseline = Baseline::from_json(baseline.as_bytes())?;

    let mut groups: BTreeMap<Key, (Mode, BTreeMap<u32, Sum>)> = BTreeMap::new();
    for row in counts.iter().filter(|row| row.layout == definitions.layout) {
        let key = (crate::store::mode_number(row.mode), row.epsilon, row.bound);
        let (_, sums) = groups.entry(key).or_insert_with(|| (row.mode, BTreeMap::new()));
        let sum = sums.entry(row.block).or_default();
        sum.reports = sum.reports.saturating_add(row.reports);
        sum.cells.resize(row.cells.len(), 0);
        for (cell, more) in sum.cells.iter_mut().zip(&row.cells) {
            *cell = cell.checked_add(*more).ok_or_else(|| damaged("a sum"))?;
        }
    }

    let mut judged = Vec::new();
    for ((_, epsilon, bound), (mode, sums)) in groups {
        let mut parts = Vec::new();
        for (at, block) in (0u32..).zip(&layout.blocks) {
            if block.kind != BlockKind::Input.as_str() {
                continue;
            }
            let bins = baseline.inputs.iter().find(|bins| bins.name() == block.name);
            let (Some(bins), Some(sum)) = (bins, sums.get(&at)) else { continue };
            let (cells, edges) = baseline_cells(bins);
            if cells.len() != block.cells.len() || sum.cells.len() != cells.len() {
                return Err(damaged("a layout"));
            }
            let (current, noise) = seen(sum, mode, epsilon, bound, block)?;
            parts.push((block.name.clone(), sum.reports, cells, edges, current, noise));
        }
        let features: Vec<Feature<'_>> = parts
            .iter()
            .map(|(_, _, cells, edges, current, noise)| Feature {
                baseline: cells,
                current,
                edges: *edges,
                noise: *noise,
            })
            .collect();
        let found = judge(&features, &Criteria::default())?;
        let inputs = parts
            .iter()
            .zip(found)
            .map(|((name, reports, _, _, current, _), found)| Input {
                name: name.clone(),
                reports: *reports,
                records: current.iter().sum(),
                found,
            })
            .collect();
        judged.push(Group { mode, epsilon, bound, inputs });
    }
    Ok(judged)
}

/// Counts as far as they can be seen through the noise, and that noise.
fn seen(
    sum: &Sum,
    mode: Mode,
    epsilon: u32,
    bound: u32,
    block: &Block,
) -> Result<(Vec<f64>, Noise), Error> {
    let plain = || sum.cells.iter().map(|count| *count as f64).collect();
    Ok(match mode {
        Mode::Pseudonymous => (plain(), Noise::None),
        Mode::Randomized => {
            let epsilon = Epsilon::from_milli(epsilon)?;
            let estimates = debias::randomized(&sum.cells, epsilon);
            let cells = u32::try_from(sum.cells.len()).unwrap_or(u32::MAX);
            let current = estimates.iter().map(|estimate| estimate.count).collect();
            (current, Noise::RandomizedResponse { epsilon: epsilon.get(), cells })
        }
        Mode::Aggregated => {
            let weight = f64::from(block.weight.unwrap_or(1)) * f64::from(bound.max(1));
            let epsilon = f64::from(epsilon) / 1_000.0 / weight;
            (plain(), Noise::Laplace { epsilon, draws: sum.reports.max(0).unsigned_abs() })
        }
    })
}
