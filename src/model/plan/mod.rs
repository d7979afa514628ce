//! The plan: a compiled model as typed steps over memory that is laid out beforehand.
//!
//! The compiler makes a [`Draft`] and writes it; the runtime reads the bytes into a [`Plan`], which
//! checks all of them, and an [`Executor`] runs it without allocating. Every step family is one
//! file with one [`step::Operator`]; its `bind` is the only place that knows its type rules.

pub mod args;
mod broadcast;
pub mod bytes;
pub mod codec;
#[cfg(feature = "text")]
mod decimal;
pub mod draft;
pub mod exec;
pub mod fault;
pub mod format;
mod layout;
pub mod math;
pub mod step;
mod strided;
mod symbols;
mod tables;
pub mod types;

pub mod argmax;
pub mod binary;
pub mod cast;
pub mod classify;
pub mod concat;
#[cfg(feature = "arrays")]
pub mod cumsum;
pub mod dense;
#[cfg(feature = "arrays")]
pub mod distance;
#[cfg(feature = "text")]
pub mod entries;
pub mod expand;
pub mod extract;
#[cfg(feature = "arrays")]
pub mod gather;
#[cfg(feature = "text")]
pub mod grams;
pub mod impute;
pub mod linear;
pub mod lookup;
#[cfg(feature = "arrays")]
pub mod matmul;
#[cfg(feature = "arrays")]
pub mod normalize;
#[cfg(feature = "arrays")]
pub mod onehot;
#[cfg(feature = "arrays")]
pub mod pad;
pub mod reduce;
pub mod scaler;
#[cfg(feature = "arrays")]
pub mod scatter;
pub mod select;
#[cfg(feature = "arrays")]
pub mod slice;
pub mod softmax;
#[cfg(feature = "svm")]
pub mod svm;
#[cfg(feature = "svm")]
pub mod svm_classify;
#[cfg(feature = "text")]
pub mod text;
#[cfg(feature = "arrays")]
pub mod topk;
#[cfg(feature = "arrays")]
pub mod transpose;
pub mod trees;
pub mod unary;
#[cfg(feature = "text")]
pub mod words;

pub use bytes::AlignedBytes;
pub use draft::{Draft, TensorId};
pub use exec::{Executor, OutputView};
pub use fault::{Checked, Fault, FaultKind};
pub use format::Plan;
pub use step::Step;
pub use types::{Dim, Shape, TensorType};

#[cfg(test)]
mod family_tests;
#[cfg(test)]
mod tests;
