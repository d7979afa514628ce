//! Bins with few expected records are put together, so that a chi-square statistic has the
//! distribution that its name says.

use super::noise::Noise;

/// Fewest records that a pool must be expected to have on the smaller side.
pub(super) const LEAST_EXPECTED: f64 = 5.0;

/// Bins that are tested as one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pool {
    /// Records of the baseline.
    pub baseline: f64,
    /// Records of the current window, possibly estimated.
    pub current: f64,
    /// The share that both sides would have if nothing drifted, in (0, 1].
    pub share: f64,
    /// How many bins they are.
    pub bins: f64,
}

impl Pool {
    fn add(&mut self, other: &Self) {
        self.baseline += other.baseline;
        self.current += other.current;
        self.share += other.share;
        self.bins += other.bins;
    }
}

/// Pools bins until each has five expected records on the smaller side: of the first `ordered` bins
/// neighbours, of the others the smallest ones together. Which ones they are follows from both
/// sides together, never from their difference; under noise from the baseline alone, since the noise
/// of the window would put low bins with low ones and high with high.
pub(super) fn pool(baseline: &[u64], current: &[f64], ordered: usize, noise: &Noise) -> Vec<Pool> {
    let n: f64 = baseline.iter().map(|count| *count as f64).sum();
    let m: f64 = current.iter().sum();
    let mut bins: Vec<Pool> = baseline
        .iter()
        .zip(current)
        .map(|(a, b)| one(*a as f64, *b, n, m, baseline.len(), noise))
        .collect();
    let all: f64 = bins.iter().map(|bin| bin.share).sum();
    for bin in &mut bins {
        bin.share /= all;
    }
    let least = LEAST_EXPECTED / n.min(m);
    let mut pools: Vec<Pool> = Vec::with_capacity(bins.len());
    let (line, rest) = bins.split_at_mut(ordered.min(baseline.len()));
    collect(line, least, &mut pools);
    rest.sort_by(|a, b| match noise {
        Noise::None => a.share.total_cmp(&b.share),
        _ => a.baseline.total_cmp(&b.baseline),
    });
    collect(rest, least, &mut pools);
    pools
}

/// What is left over goes to the last pool.
fn collect(bins: &[Pool], least: f64, pools: &mut Vec<Pool>) {
    let mut open: Option<Pool> = None;
    for bin in bins.iter().filter(|bin| bin.share > 0.0) {
        let mut joined = *bin;
        if let Some(pool) = open.take() {
            joined.add(&pool);
        }
        if joined.share >= least {
            pools.push(joined);
        } else {
            open = Some(joined);
        }
    }
    match (open, pools.last_mut()) {
        (Some(rest), Some(last)) => last.add(&rest),
        (Some(rest), None) => pools.push(rest),
        _ => {}
    }
}

/// One bin with the share that both sides tell together, each by how well it is known.
fn one(a: f64, b: f64, n: f64, m: f64, bins: usize, noise: &Noise) -> Pool {
    let share = if *noise == Noise::None {
        (a + b) / (n + m)
    } else {
        let prior = (a + 0.5) / (n + 0.5 * bins as f64);
        let sampled = (prior * (1.0 - prior)).max(f64::EPSILON);
        let here = n / sampled;
        let there = m * m / (m * sampled + noise.variance_at(prior, m));
        (prior * here + (b / m).max(0.0) * there) / (here + there)
    };
    Pool { baseline: a, current: b, share, bins: 1.0 }
}
