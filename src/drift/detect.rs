//! Drift over time: an e-detector, which may be looked at after every window.
//!
//! Every window gives an e-value for each of a few alternatives: a non-negative number whose mean is
//! at most 1 while nothing drifts, whatever came before. The detector is Shiryaev and Roberts'
//! recursion M ← e (M + 1) (Shin, Ramdas and Rinaldo 2022), averaged over the alternatives. Without
//! drift M − t is a supermartingale, so that by Doob's inequality the chance that M ever reaches c
//! within T windows is at most T/c. With F features the threshold F·T/α therefore keeps the chance
//! of any false alarm in the whole fleet within the horizon at most α.

use super::compare::bad;
use super::noise::Noise;
use crate::error::Result;
use crate::stats::{chi2_upper_quantile, exp_each, sum};
use serde::Serialize;

/// How many times as likely an alternative makes its bin, or as many times less likely.
const TILT: f64 = 2.0;

/// The baseline's own sampling error is allowed for at this confidence.
const BASELINE_DELTA: f64 = 1e-3;

/// A detector's value is not let beyond this, so that it stays finite; no threshold is as high.
const HIGHEST: f64 = 1e200;

/// What false alarms may cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Watch {
    /// Features that are watched together.
    pub features: u32,
    /// Windows within which the promise holds.
    pub looks: u32,
    /// Chance of any false alarm among all features within them.
    pub level: f64,
}

impl Watch {
    /// The value at which a detector alarms: features × looks / level.
    pub fn threshold(&self) -> f64 {
        f64::from(self.features) * f64::from(self.looks) / self.level
    }
}

/// The detector of one feature.
#[derive(Clone, Debug)]
pub struct Detector {
    /// Share of each bin in the baseline, with half a count added: above 0.
    shares: Vec<f64>,
    /// Radius of the shares that count as the baseline's, in χ² divergence's root.
    radius: f64,
    bets: Bets,
    noise: Noise,
    windows: u32,
}

/// Bets that one bin got more, or less: of bin i those at 2i and 2i + 1. Each list has an entry a
/// bet, so that a window's are worked out several at once.
#[derive(Clone, Debug, Default)]
struct Bets {
    /// Logarithm of how many times as likely the bin is: the other bet's is its negative.
    tilt: f64,
    /// Logarithm of the factor of each record outside the bin; one in it has the tilt besides.
    outside: Vec<f64>,
    /// Logarithm of the moment generating function at them of one draw of noise in every bin, to be
    /// taken off; nothing without noise.
    noise: Vec<f64>,
    value: Vec<f64>,
    /// The window's e-values, or their logarithms.
    e: Vec<f64>,
}

impl Detector {
    /// A detector of what differs from this baseline. `noise` is that of every window; randomized
    /// response is watched in the shares that are seen.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`](crate::ErrorCode::BadInput) for a baseline without a record or with
    /// fewer than two bins, and for noise without a meaning.
    pub fn new(baseline: &[u64], noise: Noise) -> Result<Self> {
        noise.check()?;
        let n: f64 = baseline.iter().map(|count| *count as f64).sum();
        if n <= 0.0 || baseline.len() < 2 {
            return bad("baseline_counts", "there is nothing to compare with");
        }
        let bins = baseline.len();
        let whole = n + 0.5 * bins as f64;
        let plain = baseline.iter().map(|count| (*count as f64 + 0.5) / whole);
        let (slope, other) = answers(&noise);
        let shares: Vec<f64> = plain.map(|share| other + slope * share).collect();
        let dof = u32::try_from(bins - 1).unwrap_or(u32::MAX);
        let radius = libm::sqrt(slope * chi2_upper_quantile(BASELINE_DELTA, dof) / n);
        let mut detector = Self { shares, radius, bets: Bets::default(), noise, windows: 0 };
        detector.bets = detector.bets(bins);
        Ok(detector)
    }

    /// For each bin one bet that it got more and one that it got less.
    fn bets(&self, bins: usize) -> Bets {
        let most = match self.noise {
            // where the noise has a moment generating function, with room
            Noise::Laplace { epsilon, .. } => libm::exp((epsilon / 2.0).min(1.0)).min(TILT),
            _ => TILT,
        };
        let mut bets = Bets { tilt: libm::log(most), ..Bets::default() };
        for share in &self.shares {
            for (ratio, tilt) in [(most, bets.tilt), (1.0 / most, -bets.tilt)] {
                // the mean of the bet under the worst distribution that counts as the baseline's
                let mean = 1.0 + share * (ratio - 1.0);
                let deviation = (ratio - 1.0).abs() * libm::sqrt(share * (1.0 - share));
                let outside = -libm::log(mean + self.radius * deviation);
                bets.outside.push(outside);
                if matches!(self.noise, Noise::Laplace { .. }) {
                    let others = (bins - 1) as f64 * self.log_mgf(outside);
                    bets.noise.push(self.log_mgf(tilt + outside) + others);
                }
            }
        }
        bets.value = vec![0.0; bets.outside.len()];
        bets.e.clone_from(&bets.value);
        bets
    }

    /// Logarithm of E exp(θx) of one draw of a bin's noise: (1 − α)²/((1 − αeᶿ)(1 − αe⁻ᶿ)).
    fn log_mgf(&self, theta: f64) -> f64 {
        let Noise::Laplace { epsilon, .. } = self.noise else { return 0.0 };
        let rest = -libm::expm1(-epsilon);
        let up = -libm::expm1(theta - epsilon);
        let down = -libm::expm1(-theta - epsilon);
        if up <= 0.0 || down <= 0.0 {
            return f64::INFINITY;
        }
        2.0 * libm::log(rest) - libm::log(up) - libm::log(down)
    }

    /// Takes in a window's counts, debiased if they are noisy, and returns the detector's value:
    /// at least 0. A window without a record leaves it as it is.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`](crate::ErrorCode::BadInput) at `current_counts` for another number
    /// of bins or a count that is not finite; the detector is then as before.
    pub fn look(&mut self, current: &[f64]) -> Result<f64> {
        let draws = match self.noise {
            Noise::Laplace { draws, .. } => draws,
            _ => 0,
        };
        self.look_through(current, draws)
    }

    /// The same for a window with another number of draws of Laplace noise in each bin: as many as
    /// beacons were merged.
    ///
    /// # Errors
    /// As [`Detector::look`].
    pub fn look_through(&mut self, current: &[f64], draws: u64) -> Result<f64> {
        if current.len() != self.shares.len() {
            return bad("current_counts", "there are not as many counts as of the baseline");
        }
        let total = sum(current);
        if !total.is_finite() {
            return bad("current_counts", "a count is not finite");
        }
        if total <= 0.0 && self.noise == Noise::None {
            return Ok(self.value());
        }
        let (slope, other) = answers(&self.noise);
        let Bets { tilt, outside, noise, value, e } = &mut self.bets;
        let (bets, _) = e.as_chunks_mut::<2>();
        for ((e, outside), debiased) in bets.iter_mut().zip(outside.as_chunks().0).zip(current) {
            let [more, less]: [f64; 2] = *outside;
            // what was reported, where answers are randomized
            let inside = (other * total + slope * debiased) * *tilt;
            *e = [total * more + inside, total * less - inside];
        }
        for (e, noise) in e.iter_mut().zip(noise.iter()) {
            *e -= draws as f64 * noise;
        }
        exp_each(e);
        for (value, e) in value.iter_mut().zip(e.iter()) {
            *value = (*e * (*value + 1.0)).min(HIGHEST);
        }
        self.windows += 1;
        Ok(self.value())
    }

    /// The detector's value: the mean over the alternatives.
    pub fn value(&self) -> f64 {
        sum(&self.bets.value) / self.bets.value.len() as f64
    }

    /// The bin that speaks most for drift, and whether it got more.
    pub fn leading(&self) -> Option<(usize, bool)> {
        let values = self.bets.value.iter().enumerate();
        let (bet, most) = values.max_by(|a, b| a.1.total_cmp(b.1))?;
        (*most > 0.0).then_some((bet / 2, bet % 2 == 0))
    }

    /// Windows that were taken in.
    pub fn windows(&self) -> u32 {
        self.windows
    }

    /// Begins anew, as after an alarm was dealt with.
    pub fn reset(&mut self) {
        self.bets.value.fill(0.0);
        self.windows = 0;
    }
}

/// Shares that are seen are `other + slope × share`.
fn answers(noise: &Noise) -> (f64, f64) {
    match noise {
        Noise::RandomizedResponse { epsilon, cells } => {
            let odds = libm::exp(*epsilon);
            let all = odds + f64::from(*cells) - 1.0;
            ((odds - 1.0) / all, 1.0 / all)
        }
        _ => (1.0, 0.0),
    }
}
