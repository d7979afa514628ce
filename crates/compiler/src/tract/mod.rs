//! Models for the tract runtime: parsed and simplified by tract, with our operators where tract has
//! none or decodes ONNX otherwise.

mod plan_node;
mod rewrite;

use crate::lower;
use driftline::error::{Error, ErrorCode, Result};
use driftline::model::Model;
use driftline::model::tract::format::{Header, Length, Port, ROWS, VERSION, write};
use driftline::model::tract::{framework, tensors};
use driftline::tensor::TensorData;
use std::collections::{BTreeMap, HashMap};
use tract_nnef::ast::dump::Dumper;
use tract_onnx::pb;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

/// Compiles a model for the tract runtime; the keys are those of outputs that are maps.
pub(crate) fn compile(model: &pb::ModelProto) -> Result<(Vec<u8>, BTreeMap<String, TensorData>)> {
    let mut model = model.clone();
    let keys = rewrite::without_maps(&mut model)?;
    rewrite::initial_states(&mut model)?;
    let unsupported = |text: String| Error::new(ErrorCode::UnsupportedOperator, text);
    // tract answers some models with a panic
    let typed = std::panic::catch_unwind(|| simplify(&model))
        .map_err(|_| unsupported("tract breaks off on it".to_owned()))?
        .map_err(|e| unsupported(format!("tract does not take it: {e:#}")))?;
    let graph = model.graph.as_ref().ok_or_else(|| internal("there is no graph"))?;
    let names: Vec<&str> = graph.output.iter().map(|o| o.name.as_str()).collect();
    let bytes = store(&typed, &names)?;
    Model::from_bytes(&bytes).map_err(|e| unsupported(e.to_string()))?;
    Ok((bytes, keys))
}

fn internal(text: &str) -> Error {
    Error::new(ErrorCode::Internal, text)
}

/// tract's typed graph.
fn simplify(model: &pb::ModelProto) -> TractResult<TypedModel> {
    let mut onnx = onnx();
    for (of, name) in lower::all() {
        if of == "ai.onnx.ml" && name != "ZipMap" {
            onnx.op_register.insert(name, plan_node::build);
        }
    }
    let mut inference = onnx.parse(model, None)?.model;
    inference.properties.clear();
    name_dimensions(&mut inference)?;
    let typed = inference.into_typed()?.into_decluttered()?;
    if let Some(dice) = typed.nodes().iter().find(|n| is_random(n)) {
        bail!("`{}` draws random numbers: its answers could not be repeated", dice.name);
    }
    Ok(typed)
}

fn is_random(node: &TypedNode) -> bool {
    let name = node.op().name();
    name.contains("Random") || name.contains("Multinomial") || name.contains("Bernoulli")
}

/// Gives every dimension of the inputs a length or a symbol: rows outermost, else one of its own.
fn name_dimensions(model: &mut InferenceModel) -> TractResult<()> {
    let mut symbols: HashMap<String, Symbol> = HashMap::new();
    let inputs = model.inputs.clone();
    for (i, outlet) in inputs.into_iter().enumerate() {
        let mut fact = model.input_fact(i)?.clone();
        let rank = fact.shape.rank().concretize();
        let Some(rank) = rank else {
            bail!("the shape of the input `{}` is not known", model.node(outlet.node).name)
        };
        for axis in 0..rank as usize {
            let known = fact.shape.dim(axis).and_then(|d| d.concretize());
            let name = match &known {
                Some(dim) if dim.to_i64().is_ok() => continue,
                // as the plan does: an open outermost dimension is the rows
                _ if axis == 0 => ROWS.to_owned(),
                Some(dim) => {
                    let rows = model.inputs.first().and_then(|first| {
                        model.outlet_fact(*first).ok()?.shape.dim(0)?.concretize()
                    });
                    if rows.as_ref() == Some(dim) { ROWS.to_owned() } else { format!("{dim}") }
                }
                None => format!("input{i}_{axis}"),
            };
            let scope = &model.symbols;
            let symbol = symbols
                .entry(name.clone())
                .or_insert_with(|| scope.sym(&identifier(&name)))
                .clone();
            fact.shape.set_dim(axis, symbol.to_dim());
        }
        model.set_input_fact(i, fact)?;
    }
    Ok(())
}

/// A name that NNEF takes for a symbol.
fn identifier(name: &str) -> String {
    let mut plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !plain.starts_with(|c: char| c.is_ascii_alphabetic()) {
        plain.insert(0, 'n');
    }
    plain
}

/// The stored form; the same model gives the same bytes.
fn store(model: &TypedModel, names: &[&str]) -> Result<Vec<u8>> {
    let failed = |e: TractError| {
        Error::new(ErrorCode::UnsupportedOperator, format!("tract cannot store it: {e:#}"))
    };
    let nnef = framework();
    let proto = tract_nnef::ser::to_proto_model(&nnef, model).map_err(failed)?;
    if proto.quantization.is_some() || !proto.resources.is_empty() {
        return Err(Error::new(ErrorCode::UnsupportedType, "the model has quantized tensors"));
    }
    let mut doc = proto.doc;
    // tract keeps them in a hash map
    doc.fragments.sort_by(|a, b| a.decl.id.0.cmp(&b.decl.id.0));
    let mut text = Vec::new();
    Dumper::new(&nnef, &mut text).document(&doc).map_err(failed)?;
    let text = String::from_utf8(text).map_err(|_| internal("the graph is no text"))?;

    let mut sorted: Vec<_> = proto.tensors.iter().collect();
    sorted.sort_by(|a, b| a.0.0.cmp(&b.0.0));
    let (mut constants, mut stored) = (Vec::new(), Vec::new());
    for (id, tensor) in sorted {
        let mut bytes = Vec::new();
        tract_nnef::tensors::write_tensor(&mut bytes, tensor).map_err(failed)?;
        constants.push((id.0.clone(), bytes.len()));
        stored.push(bytes);
    }
    let mut inputs = Vec::new();
    for outlet in model.input_outlets().map_err(failed)? {
        let fact = model.outlet_fact(*outlet).map_err(failed)?;
        inputs.push(port(&model.node(outlet.node).name, fact)?);
    }
    let mut outputs = Vec::new();
    for (outlet, name) in model.output_outlets().map_err(failed)?.iter().zip(names) {
        outputs.push(port(name, model.outlet_fact(*outlet).map_err(failed)?)?);
    }
    let header = Header { version: VERSION, inputs, outputs, graph: text.len(), constants };
    write(&header, &text, &stored)
}

fn port(name: &str, fact: &TypedFact) -> Result<Port> {
    let dtype = tensors::dtype(fact.datum_type).ok_or_else(|| {
        let text = format!("`{name}` holds {:?}, which is not carried", fact.datum_type);
        Error::new(ErrorCode::UnsupportedType, text)
    })?;
    let length = |dim: &TDim| match dim.to_i64().ok().and_then(|n| u32::try_from(n).ok()) {
        Some(n) => Length::Fixed(n),
        None => Length::Symbol(dim.to_string()),
    };
    Ok(Port { name: name.to_owned(), dtype, shape: fact.shape.iter().map(length).collect() })
}
