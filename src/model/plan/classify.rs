//! From raw scores to labels and probabilities, as `ai.onnx.ml`'s classifiers and regressors end.
//!
//! The specification leaves two classes with one score open; the rules here are ONNX Runtime's.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::trees::{NO_SCORE, has_no_score};
use super::types::{Dim, Shape, TensorType};
use crate::tensor::DType;
pub use driftline_kernels::scores::Post;
use driftline_kernels::scores::{Second, linear_row, linear_rows, two_scores};

pub(super) fn read_post(reader: &mut Reader<'_>) -> Checked<Post> {
    Ok(match reader.u8()? {
        0 => Post::None,
        1 => Post::Logistic,
        2 => Post::Softmax,
        3 => Post::SoftmaxZero,
        4 => Post::Probit,
        _ => return Err(Fault::new("there is no such transform")),
    })
}

/// Whose rules decide about the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Linear models: the highest score; one score alone is compared with 0.
    Linear,
    /// Tree ensembles whose leaves weigh several classes.
    Trees,
    /// Tree ensembles of two classes whose leaves weigh one; no weight is negative: 0.5 decides.
    TreesPositive,
    /// Tree ensembles of two classes whose leaves weigh one, with either sign: 0 decides.
    TreesMixed,
    /// Support vector machines of two classes without vectors; no coefficient is negative: a score of
    /// 0.5 means the second class, whichever class has it.
    SvmPositive,
    /// The same with coefficients of either sign: a score above 0 does.
    SvmMixed,
}

/// Inputs: scores `[rows, n]` f32 or f64; base values f32 or f64, any number; labels i64 or string.
///
/// Outputs: labels `[rows]`; scores f32 `[rows, classes]`; scratch.
#[derive(Clone, Debug)]
pub struct Classify {
    post: Post,
    rule: Rule,
}

impl Classify {
    /// A step of these attributes.
    pub const fn new(post: Post, rule: Rule) -> Self {
        Self { post, rule }
    }

    /// One row: `s` holds the raw scores and gets the final ones. Answers the label's index.
    fn row(&self, s: &mut [f64], given: usize, base: &dyn Fn(usize) -> Option<f64>) -> usize {
        match self.rule {
            Rule::Linear => return linear_row(self.post, s, given),
            Rule::SvmPositive | Rule::SvmMixed => {
                let positive = self.rule == Rule::SvmPositive;
                let second = s.iter().any(|x| if positive { *x >= 0.5 } else { *x > 0.0 });
                let best = linear_row(self.post, s, given);
                return if second { 1 } else { best };
            }
            _ => {}
        }
        if s.len() > 2 {
            let best = best_tree_class(s, base);
            for (i, x) in s.iter_mut().enumerate() {
                *x += base(i).unwrap_or(0.0);
            }
            self.post.apply(s);
            return best;
        }
        let [first, second] = s else {
            // one class only
            for x in s.iter_mut() {
                *x += base(0).unwrap_or(0.0);
            }
            return 0;
        };
        let (has_first, has_second) = (!has_no_score(*first), !has_no_score(*second));
        let mut count = 2;
        match (base(0), base(1)) {
            (Some(_), Some(b1)) if has_second => {
                *second = b1 + *first;
                *first = -*second;
            }
            (Some(b0), Some(b1)) => {
                *first += b0;
                *second += b1;
            }
            (b0, _) => {
                *first += b0.unwrap_or(0.0);
                count = if has_second { 2 } else { 1 };
            }
        }
        // a class that no leaf weighed stays at 0, whatever the base values
        if !has_first {
            *first = 0.0;
        }
        if !has_second {
            *second = 0.0;
        }
        let decisive = if has_second { *second } else { *first };
        let (label, add) = match self.rule {
            Rule::TreesPositive => (decisive > 0.5, Second::Complement),
            _ => (decisive > 0.0, Second::Opposite),
        };
        two_scores(self.post, s, count, add);
        usize::from(label)
    }
}

/// The class with the highest score among those that have one; the first of equals.
fn best_tree_class(s: &[f64], base: &dyn Fn(usize) -> Option<f64>) -> usize {
    let mut best: Option<(usize, f64)> = None;
    for (i, x) in s.iter().enumerate() {
        if has_no_score(*x) && base(i).is_none() {
            continue;
        }
        let x = *x + base(i).unwrap_or(0.0);
        if best.is_none_or(|(_, most)| x > most) {
            best = Some((i, x));
        }
    }
    best.map_or(0, |(i, _)| i)
}

/// A float operand; one of the two is empty.
struct Floats<'a> {
    singles: &'a [f32],
    doubles: &'a [f64],
}

impl<'a> Floats<'a> {
    fn new(args: &Args<'a>, k: usize) -> Self {
        Self { singles: args.get(k), doubles: args.get(k) }
    }

    const fn len(&self) -> usize {
        self.singles.len() + self.doubles.len()
    }

    fn get(&self, i: usize) -> Option<f64> {
        self.singles.get(i).map(|x| f64::from(*x)).or_else(|| self.doubles.get(i).copied())
    }
}

/// Rows whose labels are looked up together.
const BLOCK: usize = 64;

const FLOATS: [DType; 2] = [DType::Float32, DType::Float64];

impl Operator for Classify {
    const NAME: &'static str = "classify";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.post as u8);
        writer.u8(self.rule as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let post = read_post(reader)?;
        let rule = match reader.u8()? {
            0 => Rule::Linear,
            1 => Rule::Trees,
            2 => Rule::TreesPositive,
            3 => Rule::TreesMixed,
            4 => Rule::SvmPositive,
            5 => Rule::SvmMixed,
            _ => return Err(Fault::new("there is no such rule")),
        };
        Ok(Self { post, rule })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(3)?;
        signature.any_of(0, &FLOATS)?;
        signature.any_of(1, &FLOATS)?;
        let (rows, given) = signature.rows_columns(0)?;
        let labels = signature.any_of(2, &[DType::Int64, DType::String])?;
        let classes =
            labels.shape.count()?.fixed().ok_or(Fault::new("the labels follow the batch"))?;
        let pairs = given == 1 && classes == 2;
        ensure(given > 0 && (given == classes || pairs), "scores and labels differ in number")?;
        let svm = matches!(self.rule, Rule::SvmPositive | Rule::SvmMixed);
        ensure(!svm || (classes == 2 && given == 2), "the rule is for two scores")?;
        let scores = Shape::new(&[rows, Dim::Fixed(classes as u32)])?;
        Ok(vec![
            TensorType::new(labels.dtype, Shape::new(&[rows])?),
            TensorType::new(DType::Float32, scores),
            TensorType::new(DType::Float64, Shape::fixed(&[classes])?),
        ])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match args.dtype(2) {
            DType::Int64 => self.rows::<i64>(args, outs),
            _ => self.rows::<u32>(args, outs),
        }
        Ok(())
    }
}

impl Classify {
    fn rows<L: Element>(&self, args: &Args<'_>, outs: &mut Outs<'_>) {
        let names = args.get::<L>(2);
        let classes = names.len();
        let given = args.extents(0).dims().last().copied().unwrap_or(1);
        let (given_scores, bases) = (Floats::new(args, 0), Floats::new(args, 1));
        let base = |i: usize| bases.get(i);
        let (labels, scores, scratch) = outs.three::<L, f32, f64>();
        if self.rule == Rule::Linear && bases.len() == 0 && !given_scores.singles.is_empty() {
            let blocks = given_scores.singles.chunks(given * BLOCK);
            let blocks =
                blocks.zip(scores.chunks_mut(classes * BLOCK)).zip(labels.chunks_mut(BLOCK));
            for ((given_scores, scores), labels) in blocks {
                let mut best = [0; BLOCK];
                linear_rows(self.post, given, given_scores, scratch, scores, &mut best);
                for (label, best) in labels.iter_mut().zip(best) {
                    if let Some(name) = names.get(best as usize) {
                        *label = *name;
                    }
                }
            }
            return;
        }
        let rows = labels.iter_mut().zip(scores.chunks_exact_mut(classes)).enumerate();
        for (row, (label, scores)) in rows {
            for (i, x) in scratch.iter_mut().enumerate() {
                let score = if i < given { given_scores.get(row * given + i) } else { None };
                *x = score.unwrap_or(NO_SCORE);
            }
            let index = self.row(scratch, given, &base);
            if let Some(name) = names.get(index) {
                *label = *name;
            }
            for (to, from) in scores.iter_mut().zip(&*scratch) {
                // + 0.0: a score that nothing was added to is 0, not −0
                *to = (*from + 0.0) as f32;
            }
        }
    }
}

/// Base values and transform of a regressor.
///
/// Inputs: scores `[rows, n]` f32 or f64; base values f32 or f64, n of them or none or, for a
/// single target, one. Outputs: scores in the element type `dtype`; scratch.
#[derive(Clone, Debug)]
pub struct Transform {
    post: Post,
    double: bool,
}

impl Transform {
    /// A step of these attributes; `double` for f64 results.
    pub const fn new(post: Post, double: bool) -> Self {
        Self { post, double }
    }
}

impl Operator for Transform {
    const NAME: &'static str = "transform";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.post as u8);
        writer.bool(self.double);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { post: read_post(reader)?, double: reader.bool()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(2)?;
        let ty = signature.any_of(0, &FLOATS)?;
        signature.any_of(1, &FLOATS)?;
        let (_, columns) = signature.rows_columns(0)?;
        ensure(columns > 0, "there is no target")?;
        let dtype = if self.double { DType::Float64 } else { DType::Float32 };
        let scratch = TensorType::new(DType::Float64, Shape::fixed(&[columns])?);
        Ok(vec![ty.with_dtype(dtype), scratch])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let columns = args.extents(0).dims().last().copied().unwrap_or(1);
        let (scores, bases) = (Floats::new(args, 0), Floats::new(args, 1));
        if self.double {
            let (out, scratch) = outs.two::<f64, f64>();
            for (row, out) in out.chunks_exact_mut(columns).enumerate() {
                self.row(&scores, row, &bases, scratch);
                out.copy_from_slice(scratch);
            }
        } else {
            let (out, scratch) = outs.two::<f32, f64>();
            for (row, out) in out.chunks_exact_mut(columns).enumerate() {
                self.row(&scores, row, &bases, scratch);
                for (to, from) in out.iter_mut().zip(&*scratch) {
                    *to = *from as f32;
                }
            }
        }
        Ok(())
    }
}

impl Transform {
    fn row(&self, scores: &Floats<'_>, row: usize, bases: &Floats<'_>, s: &mut [f64]) {
        let columns = s.len();
        let with_bases = bases.len() == columns;
        for (i, x) in s.iter_mut().enumerate() {
            *x = scores.get(row * columns + i).unwrap_or(0.0) + 0.0;
            if with_bases {
                *x += bases.get(i).unwrap_or(0.0);
            }
        }
        self.post.apply(s);
    }
}
