//! What the engine's data-driven tests share: reading cases, running them, comparing tensors.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

pub mod encode;
pub mod npz;

use driftline::error::{Error, ErrorCode};
use driftline::model::Model;
use driftline::tensor::{Tensor, TensorData};
use driftline_compiler::{Compiled, Options, Runtime, compile};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Folder of the environment variable; `None`, with advice, if it is not set. With
/// `DRIFTLINE_ENGINE_DATA=required` that is a failure.
pub fn data_dir(variable: &str, script: &str) -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os(variable) {
        return Some(dir.into());
    }
    let advice = format!(
        "{variable} is not set: make the data with `python {script} --out DIR` \
         (tests/engine/README.md), or run `cargo xtask test`"
    );
    assert!(std::env::var("DRIFTLINE_ENGINE_DATA").as_deref() != Ok("required"), "{advice}");
    eprintln!("{advice}");
    None
}

/// One entry of `index.json` with its folder.
pub struct Case {
    pub name: String,
    pub entry: serde_json::Value,
    pub dir: PathBuf,
}

impl Case {
    pub fn all(dir: &Path) -> Vec<Self> {
        let text = std::fs::read_to_string(dir.join("index.json")).unwrap();
        let entries: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        let only = std::env::var("DRIFTLINE_ENGINE_ONLY").unwrap_or_default();
        let case = |entry: serde_json::Value| {
            let name = entry["name"].as_str().unwrap().to_owned();
            Self { dir: dir.join(&name), name, entry }
        };
        entries.into_iter().map(case).filter(|c| c.name.contains(&only)).collect()
    }

    pub fn number(&self, key: &str) -> f64 {
        self.entry[key].as_f64().unwrap()
    }

    pub fn model(&self) -> Vec<u8> {
        std::fs::read(self.dir.join("model.onnx")).unwrap()
    }

    /// Inputs and expected outputs of each data set.
    pub fn data_sets(&self) -> Vec<(npz::Arrays, npz::Arrays)> {
        let count = self.entry["data_sets"].as_u64().unwrap_or(1);
        let read = |part: &str, i: u64| {
            let tail = if count == 1 { String::new() } else { format!("_{i}") };
            npz::read(&self.dir.join(format!("{part}{tail}.npz")))
        };
        (0..count).map(|i| (read("inputs", i), read("outputs", i))).collect()
    }
}

/// Compiles; what the model leaves open and must be known is taken from the inputs: first the values
/// of parameters (axes, shapes), then shapes.
pub fn compile_with(onnx: &[u8], inputs: &npz::Arrays) -> Result<Compiled, Error> {
    let plan = Options { runtime: Some(Runtime::Plan), ..Options::default() };
    let open = match compile(onnx, &plan) {
        Err(e) if e.code() == ErrorCode::DynamicShape => e,
        other => return other,
    };
    let is_parameter = |tensor: &Tensor| {
        let integers = matches!(tensor.data(), TensorData::Int64(_) | TensorData::Int32(_));
        integers || tensor.shape().is_empty()
    };
    let parameters: Vec<&String> =
        inputs.iter().filter(|(_, tensor)| is_parameter(tensor)).map(|(name, _)| name).collect();
    let mut choices: Vec<Vec<&String>> = parameters.iter().rev().map(|name| vec![*name]).collect();
    if parameters.len() < inputs.len() {
        choices.insert(0, parameters);
    } else {
        choices.push(parameters);
    }
    let bound = |names: &[&String]| {
        names.iter().map(|n| ((*n).clone(), inputs[*n].clone())).collect::<BTreeMap<_, _>>()
    };
    let shapes: BTreeMap<String, Vec<usize>> =
        inputs.iter().map(|(name, tensor)| (name.clone(), tensor.shape().to_vec())).collect();
    let bindings = choices.iter().filter(|names| !names.is_empty()).map(|names| bound(names));
    let all = bindings.clone().map(|bound| Options { bound, ..plan.clone() }).chain(
        std::iter::once(BTreeMap::new()).chain(bindings).map(|bound| Options {
            bound,
            shapes: shapes.clone(),
            ..plan.clone()
        }),
    );
    for options in all {
        match compile(onnx, &options) {
            Err(e) if e.code() == ErrorCode::DynamicShape => {}
            other => return other,
        }
    }
    Err(open)
}

/// Runs a compiled model; outputs by name, maps as `NAME.keys` and `NAME.values`.
pub fn run(compiled: &Compiled, inputs: &npz::Arrays) -> Result<npz::Arrays, Error> {
    let mut model = Model::from_bytes(&compiled.plan)?;
    model.run_tensors(&inputs_of(&model, inputs))?;
    outputs_of(&model, compiled)
}

/// The arrays in the order of the model's inputs.
pub fn inputs_of(model: &Model, inputs: &npz::Arrays) -> Vec<Tensor> {
    let named = |name: &str| inputs.get(name).unwrap_or_else(|| panic!("no data for {name}"));
    model.inputs().iter().map(|info| named(&info.name).clone()).collect()
}

/// The outputs of the last run by name.
pub fn outputs_of(model: &Model, compiled: &Compiled) -> Result<npz::Arrays, Error> {
    let mut outputs = BTreeMap::new();
    for (i, info) in compiled.report.outputs.iter().enumerate() {
        let view = model.output(i).unwrap();
        let tensor = Tensor::new(view.shape(), view.to_data())?;
        let name = &info.tensor.name;
        match &info.keys {
            Some(keys) => {
                let keys = Tensor::new(vec![keys.len()], keys.clone())?;
                outputs.insert(format!("{name}.keys"), keys);
                outputs.insert(format!("{name}.values"), tensor);
            }
            None => {
                outputs.insert(name.clone(), tensor);
            }
        }
    }
    Ok(sorted_maps(outputs))
}

/// Map columns in ascending order of their keys.
fn sorted_maps(mut outputs: npz::Arrays) -> npz::Arrays {
    let names: Vec<String> =
        outputs.keys().filter_map(|n| n.strip_suffix(".keys").map(str::to_owned)).collect();
    for name in names {
        let keys = outputs.remove(&format!("{name}.keys")).unwrap();
        let values = outputs.remove(&format!("{name}.values")).unwrap();
        let n = keys.data().len();
        let mut order: Vec<usize> = (0..n).collect();
        match keys.data() {
            TensorData::Int64(k) => order.sort_by_key(|i| k[*i]),
            TensorData::String(k) => order.sort_by_key(|i| k[*i].clone()),
            _ => {}
        }
        let sorted = match keys.data() {
            TensorData::Int64(k) => TensorData::Int64(order.iter().map(|i| k[*i]).collect()),
            TensorData::String(k) => {
                TensorData::String(order.iter().map(|i| k[*i].clone()).collect())
            }
            other => other.clone(),
        };
        let rows = match values.data() {
            TensorData::Float32(v) => TensorData::Float32(
                v.chunks(n).flat_map(|row| order.iter().map(|i| row[*i])).collect(),
            ),
            other => other.clone(),
        };
        let rows = Tensor::new(vec![rows.len() / n, n], rows).unwrap();
        outputs.insert(format!("{name}.keys"), Tensor::new(vec![n], sorted).unwrap());
        outputs.insert(format!("{name}.values"), rows);
    }
    outputs
}

/// The first difference: |got − want| > atol + rtol · |want|, NaN equal to NaN; other types exact.
pub fn difference(got: &Tensor, want: &Tensor, rtol: f64, atol: f64) -> Option<String> {
    if got.shape() != want.shape() {
        return Some(format!("shape {:?}, not {:?}", got.shape(), want.shape()));
    }
    let close = |a: f64, b: f64| {
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= atol + rtol * b.abs()
    };
    let first = |bad: Option<usize>, a: &dyn Fn(usize) -> String, b: &dyn Fn(usize) -> String| {
        bad.map(|i| format!("element {i}: {}, not {}", a(i), b(i)))
    };
    macro_rules! numbers {
        ($a:expr, $b:expr) => {
            first(
                $a.iter().zip($b).position(|(a, b)| !close(f64::from(*a), f64::from(*b))),
                &|i| $a[i].to_string(),
                &|i| $b[i].to_string(),
            )
        };
    }
    match (got.data(), want.data()) {
        (TensorData::Float32(a), TensorData::Float32(b)) => numbers!(a, b),
        (TensorData::Float64(a), TensorData::Float64(b)) => numbers!(a, b),
        (a, b) if a == b => None,
        (a, b) => Some(format!("{}, not {}", short(a), short(b))),
    }
}

fn short(data: &TensorData) -> String {
    format!("{data:?}").chars().take(300).collect()
}
