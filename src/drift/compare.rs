//! Two histograms over the same bins, as shares.

use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_BINS, MAX_COUNT};
use std::borrow::Cow;

/// Doubles up to it hold every whole number.
const EXACT: f64 = (1u64 << 53) as f64;

/// Adding and subtracting it rounds to whole numbers what is below it.
const ROUND: f64 = (1u64 << 52) as f64;

/// One bin of both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Share of the baseline, in [0, 1].
    pub p: f64,
    /// Share of the current window, in [0, 1].
    pub q: f64,
    /// `q − p`, taken of the integers, so that shares that differ by little lose no digits.
    pub gap: f64,
}

/// Two histograms over the same bins, each with something in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    cells: Vec<Cell>,
    occupied: usize,
    n: f64,
    m: f64,
}

/// A baseline's counts as doubles, each over their sum, and that sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    pub counts: &'a [f64],
    pub shares: &'a [f64],
    pub n: f64,
}

impl Compared {
    fn new(cells: Vec<Cell>, n: f64, m: f64) -> Self {
        let occupied = cells.iter().filter(|cell| cell.p > 0.0 || cell.q > 0.0).count();
        Self { cells, occupied, n, m }
    }

    /// Compares counts. `None` if one side is empty: then no share is known.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] at `current_counts` if the lengths differ, at `baseline_counts` if
    /// there are no bins or more than [`MAX_BINS`], at either if the sum is above [`MAX_COUNT`].
    pub fn of(baseline: &[u64], current: &[u64]) -> Result<Option<Self>> {
        check_lengths(baseline.len(), current.len())?;
        let n = total(baseline, "baseline_counts")?;
        let m = total(current, "current_counts")?;
        Ok(Self::with_totals(baseline.iter().zip(current).map(|(a, b)| (*a, *b)), n, m))
    }

    /// Compares counts with those that came as doubles and are cut to whole ones, and their sum.
    ///
    /// # Errors
    /// As [`Compared::of`].
    pub(super) fn whole(
        baseline: &[u64],
        Before { counts: before, shares, n }: Before<'_>,
        (current, m): (&[f64], f64),
    ) -> Result<Option<Self>> {
        check_lengths(baseline.len(), current.len())?;
        let is_whole = |x: f64| (x >= 0.0) & ((x + ROUND) - ROUND == x);
        let both = n * m;
        // where all products are exact in doubles, they are as good as integers, and quicker
        let exact = n.max(m).max(both) <= EXACT;
        if exact && current.iter().fold(true, |all, x| all & is_whole(*x)) {
            if both == 0.0 {
                return Ok(None);
            }
            let cell = |((a, p), b): ((&f64, &f64), &f64)| Cell {
                p: *p,
                q: b / m,
                gap: (b * n - a * m) / both,
            };
            let cells = before.iter().zip(shares).zip(current).map(cell).collect();
            return Ok(Some(Self::new(cells, n, m)));
        }
        let counts: Vec<u64> = current.iter().map(|count| *count as u64).collect();
        Self::of(baseline, &counts)
    }

    /// Half a count more in each bin of both sides (Jeffreys' prior), exactly.
    ///
    /// # Errors
    /// As [`Compared::of`].
    pub fn jeffreys(baseline: &[u64], current: &[u64]) -> Result<Option<Self>> {
        check_lengths(baseline.len(), current.len())?;
        let bins = baseline.len() as u64;
        let n = 2 * total(baseline, "baseline_counts")? + bins;
        let m = 2 * total(current, "current_counts")? + bins;
        let doubled = baseline.iter().zip(current).map(|(a, b)| (2 * a + 1, 2 * b + 1));
        Ok(Self::with_totals(doubled, n, m))
    }

    /// Compares counts with estimated ones, as they are after the noise of a privacy mode was taken
    /// out of their mean: below nothing is nothing. `None` if one side is empty.
    ///
    /// # Errors
    /// As [`Compared::of`], and at `current_counts` if an estimate is not finite.
    pub fn estimated(baseline: &[u64], current: &[f64]) -> Result<Option<Self>> {
        check_lengths(baseline.len(), current.len())?;
        let n = total(baseline, "baseline_counts")? as f64;
        if current.iter().any(|count| !count.is_finite()) {
            return bad("current_counts", "an estimated count is not finite");
        }
        let m: f64 = current.iter().map(|count| count.max(0.0)).sum();
        if n == 0.0 || m <= 0.0 || m > MAX_COUNT as f64 {
            return Ok(None);
        }
        let cell = |(a, b): (&u64, &f64)| {
            let (p, q) = (*a as f64 / n, b.max(0.0) / m);
            Cell { p, q, gap: q - p }
        };
        Ok(Some(Self::new(baseline.iter().zip(current).map(cell).collect(), n, m)))
    }

    fn with_totals(counts: impl Iterator<Item = (u64, u64)>, n: u64, m: u64) -> Option<Self> {
        if n == 0 || m == 0 {
            return None;
        }
        let (whole, other) = (n as f64, m as f64);
        let both = whole * other;
        // the products of counts up to 2^31 fit 64 bits, and 128 are several times slower
        let narrow = n < 1 << 31 && m < 1 << 31;
        let cells = counts.map(|(a, b)| {
            let gap = if narrow {
                ((b * n) as i64 - (a * m) as i64) as f64
            } else {
                (i128::from(b) * i128::from(n) - i128::from(a) * i128::from(m)) as f64
            };
            Cell { p: a as f64 / whole, q: b as f64 / other, gap: gap / both }
        });
        Some(Self::new(cells.collect(), whole, other))
    }

    /// The bins, in their order.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The first `bins` bins alone, with shares of what is in them; `None` if one side has nothing
    /// there.
    pub fn first(&self, bins: usize) -> Option<Cow<'_, Self>> {
        if bins >= self.cells.len() {
            return Some(Cow::Borrowed(self));
        }
        let cells = self.cells.get(..bins)?;
        let p: f64 = cells.iter().map(|cell| cell.p).sum();
        let q: f64 = cells.iter().map(|cell| cell.q).sum();
        if p <= 0.0 || q <= 0.0 {
            return None;
        }
        let cell = |cell: &Cell| {
            let (p, q) = (cell.p / p, cell.q / q);
            Cell { p, q, gap: q - p }
        };
        let cells = cells.iter().map(cell).collect();
        Some(Cow::Owned(Self::new(cells, self.n * p, self.m * q)))
    }

    /// Records of the baseline.
    pub fn baseline_total(&self) -> f64 {
        self.n
    }

    /// Records of the current window.
    pub fn current_total(&self) -> f64 {
        self.m
    }

    /// Bins in which at least one side has something.
    pub fn occupied(&self) -> usize {
        self.occupied
    }

    /// 1/n + 1/m, the scale of what sampling alone does to a divergence.
    pub fn sampling(&self) -> f64 {
        1.0 / self.n + 1.0 / self.m
    }
}

fn check_lengths(baseline: usize, current: usize) -> Result<()> {
    if baseline == 0 {
        return bad("baseline_counts", "there are no bins");
    }
    if baseline > MAX_BINS {
        return bad("baseline_counts", &format!("there are more than {MAX_BINS} bins"));
    }
    if baseline != current {
        let message = format!("there are {current} counts here and {baseline} of the baseline");
        return bad("current_counts", &message);
    }
    Ok(())
}

fn total(counts: &[u64], path: &str) -> Result<u64> {
    let sum = counts.iter().try_fold(0u64, |sum, count| sum.checked_add(*count));
    match sum.filter(|sum| *sum <= MAX_COUNT) {
        Some(sum) => Ok(sum),
        None => bad(path, &format!("the counts add up to more than {MAX_COUNT}")),
    }
}

/// Checks the edges of bins: finite, strictly rising, one more than bins.
///
/// # Errors
/// [`ErrorCode::BadInput`] at `bin_edges`.
pub fn check_edges(edges: &[f64], bins: usize) -> Result<()> {
    if edges.len() != bins + 1 {
        let message = format!("{bins} bins have {} edges, not {}", bins + 1, edges.len());
        return bad("bin_edges", &message);
    }
    let rising = edges.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    // the distance of the ends must be a number too
    let ends = edges.first().zip(edges.last()).is_some_and(|(a, b)| (b - a).is_finite());
    if !rising || !ends {
        return bad("bin_edges", "the edges must be finite and rise strictly");
    }
    Ok(())
}

pub(super) fn bad<T>(path: &str, message: &str) -> Result<T> {
    Err(Error::new(ErrorCode::BadInput, message).at_path(path))
}
