//! Fully connected layers: rows times packed columns.
//!
//! The columns are packed in panels of [`WIDE`], each `[inputs, WIDE]`, the last one of [`NARROW`] if
//! that holds the rest. Every element is summed in the order of the inputs in one accumulator, begun
//! at 0, and the bias is added last: how rows and panels are grouped changes no bit.

use crate::lanes::F32x4;
use std::ops::{Add, Mul};

/// Columns of a full panel.
pub const WIDE: usize = 8;
/// Columns of a narrow last panel.
pub const NARROW: usize = 4;
/// Rows of a block: more accumulators would not stay in registers.
const ROWS: usize = 4;

/// Columns of all panels together.
pub const fn padded(outputs: usize) -> usize {
    outputs.next_multiple_of(NARROW)
}

/// A packed layer.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// Columns of `x`.
    pub inputs: usize,
    /// Columns of the result.
    pub outputs: usize,
    /// The panels, one after the other.
    pub weights: &'a [f32],
    /// Added last; empty for none.
    pub bias: &'a [f32],
}

type Vector = [f32; 4];

impl Layer<'_> {
    /// `out = x · w + b`, for `x` `[rows, inputs]` and `out` `[rows, outputs]`.
    #[inline(never)]
    pub fn run(&self, x: &[f32], out: &mut [f32]) {
        if self.inputs == 0 || self.outputs == 0 {
            return;
        }
        let rows = out.len() / self.outputs;
        let (head, tail) = (rows - rows % ROWS, rows % ROWS);
        let (x_blocks, x_rest) = x.split_at_checked(head * self.inputs).unwrap_or((x, &[]));
        let (blocks, rest) = out.split_at_mut_checked(head * self.outputs).unwrap_or_default();
        let mut first = 0;
        let mut weights = self.weights;
        while first < self.outputs {
            let wide = self.outputs - first > NARROW;
            let width = if wide { WIDE } else { NARROW };
            let Some((panel, after)) = weights.split_at_checked(self.inputs * width) else { break };
            if head > 0 && wide {
                self.blocks_wide(x_blocks, panel, first, blocks);
            } else if head > 0 {
                self.blocks_narrow(x_blocks, panel, first, blocks);
            }
            weights = after;
            first += width;
        }
        if tail > 0 {
            let rows = x_rest.chunks_exact(self.inputs);
            for (row, out) in rows.zip(rest.chunks_exact_mut(self.outputs)) {
                self.row(row, out);
            }
        }
    }

    /// Four rows at a time times a wide panel.
    #[inline(always)]
    fn blocks_wide(&self, x: &[f32], panel: &[f32], first: usize, out: &mut [f32]) {
        let (weights, _) = panel.as_chunks::<4>();
        let (weights, _) = weights.as_chunks::<2>();
        let outs = out.chunks_exact_mut(self.outputs * ROWS);
        for (rows, out) in x.chunks_exact(self.inputs * ROWS).zip(outs) {
            let Some([a, b, c, d]) = split(rows, self.inputs) else { continue };
            let zero = F32x4::splat(0.0);
            let (mut a0, mut b0, mut c0, mut d0) = (zero, zero, zero, zero);
            let (mut a1, mut b1, mut c1, mut d1) = (zero, zero, zero, zero);
            for (((([w0, w1], a), b), c), d) in weights.iter().zip(a).zip(b).zip(c).zip(d) {
                let (w0, w1) = (F32x4::load(w0), F32x4::load(w1));
                let x = F32x4::splat(*a);
                (a0, a1) = (a0.add(x.mul(w0)), a1.add(x.mul(w1)));
                let x = F32x4::splat(*b);
                (b0, b1) = (b0.add(x.mul(w0)), b1.add(x.mul(w1)));
                let x = F32x4::splat(*c);
                (c0, c1) = (c0.add(x.mul(w0)), c1.add(x.mul(w1)));
                let x = F32x4::splat(*d);
                (d0, d1) = (d0.add(x.mul(w0)), d1.add(x.mul(w1)));
            }
            let mut outs = out.chunks_exact_mut(self.outputs);
            for (low, high) in [(a0, a1), (b0, b1), (c0, c1), (d0, d1)] {
                if let Some(row) = outs.next() {
                    self.store(low, first, row);
                    self.store(high, first + 4, row);
                }
            }
        }
    }

    /// Four rows at a time times a narrow panel.
    #[inline(always)]
    fn blocks_narrow(&self, x: &[f32], panel: &[f32], first: usize, out: &mut [f32]) {
        let (weights, _) = panel.as_chunks::<4>();
        let outs = out.chunks_exact_mut(self.outputs * ROWS);
        for (rows, out) in x.chunks_exact(self.inputs * ROWS).zip(outs) {
            let Some([a, b, c, d]) = split(rows, self.inputs) else { continue };
            let zero = F32x4::splat(0.0);
            let (mut sa, mut sb, mut sc, mut sd) = (zero, zero, zero, zero);
            for ((((w, a), b), c), d) in weights.iter().zip(a).zip(b).zip(c).zip(d) {
                let w = F32x4::load(w);
                sa = sa.add(F32x4::splat(*a).mul(w));
                sb = sb.add(F32x4::splat(*b).mul(w));
                sc = sc.add(F32x4::splat(*c).mul(w));
                sd = sd.add(F32x4::splat(*d).mul(w));
            }
            let mut outs = out.chunks_exact_mut(self.outputs);
            for sums in [sa, sb, sc, sd] {
                if let Some(row) = outs.next() {
                    self.store(sums, first, row);
                }
            }
        }
    }

    /// One row: four wide panels side by side, since one alone would wait for each of its sums.
    #[inline(always)]
    fn row(&self, row: &[f32], out: &mut [f32]) {
        let (mut first, mut weights) = (0, self.weights);
        let panel = self.inputs * WIDE;
        while first + 4 * WIDE <= self.outputs {
            let Some((panels, after)) = weights.split_at_checked(panel * 4) else { return };
            let Some([a, b, c, d]) = split(panels, panel) else { return };
            let sums = [pairs(a), pairs(b), pairs(c), pairs(d)];
            self.four_panels(row, sums, first, out);
            weights = after;
            first += 4 * WIDE;
        }
        while first < self.outputs {
            let width = if self.outputs - first > NARROW { WIDE } else { NARROW };
            let Some((panel, after)) = weights.split_at_checked(self.inputs * width) else {
                return;
            };
            let zero = F32x4::splat(0.0);
            if width == WIDE {
                let (mut low, mut high) = (zero, zero);
                for ([w0, w1], x) in pairs(panel).iter().zip(row) {
                    let x = F32x4::splat(*x);
                    low = low.add(x.mul(F32x4::load(w0)));
                    high = high.add(x.mul(F32x4::load(w1)));
                }
                self.store(low, first, out);
                self.store(high, first + 4, out);
            } else {
                let mut sums = zero;
                for (w, x) in panel.as_chunks::<4>().0.iter().zip(row) {
                    sums = sums.add(F32x4::splat(*x).mul(F32x4::load(w)));
                }
                self.store(sums, first, out);
            }
            weights = after;
            first += width;
        }
    }

    #[inline(always)]
    fn four_panels(&self, row: &[f32], panels: [&[[Vector; 2]]; 4], first: usize, out: &mut [f32]) {
        let [a, b, c, d] = panels;
        let zero = F32x4::splat(0.0);
        let (mut a0, mut b0, mut c0, mut d0) = (zero, zero, zero, zero);
        let (mut a1, mut b1, mut c1, mut d1) = (zero, zero, zero, zero);
        for ((((x, a), b), c), d) in row.iter().zip(a).zip(b).zip(c).zip(d) {
            let x = F32x4::splat(*x);
            let add = |sum: F32x4, w: &Vector| sum.add(x.mul(F32x4::load(w)));
            (a0, a1) = (add(a0, &a[0]), add(a1, &a[1]));
            (b0, b1) = (add(b0, &b[0]), add(b1, &b[1]));
            (c0, c1) = (add(c0, &c[0]), add(c1, &c[1]));
            (d0, d1) = (add(d0, &d[0]), add(d1, &d[1]));
        }
        for (i, sums) in [a0, a1, b0, b1, c0, c1, d0, d1].into_iter().enumerate() {
            self.store(sums, first + 4 * i, out);
        }
    }

    /// Writes sums with their bias to the columns from `first` on, as far as there are any.
    #[inline(always)]
    fn store(&self, sums: F32x4, first: usize, row: &mut [f32]) {
        let columns = row.get_mut(first..).unwrap_or(&mut []);
        let bias = self.bias.get(first..).unwrap_or(&[]);
        if let (Some(to), Some(bias)) = (columns.first_chunk_mut(), bias.first_chunk()) {
            return sums.add(F32x4::load(bias)).store(to);
        }
        let mut values = [0.0; 4];
        sums.store(&mut values);
        for (i, (to, sum)) in columns.iter_mut().zip(values).enumerate() {
            *to = if self.bias.is_empty() { sum } else { sum + bias.get(i).unwrap_or(&0.0) };
        }
    }
}

#[inline(always)]
fn split(x: &[f32], length: usize) -> Option<[&[f32]; 4]> {
    let (a, rest) = x.split_at_checked(length)?;
    let (b, rest) = rest.split_at_checked(length)?;
    let (c, rest) = rest.split_at_checked(length)?;
    Some([a, b, c, rest.get(..length)?])
}

#[inline(always)]
fn pairs(panel: &[f32]) -> &[[Vector; 2]] {
    panel.as_chunks::<4>().0.as_chunks::<2>().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grouping_gives_the_plain_sum() {
        for (inputs, outputs, rows) in [(5, 8, 7), (3, 44, 9), (17, 6, 4), (2, 1, 3), (9, 70, 1)] {
            let x: Vec<f32> = (0..rows * inputs).map(|i| (i as f32).mul_add(0.37, -3.0)).collect();
            let w = |i: usize, o: usize| 1.0 / ((i * outputs + o) as f32 + 1.0);
            let mut weights = Vec::new();
            let mut first = 0;
            while first < outputs {
                let width = if outputs - first > NARROW { WIDE } else { NARROW };
                for i in 0..inputs {
                    weights.extend(
                        (first..first + width).map(|o| if o < outputs { w(i, o) } else { 0.0 }),
                    );
                }
                first += width;
            }
            assert_eq!(weights.len(), inputs * padded(outputs));
            let bias: Vec<f32> = (0..outputs).map(|o| o as f32 * 0.1).collect();
            for bias in [&bias[..], &[]] {
                let layer = Layer { inputs, outputs, weights: &weights, bias };
                let mut out = vec![f32::NAN; rows * outputs];
                layer.run(&x, &mut out);
                for (r, row) in out.chunks(outputs).enumerate() {
                    for (o, found) in row.iter().enumerate() {
                        let sum = (0..inputs).fold(0.0, |s, i| s + x[r * inputs + i] * w(i, o));
                        let expected = bias.get(o).map_or(sum, |b| sum + b);
                        assert_eq!(
                            found.to_bits(),
                            expected.to_bits(),
                            "{rows}×{inputs}×{outputs}: {r},{o}"
                        );
                    }
                }
            }
        }
    }
}
