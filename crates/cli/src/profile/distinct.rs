//! How many distinct keys there are, about.
//!
//! HyperLogLog (Flajolet et al. 2007) with 2^12 registers and O. Ertl's estimator (*New cardinality
//! estimation algorithms for HyperLogLog sketches*, 2017, algorithm 6), which needs no table.

/// Registers.
const M: usize = 1 << 12;

/// Bits of a hash that count leading zeros.
const Q: usize = 64 - 12;

/// Standard error of the estimate, relative: 1.04 / √M.
pub const RELATIVE_ERROR: f64 = 0.01625;

/// A sketch of a set.
#[derive(Clone, Debug)]
pub struct Distinct {
    registers: Vec<u8>,
}

impl Distinct {
    pub fn new() -> Self {
        Self { registers: vec![0; M] }
    }

    /// Adds an element by its hash, whose bits must all be random.
    pub fn add(&mut self, hash: u64) {
        let rank = ((hash << 12) | (1 << 11)).leading_zeros() as u8 + 1;
        if let Some(register) = self.registers.get_mut((hash >> Q) as usize) {
            *register = rank.max(*register);
        }
    }

    /// Adds the elements of another.
    pub fn merge(&mut self, other: &Self) {
        for (ours, theirs) in self.registers.iter_mut().zip(&other.registers) {
            *ours = (*theirs).max(*ours);
        }
    }

    /// The estimate.
    pub fn count(&self) -> u64 {
        let m = M as f64;
        let mut histogram = [0u32; Q + 2];
        for register in &self.registers {
            if let Some(n) = histogram.get_mut(usize::from(*register)) {
                *n += 1;
            }
        }
        let [zero, ranks @ .., last] = &histogram;
        let mut z = m * tau(1.0 - f64::from(*last) / m);
        for n in ranks.iter().rev() {
            z = 0.5 * (z + f64::from(*n));
        }
        z += m * sigma(f64::from(*zero) / m);
        (m * m / (2.0 * std::f64::consts::LN_2 * z)).round() as u64
    }
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::{finish, mix, word};
    use super::*;

    #[test]
    fn the_estimate_is_within_four_standard_errors() {
        for n in [0u64, 1, 100, 4_000, 20_000, 1_000_000] {
            let mut whole = Distinct::new();
            let (mut left, mut right) = (Distinct::new(), Distinct::new());
            for i in 0..n {
                let key = format!("N{i}");
                let hash = finish(mix(word(key.as_bytes()), key.len()));
                whole.add(hash);
                whole.add(hash);
                if i % 2 == 0 { left.add(hash) } else { right.add(hash) }
            }
            let off = (whole.count() as f64 - n as f64).abs();
            assert!(off <= (4.0 * RELATIVE_ERROR * n as f64).max(1.0), "{n}: {}", whole.count());
            left.merge(&right);
            assert_eq!(left.count(), whole.count());
        }
    }
}
