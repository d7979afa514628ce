//! Operators of ai.onnx.ml as plans inside tract's graph.

use crate::graph;
use crate::maps::Maps;
use crate::node::domain;
use driftline::model::tract::format::ROWS;
use driftline::model::tract::{PlanOp, tensors};
use driftline::tensor::DType;
use std::sync::Arc;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

/// One node of ONNX that becomes a plan inside tract's graph.
#[derive(Clone, Debug)]
struct PlanNode(Arc<pb::ModelProto>);

/// Builds the node while tract reads the graph.
pub(super) fn build(
    context: &ParsingContext,
    node: &pb::NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    ensure!(domain(node) == "ai.onnx.ml", "`{}` is not known in this domain", node.op_type);
    let model = pb::ModelProto {
        ir_version: context.model.ir_version,
        opset_import: context.model.opset_import.clone(),
        graph: Some(pb::GraphProto { node: vec![node.clone()], ..Default::default() }),
        ..Default::default()
    };
    Ok((expand(PlanNode(Arc::new(model))), vec![]))
}

impl PlanNode {
    fn node(&self) -> Option<&pb::NodeProto> {
        self.0.graph.as_ref()?.node.first()
    }

    /// The plan for inputs of these types.
    fn plan(&self, inputs: &[(DatumType, TVec<TDim>)]) -> TractResult<PlanOp> {
        let mut model = self.0.as_ref().clone();
        let node = self.node().context("no node")?.clone();
        let graph = model.graph.get_or_insert_default();
        let names = node.input.iter().filter(|name| !name.is_empty());
        for (name, (datum, shape)) in names.zip(inputs) {
            graph.input.push(value_info(name, *datum, shape)?);
        }
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            graph.output.push(pb::ValueInfoProto { name: name.clone(), ..Default::default() });
        }
        let built = graph::Builder::build(&model, &Maps::new(), &crate::Options::default())
            .map_err(|e| format_err!("{e}"))?;
        PlanOp::new(&built.draft.write()).map_err(|e| format_err!("{e}"))
    }
}

fn value_info(name: &str, datum: DatumType, shape: &[TDim]) -> TractResult<pb::ValueInfoProto> {
    use pb::tensor_shape_proto::dimension::Value as Dimension;
    use pb::{TensorShapeProto, TypeProto, tensor_shape_proto, type_proto};
    let dims = shape.iter().enumerate().map(|(axis, dim)| {
        let value = match dim.to_i64() {
            Ok(n) => Dimension::DimValue(n),
            Err(_) if axis == 0 => Dimension::DimParam(ROWS.to_owned()),
            Err(_) => bail!("dimension {axis} of `{name}` is not known"),
        };
        Ok(tensor_shape_proto::Dimension { value: Some(value), ..Default::default() })
    });
    let dims = dims.collect::<TractResult<Vec<_>>>()?;
    let elem_type = match tensors::dtype(datum).context("an element type is not carried")? {
        DType::Float32 => 1,
        DType::Uint8 => 2,
        DType::Int8 => 3,
        DType::Uint16 => 4,
        DType::Int16 => 5,
        DType::Int32 => 6,
        DType::Int64 => 7,
        DType::String => 8,
        DType::Bool => 9,
        DType::Float64 => 11,
        DType::Uint32 => 12,
        DType::Uint64 => 13,
    };
    let shape = Some(TensorShapeProto { dim: dims });
    let tensor = type_proto::Tensor { elem_type, shape };
    let value = Some(type_proto::Value::TensorType(tensor));
    let r#type = Some(TypeProto { value, ..Default::default() });
    Ok(pb::ValueInfoProto { name: name.to_owned(), r#type, ..Default::default() })
}

impl Expansion for PlanNode {
    fn name(&self) -> StaticName {
        "Plan".into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        let node = self.node().context("no node")?;
        Ok(node.output.iter().filter(|name| !name.is_empty()).count())
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_output_arity(outputs, self.nboutputs()?)?;
        s.given_all(inputs.iter().map(|i| &i.shape), move |s, shapes: Vec<TVec<TDim>>| {
            s.given_all(inputs.iter().map(|i| &i.datum_type), move |s, types: Vec<DatumType>| {
                let given: Vec<_> = types.into_iter().zip(shapes.iter().cloned()).collect();
                let op = self.plan(&given)?;
                let facts: Vec<TypedFact> =
                    given.iter().map(|(ty, shape)| ty.fact(shape.clone())).collect();
                let made = op.output_facts(&facts.iter().collect::<Vec<_>>())?;
                for (proxy, fact) in outputs.iter().zip(made) {
                    s.equals(&proxy.datum_type, fact.datum_type)?;
                    s.equals(&proxy.shape, fact.shape.to_tvec())?;
                }
                Ok(())
            })
        })
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let mut given = Vec::new();
        for outlet in inputs {
            let fact = model.outlet_fact(*outlet)?;
            given.push((fact.datum_type, fact.shape.to_tvec()));
        }
        model.wire_node(prefix, self.plan(&given)?, inputs)
    }
}
