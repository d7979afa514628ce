//! Support vector machines: kernels against the support vectors, summed for each pair of classes.
//!
//! Kernels and sums are taken in binary64, in a fixed order of four lanes, so that every machine
//! gives the same bits and they lie nearer to the true values than sums in binary32.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::math::sum;
use super::step::Operator;
use super::types::{Dim, Extents, Shape, TensorType};
use crate::limits::MAX_SVM_CLASSES;
use crate::tensor::DType;

/// How alike a row and a support vector are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// x · v.
    Linear,
    /// (γ x · v + c) to the power of the degree.
    Poly,
    /// e to the power of −γ |x − v|².
    Rbf,
    /// tanh(γ x · v + c).
    Sigmoid,
}

/// Decision values of a support vector machine.
///
/// Inputs: x `[rows, features]` f32 or f64; vectors f32 `[v, features]`; coefficients f32
/// `[classes − 1, v]`, for a regressor `[1, v]`; rho f32, one a pair of classes, for a regressor one;
/// i32 number of vectors of each class, for a regressor none.
///
/// Outputs: f64 `[rows, pairs]` in the order (0, 1), (0, 2), … (1, 2), …, for a regressor
/// `[rows, 1]`; scratch.
#[derive(Clone, Debug)]
pub struct SvmScores {
    kernel: Kernel,
    gamma: f32,
    coef0: f32,
    degree: f32,
    one_class: bool,
    features: usize,
}

impl SvmScores {
    /// Attributes; `one_class` answers 1 for a positive value and −1 for any other.
    pub const fn new(kernel: Kernel, parameters: [f32; 3], one_class: bool) -> Self {
        let [gamma, coef0, degree] = parameters;
        Self { kernel, gamma, coef0, degree, one_class, features: 0 }
    }

    fn kernel<T: Copy + Into<f64>>(&self, x: &[T], vector: &[f32]) -> f64 {
        if self.kernel == Kernel::Rbf {
            let squares = sum(x, vector, |x, v| (x - v) * (x - v));
            return libm::exp(-f64::from(self.gamma) * squares);
        }
        let product = sum(x, vector, |x, v| x * v);
        if self.kernel == Kernel::Linear {
            return product;
        }
        let inner = f64::from(self.gamma) * product + f64::from(self.coef0);
        match self.kernel {
            Kernel::Sigmoid => libm::tanh(inner),
            _ => power(inner, self.degree),
        }
    }

    fn rows<T: Element + Into<f64>>(&self, args: &Args<'_>, outs: &mut Outs<'_>) {
        let (vectors, coefficients) = (args.get::<f32>(1), args.get::<f32>(2));
        let (rho, counts) = (args.get::<f32>(3), args.get::<i32>(4));
        let (scores, kernels) = outs.two::<f64, f64>();
        let x = args.get::<T>(0).chunks_exact(self.features);
        for (x, scores) in x.zip(scores.chunks_exact_mut(rho.len())) {
            for (kernel, vector) in kernels.iter_mut().zip(vectors.chunks_exact(self.features)) {
                *kernel = self.kernel(x, vector);
            }
            if counts.is_empty() {
                let sum = sum(kernels, coefficients, |k, c| k * c);
                for (score, rho) in scores.iter_mut().zip(rho) {
                    let value = sum + f64::from(*rho);
                    *score = match self.one_class {
                        true if value > 0.0 => 1.0,
                        true => -1.0,
                        false => value,
                    };
                }
            } else {
                pairs(kernels, coefficients, counts, rho, scores);
            }
        }
    }
}

/// Decision value of each pair (i, j): the vectors of class i count by row j − 1 of the
/// coefficients, those of class j by row i.
fn pairs(kernels: &[f64], coefficients: &[f32], counts: &[i32], rho: &[f32], scores: &mut [f64]) {
    let part = |row: usize, start: usize, count: i32| {
        let end = start + count as usize;
        let row = coefficients.get(row * kernels.len()..).unwrap_or(&[]);
        match (kernels.get(start..end), row.get(start..end)) {
            (Some(k), Some(c)) => sum(k, c, |k, c| k * c),
            _ => 0.0,
        }
    };
    let mut out = scores.iter_mut().zip(rho);
    let mut start_i = 0;
    for (i, count_i) in counts.iter().enumerate() {
        let mut start_j = start_i + *count_i as usize;
        for (j, count_j) in counts.iter().enumerate().skip(i + 1) {
            let value = part(j - 1, start_i, *count_i) + part(i, start_j, *count_j);
            if let Some((score, rho)) = out.next() {
                *score = value + f64::from(*rho);
            }
            start_j += *count_j as usize;
        }
        start_i += *count_i as usize;
    }
}

/// x to the power of a degree; small whole degrees by multiplication.
fn power(x: f64, degree: f32) -> f64 {
    match degree {
        1.0 => x,
        2.0 => x * x,
        3.0 => x * x * x,
        _ => libm::pow(x, f64::from(degree)),
    }
}

/// Number of pairs of classes.
pub const fn pair_count(classes: usize) -> usize {
    classes * classes.saturating_sub(1) / 2
}

impl Operator for SvmScores {
    const NAME: &'static str = "svm_scores";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.kernel as u8);
        writer.f32(self.gamma);
        writer.f32(self.coef0);
        writer.f32(self.degree);
        writer.bool(self.one_class);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let kernel = match reader.u8()? {
            0 => Kernel::Linear,
            1 => Kernel::Poly,
            2 => Kernel::Rbf,
            3 => Kernel::Sigmoid,
            _ => return Err(Fault::new("there is no such kernel")),
        };
        let parameters = [reader.f32()?, reader.f32()?, reader.f32()?];
        Ok(Self::new(kernel, parameters, reader.bool()?))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(5)?;
        signature.any_of(0, &[DType::Float32, DType::Float64])?;
        let (rows, features) = signature.rows_columns(0)?;
        ensure(features > 0, "a support vector machine needs features")?;
        let finite = |k: usize| -> Checked<usize> {
            let values = signature.constant::<f32>(k)?;
            ensure(values.iter().all(|x| x.is_finite()), "a number of the model is not finite")?;
            Ok(values.len())
        };
        ensure(
            self.gamma.is_finite() && self.coef0.is_finite() && self.degree.is_finite(),
            "a parameter of the kernel is not finite",
        )?;
        let numbers = finite(1)?;
        ensure(
            numbers > 0 && numbers.is_multiple_of(features),
            "support vectors and features differ in number",
        )?;
        let vectors = numbers / features;
        let counts = signature.constant::<i32>(4)?;
        let classes = counts.len();
        let (sets, pairs) = if counts.is_empty() {
            (1, 1)
        } else {
            let total: i64 = counts.iter().map(|n| i64::from(*n)).sum();
            ensure(
                counts.iter().all(|n| *n >= 0) && total == vectors as i64,
                "the classes' vectors are not as many as there are",
            )?;
            ensure(classes > 1 && !self.one_class, "a classifier needs two classes")?;
            if classes > MAX_SVM_CLASSES {
                return Err(Fault::large("a support vector classifier has too many classes"));
            }
            (classes - 1, pair_count(classes))
        };
        ensure(finite(2)? == sets * vectors, "coefficients and vectors differ in number")?;
        ensure(finite(3)? == pairs, "rho needs one value for each pair of classes")?;
        self.features = features;
        Ok(vec![
            TensorType::new(DType::Float64, Shape::new(&[rows, Dim::Fixed(pairs as u32)])?),
            TensorType::new(DType::Float64, Shape::fixed(&[vectors])?),
        ])
    }

    fn work(&self, inputs: &[Extents], outputs: &[Extents]) -> u64 {
        // an exponential takes about as long as 16 products
        let count = |e: Option<&Extents>| e.map_or(0, |e| e.count() as u64);
        let rows = outputs.first().map_or(0, |e| e.dim(0) as u64);
        let row = count(inputs.get(1))
            .saturating_add(count(inputs.get(2)))
            .saturating_add(count(outputs.get(1)).saturating_mul(16));
        rows.saturating_mul(row)
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match args.dtype(0) {
            DType::Float32 => self.rows::<f32>(args, outs),
            _ => self.rows::<f64>(args, outs),
        }
        Ok(())
    }
}
