//! Noise and responses beside the crate `prio` and exact probabilities, a million draws each.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "common/random.rs"]
mod random;

use driftline::privacy::{Draw, Epsilon, Scale, debias, noise, respond};
use driftline::stats::chi2_sf;
use random::seeded;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Draws of `prio`: tests/vectors/make_laplace writes them.
#[derive(Deserialize)]
struct Vectors {
    draws: u64,
    distributions: Vec<Drawn>,
}

#[derive(Deserialize)]
struct Drawn {
    part: u32,
    whole: u32,
    counts: Vec<(i64, u64)>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/laplace.json")).unwrap()
}

/// Below it a fixed seed gives another p-value only if a probability is wrong: of the 40 or so
/// p-values here, one would be below it by chance once in 2,500 choices of seeds.
const LEAST_P: f64 = 1e-5;

fn ours(scale: Scale, draws: u64) -> BTreeMap<i64, u64> {
    let mut source = seeded(u64::from(scale.part) << 32 | u64::from(scale.whole));
    let mut draw = Draw::new(&mut source);
    let mut counts = BTreeMap::new();
    for _ in 0..draws {
        *counts.entry(noise(scale, &mut draw).unwrap()).or_default() += 1;
    }
    counts
}

/// P(x) = (1 − α)/(1 + α)·α^|x| with α = e^(−whole/part).
fn chance(scale: Scale, x: i64) -> f64 {
    let rate = f64::from(scale.whole) / f64::from(scale.part);
    libm::tanh(rate / 2.0) * libm::exp(-rate * x.unsigned_abs() as f64)
}

/// P(X ≥ x) for x ≥ 1: α^x / (1 + α).
fn tail(scale: Scale, x: i64) -> f64 {
    let rate = f64::from(scale.whole) / f64::from(scale.part);
    libm::exp(-rate * x as f64) / (1.0 + libm::exp(-rate))
}

/// The numbers around 0 of which 25 or more are expected each; the rest are the two tails.
fn reach(scale: Scale, draws: u64) -> i64 {
    (1..).find(|x| chance(scale, *x + 1) * (draws as f64) < 25.0).unwrap()
}

/// Counts of −reach − 1 (all below), −reach, …, reach, reach + 1 (all above).
fn cells(counts: &BTreeMap<i64, u64>, reach: i64) -> Vec<f64> {
    let mut cells = vec![0.0; (2 * reach + 3) as usize];
    for (x, count) in counts {
        cells[(x.clamp(&(-reach - 1), &(reach + 1)) + reach + 1) as usize] += *count as f64;
    }
    cells
}

/// Pearson's chi-square of counts against expected ones.
fn against(counts: &[f64], expected: &[f64]) -> f64 {
    let pairs = counts.iter().zip(expected);
    let statistic: f64 = pairs.map(|(n, e)| (n - e) * (n - e) / e).sum();
    chi2_sf(statistic, (counts.len() - 1) as f64)
}

/// Chi-square of homogeneity of two samples of one size.
fn beside(one: &[f64], other: &[f64]) -> f64 {
    let pairs = one.iter().zip(other);
    let statistic: f64 = pairs.map(|(a, b)| (a - b) * (a - b) / (a + b)).sum();
    chi2_sf(statistic, (one.len() - 1) as f64)
}

#[test]
fn noise_is_that_of_prio_and_that_of_the_formula() {
    let Vectors { draws, distributions } = vectors();
    assert!(draws == 1_000_000 && distributions.len() >= 5);
    for drawn in distributions {
        let scale = Scale { part: drawn.part, whole: drawn.whole };
        let reach = reach(scale, draws);
        let mut expected: Vec<f64> = (-reach..=reach).map(|x| chance(scale, x)).collect();
        expected.insert(0, tail(scale, reach + 1));
        expected.push(tail(scale, reach + 1));
        assert!((expected.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{scale:?}");
        expected.iter_mut().for_each(|share| *share *= draws as f64);
        let theirs: BTreeMap<i64, u64> = drawn.counts.into_iter().collect();
        assert_eq!(theirs.values().sum::<u64>(), draws, "{scale:?}");
        let (ours, theirs) = (cells(&ours(scale, draws), reach), cells(&theirs, reach));
        let p = [against(&ours, &expected), against(&theirs, &expected), beside(&ours, &theirs)];
        println!("{scale:?}: {} cells, p = {p:?}", ours.len());
        assert!(p.iter().all(|p| *p > LEAST_P), "{scale:?}: {p:?}");
    }
}

#[test]
fn another_scale_is_told_from_that_of_prio() {
    let drawn = &vectors().distributions[3];
    assert_eq!((drawn.part, drawn.whole), (12, 1));
    let theirs: BTreeMap<i64, u64> = drawn.counts.iter().copied().collect();
    let near = Scale { part: 1_224, whole: 100 };
    let reach = reach(near, 1_000_000);
    let p = beside(&cells(&ours(near, 1_000_000), reach), &cells(&theirs, reach));
    assert!(p < 1e-9, "p = {p}: two percent more would pass");
}

#[test]
fn responses_have_their_exact_chances() {
    const DRAWS: u32 = 1_000_000;
    for (cells, milli, truth) in [(2u32, 1_000, 0), (14, 2_000, 13), (24, 4_000, 5), (24, 1, 7)] {
        let epsilon = Epsilon::from_milli(milli).unwrap();
        let mut source = seeded(u64::from(cells) << 32 | u64::from(milli));
        let mut draw = Draw::new(&mut source);
        let mut counts = vec![0.0; cells as usize];
        for _ in 0..DRAWS {
            counts[respond(truth, cells, epsilon, &mut draw).unwrap() as usize] += 1.0;
        }
        // from the definition, not from the library's own function
        let odds = f64::from(milli) / 1_000.0;
        let odds = odds.exp();
        let all = odds + f64::from(cells) - 1.0;
        let mut expected = vec![f64::from(DRAWS) / all; cells as usize];
        expected[truth as usize] = f64::from(DRAWS) * odds / all;
        let p = against(&counts, &expected);
        println!("{cells} cells, ε of {milli} thousandths: p = {p}");
        assert!(p > LEAST_P, "{cells} {milli}: {p}");
        let (kept, other) = debias::chances(cells as usize, epsilon);
        assert!((kept - odds / all).abs() < 1e-15 && (other - 1.0 / all).abs() < 1e-15);
    }
}
