//! What the tests and the detector promise, by simulation with fixed seeds.

use super::*;

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In (0, 1).
    fn unit(&mut self) -> f64 {
        ((self.next() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// Counts of `records` draws, where `of` has the bin of each 1,024th.
    fn counts(&mut self, of: &[u16; 1024], bins: usize, records: usize) -> Vec<u64> {
        let mut counts = vec![0; bins];
        let (mut bits, mut left) = (0, 0);
        for _ in 0..records {
            if left == 0 {
                (bits, left) = (self.next(), 6);
            }
            counts[of[(bits & 1023) as usize] as usize] += 1;
            (bits, left) = (bits >> 10, left - 1);
        }
        counts
    }

    /// How many of `n` have a chance of `p`: jumps from one to the next.
    fn binomial(&mut self, n: u64, p: f64) -> u64 {
        let (mut at, mut hits) = (0.0, 0);
        loop {
            at += (libm::log(self.unit()) / libm::log(1.0 - p)).floor() + 1.0;
            if at > n as f64 {
                return hits;
            }
            hits += 1;
        }
    }

    /// P(x) ∝ e^(−ε|x|): the difference of two geometric variables.
    fn laplace(&mut self, epsilon: f64) -> f64 {
        let mut one = || (libm::log(self.unit()) / -epsilon).floor();
        one() - one()
    }
}

/// Bins of falling share: weights B, B − 1, …, 1.
fn falling(bins: usize) -> [u16; 1024] {
    let all = bins * (bins + 1) / 2;
    let mut table = [0; 1024];
    let (mut bin, mut end) = (0, bins as f64 / all as f64);
    for (at, slot) in table.iter_mut().enumerate() {
        while at as f64 / 1024.0 >= end && bin + 1 < bins {
            bin += 1;
            end += (bins - bin) as f64 / all as f64;
        }
        *slot = bin as u16;
    }
    table
}

fn estimates(counts: &[u64]) -> Vec<f64> {
    counts.iter().map(|count| *count as f64).collect()
}

#[test]
fn false_discoveries_stay_below_their_rate_over_a_year_of_windows() {
    let (features, windows, years) = (20, 52, 6);
    let mut dice = Dice(2013);
    let table = falling(10);
    let mut alarmed = 0;
    let (mut found, mut missed, mut false_ones, mut reported) = (0, 0, 0, 0);
    for _ in 0..years {
        let baselines: Vec<Vec<u64>> =
            (0..features).map(|_| dice.counts(&table, 10, 2_000)).collect();
        for window in 0..windows {
            let mut currents: Vec<Vec<f64>> =
                (0..features).map(|_| estimates(&dice.counts(&table, 10, 300))).collect();
            // in every other window four features moved a tenth of their records to the first bin
            let drifted = if window % 2 == 0 { 0 } else { 4 };
            for current in currents.iter_mut().take(drifted) {
                for bin in 1..10 {
                    let part = (current[bin] / 4.0).floor();
                    current[bin] -= part;
                    current[0] += part;
                }
            }
            let judged: Vec<Feature<'_>> = baselines
                .iter()
                .zip(&currents)
                .map(|(baseline, current)| Feature {
                    baseline,
                    current,
                    edges: None,
                    noise: Noise::None,
                })
                .collect();
            let answers = judge(&judged, &Criteria::default()).unwrap();
            let significant = |f: &Found| f.verdict >= Verdict::Slight;
            let wrong = answers.iter().skip(drifted).filter(|f| significant(f)).count();
            if drifted == 0 {
                alarmed += usize::from(wrong > 0);
            } else {
                let right = answers.iter().take(drifted).filter(|f| significant(f)).count();
                found += right;
                missed += drifted - right;
                false_ones += wrong;
                reported += wrong + right;
            }
        }
    }
    let quiet = (years * windows / 2) as f64;
    let share = alarmed as f64 / quiet;
    println!(
        "{features} features × {windows} windows × {years} years: {alarmed} of {quiet} quiet windows \
         alarmed ({share:.3}); of {} drifted features {found} found; {false_ones} of {reported} \
         reports false",
        found + missed
    );
    // without any drift the rate of false discoveries is that of false windows
    assert!(share <= 0.05 + 3.0 * (0.05f64 * 0.95 / quiet).sqrt(), "{share}");
    assert!(found as f64 >= 0.9 * (found + missed) as f64);
    assert!(false_ones as f64 <= 0.08 * reported as f64);
}

#[test]
fn a_year_of_daily_looks_keeps_its_false_alarms_and_doubled_rates_are_found() {
    let (years, days, records) = (300, 365, 1_000u64);
    let watch = Watch { features: 1, looks: days, level: 0.01 };
    let mut dice = Dice(7);
    let mut alarms = 0;
    let mut delays = Vec::new();
    for year in 0..years {
        let known = dice.binomial(20_000, 0.02);
        let baseline = [20_000 - known, known];
        let mut detector = Detector::new(&baseline, Noise::None).unwrap();
        let mut look = |rate: f64, dice: &mut Dice| {
            let hits = dice.binomial(records, rate);
            detector.look(&[(records - hits) as f64, hits as f64]).unwrap()
        };
        let quiet = (0..days).all(|_| look(0.02, &mut dice) < watch.threshold());
        alarms += usize::from(!quiet);
        if year % 3 == 0 && quiet {
            let after = (1..=60).find(|_| look(0.04, &mut dice) >= watch.threshold());
            delays.push(after.expect("a doubled rate is found"));
        }
    }
    let mean = f64::from(delays.iter().sum::<i32>()) / delays.len() as f64;
    println!(
        "{alarms} of {years} null years of {days} looks alarmed at 0.01; .02 to .04 at {records} \
         records a look: {mean:.1} looks on average, {} at most ({} changes)",
        delays.iter().max().unwrap(),
        delays.len()
    );
    assert!(alarms <= years / 100, "{alarms}");
    assert!(mean < 5.0, "{mean}");
}

#[test]
fn the_detector_keeps_its_promise_under_noise_too() {
    let table = falling(6);
    for noise in [
        Noise::Laplace { epsilon: 1.0, draws: 1 },
        Noise::RandomizedResponse { epsilon: 2.0, cells: 6 },
    ] {
        let mut dice = Dice(11);
        let watch = Watch { features: 1, looks: 52, level: 0.05 };
        let (mut alarms, mut found) = (0, 0);
        for _ in 0..100 {
            let baseline = dice.counts(&table, 6, 5_000);
            let mut detector = Detector::new(&baseline, noise).unwrap();
            let mut look = |moved: f64, dice: &mut Dice| {
                let mut counts = dice.counts(&table, 6, 400);
                let part = (counts[0] as f64 * moved) as u64;
                counts[0] -= part;
                counts[5] += part;
                detector.look(&noisy(&counts, &noise, dice)).unwrap() >= watch.threshold()
            };
            alarms += usize::from((0..52).any(|_| look(0.0, &mut dice)));
            found += usize::from((0..52).any(|_| look(0.5, &mut dice)));
        }
        println!("{noise:?}: {alarms} of 100 null years alarmed, {found} of 100 shifts found");
        assert!(alarms <= 5, "{noise:?} {alarms}");
        assert!(found >= 95, "{noise:?} {found}");
    }
}

/// The counts as they are after the mode's noise was added and taken out of their mean.
fn noisy(counts: &[u64], noise: &Noise, dice: &mut Dice) -> Vec<f64> {
    match noise {
        Noise::None => estimates(counts),
        Noise::Laplace { epsilon, .. } => {
            counts.iter().map(|count| *count as f64 + dice.laplace(*epsilon)).collect()
        }
        Noise::RandomizedResponse { epsilon, cells } => {
            let k = f64::from(*cells);
            let other = 1.0 / (libm::exp(*epsilon) + k - 1.0);
            let slope = (libm::exp(*epsilon) - 1.0) * other;
            let mut reports = vec![0.0; counts.len()];
            for (bin, count) in counts.iter().enumerate() {
                for _ in 0..*count {
                    let at = if dice.unit() < slope {
                        bin
                    } else {
                        (dice.next() % u64::from(*cells)) as usize
                    };
                    reports[at] += 1.0;
                }
            }
            let all: f64 = reports.iter().sum();
            reports.iter().map(|report| (report - all * other) / slope).collect()
        }
    }
}

#[test]
fn the_corrected_test_has_its_level_under_noise() {
    let rounds = 2_000;
    let (bins, n, m) = (10, 2_000, 400);
    let table = falling(bins);
    let cells = bins as u32;
    for noise in [
        Noise::None,
        Noise::Laplace { epsilon: 0.5, draws: 1 },
        Noise::Laplace { epsilon: 1.0, draws: 1 },
        Noise::Laplace { epsilon: 0.5, draws: 4 },
        Noise::RandomizedResponse { epsilon: 0.5, cells },
        Noise::RandomizedResponse { epsilon: 1.0, cells },
    ] {
        let mut dice = Dice(5);
        let mut rejected = 0;
        for _ in 0..rounds {
            let baseline = dice.counts(&table, bins, n);
            let current = dice.counts(&table, bins, m);
            if let Noise::Laplace { draws, .. } = noise {
                // several beacons: the counts of the first, and nothing but noise of the others
                let mut merged = estimates(&current);
                for _ in 0..draws {
                    let added = noisy(&vec![0; bins], &noise, &mut dice);
                    merged.iter_mut().zip(added).for_each(|(sum, noise)| *sum += noise);
                }
                rejected += usize::from(p(&baseline, &merged, &noise) <= 0.05);
                continue;
            }
            let debiased = noisy(&current, &noise, &mut dice);
            rejected += usize::from(p(&baseline, &debiased, &noise) <= 0.05);
        }
        let level = rejected as f64 / f64::from(rounds);
        let error = (0.05f64 * 0.95 / f64::from(rounds)).sqrt();
        println!("{noise:?}: level {level:.4}, 0.05 ± {error:.4}");
        assert!((level - 0.05).abs() <= 3.0 * error, "{noise:?} {level}");
    }
}

fn p(baseline: &[u64], current: &[f64], noise: &Noise) -> f64 {
    pooled(baseline, current, 0, noise).unwrap().unwrap().p
}
