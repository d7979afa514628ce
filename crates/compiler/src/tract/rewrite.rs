//! What tract needs to be told in other words.

use crate::node::Node;
use driftline::error::{Error, ErrorCode, Result};
use driftline::tensor::TensorData;
use std::collections::BTreeMap;
use tract_onnx::pb;

/// Turns each `ZipMap` into an identity and answers the keys of the outputs that it makes.
pub(super) fn without_maps(model: &mut pb::ModelProto) -> Result<BTreeMap<String, TensorData>> {
    let mut keys = BTreeMap::new();
    let graph = model.graph.get_or_insert_default();
    for node in &mut graph.node {
        if node.op_type != "ZipMap" {
            continue;
        }
        let attributes = Node { proto: node, opset: 1 };
        let texts = attributes.texts("classlabels_strings")?;
        let numbers = attributes.ints("classlabels_int64s")?.to_vec();
        let labels =
            if texts.is_empty() { TensorData::Int64(numbers) } else { TensorData::String(texts) };
        for output in &node.output {
            keys.insert(output.clone(), labels.clone());
        }
        node.op_type = "Identity".to_owned();
        node.domain.clear();
        node.attribute.clear();
    }
    for output in graph.output.iter_mut().filter(|o| keys.contains_key(&o.name)) {
        output.r#type = None;
    }
    Ok(keys)
}

/// Spells out the initial states of recurrent layers, zeros by default: without them tract needs a
/// number of rows that never changes.
pub(super) fn initial_states(model: &mut pb::ModelProto) -> Result<()> {
    let graph = model.graph.get_or_insert_default();
    let mut nodes = Vec::with_capacity(graph.node.len());
    for mut node in std::mem::take(&mut graph.node) {
        let states: &[usize] = match node.op_type.as_str() {
            "LSTM" => &[5, 6],
            "GRU" | "RNN" => &[5],
            _ => &[],
        };
        if states.iter().any(|at| node.input.get(*at).is_none_or(String::is_empty)) {
            let zeros = zeros(&node, graph, &mut nodes)?;
            let most = states.iter().max().map_or(0, |at| at + 1);
            if node.input.len() < most {
                node.input.resize(most, String::new());
            }
            for at in states {
                if let Some(name) = node.input.get_mut(*at).filter(|name| name.is_empty()) {
                    name.clone_from(&zeros);
                }
            }
        }
        nodes.push(node);
    }
    graph.node = nodes;
    Ok(())
}

/// Appends nodes that make the zeros for one layer; their name.
fn zeros(
    layer: &pb::NodeProto,
    graph: &mut pb::GraphProto,
    nodes: &mut Vec<pb::NodeProto>,
) -> Result<String> {
    let attributes = Node { proto: layer, opset: 1 };
    let hidden = attributes.int_or("hidden_size", 0)?;
    if hidden <= 0 {
        return Err(Error::new(ErrorCode::ModelInvalid, "a recurrent layer has no `hidden_size`"));
    }
    let both = attributes.text_or("direction", "forward")? == "bidirectional";
    let batch_first = attributes.int_or("layout", 0)? == 1;
    let first = layer.output.iter().find(|name| !name.is_empty()).cloned().unwrap_or_default();
    let name = |part: &str| format!("driftline/{first}/{part}");
    let mut constant = |part: &str, value: i64| {
        graph.initializer.push(pb::TensorProto {
            name: name(part),
            dims: vec![1],
            data_type: pb::tensor_proto::DataType::Int64 as i32,
            int64_data: vec![value],
            ..Default::default()
        });
        name(part)
    };
    let at = constant("at", i64::from(!batch_first));
    let directions = constant("directions", if both { 2 } else { 1 });
    let width = constant("width", hidden);
    let axis = vec![pb::AttributeProto {
        name: "axis".to_owned(),
        i: 0,
        r#type: pb::attribute_proto::AttributeType::Int as i32,
        ..Default::default()
    }];
    let mut add = |op: &str, input: Vec<String>, output: &str, attribute| {
        let (op_type, output) = (op.to_owned(), name(output));
        let (name, made) = (output.clone(), output.clone());
        let output = vec![output];
        nodes.push(pb::NodeProto { name, op_type, input, output, attribute, ..Default::default() });
        made
    };
    let input = layer.input.first().cloned().unwrap_or_default();
    let shape = add("Shape", vec![input], "shape", vec![]);
    let rows = add("Gather", vec![shape, at], "rows", axis.clone());
    let parts =
        if batch_first { vec![rows, directions, width] } else { vec![directions, rows, width] };
    let shape = add("Concat", parts, "state_shape", axis);
    // ONNX has zeros of binary32 as the default, tract takes binary64
    let zero = pb::AttributeProto {
        name: "value".to_owned(),
        t: Some(pb::TensorProto {
            dims: vec![1],
            data_type: pb::tensor_proto::DataType::Float as i32,
            float_data: vec![0.0],
            ..Default::default()
        }),
        r#type: pb::attribute_proto::AttributeType::Tensor as i32,
        ..Default::default()
    };
    Ok(add("ConstantOfShape", vec![shape], "zeros", vec![zero]))
}
