//! From the decision values of pairs of classes to labels and scores: votes, and probabilities by
//! pairwise coupling.
//!
//! Wu, Lin and Weng: Probability Estimates for Multi-class Classification by Pairwise Coupling, second
//! approach, with the end of its iteration as libsvm and ONNX Runtime have it.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::classify::{Post, read_post};
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::svm::pair_count;
use super::types::{Dim, Extents, Shape, TensorType};
use crate::limits::MAX_SVM_CLASSES;
use crate::tensor::DType;
use driftline_kernels::scores::{Second, logistic, two_scores};

/// Inputs: decision values f64 `[rows, pairs]`; `prob_a` and `prob_b` f32, one a pair, or none; labels
/// i64 or string.
///
/// Outputs: labels `[rows]`, the class with most votes, the first of equals; scores f32: with `prob_a`
/// probabilities `[rows, classes]`, else decision values `[rows, pairs]`, of two classes `[rows, 2]`;
/// scratch.
#[derive(Clone, Debug)]
pub struct SvmClassify {
    post: Post,
}

impl SvmClassify {
    /// A step with this transform.
    pub const fn new(post: Post) -> Self {
        Self { post }
    }

    fn rows<L: Element>(&self, args: &Args<'_>, outs: &mut Outs<'_>) {
        let names = args.get::<L>(3);
        let (a, b) = (args.get::<f32>(1), args.get::<f32>(2));
        let classes = names.len();
        let pairs = pair_count(classes);
        let columns = outs.extents(1).dim(1);
        let (labels, scores, scratch) = outs.three::<L, f32, f64>();
        let rows = args.get::<f64>(0).chunks_exact(pairs);
        for ((values, label), out) in rows.zip(labels).zip(scores.chunks_exact_mut(columns)) {
            let Some((votes, rest)) = scratch.split_at_mut_checked(classes) else { return };
            if let Some(name) = names.get(vote(values, votes)) {
                *label = *name;
            }
            let Some((row, rest)) = rest.split_at_mut_checked(columns) else { return };
            if !a.is_empty() {
                couple(values, a, b, row, rest);
                self.post.apply(row);
            } else if classes == 2 {
                row.fill(values.first().copied().unwrap_or(0.0));
                let second =
                    if self.post == Post::None { Second::Opposite } else { Second::Complement };
                two_scores(self.post, row, 1, second);
            } else {
                row.copy_from_slice(values);
                self.post.apply(row);
            }
            for (to, from) in out.iter_mut().zip(row) {
                *to = *from as f32;
            }
        }
    }
}

/// Each pair votes for its first class if its value is positive, else for its second.
fn vote(values: &[f64], votes: &mut [f64]) -> usize {
    votes.fill(0.0);
    let classes = votes.len();
    let mut values = values.iter();
    for i in 0..classes {
        for j in i + 1..classes {
            let winner = if values.next().is_some_and(|v| *v > 0.0) { i } else { j };
            if let Some(count) = votes.get_mut(winner) {
                *count += 1.0;
            }
        }
    }
    let mut best = (0, f64::NEG_INFINITY);
    for (i, count) in votes.iter().enumerate() {
        if *count > best.1 {
            best = (i, *count);
        }
    }
    best.0
}

/// Probability of each class from those of the pairs; `scratch` holds classes · (2 classes + 1).
fn couple(values: &[f64], a: &[f32], b: &[f32], p: &mut [f64], scratch: &mut [f64]) {
    let n = p.len();
    let Some((r, rest)) = scratch.split_at_mut_checked(n * n) else { return };
    let Some((q, qp)) = rest.split_at_mut_checked(n * n) else { return };
    let mut pairs = values.iter().zip(a).zip(b);
    for i in 0..n {
        for j in i + 1..n {
            let Some(((value, a), b)) = pairs.next() else { return };
            let at = 1.0 - logistic(value * f64::from(*a) + f64::from(*b));
            let at = at.clamp(f64::from(LEAST), f64::from(1.0 - LEAST));
            set(r, i * n + j, at);
            set(r, j * n + i, 1.0 - at);
        }
    }
    for i in 0..n {
        let mut own = 0.0;
        for j in (0..n).filter(|j| *j != i) {
            let (ji, ij) = (get(r, j * n + i), get(r, i * n + j));
            own += ji * ji;
            set(q, i * n + j, -ji * ij);
        }
        set(q, i * n + i, own);
    }
    p.fill(1.0 / n as f64);
    for _ in 0..ITERATIONS {
        let mut pqp = 0.0;
        for (i, row) in q.chunks_exact(n).enumerate() {
            let dot: f64 = row.iter().zip(&*p).map(|(q, p)| q * p).sum();
            set(qp, i, dot);
            pqp += get(p, i) * dot;
        }
        let error = qp.iter().take(n).map(|x| (x - pqp).abs()).fold(0.0, f64::max);
        if error < 0.005 / n as f64 {
            break;
        }
        for (i, row) in q.chunks_exact(n).enumerate() {
            let own = get(row, i);
            let at = get(qp, i);
            let diff = (pqp - at) / own;
            set(p, i, get(p, i) + diff);
            let grown = 1.0 + diff;
            pqp = (pqp + diff * (diff * own + 2.0 * at)) / grown / grown;
            for ((qp, p), q) in qp.iter_mut().zip(p.iter_mut()).zip(row) {
                *qp = (*qp + diff * q) / grown;
                *p /= grown;
            }
        }
    }
}

/// A pair's probability is no nearer to 0 or 1 than this.
const LEAST: f32 = 1e-7;

const ITERATIONS: usize = 100;

fn get(values: &[f64], i: usize) -> f64 {
    values.get(i).copied().unwrap_or(0.0)
}

fn set(values: &mut [f64], i: usize, x: f64) {
    if let Some(place) = values.get_mut(i) {
        *place = x;
    }
}

impl Operator for SvmClassify {
    const NAME: &'static str = "svm_classify";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.post as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { post: read_post(reader)? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(4)?;
        signature.typed(0, DType::Float64)?;
        let (rows, pairs) = signature.rows_columns(0)?;
        let labels = signature.any_of(3, &[DType::Int64, DType::String])?;
        let classes =
            labels.shape.count()?.fixed().ok_or(Fault::new("the labels follow the batch"))?;
        if classes > MAX_SVM_CLASSES {
            return Err(Fault::large("a support vector classifier has too many classes"));
        }
        ensure(classes > 1 && pair_count(classes) == pairs, "scores and labels differ in number")?;
        let mut coupled = false;
        for k in [1, 2] {
            let values = signature.constant::<f32>(k)?;
            ensure(
                values.iter().all(|x| x.is_finite())
                    && (values.is_empty() || values.len() == pairs),
                "the probabilities need one finite value for each pair of classes",
            )?;
            ensure(k == 1 || coupled != values.is_empty(), "prob_a and prob_b differ in number")?;
            coupled = !values.is_empty();
        }
        let columns = if coupled || classes == 2 { classes } else { pairs };
        let scratch = classes + columns + if coupled { classes * (2 * classes + 1) } else { 0 };
        Ok(vec![
            TensorType::new(labels.dtype, Shape::new(&[rows])?),
            TensorType::new(DType::Float32, Shape::new(&[rows, Dim::Fixed(columns as u32)])?),
            TensorType::new(DType::Float64, Shape::fixed(&[scratch])?),
        ])
    }

    fn work(&self, _: &[Extents], outputs: &[Extents]) -> u64 {
        let rows = outputs.first().map_or(0, |e| e.count() as u64);
        let scratch = outputs.get(2).map_or(0, |e| e.count() as u64);
        rows.saturating_mul(scratch.saturating_mul(2 * ITERATIONS as u64))
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match args.dtype(3) {
            DType::Int64 => self.rows::<i64>(args, outs),
            _ => self.rows::<u32>(args, outs),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_votes_wins() {
        // a ring: 0 beats 1, 1 beats 2, 2 beats 0
        assert_eq!(vote(&[1.0, -1.0, 1.0], &mut [0.0; 3]), 0);
        // nothing beats, and 0 is not above 0
        assert_eq!(vote(&[0.0, 0.0, 0.0], &mut [0.0; 3]), 2);
        assert_eq!(vote(&[f64::NAN, 1.0, -1.0], &mut [0.0; 3]), 0);
    }

    /// Pairs that agree with one distribution lead back to it.
    #[test]
    fn consistent_pairs_give_their_distribution() {
        let want: [f64; 3] = [0.5, 0.3, 0.2];
        let mut values = Vec::new();
        for i in 0..3 {
            for j in i + 1..3 {
                // the value v has 1 − logistic(−v) = logistic(v) = pᵢ / (pᵢ + pⱼ)
                values.push(libm::log(want[i] / want[j]));
            }
        }
        let (mut p, mut scratch) = ([0.0; 3], [0.0; 21]);
        couple(&values, &[-1.0; 3], &[0.0; 3], &mut p, &mut scratch);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for (got, want) in p.iter().zip(want) {
            // the iteration ends once its error is below 0.005 / 3
            assert!((got - want).abs() < 0.01, "{p:?}");
        }
    }
}
