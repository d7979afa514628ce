//! Functions of one or two elements, four at a time.
//!
//! The bounds are in units in the last place of binary32 and hold for results that are normal
//! numbers; `tests` walk through every 4,099th argument. The same bits in WebAssembly and elsewhere.

use crate::lanes::{F32x4, U32x4};
use std::ops::{Add, Div, Mul, Sub};

/// A function of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// x, or 0 below 0; NaN stays. Exact.
    Relu,
    /// eˣ within 1 ulp.
    Exp,
    /// 1 / (1 + e⁻ˣ) within 3 ulp.
    Sigmoid,
    /// tanh x within 2 ulp.
    Tanh,
}

/// An operation on two elements, rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a ÷ b
    Div,
}

/// `out[i] = f(x[i])`, as far as both reach.
#[inline(never)]
pub fn unary(f: Unary, x: &[f32], out: &mut [f32]) {
    match f {
        Unary::Relu => map(x, out, relu),
        Unary::Exp => map(x, out, exp),
        Unary::Sigmoid => map(x, out, sigmoid),
        Unary::Tanh => map(x, out, tanh),
    }
}

/// `out[i] = f(a[i], b[i])`, as far as all reach.
#[inline(never)]
pub fn binary(f: Binary, a: &[f32], b: &[f32], out: &mut [f32]) {
    match f {
        Binary::Add => zip(a, b, out, F32x4::add),
        Binary::Sub => zip(a, b, out, F32x4::sub),
        Binary::Mul => zip(a, b, out, F32x4::mul),
        Binary::Div => zip(a, b, out, F32x4::div),
    }
}

/// `out = (x − offset) · scale`, row by row of `columns`; offset and scale have one number for each
/// column, or one for all.
#[inline(never)]
pub fn scale(x: &[f32], offset: &[f32], scale: &[f32], columns: usize, out: &mut [f32]) {
    let columns = columns.max(1);
    let rows = out.chunks_exact_mut(columns).zip(x.chunks_exact(columns));
    // rows of equal lengths, so that four columns go at a time
    if let (Some(offset), Some(scale)) = (offset.get(..columns), scale.get(..columns)) {
        for (out, x) in rows {
            for (((to, x), offset), scale) in out.iter_mut().zip(x).zip(offset).zip(scale) {
                *to = (*x - *offset) * *scale;
            }
        }
        return;
    }
    let at = |numbers: &[f32], i| numbers.get(i).or(numbers.first()).copied().unwrap_or_default();
    for (out, x) in rows {
        for (i, (to, x)) in out.iter_mut().zip(x).enumerate() {
            *to = (*x - at(offset, i)) * at(scale, i);
        }
    }
}

#[inline(always)]
fn map(x: &[f32], out: &mut [f32], f: impl Fn(F32x4) -> F32x4) {
    let n = out.len().min(x.len());
    let (x, out) = (x.get(..n).unwrap_or(&[]), out.get_mut(..n).unwrap_or(&mut []));
    let (x, x_rest) = x.as_chunks::<4>();
    let (out, out_rest) = out.as_chunks_mut::<4>();
    for (x, to) in x.iter().zip(out) {
        f(F32x4::load(x)).store(to);
    }
    let mut last = [0.0; 4];
    fill(&mut last, x_rest);
    let mut values = [0.0; 4];
    f(F32x4::load(&last)).store(&mut values);
    fill(out_rest, &values);
}

#[inline(always)]
fn zip(a: &[f32], b: &[f32], out: &mut [f32], f: impl Fn(F32x4, F32x4) -> F32x4) {
    let n = out.len().min(a.len()).min(b.len());
    let (a, b) = (a.get(..n).unwrap_or(&[]), b.get(..n).unwrap_or(&[]));
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let (out, out_rest) = out.get_mut(..n).unwrap_or(&mut []).as_chunks_mut::<4>();
    for ((a, b), to) in a.iter().zip(b).zip(out) {
        f(F32x4::load(a), F32x4::load(b)).store(to);
    }
    let (mut last_a, mut last_b, mut values) = ([0.0; 4], [0.0; 4], [0.0; 4]);
    fill(&mut last_a, a_rest);
    fill(&mut last_b, b_rest);
    f(F32x4::load(&last_a), F32x4::load(&last_b)).store(&mut values);
    fill(out_rest, &values);
}

#[inline(always)]
fn fill(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[inline(always)]
fn relu(x: F32x4) -> F32x4 {
    let zero = F32x4::splat(0.0);
    x.lt(zero).select(zero, x)
}

/// Horner's rule, the highest power first.
#[inline(always)]
fn polynomial<const N: usize>(x: F32x4, coefficients: [f32; N]) -> F32x4 {
    let mut sum = F32x4::splat(0.0);
    for c in coefficients {
        sum = sum.mul(x).add(F32x4::splat(c));
    }
    sum
}

/// 2ⁿ for whole n in [−126, 127].
#[inline(always)]
fn power_of_two(n: F32x4) -> F32x4 {
    // adding 1.5 · 2²³ leaves n in the low bits, which move into the exponent's place
    let bits = n.add(F32x4::splat(12_582_912.0)).to_bits().shl::<23>();
    F32x4::from_bits(bits.add(U32x4::splat(1.0f32.to_bits())))
}

/// ln 2 in two parts, so that a whole number times the first, 355 / 512, is exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = (std::f64::consts::LN_2 - 355.0 / 512.0) as f32;

/// x = n · ln 2 + r, |r| ≤ ln 2 / 2; eʳ by its Taylor series, cut where binary32 does not see it.
#[inline(always)]
fn exp(x: F32x4) -> F32x4 {
    let (least, most) = (F32x4::splat(-104.0), F32x4::splat(89.0));
    let x = x.lt(least).select(least, x);
    let x = x.gt(most).select(most, x);
    let n = x.mul(F32x4::splat(std::f32::consts::LOG2_E)).nearest();
    let r = x.sub(n.mul(F32x4::splat(LN_2_HIGH)));
    let r = r.sub(n.mul(F32x4::splat(LN_2_LOW)));
    let tail = polynomial(r, [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5]);
    let value = tail.mul(r.mul(r)).add(r).add(F32x4::splat(1.0));
    // in two steps, since 2ⁿ itself may be no normal number
    let half = n.mul(F32x4::splat(0.5)).nearest();
    value.mul(power_of_two(half)).mul(power_of_two(n.sub(half)))
}

#[inline(always)]
fn sigmoid(x: F32x4) -> F32x4 {
    let one = F32x4::splat(1.0);
    one.div(one.add(exp(F32x4::splat(0.0).sub(x))))
}

/// Near 0 an odd polynomial; else 1 − 2 / (e²ˣ + 1), which loses nothing there.
#[inline(always)]
fn tanh(x: F32x4) -> F32x4 {
    let sign = x.to_bits().and(U32x4::splat(1 << 31));
    let a = F32x4::from_bits(x.to_bits().without(sign));
    let one = F32x4::splat(1.0);
    let two = F32x4::splat(2.0);
    let far = one.sub(two.div(exp(a.mul(two)).add(one)));
    let z = a.mul(a);
    let tail = polynomial(z, TANH);
    let near = a.add(a.mul(z).mul(tail));
    let value = a.gt(F32x4::splat(0.625)).select(far, near);
    F32x4::from_bits(value.to_bits().or(sign))
}

/// (tanh a / a − 1) / a² in powers of a², the highest first: least squares over a in [0, 0.625].
const TANH: [f32; 6] = [
    2.295_841_2e-3,
    -8.346_981e-3,
    2.176_996_1e-2,
    -5.395_940_7e-2,
    1.333_330_4e-1,
    -3.333_333_4e-1,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_scaled_by_their_own_numbers_or_by_one_for_all() {
        let x: Vec<f32> = (0..22).map(|i| i as f32 * 0.7 - 3.0).collect();
        let (offsets, scales): (Vec<f32>, Vec<f32>) =
            (0..11).map(|i| (i as f32, 0.5 - i as f32)).unzip();
        for (offset, by) in [(11, 11), (1, 11), (11, 1), (1, 1)] {
            let (offset, by) = (&offsets[..offset], &scales[..by]);
            let mut out = [f32::NAN; 22];
            scale(&x, offset, by, 11, &mut out);
            for (i, (out, x)) in out.iter().zip(&x).enumerate() {
                let (offset, by) = (offset[i % 11 % offset.len()], by[i % 11 % by.len()]);
                assert_eq!(*out, (x - offset) * by);
            }
        }
    }

    /// Largest distance in ulp over arguments from all of binary32, where the result is normal.
    fn worst(f: Unary, exact: impl Fn(f64) -> f64) -> f64 {
        let mut worst = 0.0f64;
        for start in (0..=u32::MAX - 4099 * 4).step_by(4099 * 4) {
            let x = [0, 1, 2, 3].map(|i| f32::from_bits(start + 4099 * i));
            let mut out = [0.0; 4];
            unary(f, &x, &mut out);
            for (x, found) in x.into_iter().zip(out) {
                if x.is_nan() {
                    assert!(found.is_nan());
                    continue;
                }
                let exact = exact(f64::from(x));
                let rounded = exact as f32;
                if rounded.is_infinite() || rounded.abs() < f32::MIN_POSITIVE {
                    let slack = if rounded.is_infinite() { f32::MAX } else { 0.0 };
                    assert!(
                        found == rounded || found.abs() <= f32::MIN_POSITIVE || found >= slack,
                        "{f:?}({x}) = {found}, not {rounded}"
                    );
                    continue;
                }
                let ulp = f64::from(f32::from_bits(rounded.abs().to_bits() + 1) - rounded.abs());
                worst = worst.max((f64::from(found) - exact).abs() / ulp);
            }
        }
        worst
    }

    #[test]
    fn the_bounds_hold() {
        let exp = worst(Unary::Exp, f64::exp);
        let sigmoid = worst(Unary::Sigmoid, |x| 1.0 / (1.0 + (-x).exp()));
        let tanh = worst(Unary::Tanh, f64::tanh);
        println!("exp {exp:.3} ulp, sigmoid {sigmoid:.3} ulp, tanh {tanh:.3} ulp");
        assert!(exp <= 1.0 && sigmoid <= 3.0 && tanh <= 2.0);
        assert_eq!(worst(Unary::Relu, |x| if x < 0.0 { 0.0 } else { x }), 0.0);
    }

    #[test]
    fn ends_and_signs() {
        let x = [f32::INFINITY, f32::NEG_INFINITY, -0.0, 0.0, f32::NAN];
        let all = |f| {
            let mut out = [0.0; 5];
            unary(f, &x, &mut out);
            out.map(f32::to_bits)
        };
        let bits = |x: [f32; 4]| x.map(f32::to_bits);
        assert_eq!(all(Unary::Exp)[..4], bits([f32::INFINITY, 0.0, 1.0, 1.0]));
        assert_eq!(all(Unary::Sigmoid)[..4], bits([1.0, 0.0, 0.5, 0.5]));
        assert_eq!(all(Unary::Tanh)[..4], bits([1.0, -1.0, -0.0, 0.0]));
        assert_eq!(all(Unary::Relu)[..4], bits([f32::INFINITY, 0.0, -0.0, 0.0]));
    }

    #[test]
    fn the_last_elements_are_not_forgotten() {
        let a: Vec<f32> = (0..7).map(|i| i as f32 + 1.0).collect();
        let b = [2.0; 7];
        for n in 0..=7 {
            let mut out = [0.0; 7];
            binary(Binary::Div, &a, &b[..n], &mut out[..n]);
            let expected: Vec<f32> = a[..n].iter().map(|x| x / 2.0).collect();
            assert_eq!(out[..n], expected);
        }
    }
}
