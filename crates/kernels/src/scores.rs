//! From raw scores to final ones, row by row.
//!
//! In binary64 with `libm`, in a fixed order: the same bits on every machine.

/// What happens to the scores of a row at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Post {
    /// Nothing.
    None,
    /// 1 / (1 + e⁻ˣ).
    Logistic,
    /// Exponentials that sum to 1.
    Softmax,
    /// As softmax, but zeros stay.
    SoftmaxZero,
    /// Quantile of the normal distribution.
    Probit,
}

impl Post {
    /// Changes a row in place.
    pub fn apply(self, row: &mut [f64]) {
        match self {
            Self::None => {}
            Self::Logistic => row.iter_mut().for_each(|x| *x = logistic(*x)),
            Self::Softmax => softmax(row),
            Self::SoftmaxZero => softmax_zero(row),
            Self::Probit => row.iter_mut().for_each(|x| *x = probit(*x)),
        }
    }
}

/// How a single score becomes two; with [`Post::Logistic`] always the logistic of −s and s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    /// Not at all.
    No,
    /// 1 − s and s.
    Complement,
    /// −s and s.
    Opposite,
}

/// The final scores of two classes: of `count` raw ones, or one and how the second is made of it.
pub fn two_scores(post: Post, s: &mut [f64], count: usize, add: Second) {
    if count == 2 {
        post.apply(s);
        return;
    }
    let [first, rest @ ..] = s else { return };
    let x = *first;
    if post == Post::Probit {
        *first = probit(x);
        rest.fill(0.0);
        return;
    }
    let pair = match add {
        Second::No if post == Post::Logistic => [logistic(x), 0.0],
        Second::No => return,
        _ if post == Post::Logistic => [logistic(-x), logistic(x)],
        Second::Complement => [1.0 - x, x],
        Second::Opposite => [-x, x],
    };
    for (to, from) in s.iter_mut().zip(pair) {
        *to = from;
    }
}

/// A linear model's row: `s` holds `given` raw scores and gets the final ones. Answers the label's
/// index: that of the highest score, the first of equals; one score alone is compared with 0.
pub fn linear_row(post: Post, s: &mut [f64], given: usize) -> usize {
    if given > 1 {
        let mut best = (0, f64::NEG_INFINITY);
        for (i, x) in s.iter().enumerate() {
            if i == 0 || *x > best.1 {
                best = (i, *x);
            }
        }
        post.apply(s);
        return best.0;
    }
    let positive = s.first().is_some_and(|x| *x > 0.0);
    let add = if s.len() == 2 { Second::Complement } else { Second::No };
    two_scores(post, s, 1, add);
    usize::from(positive && s.len() == 2)
}

/// [`linear_row`] over rows of `given` scores: final ones `[rows, row.len()]` into `out`, the labels'
/// indexes into `best`. `row` is room for one row.
#[inline(never)]
pub fn linear_rows(
    post: Post,
    given: usize,
    scores: &[f32],
    row: &mut [f64],
    out: &mut [f32],
    best: &mut [u32],
) {
    let classes = row.len().max(1);
    let rows = scores.chunks_exact(given.max(1)).zip(out.chunks_exact_mut(classes));
    for ((scores, out), best) in rows.zip(best) {
        for (x, score) in row.iter_mut().zip(scores) {
            *x = f64::from(*score);
        }
        *best = linear_row(post, row, given) as u32;
        for (to, from) in out.iter_mut().zip(&*row) {
            // + 0.0: a score that nothing was added to is 0, not −0
            *to = (*from + 0.0) as f32;
        }
    }
}

/// Softmax of each row of `columns` numbers; NaN anywhere makes the row NaN.
#[inline(never)]
pub fn softmax_rows(x: &[f32], out: &mut [f32], columns: usize) {
    // exponentials are taken once if they fit
    let mut exponentials = [0.0f64; 64];
    let columns = columns.max(1);
    for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact_mut(columns)) {
        let mut top = f64::NEG_INFINITY;
        for x in x {
            let x = f64::from(*x);
            if x > top || x.is_nan() {
                top = x;
            }
        }
        let exp = |x: &f32| libm::exp(f64::from(*x) - top);
        let mut sum = 0.0;
        if let Some(kept) = exponentials.get_mut(..columns) {
            for (kept, x) in kept.iter_mut().zip(x) {
                *kept = exp(x);
                sum += *kept;
            }
            for (to, kept) in out.iter_mut().zip(kept) {
                *to = (*kept / sum) as f32;
            }
        } else {
            sum = x.iter().map(exp).sum();
            for (to, x) in out.iter_mut().zip(x) {
                *to = (exp(x) / sum) as f32;
            }
        }
    }
}

/// 1 / (1 + e⁻ˣ), computed so that neither tail cancels.
pub fn logistic(x: f64) -> f64 {
    let v = 1.0 / (1.0 + libm::exp(-x.abs()));
    if x < 0.0 { 1.0 - v } else { v }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_together_are_rows_alone() {
        let posts = [Post::None, Post::Logistic, Post::Softmax, Post::SoftmaxZero];
        let scores: Vec<f32> = (0..60).map(|i| ((i * 37 % 41) as f32 - 20.0) / 7.0).collect();
        for (given, classes) in [(1, 1), (1, 2), (2, 2), (3, 3), (5, 5)] {
            for post in posts {
                let rows = scores.len() / given;
                let (mut out, mut best) = (vec![f32::NAN; rows * classes], vec![9; rows]);
                let mut room = vec![7.0; classes];
                linear_rows(post, given, &scores, &mut room, &mut out, &mut best);
                for (row, raw) in scores.chunks_exact(given).enumerate() {
                    let mut alone: Vec<f64> = raw.iter().map(|x| f64::from(*x)).collect();
                    alone.resize(classes, f64::NAN);
                    let label = linear_row(post, &mut alone, given);
                    assert_eq!(best[row] as usize, label);
                    let alone: Vec<f32> = alone.iter().map(|x| (*x + 0.0) as f32).collect();
                    assert_eq!(out[row * classes..][..classes], alone);
                }
            }
        }
    }

    #[test]
    fn the_first_of_equal_scores_wins() {
        assert_eq!(linear_row(Post::None, &mut [1.0, 2.0, 2.0], 3), 1);
        assert_eq!(linear_row(Post::Softmax, &mut [f64::NAN, 2.0], 2), 0);
        assert_eq!(linear_row(Post::Logistic, &mut [0.0, 9.0], 1), 0);
    }

    #[test]
    fn wide_and_narrow_rows_sum_to_one() {
        for columns in [1, 64, 65, 130] {
            let x: Vec<f32> = (0..2 * columns).map(|i| (i % 13) as f32 - 90.0).collect();
            let mut out = vec![f32::NAN; x.len()];
            softmax_rows(&x, &mut out, columns);
            for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact(columns)) {
                let mut row: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
                softmax(&mut row);
                let row: Vec<f32> = row.iter().map(|x| *x as f32).collect();
                assert_eq!(out, row);
                assert!((out.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            }
        }
        let mut out = [0.0; 2];
        softmax_rows(&[1.0, f32::NAN], &mut out, 2);
        assert!(out.iter().all(|x| x.is_nan()));
    }
}
