//! Quantiles of a stream in bounded memory: the sketch of Karnin, Lang and Liberty, *Optimal
//! quantile approximation in streams* (FOCS 2016).
//!
//! A value at level h stands for 2^h values. A level that is full is sorted, and every second value
//! goes up. Weights are kept exactly: those of all values together are the number of values.

use super::hash::finish;
use driftline::limits::PROFILE_SKETCH_SIZE;

/// Ranks are off by at most this share of the values, with 99% confidence; measured in the test
/// below, and near the figure that Apache DataSketches gives for this k.
pub const RANK_ERROR: f64 = 0.0025;

/// Smallest capacity of a level.
const MIN_LEVEL: usize = 8;

/// A sketch of finite numbers.
#[derive(Clone, Debug)]
pub struct Quantiles {
    /// Numbers in their [`order`], which sorts quickest.
    levels: Vec<Vec<i64>>,
    /// How many values each level holds.
    capacities: Vec<usize>,
    held: usize,
    room: usize,
    /// State of the coin that says which half goes up; fixed, so that a file has one profile.
    coin: u64,
}

impl Quantiles {
    pub fn new() -> Self {
        let mut new =
            Self { levels: Vec::new(), capacities: Vec::new(), held: 0, room: 0, coin: 1 };
        new.grow(1);
        new
    }

    /// Adds a value so many times.
    pub fn add(&mut self, x: f64, weight: u64) {
        let x = order(x.to_bits().cast_signed());
        let mut rest = weight;
        while rest != 0 {
            let level = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            self.grow(level + 1);
            if let Some(level) = self.levels.get_mut(level) {
                level.push(x);
                self.held += 1;
            }
        }
        while self.held > self.room && self.compact() {}
    }

    /// Adds the values of another sketch.
    pub fn merge(&mut self, other: Self) {
        self.grow(other.levels.len());
        for (ours, theirs) in self.levels.iter_mut().zip(other.levels) {
            self.held += theirs.len();
            ours.extend(theirs);
        }
        while self.held > self.room && self.compact() {}
    }

    /// The values that are held, sorted, each once, with the number that it stands for.
    pub fn points(&self) -> Vec<(f64, u64)> {
        let weighted = self.levels.iter().zip(0..);
        let mut points: Vec<(i64, u64)> =
            weighted.flat_map(|(level, h)| level.iter().map(move |x| (*x, 1u64 << h))).collect();
        points.sort_unstable();
        points.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        points.into_iter().map(|(x, n)| (f64::from_bits(order(x).cast_unsigned()), n)).collect()
    }

    fn grow(&mut self, levels: usize) {
        if self.levels.len() < levels {
            self.levels.resize(levels, Vec::new());
            self.capacities = (0..levels).map(|h| capacity(levels - 1 - h)).collect();
            self.room = self.capacities.iter().sum();
        }
    }

    /// Halves the lowest level that is full; `false` if none is.
    fn compact(&mut self) -> bool {
        let mut levels = self.levels.iter().zip(&self.capacities);
        let Some(full) = levels.position(|(level, most)| level.len() >= *most) else {
            return false;
        };
        self.grow(full + 2);
        let Some([level, above]) = self.levels.get_mut(full..full + 2) else { return false };
        self.coin = finish(self.coin.wrapping_add(0x9e37_79b9_7f4a_7c15));
        level.sort_unstable();
        let before = level.len() + above.len();
        // an odd one stays, at either end
        let odd = match (level.len() % 2, self.coin & 2) {
            (0, _) => None,
            (_, 0) => level.pop(),
            _ => Some(level.remove(0)),
        };
        above.extend(level.iter().skip(usize::from(self.coin & 1 == 1)).step_by(2));
        level.clear();
        level.extend(odd);
        self.held -= before - level.len() - above.len();
        true
    }
}

/// A number's bits as an integer of the same order as `f64::total_cmp`, and back.
const fn order(bits: i64) -> i64 {
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// The top level holds k values, each one below two thirds of the one above.
fn capacity(depth: usize) -> usize {
    let size = PROFILE_SKETCH_SIZE as f64 * (2.0 / 3.0_f64).powi(depth.min(64) as i32);
    (size.ceil() as usize).max(MIN_LEVEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error of a rank over the whole of 0..n, which `stream` gives in some order.
    fn error(n: u64, stream: impl Iterator<Item = u64>) -> f64 {
        let mut lanes = vec![Quantiles::new(); 4];
        for (i, x) in stream.enumerate() {
            lanes[i % 4].add(x as f64, 1);
        }
        let mut sketch = Quantiles::new();
        for lane in lanes {
            sketch.merge(lane);
        }
        let points = sketch.points();
        assert!(points.len() < 4 * PROFILE_SKETCH_SIZE, "{}", points.len());
        assert_eq!(points.iter().map(|p| p.1).sum::<u64>(), n, "no weight is lost");
        let (mut below, mut worst) = (0u64, 0.0f64);
        for (x, weight) in points {
            // true rank of x is x
            let off = (below as f64 - x).abs().max(((below + weight) as f64 - x - 1.0).abs());
            below += weight;
            worst = worst.max(off / n as f64);
        }
        worst
    }

    #[test]
    fn ranks_are_as_near_as_is_said() {
        let n = 1u64 << 21;
        let spread = |i: u64| i.wrapping_mul(0x9e37_79b1) % n;
        for (name, worst) in [
            ("rising", error(n, 0..n)),
            ("falling", error(n, (0..n).rev())),
            ("spread", error(n, (0..n).map(spread))),
            ("zigzag", error(n, (0..n).map(|i| if i % 2 == 0 { i / 2 } else { n - 1 - i / 2 }))),
        ] {
            println!("{name}: {worst:.5}");
            assert!(worst < RANK_ERROR, "{name}: {worst}");
        }
    }

    #[test]
    fn numbers_of_either_sign_keep_their_order() {
        let values = [-1e300, -2.5, -5e-324, 0.0, 5e-324, 1.0, 1e300];
        let mut sketch = Quantiles::new();
        values.iter().rev().for_each(|x| sketch.add(*x, 1));
        let found: Vec<f64> = sketch.points().into_iter().map(|p| p.0).collect();
        assert_eq!(found, values);
    }

    #[test]
    fn few_values_are_exact_and_weights_count() {
        let mut sketch = Quantiles::new();
        for (x, weight) in [(3.0, 5), (1.0, 1), (2.0, 1_000_003), (3.0, 2)] {
            sketch.add(x, weight);
        }
        assert_eq!(sketch.points(), [(1.0, 1), (2.0, 1_000_003), (3.0, 7)]);
    }
}
