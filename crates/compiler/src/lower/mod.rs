//! From ONNX operators to steps: one file a family, one line an operator.

mod arg;
mod chains;
mod dense;
mod elementwise;
mod ensemble;
mod linear;
mod maps;
mod misc;
mod reshape;
mod scaler;
mod softmax;
mod trees;
mod trees_v5;

use crate::graph::Lowering;
use driftline::error::Result;

/// Lowers one node.
pub(crate) type Lower = fn(&mut Lowering<'_, '_>) -> Result<()>;

/// Operators of one domain: the name and what lowers it.
pub(crate) type Operators = &'static [(&'static str, Lower)];

const AI_ONNX: &[Operators] = &[
    arg::OPERATORS,
    dense::OPERATORS,
    elementwise::OPERATORS,
    misc::OPERATORS,
    reshape::OPERATORS,
    softmax::OPERATORS,
];

const AI_ONNX_ML: &[Operators] =
    &[linear::OPERATORS, maps::OPERATORS, scaler::OPERATORS, trees::OPERATORS, trees_v5::OPERATORS];

/// What lowers an operator.
pub(crate) fn find(domain: &str, operator: &str) -> Option<Lower> {
    let families = match domain {
        "ai.onnx" => AI_ONNX,
        "ai.onnx.ml" => AI_ONNX_ML,
        _ => &[],
    };
    let mut all = families.iter().flat_map(|family| family.iter());
    all.find(|(name, _)| *name == operator).map(|(_, lower)| *lower)
}

/// Every operator that can be lowered, with its domain, for documents and tests.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    [("ai.onnx", AI_ONNX), ("ai.onnx.ml", AI_ONNX_ML)].into_iter().flat_map(|(domain, families)| {
        families.iter().flat_map(move |family| family.iter().map(move |(name, _)| (domain, *name)))
    })
}
