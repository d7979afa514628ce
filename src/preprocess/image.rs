//! Images in another size: `Resampling` says how.

use crate::contract::Resampling;
use std::borrow::Cow;

/// Height × width × channels, row-major.
#[derive(Clone, Debug)]
pub(super) struct Image<'a> {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub pixels: Pixels<'a>,
}

/// Elements of an image. Bytes stay bytes as long as no step makes fractions of them.
#[derive(Clone, Debug)]
pub(super) enum Pixels<'a> {
    Bytes(Cow<'a, [u8]>),
    Numbers(Cow<'a, [f64]>),
}

impl Image<'_> {
    /// The image in another size; the same image if it has it.
    pub fn resized(self, height: usize, width: usize, method: Resampling) -> Self {
        // Pillow leaves out a pass that changes nothing
        let image = if width == self.width { self } else { self.along(Axis::Width, width, method) };
        if height == image.height { image } else { image.along(Axis::Height, height, method) }
    }

    fn along(self, axis: Axis, size: usize, method: Resampling) -> Self {
        let from = match axis {
            Axis::Width => self.width,
            Axis::Height => self.height,
        };
        let taps = taps(from, size, method);
        let grid = match axis {
            Axis::Width => Grid { before: self.height, from, after: self.channels },
            Axis::Height => Grid { before: 1, from, after: self.width * self.channels },
        };
        let pixels = match (self.pixels, method) {
            (Pixels::Bytes(bytes), Resampling::BilinearAntialias) => {
                Pixels::Bytes(fixed_point(&bytes, &grid, &taps).into())
            }
            (Pixels::Bytes(bytes), Resampling::Nearest) => {
                Pixels::Bytes(nearest(&bytes, &grid, &taps).into())
            }
            (Pixels::Numbers(numbers), Resampling::Nearest) => {
                Pixels::Numbers(nearest(&numbers, &grid, &taps).into())
            }
            (Pixels::Bytes(bytes), _) => {
                Pixels::Numbers(weighted(&bytes, &grid, &taps, f64::from).into())
            }
            (Pixels::Numbers(numbers), _) => {
                Pixels::Numbers(weighted(&numbers, &grid, &taps, |x| x).into())
            }
        };
        let (height, width) = match axis {
            Axis::Width => (self.height, size),
            Axis::Height => (size, self.width),
        };
        Self { height, width, channels: self.channels, pixels }
    }
}

#[derive(Clone, Copy)]
enum Axis {
    Width,
    Height,
}

/// An array seen along one axis.
struct Grid {
    before: usize,
    from: usize,
    after: usize,
}

/// The input pixels that make one output pixel.
struct Tap {
    first: usize,
    weights: Vec<f64>,
}

fn taps(from: usize, to: usize, method: Resampling) -> Vec<Tap> {
    let scale = from as f64 / to as f64;
    let last = from.saturating_sub(1);
    (0..to)
        .map(|i| {
            let center = (i as f64 + 0.5) * scale;
            match method {
                Resampling::Nearest => {
                    Tap { first: (center as usize).min(last), weights: vec![1.0] }
                }
                Resampling::Bilinear => {
                    let x = (center - 0.5).max(0.0);
                    let first = (x as usize).min(last);
                    let part = x - first as f64;
                    let weights = if first == last { vec![1.0] } else { vec![1.0 - part, part] };
                    Tap { first, weights }
                }
                Resampling::BilinearAntialias => triangle(center, scale.max(1.0), from),
            }
        })
        .collect()
}

/// Pillow's `precompute_coeffs` for its filter BILINEAR, a triangle of half width `support`; in its
/// order of operations, because its weights are rounded afterwards.
fn triangle(center: f64, support: f64, from: usize) -> Tap {
    let inverse = 1.0 / support;
    let first = (center - support + 0.5).max(0.0) as usize;
    let end = ((center + support + 0.5) as usize).min(from);
    let mut weights: Vec<f64> = (0..end.saturating_sub(first))
        .map(|x| (1.0 - (((x + first) as f64 - center + 0.5) * inverse).abs()).max(0.0))
        .collect();
    let sum: f64 = weights.iter().sum();
    if sum != 0.0 {
        weights.iter_mut().for_each(|w| *w /= sum);
    }
    Tap { first, weights }
}

/// Visits every output element: `make` gets the position of the first input element and the tap.
fn each<T>(grid: &Grid, taps: &[Tap], mut make: impl FnMut(usize, &Tap) -> T) -> Vec<T> {
    let mut out = Vec::with_capacity(grid.before * taps.len() * grid.after);
    for line in 0..grid.before {
        for tap in taps {
            let first = (line * grid.from + tap.first) * grid.after;
            out.extend((0..grid.after).map(|n| make(first + n, tap)));
        }
    }
    out
}

fn nearest<T: Copy + Default>(pixels: &[T], grid: &Grid, taps: &[Tap]) -> Vec<T> {
    each(grid, taps, |at, _| pixels.get(at).copied().unwrap_or_default())
}

fn weighted<T: Copy>(
    pixels: &[T],
    grid: &Grid,
    taps: &[Tap],
    number: impl Fn(T) -> f64,
) -> Vec<f64> {
    each(grid, taps, |at, tap| {
        let elements = pixels.get(at..).unwrap_or_default().iter().step_by(grid.after);
        elements.zip(&tap.weights).fold(0.0, |sum, (x, w)| sum + number(*x) * w)
    })
}

/// Pillow's arithmetic for 8 bits: weights in 22 bits, and a half is rounded up.
fn fixed_point(pixels: &[u8], grid: &Grid, taps: &[Tap]) -> Vec<u8> {
    const BITS: u32 = 32 - 8 - 2;
    let rounded: Vec<Vec<i64>> = taps
        .iter()
        .map(|tap| tap.weights.iter().map(|w| (w * f64::from(1u32 << BITS) + 0.5) as i64).collect())
        .collect();
    let mut out = Vec::with_capacity(grid.before * taps.len() * grid.after);
    for line in 0..grid.before {
        for (tap, weights) in taps.iter().zip(&rounded) {
            let first = (line * grid.from + tap.first) * grid.after;
            out.extend((first..first + grid.after).map(|at| {
                let elements = pixels.get(at..).unwrap_or_default().iter().step_by(grid.after);
                let sum = elements.zip(weights).map(|(x, w)| i64::from(*x) * w).sum::<i64>();
                ((sum + (1 << (BITS - 1))) >> BITS).clamp(0, 255) as u8
            }));
        }
    }
    out
}
