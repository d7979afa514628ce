//! A full drift report of many features and windows: `cargo bench --bench drift -- [FILE]`.
//!
//! The first window's counts go to FILE, for whoever works on the same data.

#![allow(clippy::unwrap_used)]

use driftline::drift::{
    Compared, Criteria, Detector, Feature, Found, Judge, Noise, Verdict, Watch, moved,
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
/// Features that are watched together through all windows, so that their detectors stay in the cache.
const WATCHED: usize = 50;

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

struct Data {
    edges: Vec<f64>,
    baseline: Vec<Vec<u64>>,
    /// Of each window the counts of all features, one after the other.
    windows: Vec<Vec<f64>>,
}

impl Data {
    /// A window's counts of features `from` to `to`.
    fn counts(window: &[f64], from: usize, to: usize) -> impl Iterator<Item = &[f64]> {
        window.chunks_exact(BINS).take(to).skip(from)
    }
}

/// Judges every window and explains what drifted: how many feature windows did.
fn judged(data: &Data, windows: &[Vec<f64>]) -> usize {
    let (criteria, mut judge) = (Criteria::default(), Judge::default());
    let mut drifted = 0;
    for window in windows {
        let features: Vec<Feature<'_>> = data
            .baseline
            .iter()
            .zip(Data::counts(window, 0, FEATURES))
            .map(|(baseline, current)| Feature {
                baseline,
                current,
                edges: Some(&data.edges),
                noise: Noise::None,
            })
            .collect();
        let found: Vec<Found> = judge.window(&features, &criteria).unwrap();
        for (found, feature) in found.iter().zip(&features) {
            if found.verdict == Verdict::Drifted {
                let compared = Compared::estimated(feature.baseline, feature.current).unwrap();
                drifted += black_box(moved(&compared.unwrap(), 5)).len().min(1);
            }
        }
        black_box(&found);
    }
    drifted
}

/// Watches features `from` to `to` over all windows: how many looks are past the threshold.
fn watched(data: &Data, from: usize, to: usize) -> usize {
    let watch = Watch { features: FEATURES as u32, looks: WINDOWS as u32, level: 0.05 }.threshold();
    let mut alarms = 0;
    for from in (from..to).step_by(WATCHED) {
        let to = to.min(from + WATCHED);
        let baselines = data.baseline.iter().take(to).skip(from);
        let mut detectors: Vec<Detector> =
            baselines.map(|baseline| Detector::new(baseline, Noise::None).unwrap()).collect();
        for window in &data.windows {
            for (detector, counts) in detectors.iter_mut().zip(Data::counts(window, from, to)) {
                alarms += usize::from(detector.look(counts).unwrap() >= watch);
            }
        }
    }
    alarms
}

/// The whole report, split over so many threads: windows for the verdicts, features for the watch.
fn report(data: &Data, threads: usize) -> (usize, usize) {
    if threads == 1 {
        return (judged(data, &data.windows), watched(data, 0, FEATURES));
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|part| {
                let cut = move |all: usize| (part * all / threads, (part + 1) * all / threads);
                scope.spawn(move || {
                    let (from, to) = cut(WINDOWS);
                    let drifted = judged(data, data.windows.get(from..to).unwrap());
                    let (from, to) = cut(FEATURES);
                    (drifted, watched(data, from, to))
                })
            })
            .collect();
        let found = parts.into_iter().map(|part| part.join().unwrap());
        found.fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1))
    })
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
    let estimates = windows
        .iter()
        .map(|window| window.iter().flatten().map(|count| *count as f64).collect())
        .collect();
    let data = Data { edges, baseline, windows: estimates };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut answers = Vec::new();
    for threads in [1, cores] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            answers.push(report(black_box(&data), threads));
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        println!(
            "driftline: {FEATURES} features × {BINS} bins × {WINDOWS} windows, {threads} threads: \
             minimum {:.1} ms, median {:.1} ms",
            times.first().unwrap(),
            times.get(ROUNDS / 2).unwrap()
        );
    }
    let answer = answers.first().unwrap();
    assert!(answers.iter().all(|other| other == answer), "threads change the answer");
    println!(
        "{} feature windows called drifted, {} moved; {} past the detector's threshold",
        answer.0,
        FEATURES / MOVING * WINDOWS,
        answer.1
    );
}
