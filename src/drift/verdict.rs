//! Our verdict on a window: significance and effect, and whether there are enough records to say.

use super::compare::{Before, Compared, check_edges};
use super::distance::{Effects, along, effects, least_deviation, steps};
use super::noise::Noise;
use super::pool::Sides;
use super::rare::rare;
use super::several::benjamini_hochberg;
use super::significance::{
    Pooled, Quantiles, alone, pooled_of, psi_null_expectation, psi_null_q95,
};
use crate::error::Result;
use crate::stats::{chi2_sf_each, sum};
use serde::Serialize;

/// When a difference is drift.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Criteria {
    /// Expected share of false ones among the features of a window that are called significant.
    pub false_discovery_rate: f64,
    /// Least effect: Hellinger's distance beyond what sampling alone gives.
    pub effect: f64,
    /// Records of either side below which nothing is said.
    pub least_records: u64,
}

impl Default for Criteria {
    fn default() -> Self {
        Self { false_discovery_rate: 0.05, effect: 0.025, least_records: 50 }
    }
}

/// What a window says about a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There are too few records to tell.
    TooFew,
    /// No difference that is more than chance.
    Stable,
    /// A difference that is more than chance, and too small to matter.
    Slight,
    /// A difference that is more than chance and large.
    Drifted,
}

impl Verdict {
    /// The stable string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooFew => "too_few",
            Self::Stable => "stable",
            Self::Slight => "slight",
            Self::Drifted => "drifted",
        }
    }
}

/// The counts of one feature.
#[derive(Clone, Copy, Debug)]
pub struct Feature<'a> {
    /// Counts of the baseline.
    pub baseline: &'a [u64],
    /// Counts of the window; estimates if noise was taken out of them.
    pub current: &'a [f64],
    /// Edges of the first bins, in rising order: one more than those. The bins after them, and all
    /// bins if there are no edges, have no order.
    pub edges: Option<&'a [f64]>,
    /// Noise of the window's counts.
    pub noise: Noise,
}

/// What was found about one feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// The verdict.
    pub verdict: Verdict,
    /// The pooled test; none with too few records.
    pub test: Option<Pooled>,
    /// P-value of the feature: that of the pooled test together with the exact test of rare bins.
    pub p: Option<f64>,
    /// The same after Benjamini and Hochberg over the window's features.
    pub p_adjusted: Option<f64>,
    /// Hellinger's distance beyond what sampling alone gives: what is compared with the least effect.
    pub effect: Option<f64>,
    /// The distances; none if one side is empty.
    pub distances: Option<Distances>,
}

/// Effect sizes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Distances {
    /// In [0, 1].
    pub hellinger: f64,
    /// Base 2, in [0, 1].
    pub js_distance: f64,
    /// In nats; none where it is infinite, because one side of a bin is empty.
    pub psi: Option<f64>,
    /// PSI if nothing drifted, on average.
    pub psi_null_expectation: f64,
    /// What PSI exceeds once in twenty if nothing drifted.
    pub psi_null_q95: f64,
    /// In [0, 1].
    pub linf: f64,
    /// In [0, 1].
    pub tvd: f64,
    /// Over the bins with edges, in [0, 1].
    pub ks: Option<f64>,
    /// In the feature's unit, over the bins with edges.
    pub wasserstein: Option<f64>,
    /// The same over the baseline's standard deviation.
    pub wasserstein_by_deviation: Option<f64>,
}

/// Judges the features of one window together; [`Judge`] is quicker for several windows.
///
/// # Errors
/// As [`Judge::window`].
pub fn judge(features: &[Feature<'_>], criteria: &Criteria) -> Result<Vec<Found>> {
    Judge::default().window(features, criteria)
}

/// Judges windows, and keeps what follows from the baselines alone.
#[derive(Debug, Default)]
pub struct Judge {
    quantiles: Quantiles,
    known: Vec<Known>,
}

/// What follows from a feature's baseline and edges.
#[derive(Debug, Default)]
struct Known {
    baseline: Vec<u64>,
    edges: Option<Vec<f64>>,
    /// From each bin's middle to the next one's.
    steps: Vec<f64>,
    /// The baseline's counts.
    before: Vec<f64>,
    /// The same over their sum.
    shares: Vec<f64>,
    n: f64,
    /// What a Wasserstein distance is divided by.
    deviation: Option<f64>,
}

impl Known {
    /// Makes it that of this feature, if it is another's.
    fn of(&mut self, feature: &Feature<'_>, bins: usize) -> Result<()> {
        let edges = match (&self.edges, feature.edges) {
            (Some(known), Some(edges)) => same(known, edges),
            (known, edges) => known.is_none() && edges.is_none(),
        };
        let same = edges && self.baseline == feature.baseline;
        if same && !self.before.is_empty() {
            return Ok(());
        }
        *self = Self::default();
        if let Some(edges) = feature.edges {
            check_edges(edges, bins.clamp(1, feature.baseline.len().max(1)))?;
        }
        self.baseline.extend_from_slice(feature.baseline);
        self.edges = feature.edges.map(<[f64]>::to_vec);
        self.steps = feature.edges.map(steps).unwrap_or_default();
        self.before.extend(feature.baseline.iter().map(|count| *count as f64));
        self.n = self.before.iter().sum();
        self.shares.extend(self.before.iter().map(|count| count / self.n));
        Ok(())
    }
}

/// Whether all bits are the same: all are looked at, several at once.
fn same(a: &[f64], b: &[f64]) -> bool {
    let pairs = a.iter().zip(b);
    a.len() == b.len() && pairs.fold(true, |all, (a, b)| all & (a.to_bits() == b.to_bits()))
}

impl Judge {
    /// Judges the features of one window together.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`](crate::ErrorCode::BadInput) with the place below `[i]` for counts,
    /// edges or noise that have no meaning.
    pub fn window(&mut self, features: &[Feature<'_>], criteria: &Criteria) -> Result<Vec<Found>> {
        if self.known.len() < features.len() {
            self.known.resize_with(features.len(), Known::default);
        }
        let mut found = Vec::with_capacity(features.len());
        // whose p-values are taken together
        let (mut open, mut tests) = (Vec::new(), Vec::new());
        for (at, (feature, known)) in features.iter().zip(&mut self.known).enumerate() {
            let (one, is_open) =
                one(feature, criteria, known, &mut self.quantiles).map_err(|e| {
                    let path = e.place().path.clone().unwrap_or_default();
                    e.at_path(format!("[{at}].{path}"))
                })?;
            if let (true, Some(test)) = (is_open, &one.test) {
                open.push(at);
                tests.push((test.statistic, test.dof));
            }
            found.push(one);
        }
        for (at, p) in open.into_iter().zip(chi2_sf_each(&tests)) {
            if let Some(Found { test: Some(test), p: whole, .. }) = found.get_mut(at) {
                (test.p, *whole) = (p, Some(p));
            }
        }
        let p_values: Vec<Option<f64>> = found.iter().map(|f: &Found| f.p).collect();
        for (found, adjusted) in found.iter_mut().zip(benjamini_hochberg(&p_values)) {
            found.p_adjusted = adjusted;
            found.verdict = match (adjusted, found.effect) {
                (Some(p), Some(_)) if p > criteria.false_discovery_rate => Verdict::Stable,
                (Some(_), Some(effect)) if effect < criteria.effect => Verdict::Slight,
                (Some(_), Some(_)) => Verdict::Drifted,
                _ => Verdict::TooFew,
            };
        }
        Ok(found)
    }
}

/// One feature, before the window's others are known; and whether its p-value is still open.
fn one(
    feature: &Feature<'_>,
    criteria: &Criteria,
    known: &mut Known,
    quantiles: &mut Quantiles,
) -> Result<(Found, bool)> {
    let bins = feature.edges.map_or(0, |edges| edges.len().saturating_sub(1));
    known.of(feature, bins)?;
    let plain = feature.noise == Noise::None;
    // estimates below 0 count as 0 in the comparison; their sum with those is what was reported
    let reported = sum(feature.current);
    let compared = if plain {
        let before = Before { counts: &known.before, shares: &known.shares, n: known.n };
        Compared::whole(feature.baseline, before, (feature.current, reported))?
    } else {
        Compared::estimated(feature.baseline, feature.current)?
    };
    let nothing = Found {
        verdict: Verdict::TooFew,
        test: None,
        p: None,
        p_adjusted: None,
        effect: None,
        distances: None,
    };
    let Some(compared) = compared else { return Ok((nothing, false)) };
    let effects = effects(&compared);
    let distances = distances(&compared, feature.edges, &effects, known, quantiles);
    let fewest = compared.baseline_total().min(compared.current_total()).min(reported);
    if fewest < criteria.least_records as f64 {
        return Ok((Found { distances: Some(distances), ..nothing }, false));
    }
    let n = compared.baseline_total();
    let sides = Sides { baseline: &known.before, current: feature.current, n, m: reported };
    // then there is nothing to pool, and no bin is rare
    let enough = plain && sides.has_enough_in_each_bin();
    let is_open = enough && bins >= known.before.len() && bins > 1;
    let test = if is_open { Some(alone(&sides)) } else { pooled_of(&sides, bins, &feature.noise)? };
    let rare = if plain && !enough { rare(&sides) } else { None };
    // nine tenths of the false alarms for the pooled test, a tenth for the rare bins
    let p = match (&test, rare) {
        (Some(test), None) => Some(test.p),
        (Some(test), Some(rare)) => Some((test.p / 0.9).min(rare / 0.1).min(1.0)),
        (None, rare) => rare,
    };
    let effect = p.map(|_| beyond_chance(&compared, feature, effects.hellinger));
    Ok((Found { test, p, effect, distances: Some(distances), ..nothing }, is_open))
}

/// Hellinger's distance less what sampling and noise give on average if nothing drifted:
/// H² is then about (B − 1)(1/n + 1/m)/8, and noise of variance v adds v/(8 m² p) a bin.
fn beyond_chance(compared: &Compared, feature: &Feature<'_>, hellinger: f64) -> f64 {
    let m = compared.current_total();
    let occupied = compared.occupied() as f64;
    let mut chance = (occupied - 1.0).max(0.0) * compared.sampling() / 8.0;
    if feature.noise != Noise::None {
        for cell in compared.cells().iter().filter(|cell| cell.p > 0.0 || cell.q > 0.0) {
            let added = feature.noise.variance_at(cell.p, m) / (m * m);
            // a bin cannot be further off than its share
            chance += (added / (8.0 * cell.p.max(1.0 / m))).min(libm::sqrt(added) / 2.0);
        }
    }
    libm::sqrt((hellinger * hellinger - chance).max(0.0))
}

fn distances(
    compared: &Compared,
    edges: Option<&[f64]>,
    effects: &Effects,
    Known { steps, deviation, .. }: &mut Known,
    quantiles: &mut Quantiles,
) -> Distances {
    // without the bins that have no place on the line, shares add up to less: of the rest alone
    let line =
        edges.and_then(|edges| Some((compared.first(edges.len().saturating_sub(1))?, edges)));
    let far = line.as_ref().map(|(line, _)| along(line, steps));
    Distances {
        hellinger: effects.hellinger,
        js_distance: effects.js_distance,
        psi: Some(effects.psi).filter(|psi| psi.is_finite()),
        psi_null_expectation: psi_null_expectation(compared),
        psi_null_q95: psi_null_q95(compared, quantiles),
        linf: effects.linf,
        tvd: effects.tvd,
        ks: far.map(|far| far.ks),
        wasserstein: far.map(|far| far.wasserstein),
        wasserstein_by_deviation: line.as_ref().zip(far).map(|((line, edges), far)| {
            far.wasserstein / *deviation.get_or_insert_with(|| least_deviation(line, edges))
        }),
    }
}
