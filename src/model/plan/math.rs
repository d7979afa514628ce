//! Transcendental functions, the same bits on every machine: crate `libm` and plain arithmetic.
//!
//! `libm` states less than 1 ulp for each function used here.

/// 1 / (1 + e⁻ˣ) with all digits of small results, as a neural network's activation.
pub fn sigmoid(x: f64) -> f64 {
    let e = libm::exp(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

/// log(1 + eˣ).
pub fn softplus(x: f64) -> f64 {
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + libm::log1p(libm::exp(-x.abs()))
}

/// Σ f(a, b) over four lanes: the sums do not wait for one another, and their order is fixed.
pub(super) fn sum<T: Copy + Into<f64>>(a: &[T], b: &[f32], f: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0.0; 4];
    let (mut four_a, mut four_b) = (a.chunks_exact(4), b.chunks_exact(4));
    for (a, b) in four_a.by_ref().zip(four_b.by_ref()) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f((*a).into(), f64::from(*b));
        }
    }
    let rest = four_a.remainder().iter().zip(four_b.remainder());
    for (lane, (a, b)) in lanes.iter_mut().zip(rest) {
        *lane += f((*a).into(), f64::from(*b));
    }
    let [a, b, c, d] = lanes;
    (a + b) + (c + d)
}
