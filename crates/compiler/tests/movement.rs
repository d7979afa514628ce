//! Shapes that follow the batch, and what operators that move elements refuse.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::encode::{FLOAT, Graph, INT64, Is, floats, input, ints, node};
use driftline::ErrorCode;
use driftline::model::Model;
use driftline::tensor::{Tensor, TensorData};
use driftline_compiler::{Options, Runtime, compile};

const UINT64: i64 = 13;

fn plan_only() -> Options {
    Options { runtime: Some(Runtime::Plan), ..Options::default() }
}

/// The outputs for `x` of this shape, counted from 0 up.
fn run(graph: &Graph, shape: &[usize]) -> Vec<(Vec<usize>, TensorData)> {
    let compiled = compile(&graph.model(1), &plan_only()).unwrap();
    let mut model = Model::from_bytes(&compiled.plan).unwrap();
    let count = shape.iter().product::<usize>();
    let x = TensorData::Float32((0..count).map(|i| i as f32).collect());
    model.run_tensors(&[Tensor::new(shape.to_vec(), x).unwrap()]).unwrap();
    let views = (0..model.outputs().len()).map(|i| model.output(i).unwrap());
    views.map(|view| (view.shape(), view.to_data())).collect()
}

fn counted(range: std::ops::Range<usize>) -> TensorData {
    TensorData::Float32(range.map(|i| i as f32).collect())
}

/// x of rows of 6.
fn rows(nodes: Vec<Vec<u8>>, initializers: Vec<Vec<u8>>, outputs: Vec<&'static str>) -> Graph {
    Graph { nodes, initializers, inputs: vec![input("x", FLOAT, &[0, 6])], outputs }
}

#[test]
fn a_shape_made_of_the_batch_is_computed_at_build() {
    // x as [N · 2, 3], as exporters of PyTorch write it
    let graph = rows(
        vec![
            node("", "Shape", &["x"], &["shape"], &[]),
            node("", "Gather", &["shape", "zero"], &["n"], &[("axis", Is::Int(0))]),
            node("", "Mul", &["n", "two"], &["twice"], &[]),
            node("", "Div", &["six", "two"], &["three"], &[]),
            node("", "Concat", &["twice", "three"], &["target"], &[("axis", Is::Int(0))]),
            node("", "Reshape", &["x", "target"], &["y"], &[]),
        ],
        vec![ints("zero", &[1], &[0]), ints("two", &[1], &[2]), ints("six", &[1], &[6])],
        vec!["y"],
    );
    for n in [1, 2, 5] {
        assert_eq!(run(&graph, &[n, 6]), [(vec![2 * n, 3], counted(0..6 * n))]);
    }
}

#[test]
fn a_row_is_repeated_for_the_batch() {
    let graph = rows(
        vec![
            node("", "Shape", &["x"], &["shape"], &[]),
            node("", "Slice", &["shape", "zero", "one"], &["n"], &[]),
            node("", "Concat", &["n", "one"], &["times"], &[("axis", Is::Int(0))]),
            node("", "Tile", &["row", "times"], &["y"], &[]),
            node("", "ConstantOfShape", &["shape"], &["zeros"], &[]),
            node("", "Expand", &["row", "times"], &["z"], &[]),
        ],
        vec![
            ints("zero", &[1], &[0]),
            ints("one", &[1], &[1]),
            floats("row", &[1, 2], &[0.0, 1.0]),
        ],
        vec!["y", "zeros", "z"],
    );
    let made = run(&graph, &[3, 6]);
    let repeated = (vec![3, 2], TensorData::Float32([0.0, 1.0].repeat(3)));
    let zeros = (vec![3, 6], TensorData::Float32(vec![0.0; 18]));
    assert_eq!(made, [repeated.clone(), zeros, repeated]);
}

#[test]
fn a_split_has_any_number_of_parts() {
    let outputs = vec!["a", "b", "c", "d", "e", "f"];
    let split = node("", "Split", &["x"], &outputs, &[("axis", Is::Int(-1))]);
    let made = run(&rows(vec![split], vec![], outputs), &[2, 6]);
    for (i, (shape, data)) in made.into_iter().enumerate() {
        assert_eq!(shape, [2, 1]);
        assert_eq!(data, TensorData::Float32(vec![i as f32, i as f32 + 6.0]));
    }
}

#[test]
fn integers_without_sign_compare_as_such() {
    let large = i64::MIN + 5; // 2⁶³ + 5 without a sign
    let graph = Graph {
        nodes: vec![
            node("", "Cast", &["a"], &["ua"], &[("to", Is::Int(UINT64))]),
            node("", "Cast", &["b"], &["ub"], &[("to", Is::Int(UINT64))]),
            node("", "Less", &["ua", "ub"], &["less"], &[]),
            node("", "Max", &["ua", "ub"], &["max"], &[]),
            node("", "Div", &["ua", "ub"], &["div"], &[]),
            node("", "Cast", &["max"], &["greatest"], &[("to", Is::Int(INT64))]),
            node("", "Cast", &["div"], &["quotient"], &[("to", Is::Int(INT64))]),
            node("", "Identity", &["x"], &["same"], &[]),
        ],
        initializers: vec![ints("a", &[2], &[large, 3]), ints("b", &[2], &[2, large])],
        inputs: vec![input("x", FLOAT, &[0, 1])],
        outputs: vec!["less", "greatest", "quotient", "same"],
    };
    let made = run(&graph, &[1, 1]);
    assert_eq!(made[0].1, TensorData::Bool(vec![false, true]));
    assert_eq!(made[1].1, TensorData::Int64(vec![large, large]));
    assert_eq!(made[2].1, TensorData::Int64(vec![(1 << 62) + 2, 0]));
}

#[test]
fn what_does_not_fit_is_refused_at_build() {
    use ErrorCode::{DynamicShape, ModelInvalid, ModelTooLarge, UnsupportedOperator};
    type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, Is)], ErrorCode);
    let cases: &[Case<'_>] = &[
        ("ReduceMax", &["x"], &[("axes", Is::Ints(vec![2]))], ModelInvalid),
        ("ReduceMax", &["x"], &[("axes", Is::Ints(vec![i64::MIN]))], ModelInvalid),
        ("Slice", &["x", "one", "two", "seven"], &[], ModelInvalid),
        ("Slice", &["x", "one", "two", "one", "zero"], &[], ModelInvalid),
        ("Slice", &["x", "one", "two", "zero"], &[], DynamicShape),
        ("Split", &["x", "seven"], &[("axis", Is::Int(1))], ModelInvalid),
        ("Split", &["x", "six"], &[("axis", Is::Int(2))], ModelInvalid),
        ("TopK", &["x", "seven"], &[], ModelInvalid),
        ("TopK", &["x", "less"], &[], ModelInvalid),
        ("TopK", &["x", "one"], &[("axis", Is::Int(0))], DynamicShape),
        ("Gather", &["x", "one"], &[("axis", Is::Int(2))], ModelInvalid),
        ("Pad", &["x", "one"], &[], ModelInvalid),
        ("Pad", &["x", "pads"], &[], ModelInvalid),
        ("Pad", &["x", "batch"], &[], DynamicShape),
        ("Expand", &["x", "less"], &[], ModelInvalid),
        ("Expand", &["x", "seven"], &[], ModelInvalid),
        ("Tile", &["x", "seven"], &[], ModelInvalid),
        ("Range", &["sixth", "sixth", "nothing"], &[], ModelInvalid),
        ("Range", &["nothing", "far", "sixth"], &[], ModelTooLarge),
        ("CumSum", &["x", "two"], &[], ModelInvalid),
        ("CumSum", &["x", "zero"], &[], DynamicShape),
        ("LpNormalization", &["x"], &[("p", Is::Int(3))], ModelInvalid),
        ("OneHot", &["x", "less", "pair"], &[], ModelInvalid),
        ("ScatterND", &["x", "one", "x"], &[("reduction", Is::Text("sub"))], ModelInvalid),
        ("Trilu", &["pair"], &[], ModelInvalid),
        ("Scan", &["x", "x"], &[("num_scan_inputs", Is::Int(1))], ModelInvalid),
        ("BatchNormalization", &["x"], &[("training_mode", Is::Int(1))], UnsupportedOperator),
    ];
    let initializers = vec![
        ints("zero", &[1], &[0]),
        ints("one", &[1], &[1]),
        ints("two", &[1], &[2]),
        ints("six", &[1], &[6]),
        ints("seven", &[1], &[7]),
        ints("less", &[1], &[-1]),
        ints("pads", &[4], &[0, i64::MAX, 0, 0]),
        ints("batch", &[4], &[1, 0, 0, 0]),
        ints("sixth", &[], &[6]),
        ints("nothing", &[], &[0]),
        ints("far", &[], &[i64::MAX]),
        floats("pair", &[2], &[0.0, 1.0]),
    ];
    for (operator, inputs, attributes, code) in cases {
        let made = node("", operator, inputs, &["y"], attributes);
        let graph = rows(vec![made], initializers.clone(), vec!["y"]);
        let error = compile(&graph.model(1), &plan_only()).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), *code, "{operator} {inputs:?}: {error}");
        assert!(error.message().contains("`n`"), "{operator}: {error}");
    }
}
