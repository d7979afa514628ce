//! The example's model: the plan answers what LightGBM answered in training.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use driftline::model::Model;
use driftline::model::plan::trees::Walk;
use driftline::tensor::TensorData;
use driftline_compiler::{Options, compile};

/// Features and probabilities (on time, late) of the golden rows.
fn golden() -> (Vec<f32>, Vec<[f64; 2]>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/flights/golden_expected.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let first = names.iter().position(|n| n.starts_with("f_")).unwrap();
    let column = |name: &str| names.iter().position(|n| *n == name).unwrap();
    let (on_time, late) = (column("p_on_time"), column("p_late"));
    let mut features = Vec::new();
    let mut expected = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        features.extend(cells[first..].iter().map(|c| c.parse::<f32>().unwrap()));
        expected.push([cells[on_time], cells[late]].map(|c| c.parse().unwrap()));
    }
    (features, expected)
}

#[test]
fn flights_agree_with_training() {
    let onnx = include_bytes!("../../../examples/flights/model.onnx");
    let (features, expected) = golden();
    assert!(expected.len() > 50);
    let width = features.len() / expected.len();
    let mut answers = Vec::new();
    for walk in [Walk::Lanes, Walk::Early] {
        let options = Options { walk: Some(walk), ..Options::default() };
        let compiled = compile(onnx, &options).unwrap();
        let again = compile(onnx, &options).unwrap();
        assert_eq!(compiled.plan, again.plan, "the same model gives the same bytes");
        assert_eq!(compiled.report.runtime, "plan");
        let mut model = Model::from_bytes(&compiled.plan).unwrap();
        let probabilities = model.output_index("probabilities").unwrap();
        let all = TensorData::Float32(features.clone());
        model.run(expected.len(), &[&all]).unwrap();
        let batch = floats(&model, probabilities);
        for (i, want) in expected.iter().enumerate() {
            let row = TensorData::Float32(features[i * width..(i + 1) * width].to_vec());
            model.run(1, &[&row]).unwrap();
            let got = floats(&model, probabilities);
            assert_eq!(
                got,
                &batch[2 * i..2 * i + 2],
                "row {i}: one row and many give the same bits"
            );
            for (got, want) in got.iter().zip(want) {
                assert!((f64::from(*got) - want).abs() <= 1e-6, "row {i}: {got}, not {want}");
            }
        }
        answers.push(batch);
    }
    assert_eq!(answers[0], answers[1], "the order of the walk changes no bit");
}

fn floats(model: &Model, output: usize) -> Vec<f32> {
    match model.output(output).unwrap().to_data() {
        TensorData::Float32(v) => v,
        _ => Vec::new(),
    }
}
