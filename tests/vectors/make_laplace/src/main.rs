//! Writes how often the crate `prio` draws each number of some discrete Laplace distributions.

use num_bigint::{BigInt, BigUint};
use num_rational::Ratio;
use prio::dp::distributions::DiscreteLaplace;
use rand::SeedableRng;
use rand::distr::Distribution;
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeMap;

const DRAWS: u32 = 1_000_000;

/// Numerator and denominator of each scale.
const SCALES: [(u32, u32); 5] = [(1, 1), (1, 2), (7, 3), (12, 1), (40_000, 1_000)];

fn main() {
    println!("{{\"by\": \"prio 0.17.0, ChaCha20 seeded with the place in this list\",");
    println!(" \"draws\": {DRAWS}, \"distributions\": [");
    for (seed, (part, whole)) in SCALES.into_iter().enumerate() {
        let scale = Ratio::new(BigUint::from(part), BigUint::from(whole));
        let laplace = DiscreteLaplace::new(scale).expect("a scale above 0");
        let mut random = ChaCha20Rng::seed_from_u64(seed as u64);
        let mut counts = BTreeMap::<i64, u32>::new();
        for _ in 0..DRAWS {
            let drawn: BigInt = laplace.sample(&mut random);
            *counts.entry(i64::try_from(drawn).expect("a number of 64 bits")).or_default() += 1;
        }
        let counts: Vec<String> =
            counts.iter().map(|(value, count)| format!("[{value},{count}]")).collect();
        let end = if seed + 1 == SCALES.len() { "" } else { "," };
        println!("  {{\"part\": {part}, \"whole\": {whole}, \"counts\": [{}]}}{end}", counts.join(","));
    }
    println!(" ]}}");
}
