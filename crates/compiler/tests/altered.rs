//! Plans of every family with bytes altered: they fail to load with a code, or run without a panic.
#![allow(clippy::unwrap_used)]

mod common;

use common::encode::{FLOAT, Graph, INT64, Is, STRING, floats, input, ints, map_input, ml, node};
use driftline::ErrorCode;
use driftline::model::{Axis, Model};
use driftline::tensor::{DType, TensorData};
use driftline_compiler::{Options, compile};
use proptest::prelude::*;
use std::sync::OnceLock;

const TREE: &[(&str, &[i64])] = &[
    ("nodes_treeids", &[0, 0, 0, 1, 1, 1]),
    ("nodes_nodeids", &[0, 1, 2, 0, 1, 2]),
    ("nodes_featureids", &[1, 0, 0, 0, 0, 0]),
    ("nodes_truenodeids", &[1, 0, 0, 1, 0, 0]),
    ("nodes_falsenodeids", &[2, 0, 0, 2, 0, 0]),
    ("nodes_missing_value_tracks_true", &[1, 0, 0, 0, 0, 0]),
    ("class_treeids", &[0, 0, 1, 1]),
    ("class_nodeids", &[1, 2, 1, 2]),
    ("class_ids", &[0, 1, 2, 0]),
];

fn trees() -> Vec<u8> {
    let mut attributes: Vec<(&str, Is)> =
        TREE.iter().map(|(name, values)| (*name, Is::Ints(values.to_vec()))).collect();
    let modes = vec!["BRANCH_LEQ", "LEAF", "LEAF", "BRANCH_EQ", "LEAF", "LEAF"];
    attributes.push(("nodes_modes", Is::Texts(modes)));
    attributes.push(("nodes_values", Is::Floats(vec![0.5, 0.0, 0.0, 2.0, 0.0, 0.0])));
    attributes.push(("class_weights", Is::Floats(vec![0.5, 0.25, 0.125, 1.0])));
    attributes.push(("classlabels_strings", Is::Texts(vec!["a", "b", "c"])));
    attributes.push(("post_transform", Is::Text("SOFTMAX")));
    ml(1, "TreeEnsembleClassifier", input("x", FLOAT, &[0, 2]), &attributes)
}

fn support_vectors() -> Vec<u8> {
    let attributes = [
        ("kernel_type", Is::Text("RBF")),
        ("kernel_params", Is::Floats(vec![0.5, 0.25, 3.0])),
        ("classlabels_ints", Is::Ints(vec![3, 4, 5])),
        ("vectors_per_class", Is::Ints(vec![1, 2, 1])),
        ("support_vectors", Is::Floats((0..8).map(|i| i as f32).collect())),
        ("coefficients", Is::Floats((0..8).map(|i| 1.0 - i as f32).collect())),
        ("rho", Is::Floats(vec![0.5, -0.5, 0.25])),
        ("prob_a", Is::Floats(vec![-1.0, -2.0, -1.5])),
        ("prob_b", Is::Floats(vec![0.1, -0.1, 0.0])),
    ];
    ml(1, "SVMClassifier", input("x", FLOAT, &[0, 2]), &attributes)
}

/// Numbers imputed, scaled, made binary and joined with encoded text.
fn columns() -> Vec<u8> {
    let m = "ai.onnx.ml";
    let nan = Is::Float(f32::NAN);
    Graph {
        nodes: vec![
            node(
                m,
                "Imputer",
                &["x"],
                &["filled"],
                &[
                    ("imputed_value_floats", Is::Floats(vec![1.0, 2.0])),
                    ("replaced_value_float", nan),
                ],
            ),
            node(
                m,
                "Scaler",
                &["filled"],
                &["scaled"],
                &[("offset", Is::Floats(vec![0.5, 1.0])), ("scale", Is::Floats(vec![2.0]))],
            ),
            node(m, "Binarizer", &["scaled"], &["binary"], &[("threshold", Is::Float(0.5))]),
            node(
                m,
                "OneHotEncoder",
                &["t"],
                &["hot"],
                &[("cats_strings", Is::Texts(vec!["red", "green", "blue"]))],
            ),
            node(
                m,
                "LabelEncoder",
                &["t"],
                &["code"],
                &[
                    ("keys_strings", Is::Texts(vec!["red", "green"])),
                    ("values_floats", Is::Floats(vec![4.0, 5.0])),
                ],
            ),
            node("", "Reshape", &["hot", "shape"], &["flat"], &[]),
            node(
                "",
                "Concat",
                &["scaled", "binary", "flat", "code"],
                &["all"],
                &[("axis", Is::Int(1))],
            ),
            node(m, "ArrayFeatureExtractor", &["all", "picks"], &["y"], &[]),
            node("", "Cast", &["y"], &["z"], &[("to", Is::Int(STRING))]),
        ],
        initializers: vec![
            ints("shape", &[2], &[-1, 3]),
            ints("picks", &[3], &[7, 0, 4]),
            floats("unused", &[1], &[1.0]),
        ],
        inputs: vec![input("x", FLOAT, &[0, 2]), input("t", STRING, &[0, 1])],
        outputs: vec!["y", "z"],
    }
    .model(2)
}

fn words() -> Vec<u8> {
    let grams = [
        ("mode", Is::Text("TFIDF")),
        ("max_gram_length", Is::Int(2)),
        ("max_skip_count", Is::Int(1)),
        ("ngram_counts", Is::Ints(vec![0, 3])),
        ("ngram_indexes", Is::Ints(vec![2, 0, 1, 3])),
        ("pool_strings", Is::Texts(vec!["the", "a", "gate", "the", "gate"])),
        ("weights", Is::Floats(vec![0.5, 1.0, 2.0, 3.0])),
    ];
    let lower = [("case_change_action", Is::Text("LOWER")), ("locale", Is::Text("C"))];
    let cut = [
        ("tokenexp", Is::Text(r"(?u)\b\w\w+\b")),
        ("pad_value", Is::Text("#")),
        ("mincharnum", Is::Int(1)),
    ];
    Graph {
        nodes: vec![
            node("", "StringNormalizer", &["x"], &["lower"], &lower),
            node("com.microsoft", "Tokenizer", &["lower"], &["words"], &cut),
            node("", "Flatten", &["words"], &["rows"], &[]),
            node("", "TfIdfVectorizer", &["rows"], &["y"], &grams),
        ],
        inputs: vec![input("x", STRING, &[0])],
        outputs: vec!["y"],
        ..Graph::default()
    }
    .model(1)
}

fn maps() -> Vec<u8> {
    let m = "ai.onnx.ml";
    Graph {
        nodes: vec![
            node(
                m,
                "DictVectorizer",
                &["x"],
                &["y"],
                &[("int64_vocabulary", Is::Ints(vec![7, 1, 3]))],
            ),
            node(
                m,
                "CastMap",
                &["x"],
                &["z"],
                &[
                    ("cast_to", Is::Text("TO_STRING")),
                    ("map_form", Is::Text("SPARSE")),
                    ("max_map", Is::Int(5)),
                ],
            ),
        ],
        inputs: vec![map_input("x", INT64, FLOAT)],
        outputs: vec!["y", "z"],
        ..Graph::default()
    }
    .model(1)
}

fn plans() -> &'static [Vec<u8>] {
    static PLANS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    PLANS.get_or_init(|| {
        let all = [trees(), support_vectors(), columns(), words(), maps()];
        all.iter().map(|onnx| compile(onnx, &Options::default()).unwrap().plan).collect()
    })
}

/// Loads and, if the inputs are not huge, runs two calls.
fn load_and_run(plan: &[u8]) -> Result<(), ErrorCode> {
    let mut model = Model::from_bytes(plan).map_err(|e| e.code())?;
    for batch in [2, 1] {
        let mut data = Vec::new();
        for info in model.inputs() {
            let count = info.shape.iter().map(|axis| match axis {
                Axis::Fixed(n) => *n as usize,
                Axis::Batch(k) => *k as usize * batch,
                Axis::Open => 1,
            });
            let count = count.fold(1, usize::saturating_mul);
            if count > 1 << 16 {
                return Ok(());
            }
            let words = ["the gate", "red", "", "A gate"];
            data.push(match info.dtype {
                DType::Float32 => TensorData::Float32(vec![0.75; count]),
                DType::Float64 => TensorData::Float64(vec![0.75; count]),
                DType::Int64 => TensorData::Int64((1..=count as i64).collect()),
                DType::Int32 => TensorData::Int32(vec![1; count]),
                DType::Int16 => TensorData::Int16(vec![1; count]),
                DType::Uint8 => TensorData::Uint8(vec![1; count]),
                DType::Bool => TensorData::Bool(vec![true; count]),
                // none of the plans takes these, but an altered one may
                DType::Int8 | DType::Uint16 | DType::Uint32 | DType::Uint64 => return Ok(()),
                DType::String => TensorData::String(
                    words.iter().cycle().take(count).map(|w| (*w).to_owned()).collect(),
                ),
            });
        }
        let inputs: Vec<&TensorData> = data.iter().collect();
        model.run(batch, &inputs).map_err(|e| e.code())?;
        for i in 0..model.outputs().len() {
            let view = model.output(i).unwrap();
            assert_eq!(view.to_data().len(), view.shape().iter().product::<usize>());
        }
    }
    Ok(())
}

#[test]
fn the_plans_run_as_they_are() {
    for plan in plans() {
        load_and_run(plan).unwrap();
    }
}

#[test]
fn truncated_plans_are_refused() {
    for plan in plans() {
        for end in 0..plan.len() {
            assert_eq!(load_and_run(&plan[..end]), Err(ErrorCode::PlanInvalid), "{end}");
        }
    }
}

/// What alteration may lead to: nothing, refusal at load, or refusal of the values.
fn is_expected(result: Result<(), ErrorCode>) -> bool {
    matches!(
        result,
        Ok(())
            | Err(ErrorCode::PlanInvalid
                | ErrorCode::FormatVersion
                | ErrorCode::InputTooLarge
                | ErrorCode::ModelFailed)
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn altered_bytes_never_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        let mut plan = which.get(plans()).clone();
        for (at, xor) in &changes {
            let at = at.index(plan.len());
            plan[at] ^= xor;
        }
        if let Some(cut) = cut {
            plan.truncate(cut.index(plan.len()));
        }
        let result = load_and_run(&plan);
        prop_assert!(is_expected(result), "{result:?}");
    }

    /// Small changes of small numbers: counts, indices, codes.
    #[test]
    fn numbers_off_by_a_little_never_panic(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        by in prop::sample::select(vec![1u8, 2, 3, 255, 254, 128, 64]),
    ) {
        let mut plan = which.get(plans()).clone();
        let at = at.index(plan.len());
        plan[at] = plan[at].wrapping_add(by);
        let result = load_and_run(&plan);
        prop_assert!(is_expected(result), "{result:?}");
    }
}
