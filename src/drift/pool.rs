//! Bins with few expected records are put together, so that a chi-square statistic has the
//! distribution that its name says.

use super::noise::Noise;

/// Counts of both sides with their sums.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<'a> {
    pub baseline: &'a [f64],
    pub current: &'a [f64],
    pub n: f64,
    pub m: f64,
}

impl Sides<'_> {
    /// Whether plain counts need no pools: each bin alone weighs enough.
    pub fn has_enough_in_each_bin(&self) -> bool {
        let (smaller, least) = (self.n.min(self.m), LEAST_EXPECTED * (self.n + self.m));
        let enough = |(a, b): (&f64, &f64)| (a + b) * smaller >= least;
        self.baseline.iter().zip(self.current).fold(true, |all, bin| all & enough(bin))
    }
}

/// Fewest records that a pool must be expected to have on the smaller side.
pub(super) const LEAST_EXPECTED: f64 = 5.0;

/// Bins that are tested as one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pool {
    /// Records of the baseline.
    pub baseline: f64,
    /// Records of the current window, possibly estimated.
    pub current: f64,
    /// The share that both sides would have if nothing drifted, times [`Pools::whole`]; above 0.
    pub weight: f64,
    /// How many bins they are.
    pub bins: f64,
}

/// Pools in their order.
#[derive(Debug)]
pub(super) struct Pools {
    pub list: Vec<Pool>,
    /// What the weights add up to.
    pub whole: f64,
    /// Records of the smaller side, and what a pool's weight times them must be: of plain counts
    /// products of whole numbers, so that just enough is enough.
    smaller: f64,
    least: f64,
    /// What does not weigh enough yet.
    open: Pool,
}

impl Pools {
    fn add(&mut self, bin: Pool) {
        if bin.weight <= 0.0 {
            return;
        }
        join(&mut self.open, &bin);
        if self.open.weight * self.smaller >= self.least {
            self.list.push(std::mem::take(&mut self.open));
        }
    }

    /// What is left over goes to the last pool.
    fn close(&mut self) {
        let rest = std::mem::take(&mut self.open);
        match self.list.last_mut() {
            _ if rest.weight <= 0.0 => {}
            Some(last) => join(last, &rest),
            None => self.list.push(rest),
        }
    }
}

fn join(pool: &mut Pool, other: &Pool) {
    pool.baseline += other.baseline;
    pool.current += other.current;
    pool.weight += other.weight;
    pool.bins += other.bins;
}

/// Pools bins until each has five expected records on the smaller side: of the first `ordered` bins
/// neighbours, of the others the smallest ones together. Which ones they are follows from both
/// sides together, never from their difference; under noise from the baseline alone, since the noise
/// of the window would put low bins with low ones and high with high.
pub(super) fn pool(of: &Sides<'_>, ordered: usize, noise: &Noise) -> Pools {
    let plain = *noise == Noise::None;
    let both = of.baseline.iter().zip(of.current);
    let weights: Vec<f64> = if plain {
        both.map(|(a, b)| a + b).collect()
    } else {
        both.map(|(a, b)| share(*a, *b, of, noise)).collect()
    };
    let whole = if plain { of.n + of.m } else { weights.iter().sum() };
    let (smaller, least) = (of.n.min(of.m), LEAST_EXPECTED * whole);
    let (list, open) = (Vec::with_capacity(weights.len()), Pool::default());
    let mut pools = Pools { list, whole, smaller, least, open };
    let mut bins =
        of.baseline.iter().zip(of.current).zip(weights).map(|((baseline, current), weight)| Pool {
            baseline: *baseline,
            current: *current,
            weight,
            bins: 1.0,
        });
    for bin in bins.by_ref().take(ordered) {
        pools.add(bin);
    }
    pools.close();
    let mut rest: Vec<Pool> = bins.collect();
    rest.sort_by(|a, b| {
        if plain { a.weight.total_cmp(&b.weight) } else { a.baseline.total_cmp(&b.baseline) }
    });
    for bin in rest {
        pools.add(bin);
    }
    pools.close();
    pools
}

/// A bin's share that both sides tell together, each by how well it is known.
fn share(a: f64, b: f64, of: &Sides<'_>, noise: &Noise) -> f64 {
    let prior = (a + 0.5) / (of.n + 0.5 * of.baseline.len() as f64);
    let sampled = (prior * (1.0 - prior)).max(f64::EPSILON);
    let here = of.n / sampled;
    let there = of.m * of.m / (of.m * sampled + noise.variance_at(prior, of.m));
    (prior * here + (b / of.m).max(0.0) * there) / (here + there)
}
