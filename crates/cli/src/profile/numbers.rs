//! Numbers of a column: quantiles, bins, rounded ends.

use super::cell::{self, Cell};
use super::column::Finished;
use driftline::contract::Scalar;

/// Bins of a histogram at most.
const BINS: usize = 20;

/// Values in rising order, each with the rows that it stands for.
#[derive(Clone, Debug)]
pub struct Distribution {
    points: Vec<(f64, u64)>,
    rows: u64,
    minimum: f64,
    maximum: f64,
}

impl Distribution {
    /// The column's numbers; `None` if it has none.
    pub fn of(column: &Finished) -> Option<Self> {
        let moments = &column.summary.moments;
        if moments.n == 0 {
            return None;
        }
        let points = match &column.values {
            Some(values) => exact_points(values, column.typed),
            None => column.summary.quantiles.points(),
        };
        let (minimum, maximum) = (moments.minimum, moments.maximum);
        Some(Self { points, rows: moments.n, minimum, maximum })
    }

    /// The smallest value that at least this share of the rows does not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        let wanted = share * self.rows as f64;
        let mut below = 0u64;
        for (x, n) in &self.points {
            below += n;
            if below as f64 >= wanted {
                return *x;
            }
        }
        self.maximum
    }

    /// The values in rising order with their rows.
    pub fn points(&self) -> &[(f64, u64)] {
        &self.points
    }

    /// Edges and counts of at most 20 bins `[e_i, e_{i+1})`, the last one closed: about equally
    /// many rows in each, and a value that would fill one alone kept apart.
    pub fn bins(&self) -> (Vec<f64>, Vec<u64>) {
        for bins in (2..=BINS).rev() {
            let (edges, counts) = self.equal_bins(self.rows as f64 / bins as f64);
            if counts.len() <= BINS {
                return (edges, counts);
            }
        }
        (vec![self.minimum, self.maximum.max(above(self.minimum))], vec![self.rows])
    }

    fn equal_bins(&self, target: f64) -> (Vec<f64>, Vec<u64>) {
        let (mut edges, mut counts) = (vec![self.minimum], Vec::new());
        let mut held = 0u64;
        for pair in self.points.windows(2) {
            let [(x, n), (next, after)] = pair else { continue };
            held += n;
            if held as f64 >= target || *after as f64 >= target {
                let edge = between(*x, *next);
                // a sketch's first values may lie at the true minimum
                if edges.last().is_none_or(|last| edge > *last) && edge < self.maximum {
                    edges.push(edge);
                    counts.push(held);
                    held = 0;
                }
            }
        }
        held += self.points.last().map_or(0, |p| p.1);
        counts.push(held);
        let last = edges.last().copied().unwrap_or(self.minimum);
        edges.push(if self.maximum > last { self.maximum } else { above(last) });
        (edges, counts)
    }
}

fn exact_points(values: &[(Vec<u8>, u64)], typed: bool) -> Vec<(f64, u64)> {
    let number = |key: &[u8]| {
        let cell = if typed { cell::decode(key) } else { cell::of_text(key) };
        match cell {
            Cell::Integer(i) => Some(i as f64),
            Cell::Number(x) if x.is_finite() => Some(if x == 0.0 { 0.0 } else { x }),
            _ => None,
        }
    };
    let mut points: Vec<(f64, u64)> =
        values.iter().filter_map(|(key, n)| Some((number(key)?, *n))).collect();
    points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    // `1.0` and `1` are one value
    points.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0 };
        same
    });
    points
}

fn above(x: f64) -> f64 {
    (x + 1.0).max(x + x.abs() / 1024.0)
}

/// The shortest decimal above `low` and not above `high`, near their middle.
fn between(low: f64, high: f64) -> f64 {
    let middle = low + (high - low) / 2.0;
    for digits in 0..=17 {
        if let Ok(x) = format!("{middle:.digits$}").parse::<f64>()
            && low < x
            && x <= high
        {
            return x;
        }
    }
    high
}

/// A range around what was seen, half its width to either side, with round ends; no end below 0
/// for what was never negative. `None` where a round end is out of reach.
pub fn widened(low: f64, high: f64, integer: bool) -> (Option<Scalar>, Option<Scalar>) {
    let span = if high > low { high - low } else { low.abs().max(1.0) };
    if !span.is_finite() {
        return (None, None);
    }
    let mut exponent = (span / 10.0).log10().floor() as i32;
    let lead = (span / 10.0) / 10f64.powi(exponent);
    // the nearest of 1, 2, 5 and 10
    let mut digit = match lead {
        l if l >= 7.5 => 10.0,
        l if l >= 3.5 => 5.0,
        l if l >= 1.5 => 2.0,
        _ => 1.0,
    };
    if integer && exponent < 0 {
        (digit, exponent) = (1.0, 0);
    }
    // a multiple of the step, computed so that it is the nearest number to its decimal form
    let multiple = |m: f64| {
        let m = m * digit;
        if exponent >= 0 { m * 10f64.powi(exponent) } else { m / 10f64.powi(-exponent) }
    };
    let step = multiple(1.0);
    let floor = multiple(((low - span / 2.0) / step).floor());
    let ceil = multiple(((high + span / 2.0) / step).ceil());
    let floor = if low >= 0.0 { floor.max(0.0) } else { floor };
    let ceil = if high <= 0.0 { ceil.min(0.0) } else { ceil };
    let scalar = |x: f64| {
        let whole = x.fract() == 0.0 && x.abs() < 9_007_199_254_740_992.0;
        match (whole, integer) {
            (true, _) => Some(Scalar::Integer(x as i64)),
            (false, true) => None,
            (false, false) => x.is_finite().then_some(Scalar::Number(x)),
        }
    };
    (scalar(floor).filter(|_| floor <= low), scalar(ceil).filter(|_| ceil >= high))
}

/// A number for people, six digits or fewer after the first.
pub fn shown(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e18 {
        return format!("{x:.0}");
    }
    let rounded = format!("{x:.5e}").parse().unwrap_or(x);
    format!("{rounded:?}")
}

#[cfg(test)]
mod tests {
    use super::super::column::Column;
    use super::*;

    fn of(cells: impl Iterator<Item = String>) -> Distribution {
        let mut column = Column::new(false, 1);
        cells.for_each(|c| column.add_cell(c.as_bytes()));
        Distribution::of(&column.finish()).unwrap()
    }

    fn counted(edges: &[f64], values: &[f64]) -> Vec<u64> {
        let last = edges.len() - 2;
        (0..=last)
            .map(|i| {
                let inside = |x: &&f64| {
                    **x >= edges[i] && (**x < edges[i + 1] || (i == last && **x == edges[i + 1]))
                };
                values.iter().filter(inside).count() as u64
            })
            .collect()
    }

    #[test]
    fn exact_bins_hold_what_they_say() {
        let values: Vec<f64> = (0..5_000)
            .map(|i| if i % 3 == 0 { 10.0 } else { f64::from(i % 700) / 10.0 - 3.0 })
            .collect();
        let d = of(values.iter().map(f64::to_string));
        let (edges, counts) = d.bins();
        assert!(counts.len() <= BINS && counts.len() > 5, "{counts:?}");
        assert!(edges.windows(2).all(|w| w[0] < w[1]), "{edges:?}");
        assert_eq!(counts, counted(&edges, &values));
        let heavy = edges.iter().position(|e| *e > 10.0).unwrap() - 1;
        assert!(counts[heavy] >= 1_667 && counts[heavy] < 1_700, "the heavy value is alone");
    }

    #[test]
    fn bins_of_a_sketch_are_near() {
        let values: Vec<f64> =
            (0..200_000u32).map(|i| f64::from(i.wrapping_mul(2_654_435_769))).collect();
        let d = of(values.iter().map(f64::to_string));
        let (edges, counts) = d.bins();
        assert_eq!(counts.iter().sum::<u64>(), 200_000);
        for (a, b) in counts.iter().zip(counted(&edges, &values)) {
            assert!(a.abs_diff(b) < 1_000, "{a} {b}");
        }
    }

    #[test]
    fn one_value_has_a_bin_too() {
        for x in ["5", "0", "-3", "1e300"] {
            let (edges, counts) = of((0..7).map(|_| x.to_owned())).bins();
            assert!(edges.len() == 2 && edges[0] < edges[1], "{edges:?}");
            assert_eq!(counts, [7]);
        }
    }

    #[test]
    fn ends_are_round_and_hold_what_was_seen() {
        let of = |low, high, integer| {
            let (a, b) = widened(low, high, integer);
            format!("{} {}", a.unwrap(), b.unwrap())
        };
        assert_eq!(of(17.0, 4_983.0, true), "0 7500");
        assert_eq!(of(1_956.0, 2_013.0, true), "1925 2045");
        assert_eq!(of(983.8, 1_042.1, false), "950 1075");
        assert_eq!(of(-0.3, 0.7, false), "-0.8 1.2");
        assert_eq!(of(0.0, 1.0, true), "0 2");
        assert_eq!(of(5.0, 5.0, true), "2 8");
        assert_eq!(widened(-1e308, 1.7e308, false), (None, None));
        assert_eq!(widened(0.0, 9e15, true).1, None);
        assert_eq!(between(0.1, 0.2), 0.2);
        assert_eq!(between(1.0, 7.0), 4.0);
        assert_eq!((shown(1.0), shown(1_234.567_89)), ("1".into(), "1234.57".into()));
    }
}
