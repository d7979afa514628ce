//! A plan as a node of tract's graph: operators that tract lacks or decodes otherwise than ONNX.

use super::tensors;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Axis, Model, TRACT_MAGIC};
use crate::tensor::Tensor;
use std::sync::{Arc, Mutex, PoisonError};
use tract_nnef::internal::*;

/// Identifier of the operator in NNEF.
const NAME: &str = "driftline_plan";

/// A node that runs a plan.
#[derive(Clone)]
pub struct PlanOp {
    plan: Arc<tract_nnef::prelude::Tensor>,
    model: Arc<Mutex<Model>>,
}

impl PlanOp {
    /// A node for the bytes of a plan.
    ///
    /// # Errors
    /// As [`Model::from_bytes`].
    pub fn new(plan: &[u8]) -> Result<Self> {
        if plan.starts_with(TRACT_MAGIC) {
            return Err(Error::new(ErrorCode::PlanInvalid, "a node of the graph is no plan"));
        }
        let model = Arc::new(Mutex::new(Model::from_bytes(plan)?));
        Ok(Self { plan: Arc::new(tensor1(plan)), model })
    }

    fn with_model<T>(&self, f: impl FnOnce(&mut Model) -> T) -> T {
        f(&mut self.model.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for PlanOp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(NAME)
    }
}

impl PartialEq for PlanOp {
    fn eq(&self, other: &Self) -> bool {
        self.plan == other.plan
    }
}

impl Eq for PlanOp {}

impl Op for PlanOp {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    op_as_typed_op!();
}

impl EvalOp for PlanOp {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.with_model(|model| -> Result<TVec<TValue>> {
            let inputs = inputs
                .iter()
                .zip(model.inputs())
                .map(|(value, info)| tensors::from_tract(value, info.dtype))
                .collect::<Result<Vec<Tensor>>>()?;
            model.run_tensors(&inputs)?;
            let outputs = (0..model.outputs().len()).filter_map(|i| model.output(i));
            outputs
                .map(|o| Ok(tensors::to_tract(&o.shape(), &o.to_data())?.into_tvalue()))
                .collect()
        })
        .map_err(|e| format_err!("{e}"))
    }
}

impl TypedOp for PlanOp {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        self.with_model(|model| {
            let mut rows = TDim::Val(1);
            ensure!(inputs.len() == model.inputs().len(), "a plan has other inputs");
            for (fact, info) in inputs.iter().zip(model.inputs()) {
                ensure!(
                    tensors::dtype(fact.datum_type) == Some(info.dtype)
                        && fact.rank() == info.shape.len(),
                    "a plan takes another type of `{}`",
                    info.name
                );
                for (dim, axis) in fact.shape.iter().zip(&info.shape) {
                    if let Axis::Batch(k) = axis {
                        rows = dim.clone() / i64::from(*k);
                    }
                }
            }
            let facts = model.outputs().iter().map(|info| {
                let dims = info.shape.iter().map(|axis| match *axis {
                    Axis::Batch(k) => rows.clone() * i64::from(k),
                    Axis::Fixed(n) => TDim::Val(i64::from(n)),
                    Axis::Open => TDim::Val(0),
                });
                tensors::datum_type(info.dtype).fact(dims.collect::<TVec<TDim>>())
            });
            Ok(facts.collect())
        })
    }

    as_op!();
}

/// Makes the operator known to NNEF.
pub(super) fn register(registry: &mut Registry) {
    registry.register_dumper(dump);
    registry.register_primitive(
        NAME,
        &[
            TypeName::Scalar.tensor().array().named("inputs"),
            TypeName::Scalar.tensor().named("plan"),
        ],
        &[("outputs", TypeName::Scalar.tensor().array())],
        load,
    );
}

fn dump(ast: &mut IntoAst, node: &TypedNode, op: &PlanOp) -> TractResult<Option<Arc<RValue>>> {
    let inputs: Vec<RValue> = node
        .inputs
        .iter()
        .map(|outlet| match ast.mapping.get(outlet) {
            Some(value) => Ok(value.as_ref().clone()),
            None => bail!("an input has no name"),
        })
        .collect::<TractResult<_>>()?;
    let plan = ast.konst_variable(format!("{}.plan", node.name), &op.plan)?;
    Ok(Some(invocation(NAME, &[Arc::new(tract_nnef::ser::array(inputs)), plan], &[])))
}

fn load(builder: &mut ModelBuilder, call: &ResolvedInvocation) -> TractResult<Value> {
    let inputs: TVec<OutletId> = call.named_arg_as(builder, "inputs")?;
    let plan: Arc<tract_nnef::prelude::Tensor> = call.named_arg_as(builder, "plan")?;
    let bytes = plan.try_as_plain_ram()?;
    let op = PlanOp::new(bytes.as_slice::<u8>()?).map_err(|e| format_err!("{e}"))?;
    builder.wire(op, &inputs)
}
