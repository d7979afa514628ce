//! What drift is seen through each privacy mode, from clients to test, and what ε adds up to:
//! `cargo bench --bench privacy`. Prints the tables of docs/privacy.md.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../tests/common/random.rs"]
mod random;

use driftline::Result;
use driftline::drift::{Criteria, Feature, Noise, Verdict, judge};
use driftline::privacy::{Draw, Epsilon, Random, Scale, accountant, debias, noise, respond};
use random::SplitMix64;

/// Bins of every feature, alike likely in the baseline, and what is counted beside them.
const BINS: usize = 10;
const SPECIALS: usize = 4;
const CELLS: usize = BINS + SPECIALS;
/// Rows of the baseline.
const BASELINE: u64 = 100_000;
/// Clients up to which each answer is drawn by `respond` itself.
const ANSWERED: u64 = 10_000;
/// Drift of the one feature that drifts.
const PSI: f64 = 0.1;
/// The rate of false discoveries; if nothing drifted, the share of looks that call anything drifted.
const FALSE_ALARMS: f64 = 0.01;
/// Groups of blocks beside the inputs that share the ε of a window in `aggregated` mode: records,
/// label, confidence, its sum, action, reason, latency, faults, three of outcomes, follow-up.
const OTHER_GROUPS: u32 = 11;

/// A fixed seed, and as quick as a simulation needs.
struct Seeded(SplitMix64);

impl Seeded {
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.word()) * n as u128) >> 64) as usize
    }

    /// A bin of these cumulated shares.
    fn bin(&mut self, cumulated: &[f64]) -> usize {
        let at = (self.0.word() >> 11) as f64 / (1u64 << 53) as f64;
        cumulated.iter().position(|share| at < *share).unwrap_or(BINS - 1)
    }
}

impl Random for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        for chunk in buffer.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.0.word().to_le_bytes());
        }
        Ok(())
    }
}

/// Shares that lean to the upper bins, as far from even ones as [`PSI`] says.
fn leaning() -> Vec<f64> {
    let shares = |lean: f64| {
        let raw: Vec<f64> = (0..BINS).map(|bin| (lean * bin as f64 / BINS as f64).exp()).collect();
        let sum: f64 = raw.iter().sum();
        raw.into_iter().map(|share| share / sum).collect::<Vec<_>>()
    };
    let even = 1.0 / BINS as f64;
    let psi = |shares: &[f64]| shares.iter().map(|q| (q - even) * (q / even).ln()).sum::<f64>();
    let (mut low, mut high) = (0.0, 8.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if psi(&shares(middle)) < PSI { low = middle } else { high = middle }
    }
    shares(low)
}

fn cumulated(shares: &[f64]) -> Vec<f64> {
    shares
        .iter()
        .scan(0.0, |sum, share| {
            *sum += share;
            Some(*sum)
        })
        .collect()
}

#[derive(Clone, Copy)]
enum Mode {
    /// Thousandths of ε; one feature a client.
    Randomized(u32),
    /// Thousandths of ε, clients a beacon.
    Aggregated(u32, u64),
    Plain,
}

/// One look: the verdicts on the features, of which the first may have drifted.
fn look(
    mode: Mode,
    clients: u64,
    features: usize,
    drift: Option<&[f64]>,
    seeded: &mut Seeded,
) -> Vec<bool> {
    let even = vec![1.0 / BINS as f64; BINS];
    let moved = cumulated(drift.unwrap_or(&even));
    let mut counts = vec![[0i64; CELLS]; features];
    let truth = |feature: usize, seeded: &mut Seeded| {
        if feature == 0 { seeded.bin(&moved) } else { seeded.below(BINS) }
    };
    let mut source = Seeded(SplitMix64(seeded.0.word()));
    let mut draw = Draw::new(&mut source);
    if let Mode::Randomized(milli) = mode {
        let epsilon = Epsilon::from_milli(milli).unwrap();
        let (p, q) = debias::chances(CELLS, epsilon);
        let kept = ((p - q) * 2f64.powi(64)) as u64;
        for _ in 0..clients {
            let feature = seeded.below(features);
            let bin = truth(feature, seeded);
            // the same chances, which tests hold `respond` to; it takes microseconds
            let answer = if clients <= ANSWERED {
                respond(bin as u32, CELLS as u32, epsilon, &mut draw).unwrap() as usize
            } else if seeded.0.word() < kept {
                bin
            } else {
                seeded.below(CELLS)
            };
            counts[feature][answer] += 1;
        }
        let noise = Noise::RandomizedResponse { epsilon: epsilon.get(), cells: CELLS as u32 };
        let counts = counts.iter().map(|counts| debias::randomized(counts, epsilon));
        return judged(&counts.collect::<Vec<_>>(), noise);
    }
    for (feature, counts) in counts.iter_mut().enumerate() {
        for _ in 0..clients {
            counts[truth(feature, seeded)] += 1;
        }
    }
    let Mode::Aggregated(milli, users) = mode else {
        let scale = Scale { part: 1, whole: 1 };
        let counts = counts.iter().map(|counts| debias::aggregated(counts, 0, scale));
        return judged(&counts.collect::<Vec<_>>(), Noise::None);
    };
    let scale = Scale { part: (features as u32 + OTHER_GROUPS) * 1_000, whole: milli };
    let beacons = clients.div_ceil(users);
    for count in counts.iter_mut().flatten() {
        for _ in 0..beacons {
            *count += noise(scale, &mut draw).unwrap();
        }
    }
    let epsilon = f64::from(scale.whole) / f64::from(scale.part);
    let counts = counts.iter().map(|counts| debias::aggregated(counts, beacons, scale));
    judged(&counts.collect::<Vec<_>>(), Noise::Laplace { epsilon, draws: beacons })
}

/// Which features `driftline::drift` calls drifted.
fn judged(estimates: &[Vec<debias::Estimate>], noise: Noise) -> Vec<bool> {
    let mut baseline = [0; CELLS];
    baseline[..BINS].fill(BASELINE / BINS as u64);
    let counts: Vec<Vec<f64>> =
        estimates.iter().map(|cells| cells.iter().map(|cell| cell.count).collect()).collect();
    let edges: Vec<f64> = (0..=BINS).map(|edge| edge as f64).collect();
    let features: Vec<Feature<'_>> = counts
        .iter()
        .map(|current| Feature { baseline: &baseline, current, edges: Some(&edges), noise })
        .collect();
    let criteria = Criteria { false_discovery_rate: FALSE_ALARMS, ..Criteria::default() };
    let found = judge(&features, &criteria).unwrap();
    found.iter().map(|found| found.verdict == Verdict::Drifted).collect()
}

/// Share of looks that see the drift, share of looks without drift that call any, looks of each.
fn rates(mode: Mode, clients: u64, features: usize, seed: u64) -> (f64, f64, u64) {
    let work = match mode {
        Mode::Randomized(_) => clients * if clients <= ANSWERED { 200 } else { 2 },
        Mode::Aggregated(_, users) => {
            features as u64 * (clients * 2 + clients.div_ceil(users) * CELLS as u64 * 10)
        }
        Mode::Plain => features as u64 * clients * 2,
    };
    let looks = (200_000_000 / work).clamp(30, 500);
    let leaning = leaning();
    let mut seeded = Seeded(SplitMix64(seed));
    let (mut seen, mut wrong) = (0u64, 0u64);
    for _ in 0..looks {
        seen += u64::from(look(mode, clients, features, Some(&leaning), &mut seeded)[0]);
        let calm = look(mode, clients, features, None, &mut seeded);
        wrong += u64::from(calm.contains(&true));
    }
    (seen as f64 / looks as f64, wrong as f64 / looks as f64, looks)
}

fn power() {
    let modes = [
        ("`pseudonymous`", Mode::Plain),
        ("`randomized`, ε = 4", Mode::Randomized(4_000)),
        ("`randomized`, ε = 2", Mode::Randomized(2_000)),
        ("`randomized`, ε = 1", Mode::Randomized(1_000)),
        ("`aggregated`, ε = 1, 1,000 users a beacon", Mode::Aggregated(1_000, 1_000)),
        ("`aggregated`, ε = 1, 100 users a beacon", Mode::Aggregated(1_000, 100)),
    ];
    println!("| mode | features | 10³ clients | 10⁴ | 10⁵ | 10⁶ | false alarms |");
    println!("|---|---|---|---|---|---|---|");
    for features in [10usize, 30] {
        for (name, mode) in modes {
            let sizes = [1_000u64, 10_000, 100_000, 1_000_000];
            let all = sizes.iter().map(|clients| rates(mode, *clients, features, *clients));
            let all: Vec<(f64, f64, u64)> = all.collect();
            let error = |share: f64, looks: u64| (share * (1.0 - share) / looks as f64).sqrt();
            let cells: Vec<String> = all
                .iter()
                .map(|(seen, _, looks)| format!("{seen:.2} ± {:.2}", error(*seen, *looks)))
                .collect();
            let looks: u64 = all.iter().map(|(_, _, looks)| looks).sum();
            let wrong: f64 = all.iter().map(|(_, wrong, looks)| wrong * *looks as f64).sum();
            let wrong = wrong / looks as f64;
            let (worst, at) = sizes
                .iter()
                .zip(&all)
                .map(|(size, (_, wrong, _))| (*wrong, *size))
                .fold((0.0, 0), |most, one| if one.0 > most.0 { one } else { most });
            let most = if at == 0 {
                String::new()
            } else {
                format!("; at most {:.1} %, at 10^{}", worst * 100.0, at.ilog10())
            };
            println!(
                "| {name} | {features} | {} | {:.1} ± {:.1} %{most} |",
                cells.join(" | "),
                wrong * 100.0,
                error(wrong, looks) * 100.0
            );
        }
    }
}

fn losses() {
    println!(
        "| each answer | answers | sum | but for a chance of 10⁻⁶ | a belief of 1 % becomes at most |"
    );
    println!("|---|---|---|---|---|");
    for milli in [4_000, 2_000, 1_000, 100] {
        let epsilon = Epsilon::from_milli(milli).unwrap();
        for times in [1, 7, 30, 365] {
            let sum = accountant::basic(epsilon, times);
            let least = accountant::advanced(epsilon, times, 1e-6).unwrap();
            let belief = accountant::belief(0.01, sum) * 100.0;
            // not rounded up to a certainty that it is not
            let belief = (belief * 10.0).floor() / 10.0;
            println!("| {} | {times} | {sum:.1} | {least:.1} | {belief} % |", epsilon.get());
        }
    }
}

fn answers() {
    println!("| ε | cells | the answer is true | any other cell | a true answer's odds |");
    println!("|---|---|---|---|---|");
    for milli in [4_000, 2_000, 1_000] {
        let epsilon = Epsilon::from_milli(milli).unwrap();
        for cells in [CELLS, 24] {
            let (p, q) = debias::chances(cells, epsilon);
            let (p, other, odds) = (p * 100.0, q * 100.0, p / q);
            println!("| {} | {cells} | {p:.0} % | {other:.1} % | {odds:.0} : 1 |", epsilon.get());
        }
    }
}

fn main() {
    // cargo adds `--bench`
    match std::env::args().skip(1).find(|word| !word.starts_with('-')).as_deref() {
        Some("losses") => losses(),
        Some("answers") => answers(),
        _ => power(),
    }
}
