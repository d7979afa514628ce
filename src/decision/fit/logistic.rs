//! Maps that are logistic regressions of few numbers: Platt, beta and temperature.

use super::Labelled;
use crate::contract::OutputKind;

/// Scores nearer to 0 or 1 are taken to lie here, as when the map is applied.
const EDGE: f64 = 1e-12;
/// Newton steps: it converges quadratically, or the rows do not determine the map.
const STEPS: usize = 100;
/// Keeps the normal equations solvable where labels are separable.
const RIDGE: f64 = 1e-9;

/// Slope and intercept on the logit of the score, by maximum likelihood. Platt's smoothed targets
/// keep separable labels finite. `None` if there are not both labels.
pub fn platt(scores: &[f64], truths: &[bool]) -> Option<[f64; 2]> {
    let rows = |p: f64| [libm::log(p) - libm::log1p(-p), 0.0];
    let [slope, _, intercept] = fit(scores, truths, rows, [true, false])?;
    Some([slope, intercept])
}

/// The numbers a, b and c of a beta map, a and b at least 0: one that would be negative is left
/// out (Kull et al. 2017, section 3.2). `None` if there are not both labels.
pub fn beta(scores: &[f64], truths: &[bool]) -> Option<[f64; 3]> {
    fit(scores, truths, |p| [libm::log(p), -libm::log1p(-p)], [true, true])
}

/// The fit with coefficients of at least 0: those that are negative are left out one by one.
fn fit(
    scores: &[f64],
    truths: &[bool],
    row: impl Fn(f64) -> [f64; 2],
    mut used: [bool; 2],
) -> Option<[f64; 3]> {
    let positive = truths.iter().filter(|t| **t).count();
    if positive == 0 || positive == truths.len() {
        return None;
    }
    let (plus, minus) = (positive as f64, (truths.len() - positive) as f64);
    let target = |t: bool| if t { (plus + 1.0) / (plus + 2.0) } else { 1.0 / (minus + 2.0) };
    let rows: Vec<([f64; 2], f64)> = scores
        .iter()
        .zip(truths)
        .map(|(p, t)| (row(p.clamp(EDGE, 1.0 - EDGE)), target(*t)))
        .collect();
    loop {
        let found = newton(&rows, used)?;
        let least = if found[0] < found[1] { 0 } else { 1 };
        let negative = [0, 1].into_iter().filter(|i| found.get(*i).is_some_and(|w| *w < 0.0));
        let out = negative.min_by_key(|i| usize::from(*i != least));
        match out.and_then(|i| used.get_mut(i)) {
            Some(used) => *used = false,
            None => return Some(found),
        }
    }
}

/// Logistic regression of two inputs and an intercept by Newton's method with halved steps.
fn newton(rows: &[([f64; 2], f64)], used: [bool; 2]) -> Option<[f64; 3]> {
    let loss = |w: &[f64; 3]| -> f64 {
        let each = rows.iter().map(|([x, y], target)| {
            let z = w[0] * x + w[1] * y + w[2];
            softplus(z) - target * z
        });
        each.sum::<f64>()
    };
    let mut w = [f64::from(u8::from(used[0])), f64::from(u8::from(used[1])), 0.0];
    let mut now = loss(&w);
    for _ in 0..STEPS {
        let mut gradient = [0.0; 3];
        let mut h = [[0.0; 3]; 3];
        for ([x, y], target) in rows {
            let input = [if used[0] { *x } else { 0.0 }, if used[1] { *y } else { 0.0 }, 1.0];
            let q = sigmoid(w[0] * x + w[1] * y + w[2]);
            let weight = q * (1.0 - q);
            for ((g, line), a) in gradient.iter_mut().zip(&mut h).zip(input) {
                *g += (q - target) * a;
                line.iter_mut().zip(input).for_each(|(cell, b)| *cell += weight * a * b);
            }
        }
        h[0][0] += RIDGE + f64::from(u8::from(!used[0]));
        h[1][1] += RIDGE + f64::from(u8::from(!used[1]));
        h[2][2] += RIDGE;
        let step = solve(h, gradient)?;
        let mut scale = 1.0;
        let next = loop {
            let next = [w[0] - scale * step[0], w[1] - scale * step[1], w[2] - scale * step[2]];
            let found = loss(&next);
            if found <= now || scale < 1e-9 {
                now = found;
                break next;
            }
            scale *= 0.5;
        };
        w = next;
        if step.iter().all(|s| s.abs() < 1e-10) || scale < 1e-9 {
            break;
        }
    }
    w.iter().all(|x| x.is_finite()).then_some(w)
}

/// The solution of three linear equations by Cramer's rule; `None` if they are singular.
fn solve(h: [[f64; 3]; 3], g: [f64; 3]) -> Option<[f64; 3]> {
    let [a, b, c] = h;
    let det = |a: [f64; 3], b: [f64; 3], c: [f64; 3]| {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
    };
    let all = det(a, b, c);
    if !all.is_normal() {
        return None;
    }
    // the matrix is symmetric, so that rows may stand for columns
    Some([det(g, b, c) / all, det(a, g, c) / all, det(a, b, g) / all])
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// The temperature of least log loss, within [0.05, 20]; the loss is convex in its inverse. `None`
/// without rows.
pub fn temperature(rows: &Labelled, kind: OutputKind) -> Option<f64> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    if rows.rows() == 0 {
        return None;
    }
    let loss = |inverse: f64| rows.iter().map(|(s, t)| row_loss(s, t, inverse, kind)).sum::<f64>();
    let (mut low, mut high) = (0.05f64, 20.0f64);
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_a, mut at_b) = (loss(a), loss(b));
    for _ in 0..60 {
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - GOLDEN * (high - low);
            at_a = loss(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + GOLDEN * (high - low);
            at_b = loss(b);
        }
    }
    Some(2.0 / (low + high))
}

/// Negative log-likelihood of one row.
fn row_loss(scores: &[f64], truths: &[bool], inverse: f64, kind: OutputKind) -> f64 {
    let clamp = |p: f64| p.clamp(EDGE, 1.0 - EDGE);
    let logit = |p: f64| libm::log(clamp(p)) - libm::log1p(-clamp(p));
    let one = |p: &f64, truth: bool| {
        let z = inverse * logit(*p);
        softplus(if truth { -z } else { z })
    };
    match (kind, scores, truths) {
        (OutputKind::Multilabel, ..) => scores.iter().zip(truths).map(|(p, t)| one(p, *t)).sum(),
        (OutputKind::Binary, [_, p], [_, truth]) => one(p, *truth),
        _ => {
            let powers = scores.iter().map(|p| inverse * libm::log(p.clamp(EDGE, 1.0)));
            let top = powers.clone().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = powers.clone().map(|z| libm::exp(z - top)).sum();
            let mine = powers.zip(truths).find(|(_, t)| **t).map_or(top, |(z, _)| z);
            top + libm::log(sum) - mine
        }
    }
}
