//! Draws against exact probabilities, with a fixed seed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::error::{Error, ErrorCode, Result};

/// SplitMix64: deterministic, and good enough for these tests.
struct Seeded(u64);

impl Random for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        for chunk in buffer.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// p-value of counts against probabilities that sum to 1.
fn p_value(counts: &[u64], chances: &[f64]) -> f64 {
    let total = counts.iter().sum::<u64>() as f64;
    let statistic: f64 = counts
        .iter()
        .zip(chances)
        .map(|(n, p)| {
            let off = *n as f64 - total * p;
            off * off / (total * p)
        })
        .sum();
    crate::stats::chi2_sf(statistic, (counts.len() - 1) as f64)
}

const DRAWS: usize = 1_000_000;

#[test]
fn responses_have_the_stated_chances() {
    for (cells, milli) in [(2, 1_000), (7, 500), (20, 4_000), (30, 4_000)] {
        let epsilon = Epsilon::from_milli(milli).unwrap();
        let mut source = Seeded(u64::from(cells) << 32 | u64::from(milli));
        let mut draw = Draw::new(&mut source);
        let mut counts = vec![0u64; cells as usize];
        for _ in 0..DRAWS / 4 {
            counts[respond(1, cells, epsilon, &mut draw).unwrap() as usize] += 1;
        }
        let (p, q) = debias::chances(counts.len(), epsilon);
        let mut chances = vec![q; counts.len()];
        chances[1] = p;
        let found = p_value(&counts, &chances);
        assert!(found > 1e-4, "{cells} cells at {milli}: p = {found}");
    }
}

#[test]
fn noise_has_the_stated_chances_and_variance() {
    for (part, whole) in [(1, 1), (1, 2), (7, 3), (40_000, 1_000)] {
        let scale = Scale { part, whole };
        let mut source = Seeded(u64::from(part) << 20 | u64::from(whole));
        let mut draw = Draw::new(&mut source);
        let rate = f64::from(whole) / f64::from(part);
        // cells of |x| ≤ reach, and one each for what lies beyond
        let reach = (4.0 / rate).ceil() as i64;
        let width = ((2 * reach + 1) as usize).min(41);
        let step = (2 * reach + 1) as usize / width + 1;
        let alpha = libm::exp(-rate);
        let chance =
            |x: i64| (1.0 - alpha) / (1.0 + alpha) * libm::pow(alpha, x.unsigned_abs() as f64);
        let cell = |x: i64| ((x.clamp(-reach - 1, reach + 1) + reach + 1) as usize).div_ceil(step);
        let mut chances = vec![0.0; cell(reach + 1) + 1];
        for x in -60 * reach..=60 * reach {
            chances[cell(x)] += chance(x);
        }
        let mut counts = vec![0u64; chances.len()];
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..DRAWS / 4 {
            let x = noise(scale, &mut draw).unwrap();
            counts[cell(x)] += 1;
            sum += x as f64;
            squares += (x * x) as f64;
        }
        let found = p_value(&counts, &chances);
        assert!(found > 1e-4, "{part}/{whole}: p = {found}");
        let n = (DRAWS / 4) as f64;
        let (mean, variance) = (sum / n, squares / n);
        assert!(mean.abs() < 5.0 * (scale.variance() / n).sqrt(), "{part}/{whole}: {mean}");
        // the kurtosis of a Laplace distribution is 6
        let error = scale.variance() * (5.5f64 / n).sqrt();
        assert!((variance - scale.variance()).abs() < 5.0 * error, "{part}/{whole}: {variance}");
    }
}

#[test]
fn estimates_are_right_on_average_and_their_variances_too() {
    let epsilon = Epsilon::from_milli(1_000).unwrap();
    let truth = [500u64, 300, 150, 50, 0];
    let mut source = Seeded(7);
    let mut draw = Draw::new(&mut source);
    let runs = 400;
    let mut sums = [0.0; 5];
    let mut squares = [0.0; 5];
    let mut stated = [0.0; 5];
    for _ in 0..runs {
        let mut responses = [0i64; 5];
        for (cell, count) in truth.iter().enumerate() {
            for _ in 0..*count {
                responses[respond(cell as u32, 5, epsilon, &mut draw).unwrap() as usize] += 1;
            }
        }
        for (cell, estimate) in debias::randomized(&responses, epsilon).iter().enumerate() {
            let error = estimate.count - truth[cell] as f64;
            sums[cell] += error;
            squares[cell] += error * error;
            stated[cell] += estimate.variance;
        }
    }
    let n = f64::from(runs);
    for cell in 0..5 {
        let (mean, variance, stated) = (sums[cell] / n, squares[cell] / n, stated[cell] / n);
        assert!(mean.abs() < 4.0 * (variance / n).sqrt(), "cell {cell}: off by {mean}");
        // the variance of a variance: 2 σ⁴ / n
        let ratio = variance / stated;
        assert!((ratio - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "cell {cell}: {ratio}");
    }
}

#[test]
fn a_source_that_fails_is_an_error_and_no_answer() {
    let mut failing =
        |_: &mut [u8]| -> Result<()> { Err(Error::new(ErrorCode::NoRandomness, "none")) };
    let epsilon = Epsilon::from_milli(1_000).unwrap();
    let mut draw = Draw::new(&mut failing);
    assert_eq!(respond(0, 4, epsilon, &mut draw).unwrap_err().code(), ErrorCode::NoRandomness);
    let scale = Scale { part: 3, whole: 1 };
    assert_eq!(noise(scale, &mut draw).unwrap_err().code(), ErrorCode::NoRandomness);
}

#[test]
fn a_source_that_repeats_itself_is_refused_and_does_not_hang() {
    for byte in [0u8, 0xff] {
        let mut stuck = |buffer: &mut [u8]| -> Result<()> {
            buffer.fill(byte);
            Ok(())
        };
        let mut draw = Draw::new(&mut stuck);
        let _ = noise(Scale { part: 40, whole: 1 }, &mut draw);
        let _ = respond(1, 9, Epsilon::from_milli(4_000).unwrap(), &mut draw);
    }
}

#[test]
fn what_lies_outside_is_refused() {
    let mut source = Seeded(1);
    let mut draw = Draw::new(&mut source);
    let epsilon = Epsilon::from_milli(1_000).unwrap();
    assert!(respond(4, 4, epsilon, &mut draw).is_err());
    assert!(respond(0, 0, epsilon, &mut draw).is_err());
    assert!(draw.below(0).is_err());
    assert!(draw.exp_minus(1, 0).is_err());
    assert!(Epsilon::from_milli(0).is_err());
    assert!(Epsilon::from_milli(u32::MAX).is_err());
    // one cell has nothing to hide
    assert_eq!(respond(0, 1, epsilon, &mut draw).unwrap(), 0);
    assert_eq!(debias::randomized(&[9], epsilon)[0].count, 9.0);
}
