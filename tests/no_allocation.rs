//! Predicting allocates nothing: one plan with a step of every family, under an allocator that
//! counts.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

#[path = "common/allocations.rs"]
mod allocations;

use allocations::so_far;
use driftline::model::plan::argmax::ArgExtreme;
use driftline::model::plan::binary::{Binary, Operation};
use driftline::model::plan::cast::Cast;
use driftline::model::plan::classify::{Classify, Post, Rule, Transform};
use driftline::model::plan::concat::Concat;
use driftline::model::plan::cumsum::CumSum;
use driftline::model::plan::dense::Dense;
use driftline::model::plan::distance::{Distance, Metric};
use driftline::model::plan::entries::{MapEntries, Scatter};
use driftline::model::plan::expand::Expand;
use driftline::model::plan::extract::Extract;
use driftline::model::plan::gather::{Gather, GatherElements, GatherNd};
use driftline::model::plan::grams::{Grams, Weighting};
use driftline::model::plan::impute::{Binarizer, Imputer};
use driftline::model::plan::linear::Linear;
use driftline::model::plan::lookup::{Indicator, Lookup};
use driftline::model::plan::matmul::MatMul;
use driftline::model::plan::normalize::LayerNorm;
use driftline::model::plan::onehot::OneHot;
use driftline::model::plan::pad::{Mode, Pad};
use driftline::model::plan::reduce::{Kind, Reduce};
use driftline::model::plan::scaler::{Norm, Normalizer, Scaler};
use driftline::model::plan::scatter::{Reduction, ScatterElements, ScatterNd};
use driftline::model::plan::select::Select;
use driftline::model::plan::slice::{Cut, Slice};
use driftline::model::plan::softmax::{self, Softmax};
use driftline::model::plan::svm::{Kernel, SvmScores};
use driftline::model::plan::svm_classify::SvmClassify;
use driftline::model::plan::text::{ChangeCase, FromText, Style, ToText};
use driftline::model::plan::topk::TopK;
use driftline::model::plan::transpose::Transpose;
use driftline::model::plan::trees::{Aggregate, LEAF_F32, Trees, Walk};
use driftline::model::plan::unary::{Function, Unary};
use driftline::model::plan::{
    AlignedBytes, Dim, Draft, Executor, Plan, Shape, Step, TensorId, TensorType,
};
use driftline::tensor::{DType, Tensor, TensorData};
use std::collections::BTreeSet;

/// A draft whose tensors are all outputs, so that every step stays.
#[derive(Default)]
struct Maker {
    draft: Draft,
    families: BTreeSet<&'static str>,
}

impl Maker {
    fn constant(&mut self, shape: &[usize], data: TensorData) -> TensorId {
        self.draft.constant(Tensor::new(shape.to_vec(), data).unwrap()).unwrap()
    }

    fn floats(&mut self, data: &[f32]) -> TensorId {
        self.constant(&[data.len()], TensorData::Float32(data.to_vec()))
    }

    fn integers(&mut self, shape: &[usize], data: &[i64]) -> TensorId {
        self.constant(shape, TensorData::Int64(data.to_vec()))
    }

    fn words(&mut self, data: &[u32]) -> TensorId {
        self.constant(&[data.len()], TensorData::Int32(data.iter().map(|w| *w as i32).collect()))
    }

    fn step(&mut self, step: impl Into<Step>, inputs: &[TensorId]) -> TensorId {
        let step = step.into();
        self.families.insert(step.name());
        let made = self.draft.step(step, inputs).unwrap();
        for id in &made {
            self.draft.output("", *id);
        }
        made[0]
    }
}

/// Rows of 4 numbers through everything that there is.
fn plan() -> (Vec<u8>, BTreeSet<&'static str>) {
    let mut m = Maker::default();
    let rows = Shape::new(&[Dim::Batch(1), Dim::Fixed(4)]).unwrap();
    let x = m.draft.input("x", TensorType::new(DType::Float32, rows));
    // elements one by one
    let relu = m.step(Unary::new(Function::Relu, 0.0, 0.0), &[x]);
    let sum = m.step(Binary::new(Operation::Add), &[x, relu]);
    let less = m.step(Binary::new(Operation::Less), &[x, sum]);
    m.step(Select, &[less, x, sum]);
    m.step(Cast::new(DType::Int16), &[x]);
    // lines
    let (offset, scale) = (m.floats(&[0.5]), m.floats(&[1.0, 2.0, 3.0, 4.0]));
    m.step(Scaler, &[x, offset, scale]);
    m.step(Normalizer::new(Norm::L2), &[x]);
    m.step(Softmax::new(softmax::Kind::Softmax, 1), &[x]);
    m.step(LayerNorm { axis: 1, epsilon: 1e-5 }, &[x]);
    m.step(CumSum { axis: 1, exclusive: false, reverse: true }, &[x]);
    m.step(Reduce { kind: Kind::LogSumExp, keep: true, axes: 2 }, &[x]);
    m.step(Reduce { kind: Kind::Mean, keep: false, axes: 1 }, &[x]);
    let first = m.step(ArgExtreme { least: true, last: false, keep: true, axis: 1 }, &[x]);
    m.step(TopK { least: false, axis: 1, k: 3 }, &[x]);
    // places
    m.step(GatherElements::new(1), &[x, first]);
    m.step(GatherNd::new(1), &[x, first]);
    let at = m.integers(&[2], &[-1, 0]);
    let two = m.step(Gather::new(1), &[x, at]);
    let one = m.step(Slice::new(vec![Cut { axis: 1, start: 3, step: -2, len: 1 }]), &[x]);
    m.step(ScatterElements::new(1, Reduction::Add), &[x, first, one]);
    let table = m.constant(&[3, 4], TensorData::Float32(vec![1.0; 12]));
    let (place, row) =
        (m.integers(&[1, 1], &[2]), m.constant(&[1, 4], TensorData::Float32(vec![2.0; 4])));
    m.step(ScatterNd::new(Reduction::Max), &[table, place, row]);
    let zero = m.constant(&[], TensorData::Float32(vec![0.0]));
    m.step(Pad::new(Mode::Constant, vec![(0, 0), (1, 2)]), &[x, zero]);
    let values = m.floats(&[0.0, 1.0]);
    m.step(OneHot::new(2, 4), &[first, values]);
    let wide = Shape::new(&[Dim::Fixed(3), Dim::Batch(1), Dim::Fixed(4)]).unwrap();
    m.step(Expand::new(wide), &[x]);
    m.step(Transpose::new(&[1, 0]), &[x]);
    m.step(Concat::new(1), &[x, two]);
    // sums of products
    m.step(Distance::new(Metric::SquaredEuclidean), &[x, table]);
    let matrix = m.constant(&[4, 3], TensorData::Float64(vec![0.5; 12]));
    let double = m.step(Cast::new(DType::Float64), &[x]);
    m.step(MatMul, &[double, matrix]);
    let packed = Dense::pack(4, 2, |i, o| (i + o) as f32);
    let (packed, bias) = (m.floats(&packed), m.floats(&[0.0, 1.0]));
    let scores = m.step(Dense::new(4, 2), &[x, packed, bias]);
    // trees: x[1] ≤ 0.5, else a leaf of its own
    let leaf = |i: u32| LEAF_F32 | i;
    let nodes = [[0.5f32.to_bits(), 4, 12], [leaf(0), 0, 12], [leaf(1), 0, 24]].concat();
    let nodes: Vec<i32> = nodes.into_iter().map(|w| w as i32).collect();
    let nodes = m.constant(&[3, 3], TensorData::Int32(nodes));
    let (roots, none) = (m.words(&[0]), m.words(&[]));
    let (weights, members) = (m.floats(&[1.0, 2.0]), m.floats(&[]));
    let inputs = [x, nodes, roots, none, none, weights, none, members];
    m.step(Trees::new(1, Aggregate::Sum, Walk::Lanes), &inputs);
    // encoders
    let (keys, found) = (m.floats(&[-0.5, 1.5]), m.floats(&[7.0, 8.0, 9.0]));
    m.step(Lookup, &[x, keys, found]);
    let places = m.step(Cast::new(DType::Int32), &[first]);
    m.step(Indicator::new(4, false), &[places]);
    let (replaced, imputed) = (m.floats(&[f32::NAN]), m.floats(&[0.25]));
    m.step(Imputer, &[x, replaced, imputed]);
    m.step(Binarizer::new(0.5), &[x]);
    let picked = m.integers(&[2], &[3, 0]);
    m.step(Extract, &[x, picked]);
    let (keys, entries, absent) =
        (m.integers(&[2], &[3, 5]), m.floats(&[1.0, 2.0]), m.floats(&[0.0]));
    m.step(MapEntries, &[keys, entries]);
    m.step(Scatter::new(8), &[keys, entries, absent]);
    // text: what a call makes lies in the memory of the calls before it
    let text = m.step(ToText::new(Style::General), &[x]);
    m.step(FromText::new(DType::Float64), &[text]);
    m.step(ChangeCase::new(true, true), &[text]);
    let whole = m.step(Cast::new(DType::Int64), &[x]);
    let (pool, lengths) = (m.integers(&[3], &[0, 0, 1]), m.words(&[1, 1]));
    let (columns, weights) = (m.words(&[0, 1]), m.floats(&[1.0, 0.5]));
    m.step(Grams::new(Weighting::Both, 1, 1, 2, None), &[whole, pool, lengths, columns, weights]);
    // other models
    let weights = m.constant(&[2, 4], TensorData::Float32(vec![0.5; 8]));
    let bias = m.floats(&[0.0, 1.0]);
    m.step(Linear, &[x, weights, bias]);
    let (vectors, coefficients) = (m.floats(&[0.5; 8]), m.floats(&[1.0, -1.0]));
    let (rho, counts) = (m.floats(&[0.25]), m.words(&[1, 1]));
    let machine = SvmScores::new(Kernel::Rbf, [0.5, 0.0, 3.0], false);
    let votes = m.step(machine, &[x, vectors, coefficients, rho, counts]);
    let (a, b) = (m.floats(&[-1.0]), m.floats(&[0.0]));
    let classes = m.integers(&[2], &[3, 4]);
    m.step(SvmClassify::new(Post::None), &[votes, a, b, classes]);
    // decisions
    let base = m.floats(&[]);
    m.step(Transform::new(Post::Softmax, false), &[scores, base]);
    let labels = m.constant(&[2], TensorData::String(vec!["late".into(), "on time".into()]));
    m.step(Classify::new(Post::Softmax, Rule::Linear), &[scores, base, labels]);
    (m.draft.write(), m.families)
}

#[test]
fn predicting_allocates_nothing() {
    let (bytes, families) = plan();
    let missing: Vec<_> =
        Step::FAMILIES.iter().filter(|family| !families.contains(*family)).collect();
    assert!(missing.is_empty(), "families without a step in this plan: {missing:?}");
    let plan = Plan::from_bytes(AlignedBytes::copy_of(&bytes)).unwrap();
    let mut executor = Executor::new(plan).unwrap();
    for batch in [1, 37, 8] {
        let x: Vec<f32> = (0..4 * batch).map(|i| (i % 11) as f32 - 3.5).collect();
        let x = TensorData::Float32(x);
        // the first call of so many rows may take memory
        executor.prepare(batch).unwrap();
        executor.set_input(0, &x).unwrap();
        executor.run().unwrap();
        let before = so_far();
        executor.prepare(batch).unwrap();
        executor.set_input(0, &x).unwrap();
        executor.run().unwrap();
        let outputs = executor.plan().outputs().len();
        let elements = (0..outputs)
            .filter_map(|i| executor.output(i))
            .map(|y| y.elements::<f32>().len())
            .sum::<usize>();
        assert_eq!(so_far(), before, "allocations in a call of {batch} rows");
        assert!(elements > 0);
    }
    let before = so_far();
    drop(std::hint::black_box(vec![1u8; 16]));
    assert!(so_far() > before, "the allocator counts");
}
