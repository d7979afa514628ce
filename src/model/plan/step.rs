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
    ($($code:literal $variant:ident $path:path $(, $feature:tt $name:literal)?;)*) => {
        /// One step of a plan.
        #[derive(Clone, Debug)]
        pub enum Step {
            $(#[doc = concat!("Code ", stringify!($code), ".")]
            $(#[cfg(feature = $feature)])?
            $variant($path),)*
        }

        $($(#[cfg(feature = $feature)])?
        impl From<$path> for Step {
            fn from(step: $path) -> Self {
                Self::$variant(step)
            }
        })*

        /// Families that not every build has: code, name, and the crate feature that brings it.
        const OPTIONAL: &[(u16, &str, &str)] = &[$($(($code, $name, $feature),)?)*];

        impl Step {
            /// The families of this build, in the order of their codes.
            pub const FAMILIES: &[&str] =
                &[$($(#[cfg(feature = $feature)])? { <$path>::NAME },)*];

            /// Name in messages and reports.
            pub const fn name(&self) -> &'static str {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$variant(_) => <$path>::NAME,)*
                }
            }

            /// Code and version in the binary form.
            pub const fn code(&self) -> (u16, u8) {
                match self {
                    $($(#[cfg(feature = $feature)])?
                    Self::$variant(_) => ($code, <$path>::VERSION),)*
                }
            }

            /// Writes the attributes.
            pub fn write(&self, writer: &mut Writer) {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$variant(step) => step.write(writer),)*
                }
            }

            /// Reads a step of this code and version.
            ///
            /// # Errors
            /// An unknown code or version, one that this build leaves out, or damaged attributes.
            pub fn read(code: u16, version: u8, reader: &mut Reader<'_>) -> Checked<Self> {
                match (code, version) {
                    $($(#[cfg(feature = $feature)])?
                    ($code, <$path>::VERSION) => read::<$path>(reader).map(Self::$variant),)*
                    _ => Err(unknown(code)),
                }
            }

            /// Checks the operands and answers the types of the outputs.
            ///
            /// # Errors
            /// Operands that do not fit.
            pub fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
                match self {
                    $($(#[cfg(feature = $feature)])?
                    Self::$variant(step) => bind(step, signature),)*
                }
            }

            /// About how many element operations a run takes.
            pub fn work(&self, inputs: &[Extents], outputs: &[Extents]) -> u64 {
                match self {
                    $($(#[cfg(feature = $feature)])?
                    Self::$variant(step) => step.work(inputs, outputs),)*
                }
            }

            /// Computes the outputs.
            ///
            /// # Errors
            /// Values that the operator refuses.
            pub fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$variant(step) => run(step, args, outs),)*
                }
            }
        }
    };
}

/// Why a code has no step here: this build leaves it out, or nobody knows it.
#[cold]
fn unknown(code: u16) -> Fault {
    match OPTIONAL.iter().find(|(known, ..)| *known == code) {
        Some((_, name, _)) if !Step::FAMILIES.contains(name) => Fault::absent(name),
        _ => Fault::new("this version of driftline has no such step"),
    }
}

/// The crate feature that brings the step of this name, if some builds leave it out.
pub fn requires(name: &str) -> Option<&'static str> {
    OPTIONAL.iter().find(|(_, known, _)| *known == name).map(|(.., feature)| *feature)
}

// Codes are part of the file format: never reuse one. Behind some stands the crate feature that
// brings them, with their name for builds without it.
steps! {
    1 Trees super::trees::Trees;
    2 Classify super::classify::Classify;
    3 Transform super::classify::Transform;
    4 Dense super::dense::Dense;
    5 MatMul super::matmul::MatMul, "arrays" "matmul";
    6 Unary super::unary::Unary;
    7 Binary super::binary::Binary;
    8 Cast super::cast::Cast;
    9 Scaler super::scaler::Scaler;
    10 Normalizer super::scaler::Normalizer;
    11 Concat super::concat::Concat;
    12 Softmax super::softmax::Softmax;
    13 ArgExtreme super::argmax::ArgExtreme;
    14 Transpose super::transpose::Transpose, "arrays" "transpose";
    15 Reduce super::reduce::Reduce;
    16 CumSum super::cumsum::CumSum, "arrays" "cum_sum";
    17 LayerNorm super::normalize::LayerNorm, "arrays" "layer_norm";
    18 Slice super::slice::Slice, "arrays" "slice";
    19 Select super::select::Select;
    20 Gather super::gather::Gather, "arrays" "gather";
    21 GatherElements super::gather::GatherElements, "arrays" "gather_elements";
    22 GatherNd super::gather::GatherNd, "arrays" "gather_nd";
    23 ScatterElements super::scatter::ScatterElements, "arrays" "scatter_elements";
    24 ScatterNd super::scatter::ScatterNd, "arrays" "scatter_nd";
    25 Pad super::pad::Pad, "arrays" "pad";
    26 OneHot super::onehot::OneHot, "arrays" "one_hot";
    27 Expand super::expand::Expand;
    28 TopK super::topk::TopK, "arrays" "top_k";
    29 Distance super::distance::Distance, "arrays" "distance";
    30 SvmScores super::svm::SvmScores, "svm" "svm_scores";
    31 SvmClassify super::svm_classify::SvmClassify, "svm" "svm_classify";
    32 Lookup super::lookup::Lookup;
    33 Indicator super::lookup::Indicator;
    34 Imputer super::impute::Imputer;
    35 Binarizer super::impute::Binarizer;
    36 Extract super::extract::Extract;
    37 MapEntries super::entries::MapEntries, "text" "map_entries";
    38 Scatter super::entries::Scatter, "text" "scatter";
    39 ToText super::text::ToText, "text" "to_text";
    40 FromText super::text::FromText, "text" "from_text";
    41 ChangeCase super::text::ChangeCase, "text" "change_case";
    42 Grams super::grams::Grams, "text" "grams";
    43 Linear super::linear::Linear;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn names_of_steps_that_a_build_may_lack_are_theirs() {
        assert!(OPTIONAL.len() > 20);
        for (code, name, feature) in OPTIONAL {
            assert_eq!(Step::FAMILIES[usize::from(*code) - 1], *name);
            assert!(["arrays", "svm", "text"].contains(feature), "{feature}");
            assert_eq!(requires(name), Some(*feature));
        }
        assert_eq!(requires("trees"), None);
    }

    #[test]
    fn an_absent_step_is_a_mismatch_of_the_runtime_and_an_unknown_one_is_damage() {
        let error = Fault::absent("svm_scores").in_plan();
        assert_eq!(error.code(), ErrorCode::RuntimeMismatch);
        assert!(error.message().contains("`svm_scores`"), "{error}");
        assert_eq!(unknown(9_999).in_plan().code(), ErrorCode::PlanInvalid);
    }
}
