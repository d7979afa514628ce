//! Sums of blocks, and what they say through the noise of their mode.

use super::layout::{Block, Layout};
use driftline::beacon::Mode;
use driftline::drift::Noise;
use driftline::privacy::{Epsilon, debias};
use driftline::summary::BlockKind;
use std::collections::BTreeMap;

/// Confidence of one answer in the sums of plain counts.
const MILLION: f64 = 1e6;

/// How sums were made private: mode, ε in thousandths, bound on a client's records; 0 where there is
/// none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub mode: i64,
    pub epsilon: u32,
    pub bound: u32,
}

/// Sums over a window.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    pub beacons: i64,
    pub records: i64,
    blocks: BTreeMap<u32, Sum>,
}

#[derive(Clone, Debug)]
struct Sum {
    reports: i64,
    cells: Vec<i64>,
}

impl Sums {
    /// `None` if a sum would leave 64 bits.
    pub fn add_head(&mut self, beacons: i64, records: i64) -> Option<()> {
        self.beacons = self.beacons.checked_add(beacons)?;
        self.records = self.records.checked_add(records)?;
        Some(())
    }

    /// `None` if a sum would leave 64 bits, or the block had another number of cells.
    pub fn add(&mut self, block: u32, reports: i64, cells: &[i64]) -> Option<()> {
        let new = || Sum { reports: 0, cells: vec![0; cells.len()] };
        let sum = self.blocks.entry(block).or_insert_with(new);
        if sum.cells.len() != cells.len() {
            return None;
        }
        sum.reports = sum.reports.checked_add(reports)?;
        for (cell, more) in sum.cells.iter_mut().zip(cells) {
            *cell = cell.checked_add(*more)?;
        }
        Some(())
    }

    /// How many cells it has.
    pub fn cells(&self) -> usize {
        self.blocks.values().map(|sum| sum.cells.len()).sum()
    }

    pub fn merge(&mut self, other: &Self) -> Option<()> {
        self.add_head(other.beacons, other.records)?;
        for (block, sum) in &other.blocks {
            self.add(*block, sum.reports, &sum.cells)?;
        }
        Some(())
    }
}

/// A block's counts as far as they can be seen through the noise.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Beacons that reported on it.
    pub reports: i64,
    /// Right on average; fractional and negative ones are the noise's.
    pub counts: Vec<f64>,
    pub noise: Noise,
}

impl Seen {
    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// Standard deviation of the noise in each cell of `aggregated` mode.
    pub fn deviation(&self) -> f64 {
        self.noise.variance().sqrt()
    }

    pub fn at(&self, cell: usize) -> f64 {
        self.counts.get(cell).copied().unwrap_or(0.0)
    }

    /// The cells of a range of a larger block.
    pub fn part(&self, cells: std::ops::Range<usize>) -> &[f64] {
        self.counts.get(cells).unwrap_or(&[])
    }
}

/// A window's sums under their layout and noise.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub layout: &'a Layout,
    pub sums: &'a Sums,
    pub mode: Mode,
    pub epsilon: u32,
    pub bound: u32,
}

impl<'a> View<'a> {
    /// The first block of a kind.
    pub fn first(&self, kind: BlockKind) -> Option<(&'a Block, Seen)> {
        let (at, block) = self.layout.first(kind)?;
        Some((block, self.seen(at)?))
    }

    /// All blocks of a kind on which something was reported.
    pub fn all(&self, kind: BlockKind) -> impl Iterator<Item = (&'a Block, Seen)> {
        self.layout.all(kind).filter_map(|(at, block)| Some((block, self.seen(at)?)))
    }

    /// `None` if nothing was reported on the block, or other cells than the layout's.
    pub fn seen(&self, at: usize) -> Option<Seen> {
        let block = self.layout.blocks.get(at)?;
        let sum = self.sums.blocks.get(&u32::try_from(at).ok()?)?;
        if sum.cells.len() != block.cells.len() {
            return None;
        }
        let plain = || sum.cells.iter().map(|count| *count as f64).collect();
        let (counts, noise) = match self.mode {
            Mode::Pseudonymous => (plain(), Noise::None),
            Mode::Randomized => {
                let epsilon = Epsilon::from_milli(self.epsilon).ok()?;
                let estimates = debias::randomized(&sum.cells, epsilon);
                let counts = estimates.iter().map(|estimate| estimate.count).collect();
                let cells = u32::try_from(sum.cells.len()).unwrap_or(u32::MAX);
                (counts, Noise::RandomizedResponse { epsilon: epsilon.get(), cells })
            }
            Mode::Aggregated => {
                // violations and metrics do not leave
                let weight = f64::from(block.weight?) * f64::from(self.bound.max(1));
                let epsilon = f64::from(self.epsilon) / 1_000.0 / weight;
                let draws = sum.reports.max(0).unsigned_abs();
                (plain(), Noise::Laplace { epsilon, draws })
            }
        };
        Some(Seen { reports: sum.reports, counts, noise })
    }

    /// By what sums of confidence are divided: `aggregated` mode sends whole ones, so that the noise
    /// of a count hides them.
    pub fn confidence_unit(&self) -> f64 {
        if self.mode == Mode::Aggregated { 1.0 } else { MILLION }
    }

    /// By what sums of metrics are divided.
    pub fn metric_unit(&self) -> f64 {
        MILLION
    }
}
