//! The plan as a whole: what the draft writes loads and runs; what is damaged is refused.

use super::binary::{Binary, Operation};
use super::classify::{Classify, Post, Rule};
use super::concat::Concat;
use super::dense::Dense;
use super::trees::{Aggregate, LEAF_F32, NAN_RIGHT, Trees, Walk};
use super::unary::{Function, Unary};
use super::*;
use crate::error::{ErrorCode, Result};
use crate::tensor::{DType, Tensor, TensorData};

fn rows_of(columns: u32) -> TensorType {
    let shape = Shape::new(&[Dim::Batch(1), Dim::Fixed(columns)]).unwrap();
    TensorType::new(DType::Float32, shape)
}

fn vector(draft: &mut Draft, data: TensorData) -> TensorId {
    draft.constant(Tensor::new(vec![data.len()], data).unwrap()).unwrap()
}

fn load(bytes: &[u8]) -> Result<Executor> {
    Executor::new(Plan::from_bytes(AlignedBytes::copy_of(bytes))?)
}

/// Two trees over two features; the second is a single leaf.
fn forest(walk: Walk) -> Draft {
    let mut draft = Draft::default();
    let x = draft.input("x", rows_of(2));
    let leaf = |i: u32| LEAF_F32 | i;
    let nodes: Vec<i32> = [
        [0.5f32.to_bits(), NAN_RIGHT, 12],
        [leaf(0), 0, 12],
        [(-1.0f32).to_bits(), 4, 36],
        [leaf(1), 0, 36],
        [leaf(2), 0, 48],
        [leaf(3), 0, 60],
    ]
    .into_iter()
    .flatten()
    .map(|w| w as i32)
    .collect();
    let nodes = Tensor::new(vec![6, 3], TensorData::Int32(nodes)).unwrap();
    let inputs = [
        x,
        draft.constant(nodes).unwrap(),
        vector(&mut draft, TensorData::Int32(vec![0, 5])),
        vector(&mut draft, TensorData::Int32(vec![])),
        vector(&mut draft, TensorData::Int32(vec![])),
        vector(&mut draft, TensorData::Float32(vec![1.0, 2.0, 4.0, 0.25])),
        vector(&mut draft, TensorData::Int32(vec![])),
        vector(&mut draft, TensorData::Float32(vec![])),
    ];
    let sums = draft.step(Trees::new(1, Aggregate::Sum, walk), &inputs).unwrap();
    draft.output("y", sums[0]);
    draft
}

fn forest_sums(walk: Walk, x: &[f32]) -> Vec<f64> {
    let mut executor = load(&forest(walk).write()).unwrap();
    executor.prepare(x.len() / 2).unwrap();
    executor.set_input(0, &TensorData::Float32(x.to_vec())).unwrap();
    executor.run().unwrap();
    executor.output(0).unwrap().elements::<f64>().to_vec()
}

#[test]
fn trees_walk_the_same_in_every_order_and_batch() {
    let nan = f32::NAN;
    let rows = [
        ([0.5, 0.0], 1.25),
        ([0.6, -1.0], 2.25),
        ([0.6, -0.9], 4.25),
        ([nan, -2.0], 2.25),
        ([nan, nan], 2.25),
        ([f32::NEG_INFINITY, 0.0], 1.25),
    ];
    for walk in [Walk::Lanes, Walk::Early] {
        for (x, want) in rows {
            assert_eq!(forest_sums(walk, &x), [want], "{walk:?} {x:?}");
        }
        // 23 rows: two full blocks and a rest, with NaN in one block only
        let many: Vec<_> = rows.iter().cycle().skip(2).take(23).collect();
        let x: Vec<f32> = many.iter().flat_map(|(x, _)| *x).collect();
        let want: Vec<f64> = many.iter().map(|(_, y)| *y).collect();
        assert_eq!(forest_sums(walk, &x), want, "{walk:?}");
    }
}

#[test]
fn damaged_trees_are_refused() {
    let node = |i: usize, word: usize, value: u32| {
        let mut bytes = forest(Walk::Lanes).write();
        // the nodes are the first constant
        let pattern = 0.5f32.to_bits().to_le_bytes();
        let at = bytes.windows(4).position(|w| w == pattern).unwrap() + i * 12 + word * 4;
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        load(&bytes).map(|_| ()).unwrap_err()
    };
    for (i, word, value, text) in [
        (0, 0, f32::NAN.to_bits(), "threshold is NaN"),
        (0, 1, 8, "feature is out of range"),
        (0, 1, 2, "points between nodes"),
        (0, 2, 13, "points between nodes"),
        (0, 2, 72, "out of range"),
        (0, 2, u32::MAX - 3, "out of range"),
        (2, 2, 0, "before its parent"),
        (2, 2, 24, "leaf is damaged"),
        (2, 2, 48, "two parents"),
        (0, 2, 24, "no parent"),
        (1, 0, LEAF_F32 | 9, "no weights"),
        (1, 0, 0, "leaf is damaged"),
    ] {
        let error = node(i, word, value);
        assert_eq!(error.code(), ErrorCode::PlanInvalid);
        assert!(error.message().contains(text), "{i} {word}: {error}, not {text}");
    }
}

/// Scaler-like arithmetic, a dense layer, a join and a classifier with text labels.
fn classifier() -> Draft {
    let mut draft = Draft::default();
    let x = draft.input("x", rows_of(3));
    let weights = Dense::pack(3, 2, |i, o| (i + 2 * o) as f32);
    let weights = vector(&mut draft, TensorData::Float32(weights));
    let bias = vector(&mut draft, TensorData::Float32(vec![0.5, -0.5]));
    let y = draft.step(Dense::new(3, 2), &[x, weights, bias]).unwrap();
    let relu = draft.step(Unary::new(Function::Relu, 0.0, 0.0), &y).unwrap();
    let sum = draft.step(Binary::new(Operation::Add), &[y[0], relu[0]]).unwrap();
    let base = vector(&mut draft, TensorData::Float32(vec![]));
    let labels = vector(&mut draft, TensorData::String(vec!["on time".into(), "late".into()]));
    let inputs = [sum[0], base, labels];
    let classes = draft.step(Classify::new(Post::Softmax, Rule::Linear), &inputs).unwrap();
    let joined = draft.step(Concat::new(1), &[y[0], relu[0]]).unwrap();
    draft.output("label", classes[0]);
    draft.output("scores", classes[1]);
    draft.output("joined", joined[0]);
    draft
}

#[test]
fn a_plan_runs_for_any_batch() {
    let bytes = classifier().write();
    assert_eq!(bytes, classifier().write(), "the same draft gives the same bytes");
    let mut executor = load(&bytes).unwrap();
    let row = [1.0, -1.0, 2.0];
    for batch in [1, 5, 2, 64, 1] {
        executor.prepare(batch).unwrap();
        let x: Vec<f32> = row.iter().copied().cycle().take(3 * batch).collect();
        executor.set_input(0, &TensorData::Float32(x)).unwrap();
        executor.run().unwrap();
        let labels = executor.output(0).unwrap();
        assert_eq!(labels.to_data(), TensorData::String(vec!["late".into(); batch]));
        let joined = executor.output(2).unwrap();
        assert_eq!(joined.shape(), [batch, 4]);
        // 0·1 − 1·1 + 2·2 + 0.5 and 2·1 − 3·1 + 4·2 − 0.5, then the same after relu
        assert_eq!(joined.elements::<f32>()[..4], [3.5, 6.5, 3.5, 6.5]);
        let scores = executor.output(1).unwrap().elements::<f32>().to_vec();
        assert_eq!(scores.len(), 2 * batch);
        assert!((scores[0] + scores[1] - 1.0).abs() < 1e-6);
        assert_eq!(scores[..2], scores[2 * batch - 2..]);
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let mut executor = load(&classifier().write()).unwrap();
    for (i, data) in [
        (0, TensorData::Float32(vec![0.0; 2])),
        (0, TensorData::Float64(vec![0.0; 3])),
        (1, TensorData::Float32(vec![0.0; 3])),
    ] {
        assert_eq!(executor.set_input(i, &data).unwrap_err().code(), ErrorCode::BadInput);
    }
    assert_eq!(executor.prepare(usize::MAX).unwrap_err().code(), ErrorCode::InputTooLarge);
    executor.prepare(1).unwrap();
    executor.set_input(0, &TensorData::Float32(vec![0.0; 3])).unwrap();
    executor.run().unwrap();
}

#[test]
fn another_version_is_named() {
    let mut bytes = classifier().write();
    bytes[8] = 9;
    assert_eq!(load(&bytes).map(|_| ()).unwrap_err().code(), ErrorCode::FormatVersion);
}

#[test]
fn truncated_plans_are_refused() {
    let bytes = classifier().write();
    for end in 0..bytes.len() {
        let error = load(&bytes[..end]).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PlanInvalid, "{end}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(load(&longer).map(|_| ()).unwrap_err().code(), ErrorCode::PlanInvalid);
}

/// Every byte with several other values: refused with a code, or a plan that runs.
#[test]
fn altered_plans_never_panic() {
    for draft in [classifier(), forest(Walk::Early)] {
        let bytes = draft.write();
        let mut refused = 0;
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(1)] {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                match load(&bytes) {
                    Ok(mut executor) => {
                        let ports = executor.plan().inputs().to_vec();
                        for (i, port) in ports.iter().enumerate() {
                            let ty = executor.plan().ty(port.tensor).unwrap();
                            let count = ty.shape.at(1).count();
                            if ty.dtype == DType::Float32 && count < 1 << 20 {
                                let data = TensorData::Float32(vec![0.5; count]);
                                executor.set_input(i, &data).unwrap();
                            }
                        }
                        drop(executor.run());
                    }
                    Err(error) => {
                        refused += 1;
                        assert!(matches!(
                            error.code(),
                            ErrorCode::PlanInvalid
                                | ErrorCode::FormatVersion
                                | ErrorCode::InputTooLarge
                                | ErrorCode::ModelTooLarge
                        ));
                    }
                }
            }
        }
        assert!(refused > bytes.len(), "most alterations are seen: {refused}");
    }
}
