//! The list of steps: one line a family.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault};
use super::types::{Extents, TensorType};

/// What a family of steps provides.
///
/// `bind` is the whole of the type and shape rules: the compiler asks it for the output types, and
/// the reader of a plan asks it again and compares, so that the two cannot differ.
pub trait Operator: Sized {
    /// Name in messages and reports.
    const NAME: &'static str;

    /// Version of the attributes' binary form.
    const VERSION: u8 = 1;

    /// Writes the attributes.
    fn write(&self, writer: &mut Writer);

    /// Reads what [`Self::write`] wrote; values out of range are faults.
    ///
    /// # Errors
    /// Damaged attributes.
    fn read(reader: &mut Reader<'_>) -> Checked<Self>;

    /// Checks operands and constants, keeps what it derives from them, and answers the types of the
    /// outputs (at most [`super::args::MAX_OUTPUTS`]; a last one may be scratch memory).
    ///
    /// # Errors
    /// Operands that do not fit.
    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>>;

    /// About how many element operations a run takes, for [`crate::limits::MAX_PLAN_WORK`]; asked
    /// after [`Self::bind`]. One for each element of inputs and outputs unless it is more.
    fn work(&self, inputs: &[Extents], outputs: &[Extents]) -> u64 {
        let elements = inputs.iter().chain(outputs).map(|e| e.count() as u64);
        elements.fold(1, u64::saturating_add)
    }

    /// Computes the outputs; must not allocate.
    ///
    /// # Errors
    /// Values that the operator refuses.
    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()>;
}

// Engines compile functions when they are first called: a family in a function of its own costs a
// page nothing until a model has a step of it.

#[inline(never)]
fn read<O: Operator>(reader: &mut Reader<'_>) -> Checked<O> {
    O::read(reader)
}

#[inline(never)]
fn bind<O: Operator>(step: &mut O, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
    step.bind(signature)
}

#[inline(never)]
fn run<O: Operator>(step: &O, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
    step.run(args, outs)
}

macro_rules! steps {
    ($($code:literal $variant:ident $path:path;)*) => {
        /// One step of a plan.
        #[derive(Clone, Debug)]
        pub enum Step {
            $(#[doc = concat!("Code ", stringify!($code), ".")] $variant($path),)*
        }

        $(impl From<$path> for Step {
            fn from(step: $path) -> Self {
                Self::$variant(step)
            }
        })*

        impl Step {
            /// The families, in the order of their codes.
            pub const FAMILIES: &[&str] = &[$(<$path>::NAME,)*];

            /// Name in messages and reports.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$path>::NAME,)* }
            }

            /// Code and version in the binary form.
            pub const fn code(&self) -> (u16, u8) {
                match self { $(Self::$variant(_) => ($code, <$path>::VERSION),)* }
            }

            /// Writes the attributes.
            pub fn write(&self, writer: &mut Writer) {
                match self { $(Self::$variant(step) => step.write(writer),)* }
            }

            /// Reads a step of this code and version.
            ///
            /// # Errors
            /// An unknown code or version, or damaged attributes.
            pub fn read(code: u16, version: u8, reader: &mut Reader<'_>) -> Checked<Self> {
                match (code, version) {
                    $(($code, <$path>::VERSION) => read::<$path>(reader).map(Self::$variant),)*
                    _ => Err(Fault::new("this version of driftline has no such step")),
                }
            }

            /// Checks the operands and answers the types of the outputs.
            ///
            /// # Errors
            /// Operands that do not fit.
            pub fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
                match self { $(Self::$variant(step) => bind(step, signature),)* }
            }

            /// About how many element operations a run takes.
            pub fn work(&self, inputs: &[Extents], outputs: &[Extents]) -> u64 {
                match self { $(Self::$variant(step) => step.work(inputs, outputs),)* }
            }

            /// Computes the outputs.
            ///
            /// # Errors
            /// Values that the operator refuses.
            pub fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
                match self { $(Self::$variant(step) => run(step, args, outs),)* }
            }
        }
    };
}

// codes are part of the file format: never reuse one
steps! {
    1 Trees super::trees::Trees;
    2 Classify super::classify::Classify;
    3 Transform super::classify::Transform;
    4 Dense super::dense::Dense;
    5 MatMul super::matmul::MatMul;
    6 Unary super::unary::Unary;
    7 Binary super::binary::Binary;
    8 Cast super::cast::Cast;
    9 Scaler super::scaler::Scaler;
    10 Normalizer super::scaler::Normalizer;
    11 Concat super::concat::Concat;
    12 Softmax super::softmax::Softmax;
    13 ArgExtreme super::argmax::ArgExtreme;
    14 Transpose super::transpose::Transpose;
    15 Reduce super::reduce::Reduce;
    16 CumSum super::cumsum::CumSum;
    17 LayerNorm super::normalize::LayerNorm;
    18 Slice super::slice::Slice;
    19 Select super::select::Select;
    20 Gather super::gather::Gather;
    21 GatherElements super::gather::GatherElements;
    22 GatherNd super::gather::GatherNd;
    23 ScatterElements super::scatter::ScatterElements;
    24 ScatterNd super::scatter::ScatterNd;
    25 Pad super::pad::Pad;
    26 OneHot super::onehot::OneHot;
    27 Expand super::expand::Expand;
    28 TopK super::topk::TopK;
    29 Distance super::distance::Distance;
    30 SvmScores super::svm::SvmScores;
    31 SvmClassify super::svm_classify::SvmClassify;
    32 Lookup super::lookup::Lookup;
    33 Indicator super::lookup::Indicator;
    34 Imputer super::impute::Imputer;
    35 Binarizer super::impute::Binarizer;
    36 Extract super::extract::Extract;
    37 MapEntries super::entries::MapEntries;
    38 Scatter super::entries::Scatter;
    39 ToText super::text::ToText;
    40 FromText super::text::FromText;
    41 ChangeCase super::text::ChangeCase;
    42 Grams super::grams::Grams;
    43 Linear super::linear::Linear;
}
