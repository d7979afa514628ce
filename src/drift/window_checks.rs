//! Checks of a window, as far as its counts decide them.
//!
//! Counts say in which bin a value lies and not where in it. What is computed is therefore an
//! interval that holds the true figure, and a check whose bound lies inside it is undecided. Values
//! that broke a clause are counted without their place: they may be any, or none.

use super::baseline::baseline_cells;
use crate::summary::{Against, Aggregate, InputBins, WindowCheck};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds, wherever in their bins the values lie.
    Pass,
    /// It does not, wherever they lie.
    Fail,
    /// The counts do not tell.
    Undecided,
}

/// An outcome with what was computed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// The outcome.
    pub outcome: Outcome,
    /// Lower end of the figure's interval; none without one.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Why it is undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// Exact counts of one input: bins, then the others, as `Layout` lays them out.
#[derive(Clone, Copy, Debug)]
pub struct WindowCounts<'a> {
    /// The bins.
    pub bins: &'a InputBins,
    /// Counts of the window.
    pub current: &'a [f64],
    /// Those of the window before.
    pub previous: Option<&'a [f64]>,
}

const NO_VALUE: &str = "no value came";
const NO_PREVIOUS: &str = "there is no window before it";
const NO_COUNTS: &str = "nothing was reported on the input";
const NO_PLACE: &str = "values that broke a clause are counted without their place";
const INSIDE: &str = "the bound lies inside the interval";

/// Judges one check. `records` is the window's number of them; `counts` those of the check's input,
/// none if nothing was reported on it.
pub fn check_window(
    check: &WindowCheck,
    records: f64,
    counts: Option<WindowCounts<'_>>,
) -> Checked {
    if matches!(check.of, Aggregate::RowCount {}) {
        return bounded(check, (records, records));
    }
    let Some(counts) = counts else { return undecided(NO_COUNTS) };
    let Some(seen) = Seen::new(counts.bins, counts.current) else { return undecided(NO_COUNTS) };
    if let Aggregate::MostCommon { values, ties_okay } = &check.of {
        return most_common(&seen, values, *ties_okay);
    }
    match figure(&check.of, &seen, counts) {
        Ok(interval) => bounded(check, interval),
        Err(reason) => undecided(reason),
    }
}

fn undecided(reason: &'static str) -> Checked {
    Checked { outcome: Outcome::Undecided, low: None, high: None, reason: Some(reason) }
}

/// Compares an interval, whose ends belong to it, with the check's bounds.
fn bounded(check: &WindowCheck, (low, high): (f64, f64)) -> Checked {
    let (mut pass, mut fail) = (true, false);
    if let Some(bound) = check.minimum {
        let strict = check.strict_minimum;
        pass &= if strict { low > bound } else { low >= bound };
        fail |= if strict { high <= bound } else { high < bound };
    }
    if let Some(bound) = check.maximum {
        let strict = check.strict_maximum;
        pass &= if strict { high < bound } else { high <= bound };
        fail |= if strict { low >= bound } else { low > bound };
    }
    let outcome = match (pass, fail) {
        (true, _) => Outcome::Pass,
        (_, true) => Outcome::Fail,
        _ => Outcome::Undecided,
    };
    let finite = |x: f64| x.is_finite().then_some(x);
    let reason = (outcome == Outcome::Undecided).then_some(INSIDE);
    Checked { outcome, low: finite(low), high: finite(high), reason }
}

/// A window's counts of one input.
struct Seen<'a> {
    /// Lower end, upper end and count of what lies in order; of categories the ends are 0.
    cells: Vec<(f64, f64, f64)>,
    names: &'a [String],
    missing: f64,
    /// Categories that are not listed.
    unseen: f64,
    invalid: f64,
}

type Interval = Result<(f64, f64), &'static str>;

impl<'a> Seen<'a> {
    fn new(bins: &'a InputBins, counts: &[f64]) -> Option<Self> {
        let at = |i: usize| counts.get(i).copied();
        match bins {
            InputBins::Category(category) => {
                let n = category.values.len();
                let cells = counts.get(..n)?.iter().map(|count| (0.0, 0.0, *count)).collect();
                let (missing, unseen, invalid) = (at(n)?, at(n + 1)?, at(n + 2)?);
                Some(Self { cells, names: &category.values, missing, unseen, invalid })
            }
            InputBins::Numeric(_) | InputBins::Timestamp(_) => {
                let edges = match bins {
                    InputBins::Numeric(bins) => &bins.edges,
                    InputBins::Timestamp(bins) => &bins.edges,
                    InputBins::Category(_) => return None,
                };
                let n = edges.len().checked_sub(1)?;
                let (first, last) = (*edges.first()?, *edges.last()?);
                let (missing, below, above) = (at(n)?, at(n + 1)?, at(n + 2)?);
                let mut cells = vec![(f64::NEG_INFINITY, first, below)];
                let bins = edges.iter().zip(edges.iter().skip(1)).zip(counts.get(..n)?);
                cells.extend(bins.map(|((low, high), count)| (*low, *high, *count)));
                cells.push((last, f64::INFINITY, above));
                Some(Self { cells, names: &[], missing, unseen: 0.0, invalid: at(n + 3)? })
            }
        }
    }

    /// Values that have a place, or are no listed category.
    fn values(&self) -> f64 {
        self.cells.iter().map(|(_, _, count)| count).sum::<f64>() + self.unseen
    }

    /// What lies in order and came.
    fn came(&self) -> impl DoubleEndedIterator<Item = &(f64, f64, f64)> {
        self.cells.iter().filter(|(_, _, count)| *count > 0.0)
    }

    fn some(&self) -> Result<(), &'static str> {
        if self.values() + self.invalid > 0.0 { Ok(()) } else { Err(NO_VALUE) }
    }

    fn sum(&self) -> (f64, f64) {
        if self.invalid > 0.0 {
            return (f64::NEG_INFINITY, f64::INFINITY);
        }
        self.came().fold((0.0, 0.0), |(low, high), (a, b, n)| (low + a * n, high + b * n))
    }

    /// Ends of the cell that holds the value of a rank, from 0; `before` values are below all cells.
    fn ranked(&self, rank: f64, before: f64) -> (f64, f64) {
        let mut first = before;
        if rank < first {
            return (f64::NEG_INFINITY, f64::NEG_INFINITY);
        }
        for (low, high, count) in self.came() {
            if rank < first + count {
                return (*low, *high);
            }
            first += count;
        }
        (f64::INFINITY, f64::INFINITY)
    }

    /// Between the neighbours of the rank `level · (n − 1)`, with the invalid values below all, above
    /// all, or left out.
    fn quantile(&self, level: f64) -> (f64, f64) {
        let (n, invalid) = (self.values(), self.invalid);
        let mut all = (f64::INFINITY, f64::NEG_INFINITY);
        for (n, before) in [(n, 0.0), (n + invalid, invalid), (n + invalid, 0.0)] {
            if n <= 0.0 {
                continue;
            }
            let rank = level * (n - 1.0);
            // a rank that rounding put beside a whole number is that one
            let whole = libm::round(rank);
            let (below, above) = if (rank - whole).abs() <= 1e-9 {
                (whole, whole)
            } else {
                (libm::floor(rank), libm::ceil(rank))
            };
            all.0 = all.0.min(self.ranked(below, before).0);
            all.1 = all.1.max(self.ranked(above, before).1);
        }
        all
    }

    fn unique(&self, numeric: bool) -> (f64, f64) {
        let least = self.came().count() as f64 + f64::from(u8::from(self.unseen > 0.0));
        let listed = if numeric { self.values() } else { self.came().count() as f64 + self.unseen };
        (least.max(f64::from(u8::from(self.invalid > 0.0))), listed + self.invalid)
    }

    /// Shares of the values: listed ones, all others, and those of the others that are invalid.
    fn shares(&self) -> Option<Shares> {
        let all = self.values() + self.invalid;
        let share = |count: f64| count / all;
        (all > 0.0).then(|| {
            let listed = self.cells.iter().map(|(_, _, count)| share(*count)).collect();
            (listed, share(self.unseen + self.invalid), share(self.invalid))
        })
    }
}

fn figure(of: &Aggregate, seen: &Seen<'_>, counts: WindowCounts<'_>) -> Interval {
    let unordered = |invalid: f64| invalid > 0.0;
    let infinite = (f64::NEG_INFINITY, f64::INFINITY);
    Ok(match of {
        Aggregate::NonNullShare {} => {
            let all = seen.values() + seen.invalid + seen.missing;
            if all <= 0.0 {
                return Err(NO_VALUE);
            }
            // NaN breaks a clause, and is no value to other libraries
            (seen.values() / all, (all - seen.missing) / all)
        }
        Aggregate::Sum {} => seen.sum(),
        Aggregate::Mean {} => {
            seen.some()?;
            let (low, high) = seen.sum();
            if unordered(seen.invalid) {
                infinite
            } else {
                (low / seen.values(), high / seen.values())
            }
        }
        Aggregate::Minimum {} => {
            seen.some()?;
            let first = seen.came().next().map_or(infinite, |(low, high, _)| (*low, *high));
            if unordered(seen.invalid) { (f64::NEG_INFINITY, first.1) } else { first }
        }
        Aggregate::Maximum {} => {
            seen.some()?;
            let last = seen.came().next_back().map_or(infinite, |(low, high, _)| (*low, *high));
            if unordered(seen.invalid) { (last.0, f64::INFINITY) } else { last }
        }
        Aggregate::Median {} => {
            seen.some()?;
            seen.quantile(0.5)
        }
        Aggregate::Quantile { level } => {
            seen.some()?;
            seen.quantile(*level)
        }
        Aggregate::UniqueCount {} => seen.unique(seen.names.is_empty()),
        Aggregate::UniqueShare {} => {
            seen.some()?;
            let all = seen.values() + seen.invalid;
            let (low, high) = seen.unique(seen.names.is_empty());
            (low / all, high / all)
        }
        Aggregate::KlDivergence { expected } => return divergence(seen, expected),
        Aggregate::Linf { against } => {
            let (p, q) = pair(*against, seen, counts)?;
            // what broke a clause may be of any listed value, or none: a share rises by its part at most
            let (mut low, mut high) = (0.0_f64, p.1.max(q.1));
            for (a, b) in p.0.iter().zip(&q.0) {
                low = low.max(a - b - q.2).max(b - a - p.2);
                high = high.max(a + p.2 - b).max(b + q.2 - a);
            }
            // the others may be one value or many, and the same on both sides or not
            (low, high)
        }
        Aggregate::JensenShannon { against } => {
            let (p, q) = pair(*against, seen, counts)?;
            if p.2 > 0.0 || q.2 > 0.0 {
                return Err(NO_PLACE);
            }
            let listed: f64 = p.0.iter().zip(&q.0).map(|(p, q)| jensen_shannon(*p, *q)).sum();
            (listed + jensen_shannon(p.1, q.1), listed + (p.1 + q.1) / 2.0)
        }
        Aggregate::RowCount {} | Aggregate::MostCommon { .. } => return Err(NO_COUNTS),
    })
}

type Shares = (Vec<f64>, f64, f64);

/// The shares that are compared, and the window's.
fn pair(
    against: Against,
    seen: &Seen<'_>,
    counts: WindowCounts<'_>,
) -> Result<(Shares, Shares), &'static str> {
    let other: Vec<f64> = match against {
        Against::Baseline => {
            baseline_cells(counts.bins).0.iter().map(|count| *count as f64).collect()
        }
        Against::Previous => counts.previous.ok_or(NO_PREVIOUS)?.to_vec(),
    };
    let other = Seen::new(counts.bins, &other).ok_or(NO_COUNTS)?;
    let (p, q) = (other.shares().ok_or(NO_VALUE)?, seen.shares().ok_or(NO_VALUE)?);
    Ok((p, q))
}

/// One cell's part of the divergence in bits (Lin 1991).
fn jensen_shannon(p: f64, q: f64) -> f64 {
    let m = (p + q) / 2.0;
    let part = |x: f64| if x > 0.0 { x * libm::log2(x / m) } else { 0.0 };
    (part(p) + part(q)) / 2.0
}

/// Σ q · ln(q / p) over the window's shares q and the expected ones p; infinite if something came
/// that is not expected.
fn divergence(seen: &Seen<'_>, expected: &BTreeMap<String, f64>) -> Interval {
    let Some((shares, others, invalid)) = seen.shares() else { return Err(NO_VALUE) };
    if invalid > 0.0 {
        return Err(NO_PLACE);
    }
    let whole: f64 = expected.values().sum();
    let mut sum = 0.0;
    for (name, q) in seen.names.iter().zip(shares) {
        if q <= 0.0 {
            continue;
        }
        match expected.get(name).filter(|share| **share > 0.0) {
            Some(share) => sum += q * libm::log(q * whole / share),
            None => return Ok((f64::INFINITY, f64::INFINITY)),
        }
    }
    if others <= 0.0 {
        return Ok((sum, sum));
    }
    let elsewhere = expected.keys().any(|name| !seen.names.contains(name));
    // nothing is less than 0, whatever the others are
    Ok(if elsewhere { (0.0, f64::INFINITY) } else { (f64::INFINITY, f64::INFINITY) })
}

/// Others that are as common as the most common listed one may be one value.
fn most_common(seen: &Seen<'_>, values: &[String], ties_okay: bool) -> Checked {
    let done = |outcome| Checked { outcome, low: None, high: None, reason: None };
    let others = seen.unseen + seen.invalid;
    let top = seen.cells.iter().map(|(_, _, count)| *count).fold(0.0, f64::max);
    if top + others <= 0.0 {
        return undecided(NO_VALUE);
    }
    if others >= top {
        return undecided("values that are not listed may be the most common");
    }
    let mut two: (f64, f64) = (0.0, 0.0);
    for (_, _, count) in &seen.cells {
        two = (two.0.max(*count), two.1.max(two.0.min(*count)));
    }
    if seen.invalid > 0.0 && two.1 + seen.invalid >= top {
        return undecided(NO_PLACE);
    }
    let common = seen.names.iter().zip(&seen.cells).filter(|(_, cell)| cell.2 >= top);
    let (mut inside, mut outside) = (0, 0);
    for (name, _) in common {
        *if values.contains(name) { &mut inside } else { &mut outside } += 1;
    }
    let fine = inside > 0 && (ties_okay || inside + outside == 1);
    done(if fine { Outcome::Pass } else { Outcome::Fail })
}
