//! What several tests of decisions are made from.

use crate::contract::{OutputKind, Outputs};

/// SplitMix64 (Steele, Lea and Flood 2014).
pub struct Random(pub u64);

impl Random {
    /// The next number, uniform on [0, 1).
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Outputs of these labels, whose scores are called `p`.
pub fn outputs(kind: OutputKind, labels: &[&str]) -> Outputs {
    Outputs {
        kind,
        labels: labels.iter().map(|l| (*l).to_owned()).collect(),
        scores: "p".into(),
        label: None,
        unit: None,
    }
}
