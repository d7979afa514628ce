//! From ONNX operators to steps: one file a family, one line an operator.

mod arg;
mod chains;
mod columns;
mod dense;
mod distance;
mod elementwise;
mod encode;
mod ensemble;
mod fill;
mod gather;
mod linear;
mod maps;
mod misc;
mod normalize;
mod pad;
mod pattern;
mod reduce;
mod reshape;
mod scaler;
mod scatter;
mod shapes;
mod slice;
mod softmax;
mod svm;
mod tables;
mod text;
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
    distance::OPERATORS,
    elementwise::OPERATORS,
    fill::OPERATORS,
    gather::OPERATORS,
    misc::OPERATORS,
    normalize::OPERATORS,
    pad::OPERATORS,
    reduce::OPERATORS,
    reshape::OPERATORS,
    scatter::OPERATORS,
    slice::OPERATORS,
    softmax::OPERATORS,
    text::OPERATORS,
];

const AI_ONNX_ML: &[Operators] = &[
    columns::OPERATORS,
    encode::OPERATORS,
    linear::OPERATORS,
    maps::OPERATORS,
    scaler::OPERATORS,
    svm::OPERATORS,
    trees::OPERATORS,
    trees_v5::OPERATORS,
];

const COM_MICROSOFT: &[Operators] = &[distance::COM_MICROSOFT, text::COM_MICROSOFT];

const DOMAINS: [(&str, &[Operators]); 3] =
    [("ai.onnx", AI_ONNX), ("ai.onnx.ml", AI_ONNX_ML), ("com.microsoft", COM_MICROSOFT)];

/// What lowers an operator.
pub(crate) fn find(domain: &str, operator: &str) -> Option<Lower> {
    let (_, families) = DOMAINS.iter().find(|(name, _)| *name == domain)?;
    let mut all = families.iter().flat_map(|family| family.iter());
    all.find(|(name, _)| *name == operator).map(|(_, lower)| *lower)
}

/// Every operator that can be lowered, with its domain, for documents and tests.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    DOMAINS.into_iter().flat_map(|(domain, families)| {
        families.iter().flat_map(move |family| family.iter().map(move |(name, _)| (domain, *name)))
    })
}
