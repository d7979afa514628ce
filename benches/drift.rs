//! A full drift report of many features and windows: `cargo bench --bench drift -- [FILE]`.
//!
//! The first window's counts go to FILE, for whoever works on the same data.

#![allow(clippy::unwrap_used)]

use driftline::drift::{
    Compared, Criteria, Detector, Feature, Found, Noise, Verdict, Watch, judge, moved,
};
use std::hint::black_box;
use std::time::Instant;

const FEATURES: usize = 1_000;
const BINS: usize = 20;
const WINDOWS: usize = 52;
const BASELINE: u64 = 20_000;
const RECORDS: u64 = 1_000;
/// Of so many features one moves.
const MOVING: usize = 10;
const ROUNDS: usize = 9;

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Records whose bin is the sum of two dice, moved up by half the bins where `moves`.
    fn counts(&mut self, records: u64, moves: bool) -> Vec<u64> {
        let mut counts = vec![0u64; BINS];
        for at in 0..records {
            let bits = self.next();
            let half = BINS as u64 / 2;
            let bin = bits % (half + 1) + (bits >> 32) % half;
            let shift = if moves && at % 5 == 0 { half } else { 0 };
            if let Some(count) = counts.get_mut(((bin + shift) % BINS as u64) as usize) {
                *count += 1;
            }
        }
        counts
    }
}

/// Judges every window, watches every feature over all of them, and explains what drifted.
fn report(baseline: &[Vec<u64>], windows: &[Vec<Vec<f64>>], edges: &[f64]) -> (usize, usize) {
    let criteria = Criteria::default();
    let watch = Watch { features: FEATURES as u32, looks: WINDOWS as u32, level: 0.05 }.threshold();
    let mut detectors: Vec<Detector> =
        baseline.iter().map(|counts| Detector::new(counts, Noise::None).unwrap()).collect();
    let (mut drifted, mut alarms) = (0, 0);
    for window in windows {
        let features: Vec<Feature<'_>> = baseline
            .iter()
            .zip(window)
            .map(|(baseline, current)| Feature {
                baseline,
                current,
                edges: Some(edges),
                noise: Noise::None,
            })
            .collect();
        let found: Vec<Found> = judge(&features, &criteria).unwrap();
        for (((found, feature), detector), current) in
            found.iter().zip(&features).zip(&mut detectors).zip(window)
        {
            alarms += usize::from(detector.look(current).unwrap() >= watch);
            if found.verdict == Verdict::Drifted {
                let compared = Compared::estimated(feature.baseline, current).unwrap().unwrap();
                drifted += black_box(moved(&compared, 5)).len().min(1);
            }
        }
        black_box(&found);
    }
    (drifted, alarms)
}

fn main() {
    let mut dice = Dice(2013);
    let edges: Vec<f64> = (0..=BINS).map(|edge| edge as f64).collect();
    let baseline: Vec<Vec<u64>> = (0..FEATURES).map(|_| dice.counts(BASELINE, false)).collect();
    let windows: Vec<Vec<Vec<u64>>> = (0..WINDOWS)
        .map(|_| (0..FEATURES).map(|f| dice.counts(RECORDS, f % MOVING == 0)).collect())
        .collect();
    if let Some(file) = std::env::args().skip(1).find(|arg| !arg.starts_with("--")) {
        let first = windows.first().unwrap();
        let data = serde_json::json!({ "baseline": baseline, "current": first });
        std::fs::write(file, data.to_string()).unwrap();
    }
    let estimates: Vec<Vec<Vec<f64>>> = windows
        .iter()
        .map(|w| w.iter().map(|c| c.iter().map(|n| *n as f64).collect()).collect())
        .collect();
    let mut times = Vec::new();
    let mut answer = (0, 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        answer = report(black_box(&baseline), black_box(&estimates), &edges);
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "driftline: {FEATURES} features × {BINS} bins × {WINDOWS} windows, one thread: minimum {:.1} ms, median {:.1} ms",
        times.first().unwrap(),
        times.get(ROUNDS / 2).unwrap()
    );
    println!(
        "{} feature windows called drifted, {} moved; {} past the detector's threshold",
        answer.0,
        FEATURES / MOVING * WINDOWS,
        answer.1
    );
}
