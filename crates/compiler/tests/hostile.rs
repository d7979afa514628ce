//! Hostile ONNX files: refused with a stable code, and soon.
#![allow(clippy::unwrap_used)]

mod common;

use common::encode::{
    DOUBLE, FLOAT, Graph, INT64, Is, STRING, field, floats, input, ints, map_input, ml, node,
};
use driftline::ErrorCode;
use driftline::ErrorCode::{
    DynamicShape, ModelInvalid, ModelSyntax, ModelTooLarge, UnsupportedType,
};
use driftline::limits::MAX_TREE_NODES;
use driftline_compiler::{Options, Runtime, compile};
use std::time::{Duration, Instant};

/// Far more than any of these takes on a slow machine that does other work.
const SOON: Duration = Duration::from_secs(60);

#[track_caller]
fn refused(onnx: &[u8], code: ErrorCode, text: &str) {
    let start = Instant::now();
    let plan = Options { runtime: Some(Runtime::Plan), ..Options::default() };
    let error = compile(onnx, &plan).map(|_| ()).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.message().contains(text), "`{error}` does not say `{text}`");
    // tract, which is asked next, may answer otherwise, but must answer
    drop(compile(onnx, &Options::default()));
    assert!(start.elapsed() < SOON, "took {:?}", start.elapsed());
}

type Attributes = Vec<(&'static str, Is)>;

fn rows() -> Vec<u8> {
    input("x", FLOAT, &[0, 2])
}

/// One split with two leaves: nodes 0, 1 and 2.
fn tree() -> Attributes {
    vec![
        ("nodes_treeids", Is::Ints(vec![0, 0, 0])),
        ("nodes_nodeids", Is::Ints(vec![0, 1, 2])),
        ("nodes_featureids", Is::Ints(vec![1, 0, 0])),
        ("nodes_modes", Is::Texts(vec!["BRANCH_LEQ", "LEAF", "LEAF"])),
        ("nodes_values", Is::Floats(vec![0.5, 0.0, 0.0])),
        ("nodes_truenodeids", Is::Ints(vec![1, 0, 0])),
        ("nodes_falsenodeids", Is::Ints(vec![2, 0, 0])),
        ("target_treeids", Is::Ints(vec![0, 0])),
        ("target_nodeids", Is::Ints(vec![1, 2])),
        ("target_ids", Is::Ints(vec![0, 0])),
        ("target_weights", Is::Floats(vec![1.0, 2.0])),
        ("n_targets", Is::Int(1)),
    ]
}

fn with(mut attributes: Attributes, name: &'static str, value: Is) -> Attributes {
    attributes.retain(|(known, _)| *known != name);
    attributes.push((name, value));
    attributes
}

fn tree_with(changes: &[(&'static str, Is)]) -> Vec<u8> {
    let changed = changes.iter().fold(tree(), |all, (name, value)| with(all, name, value.clone()));
    ml(1, "TreeEnsembleRegressor", rows(), &changed)
}

#[test]
fn a_sound_tree_compiles() {
    compile(&tree_with(&[]), &Options::default()).unwrap();
}

#[test]
fn rings_are_refused() {
    for (yes, no, text) in [(0, 2, "ring"), (0, 0, "root"), (1, 0, "ring")] {
        let onnx = tree_with(&[
            ("nodes_truenodeids", Is::Ints(vec![yes, 0, 0])),
            ("nodes_falsenodeids", Is::Ints(vec![no, 0, 0])),
        ]);
        refused(&onnx, ModelInvalid, text);
    }
    // a ring below a sound root: 0 → 1 ⇄ 2
    let onnx = tree_with(&[
        ("nodes_treeids", Is::Ints(vec![0; 4])),
        ("nodes_nodeids", Is::Ints(vec![0, 1, 2, 3])),
        ("nodes_featureids", Is::Ints(vec![0; 4])),
        ("nodes_modes", Is::Texts(vec!["BRANCH_LEQ", "BRANCH_LEQ", "BRANCH_LEQ", "LEAF"])),
        ("nodes_values", Is::Floats(vec![0.5; 4])),
        ("nodes_truenodeids", Is::Ints(vec![1, 2, 1, 0])),
        ("nodes_falsenodeids", Is::Ints(vec![3, 3, 3, 0])),
        ("target_nodeids", Is::Ints(vec![3, 3])),
    ]);
    refused(&onnx, ModelInvalid, "ring");
}

#[test]
fn children_out_of_range_are_refused() {
    for child in [3, -1, i64::MAX, i64::MIN] {
        let onnx = tree_with(&[("nodes_truenodeids", Is::Ints(vec![child, 0, 0]))]);
        refused(&onnx, ModelInvalid, "has no node");
    }
    for feature in [2, -1, i64::MAX, 1 << 29] {
        let onnx = tree_with(&[("nodes_featureids", Is::Ints(vec![feature, 0, 0]))]);
        refused(&onnx, ModelInvalid, "feature");
    }
    let onnx = tree_with(&[("target_ids", Is::Ints(vec![0, 1]))]);
    refused(&onnx, ModelInvalid, "target 1 is out of range");
    let onnx = tree_with(&[("target_nodeids", Is::Ints(vec![1, 9]))]);
    refused(&onnx, ModelInvalid, "node 9");
}

/// LightGBM and HistGradientBoosting write +∞ where a split only parts missing values from the rest,
/// so that infinity is a threshold like another. NaN compares with nothing, and nothing is below −∞.
#[test]
fn thresholds_may_be_infinite_but_not_nan() {
    let threshold = |x: f32, mode: &'static str| {
        tree_with(&[
            ("nodes_values", Is::Floats(vec![x, 0.0, 0.0])),
            ("nodes_modes", Is::Texts(vec![mode, "LEAF", "LEAF"])),
        ])
    };
    for mode in ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"] {
        refused(&threshold(f32::NAN, mode), ModelInvalid, "NaN");
        compile(&threshold(f32::INFINITY, mode), &Options::default()).unwrap();
        let least = threshold(f32::NEG_INFINITY, mode);
        if matches!(mode, "BRANCH_LT" | "BRANCH_GTE") {
            refused(&least, ModelInvalid, "below all numbers");
        } else {
            compile(&least, &Options::default()).unwrap();
        }
    }
    refused(
        &tree_with(&[("target_weights", Is::Floats(vec![1.0, f32::NAN]))]),
        ModelInvalid,
        "finite",
    );
    let infinite = Is::Floats(vec![f32::INFINITY, 1.0]);
    refused(&tree_with(&[("target_weights", infinite)]), ModelInvalid, "finite");
    refused(&tree_with(&[("base_values", Is::Floats(vec![f32::NAN]))]), ModelInvalid, "finite");
}

#[test]
fn ten_million_nodes_are_too_many() {
    let many: Vec<i64> = vec![0; 10_000_000];
    let onnx =
        tree_with(&[("nodes_treeids", Is::Ints(many.clone())), ("nodes_nodeids", Is::Ints(many))]);
    refused(&onnx, ModelTooLarge, "nodes");
}

/// Each level leads to the next by both branches: 2⁴⁰ leaves in 41 nodes.
#[test]
fn shared_subtrees_that_multiply_are_too_many() {
    let levels = 40;
    let mut modes = vec!["BRANCH_LEQ"; levels];
    modes.push("LEAF");
    let next: Vec<i64> = (1..=levels as i64).chain([0]).collect();
    let onnx = tree_with(&[
        ("nodes_treeids", Is::Ints(vec![0; levels + 1])),
        ("nodes_nodeids", Is::Ints((0..=levels as i64).collect())),
        ("nodes_featureids", Is::Ints(vec![0; levels + 1])),
        ("nodes_modes", Is::Texts(modes)),
        ("nodes_values", Is::Floats(vec![0.5; levels + 1])),
        ("nodes_truenodeids", Is::Ints(next.clone())),
        ("nodes_falsenodeids", Is::Ints(next)),
        ("target_nodeids", Is::Ints(vec![levels as i64; 2])),
    ]);
    refused(&onnx, ModelTooLarge, &MAX_TREE_NODES.to_string());
}

#[test]
fn lengths_that_differ_are_refused() {
    for (name, value) in tree() {
        let shorter = match value {
            Is::Ints(mut v) => {
                v.pop();
                Is::Ints(v)
            }
            Is::Floats(mut v) => {
                v.pop();
                Is::Floats(v)
            }
            Is::Texts(mut v) => {
                v.pop();
                Is::Texts(v)
            }
            _ => continue,
        };
        refused(&tree_with(&[(name, shorter)]), ModelInvalid, "differ in length");
    }
    let onnx = tree_with(&[("nodes_missing_value_tracks_true", Is::Ints(vec![1]))]);
    refused(&onnx, ModelInvalid, "differ in length");
    refused(&tree_with(&[("nodes_nodeids", Is::Ints(vec![0, 1, 1]))]), ModelInvalid, "twice");
    let forest = Is::Ints(vec![0, 1, 0]);
    refused(&tree_with(&[("nodes_treeids", forest)]), ModelInvalid, "tree");
}

#[test]
fn attributes_of_another_type_are_refused() {
    let onnx = tree_with(&[("nodes_values", Is::Texts(vec!["0.5", "0", "0"]))]);
    refused(&onnx, ModelInvalid, "wrong type");
    let onnx = tree_with(&[("nodes_modes", Is::Ints(vec![0, 1, 1]))]);
    refused(&onnx, ModelInvalid, "wrong type");
    let onnx = tree_with(&[("n_targets", Is::Float(1.0))]);
    refused(&onnx, ModelInvalid, "wrong type");
    let onnx = tree_with(&[("nodes_modes", Is::Texts(vec!["BRANCH_MEMBER", "LEAF", "LEAF"]))]);
    refused(&onnx, ModelInvalid, "mode");
}

#[test]
fn counts_out_of_range_are_refused() {
    for n in [0, -1, i64::MAX, i64::MIN] {
        refused(&tree_with(&[("n_targets", Is::Int(n))]), ModelInvalid, "targets");
        let coefficients = Is::Floats(vec![1.0, 2.0]);
        let linear = vec![("targets", Is::Int(n)), ("coefficients", coefficients)];
        refused(&ml(1, "LinearRegressor", rows(), &linear), ModelInvalid, "coefficients");
    }
    let map = map_input("x", INT64, FLOAT);
    for n in [0, -1, i64::MAX, i64::from(u32::MAX)] {
        let sparse = [("map_form", Is::Text("SPARSE")), ("max_map", Is::Int(n))];
        refused(&ml(1, "CastMap", map.clone(), &sparse), ModelInvalid, "max_map");
    }
}

/// Text where numbers are needed, and the other way round.
#[test]
fn text_where_a_float_is_needed_is_refused() {
    let text = input("x", STRING, &[0, 2]);
    let onnx = ml(1, "TreeEnsembleRegressor", text.clone(), &tree());
    refused(&onnx, UnsupportedType, "text");
    let linear: Attributes =
        vec![("targets", Is::Int(1)), ("coefficients", Is::Floats(vec![1.0, 2.0]))];
    refused(&ml(1, "LinearRegressor", text.clone(), &linear), UnsupportedType, "text");
    refused(&ml(1, "Scaler", text.clone(), &[]), UnsupportedType, "text");
    refused(&ml(1, "Normalizer", text.clone(), &[]), UnsupportedType, "text");
    refused(&ml(1, "Binarizer", text.clone(), &[]), UnsupportedType, "type");
    refused(&ml(1, "SVMRegressor", text.clone(), &svr()), ModelInvalid, "text");
    let keys: Attributes =
        vec![("keys_strings", Is::Texts(vec!["a"])), ("values_floats", Is::Floats(vec![1.0]))];
    refused(&ml(2, "LabelEncoder", rows(), &keys), ModelInvalid, "its keys are string");
    let cats = [("cats_int64s", Is::Ints(vec![1]))];
    refused(&ml(1, "OneHotEncoder", text, &cats), ModelInvalid, "categories");
    let imputed = [("imputed_value_int64s", Is::Ints(vec![1]))];
    refused(&ml(1, "Imputer", rows(), &imputed), ModelInvalid, "imputed values");
    refused(&ml(1, "DictVectorizer", rows(), &cats), ModelInvalid, "no map");
}

fn svr() -> Attributes {
    vec![
        ("kernel_type", Is::Text("RBF")),
        ("kernel_params", Is::Floats(vec![0.5, 0.0, 0.0])),
        ("n_supports", Is::Int(2)),
        ("support_vectors", Is::Floats(vec![1.0, 2.0, 3.0, 4.0])),
        ("coefficients", Is::Floats(vec![1.0, -1.0])),
        ("rho", Is::Floats(vec![0.5])),
    ]
}

fn svc() -> Attributes {
    vec![
        ("kernel_type", Is::Text("LINEAR")),
        ("classlabels_ints", Is::Ints(vec![3, 4, 5])),
        ("vectors_per_class", Is::Ints(vec![1, 1, 1])),
        ("support_vectors", Is::Floats(vec![1.0; 6])),
        ("coefficients", Is::Floats(vec![1.0; 6])),
        ("rho", Is::Floats(vec![0.5; 3])),
    ]
}

#[test]
fn support_vectors_that_contradict_each_other_are_refused() {
    let svr_with = |name, value| ml(1, "SVMRegressor", rows(), &with(svr(), name, value));
    let svc_with = |name, value| ml(1, "SVMClassifier", rows(), &with(svc(), name, value));
    compile(&svr_with("one_class", Is::Int(1)), &Options::default()).unwrap();
    compile(&svc_with("post_transform", Is::Text("SOFTMAX")), &Options::default()).unwrap();
    for onnx in [
        svr_with("rho", Is::Floats(vec![])),
        svr_with("rho", Is::Floats(vec![f32::NAN])),
        svr_with("n_supports", Is::Int(i64::MAX)),
        svr_with("coefficients", Is::Floats(vec![1.0])),
        svr_with("coefficients", Is::Floats(vec![1.0, f32::INFINITY])),
        svr_with("support_vectors", Is::Floats(vec![1.0; 3])),
        svr_with("support_vectors", Is::Floats(vec![])),
        svr_with("kernel_params", Is::Floats(vec![f32::NAN, 0.0, 0.0])),
        svr_with("kernel_params", Is::Floats(vec![0.5])),
        svr_with("kernel_type", Is::Text("COSINE")),
        svc_with("vectors_per_class", Is::Ints(vec![1, -1, 3])),
        svc_with("vectors_per_class", Is::Ints(vec![1, 1, 2])),
        svc_with("vectors_per_class", Is::Ints(vec![1, 2])),
        svc_with("vectors_per_class", Is::Ints(vec![i64::MAX, 1, 1])),
        svc_with("rho", Is::Floats(vec![0.5; 2])),
        svc_with("prob_a", Is::Floats(vec![1.0; 3])),
        svc_with("classlabels_strings", Is::Texts(vec!["a", "b", "c"])),
        svc_with("post_transform", Is::Text("RELU")),
    ] {
        refused(&onnx, ModelInvalid, "");
    }
    let classes = 1025;
    let many = vec![
        ("classlabels_ints", Is::Ints((0..classes).collect())),
        ("vectors_per_class", Is::Ints(vec![1; classes as usize])),
        ("support_vectors", Is::Floats(vec![1.0; 2 * classes as usize])),
        ("coefficients", Is::Floats(vec![1.0])),
        ("rho", Is::Floats(vec![1.0])),
    ];
    refused(&ml(1, "SVMClassifier", rows(), &many), ModelTooLarge, "classes");
}

#[test]
fn tables_that_contradict_each_other_are_refused() {
    let text = input("x", STRING, &[0]);
    let keys = ("keys_strings", Is::Texts(vec!["a", "b"]));
    for (version, attributes) in [
        (2, vec![keys.clone(), ("values_int64s", Is::Ints(vec![1]))]),
        (2, vec![keys.clone()]),
        (
            2,
            vec![
                keys.clone(),
                ("keys_int64s", Is::Ints(vec![1, 2])),
                ("values_int64s", Is::Ints(vec![1, 2])),
            ],
        ),
        (
            4,
            vec![
                keys,
                ("values_tensor", Is::Tensor(ints("", &[2], &[1, 2]))),
                ("default_tensor", Is::Tensor(floats("", &[1], &[1.0]))),
            ],
        ),
    ] {
        refused(&ml(version, "LabelEncoder", text.clone(), &attributes), ModelInvalid, "");
    }
    let tf_idf = |attributes: &[(&str, Is)]| {
        Graph {
            nodes: vec![node("", "TfIdfVectorizer", &["x"], &["y"], attributes)],
            inputs: vec![input("x", INT64, &[0, 4])],
            outputs: vec!["y"],
            ..Graph::default()
        }
        .model(1)
    };
    let sound = vec![
        ("mode", Is::Text("TF")),
        ("max_gram_length", Is::Int(2)),
        ("ngram_counts", Is::Ints(vec![0, 2])),
        ("ngram_indexes", Is::Ints(vec![0, 1, 2])),
        ("pool_int64s", Is::Ints(vec![5, 6, 5, 6])),
    ];
    compile(&tf_idf(&sound), &Options::default()).unwrap();
    for (name, value) in [
        ("ngram_counts", Is::Ints(vec![0, 3])),
        ("ngram_counts", Is::Ints(vec![0, 9])),
        ("ngram_counts", Is::Ints(vec![2, 0])),
        ("ngram_counts", Is::Ints(vec![0, -2])),
        ("ngram_counts", Is::Ints(vec![0])),
        ("ngram_indexes", Is::Ints(vec![0, 1])),
        ("ngram_indexes", Is::Ints(vec![0, 1, -1])),
        ("ngram_indexes", Is::Ints(vec![0, 1, i64::MAX])),
        ("weights", Is::Floats(vec![1.0])),
        ("weights", Is::Floats(vec![1.0, 1.0, f32::NAN])),
        ("pool_int64s", Is::Ints(vec![5, 5, 5, 6])),
        ("max_gram_length", Is::Int(i64::MAX)),
        ("min_gram_length", Is::Int(0)),
        ("max_skip_count", Is::Int(-1)),
        ("mode", Is::Text("LOG")),
    ] {
        refused(&tf_idf(&with(sound.clone(), name, value)), ModelInvalid, "");
    }
    let skips = with(sound, "max_skip_count", Is::Int(i64::from(u32::MAX)));
    refused(&tf_idf(&skips), ModelTooLarge, "too many words");
}

#[test]
fn dimensions_out_of_range_are_refused() {
    let scaler = |x: Vec<u8>| ml(1, "Scaler", x, &[]);
    refused(&scaler(input("x", FLOAT, &[0, -2])), ModelInvalid, "negative");
    refused(&scaler(input("x", FLOAT, &[0, i64::MIN])), ModelInvalid, "negative");
    refused(&scaler(input("x", FLOAT, &[0, i64::MAX])), ModelTooLarge, "too long");
    refused(&scaler(input("x", FLOAT, &[1 << 20, 1 << 20])), ModelTooLarge, "elements");
    refused(&scaler(input("x", DOUBLE, &[1; 9])), ModelTooLarge, "dimensions");
    let constant = |dims: &[i64], values: &[f32]| {
        Graph {
            nodes: vec![node("", "Add", &["x", "c"], &["y"], &[])],
            initializers: vec![floats("c", dims, values)],
            inputs: vec![rows()],
            outputs: vec!["y"],
        }
        .model(1)
    };
    compile(&constant(&[2], &[1.0, 2.0]), &Options::default()).unwrap();
    refused(&constant(&[-1], &[1.0]), ModelInvalid, "negative");
    refused(&constant(&[3], &[1.0]), ModelInvalid, "another size");
    refused(&constant(&[1 << 40, 1 << 40], &[1.0]), ModelTooLarge, "");
    // two open lengths
    let two = Graph {
        nodes: vec![node("ai.onnx.ml", "CastMap", &["m"], &["y"], &[])],
        inputs: vec![map_input("m", INT64, FLOAT), rows()],
        outputs: vec!["y"],
        ..Graph::default()
    };
    refused(&two.model(1), DynamicShape, "open");
}

#[test]
fn graphs_that_are_none_are_refused() {
    let chain = |count: usize| {
        let names: Vec<String> = (0..=count).map(|i| format!("v{i}")).collect();
        let nodes = names.windows(2).map(|w| node("", "Relu", &[&w[0]], &[&w[1]], &[]));
        Graph { nodes: nodes.collect(), inputs: vec![input("v0", FLOAT, &[0])], ..Graph::default() }
    };
    refused(&chain(70_000).model(1), ModelTooLarge, "nodes");
    // a node that needs its own output
    let ring = Graph {
        nodes: vec![node("", "Add", &["x", "y"], &["y"], &[])],
        inputs: vec![rows()],
        outputs: vec!["y"],
        ..Graph::default()
    };
    refused(&ring.model(1), ModelInvalid, "`y` is made by no node");
    // a message in a message in a message …
    let nested = (0..2000).fold(Vec::new(), |inner, _| field(7, &inner));
    drop(compile(&nested, &Options::default()));
    refused(&[0xff; 64], ModelSyntax, "");
}
