//! Transcendental functions, the same bits on every machine: crate `libm` and plain arithmetic.
//!
//! `libm` states less than 1 ulp for each function used here.

/// 1 / (1 + e⁻ˣ), computed so that neither tail cancels.
pub fn logistic(x: f64) -> f64 {
    let v = 1.0 / (1.0 + libm::exp(-x.abs()));
    if x < 0.0 { 1.0 - v } else { v }
}

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

/// Inverse of the error function as ONNX Runtime approximates it (Winitzki, a = 0.147).
fn erf_inv(x: f64) -> f64 {
    let sign = if x < 0.0 { -1.0 } else { 1.0 };
    let log = libm::log((1.0 - x) * (1.0 + x));
    let v = 2.0 / (std::f64::consts::PI * 0.147) + 0.5 * log;
    let v2 = log / 0.147;
    sign * libm::sqrt(-v + libm::sqrt(v * v - v2))
}

/// Quantile of the normal distribution, as `PROBIT` of `ai.onnx.ml` means it.
pub fn probit(x: f64) -> f64 {
    std::f64::consts::SQRT_2 * erf_inv(2.0 * x - 1.0)
}

/// Softmax of one row, in place.
pub fn softmax(row: &mut [f64]) {
    let max = row.iter().fold(f64::NEG_INFINITY, |m, x| if *x > m { *x } else { m });
    let mut sum = 0.0;
    for x in row.iter_mut() {
        *x = libm::exp(*x - max);
        sum += *x;
    }
    for x in row.iter_mut() {
        *x /= sum;
    }
}

/// Softmax that leaves zeros at zero, as `SOFTMAX_ZERO` of `ai.onnx.ml` means it.
pub fn softmax_zero(row: &mut [f64]) {
    let max = row.iter().fold(f64::NEG_INFINITY, |m, x| if *x > m { *x } else { m });
    let scale = libm::exp(-max);
    let mut sum = 0.0;
    for x in row.iter_mut() {
        if x.abs() > 1e-7 {
            *x = libm::exp(*x - max);
            sum += *x;
        } else {
            *x *= scale;
        }
    }
    for x in row.iter_mut() {
        *x /= sum;
    }
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
