//! Features compiled and run.

use super::compile::Compiler;
use super::features::{FeatureTensor, Features};
use super::step::{Context, Item, Op, Refusal, Texts};
use super::zone::ZoneRules;
use crate::contract::{Cell, Contract, Feature, Severity, ValidRecord, Violation};
use crate::error::{Error, ErrorCode, Result};
use crate::tensor::{DType, TensorData};
use std::sync::Arc;

/// The contract's features and tensors, compiled.
#[derive(Clone, Debug)]
pub struct Pipeline {
    tensors: Vec<TensorPlan>,
    /// How many clocks a record is looked at on.
    clocks: usize,
}

#[derive(Clone, Debug)]
struct TensorPlan {
    name: Arc<str>,
    dtype: DType,
    columns: Arc<[Box<str>]>,
    features: Vec<FeaturePlan>,
}

#[derive(Clone, Debug)]
struct FeaturePlan {
    name: Arc<str>,
    input: usize,
    input_name: Arc<str>,
    ops: Vec<Op>,
    /// What category numbers stand for at the end, if categories go into a string tensor.
    texts: Texts,
}

impl Pipeline {
    /// Compiles the contract's features.
    ///
    /// # Errors
    /// As [`Contract::check`], and [`ErrorCode::UnknownZone`] for a zone without rules.
    pub fn new(contract: &Contract, zones: &ZoneRules) -> Result<Self> {
        contract.check()?;
        let mut clocks = Vec::new();
        let tensors = contract.tensors.iter().map(|spec| {
            let mut features = Vec::new();
            let mut columns: Vec<Box<str>> = Vec::new();
            for name in &spec.features {
                let feature = contract.features.iter().find(|f| f.name == *name);
                let Some(feature) = feature else {
                    return Err(Error::new(
                        ErrorCode::Internal,
                        "a checked contract lacks a feature",
                    ));
                };
                let (plan, names) = compile(contract, zones, feature, &mut clocks)?;
                columns.extend(names);
                features.push(plan);
            }
            Ok(TensorPlan {
                name: spec.name.as_str().into(),
                dtype: spec.dtype,
                columns: columns.into(),
                features,
            })
        });
        let tensors = tensors.collect::<Result<_>>()?;
        Ok(Self { tensors, clocks: clocks.len() })
    }

    /// Computes the features of a record and appends them as one row.
    ///
    /// A record that the validator let pass may still hold what a step or the element type cannot:
    /// that is a violation with severity `reject`, no row is appended, and the answer is `false`.
    pub fn run(
        &self,
        record: &ValidRecord<'_>,
        features: &mut Features,
        violations: &mut Vec<Violation>,
    ) -> bool {
        let mut whole = true;
        features.clocks.clear();
        features.clocks.resize(self.clocks, None);
        let mut context = Context { cells: &record.cells, clocks: &mut features.clocks };
        for (plan, tensor) in self.tensors.iter().zip(&mut features.tensors) {
            for feature in &plan.features {
                if let Err(refusal) = feature.run(&mut context, tensor) {
                    whole = false;
                    violations.push(feature.violation(&refusal));
                }
            }
        }
        if whole {
            features.rows += 1;
        } else {
            features.truncate();
        }
        whole
    }

    pub(super) fn empty_tensors(&self) -> Vec<FeatureTensor> {
        let tensors = self.tensors.iter().map(|plan| FeatureTensor {
            name: plan.name.clone(),
            dtype: plan.dtype,
            width: plan.columns.len(),
            columns: plan.columns.clone(),
            data: TensorData::empty(plan.dtype),
        });
        tensors.collect()
    }
}

fn compile(
    contract: &Contract,
    zones: &ZoneRules,
    feature: &Feature,
    clocks: &mut Vec<(usize, String)>,
) -> Result<(FeaturePlan, Vec<Box<str>>)> {
    let (at, input) = contract
        .input(&feature.from)
        .ok_or_else(|| Error::new(ErrorCode::Internal, "a checked contract lacks an input"))?;
    let mut compiler = Compiler::new(contract, zones, at, input);
    let ops = feature.steps.iter().map(|step| compiler.step(step, clocks));
    let plan = FeaturePlan {
        name: feature.name.as_str().into(),
        input: at,
        input_name: input.name.as_str().into(),
        ops: ops.collect::<Result<_>>()?,
        texts: compiler.texts(),
    };
    let columns = compiler.columns.iter().map(|s| format!("{}{s}", feature.name).into());
    Ok((plan, columns.collect()))
}

impl FeaturePlan {
    fn run(
        &self,
        context: &mut Context<'_, '_>,
        tensor: &mut FeatureTensor,
    ) -> Result<(), Refusal> {
        let mut item = Item::of(context.cells.get(self.input).unwrap_or(&Cell::Missing))?;
        for op in &self.ops {
            item = op.apply(item, context)?;
        }
        tensor.push(item, &self.texts)
    }

    #[cold]
    fn violation(&self, refusal: &Refusal) -> Violation {
        Violation {
            code: refusal.code,
            input: self.input_name.clone(),
            severity: Severity::Reject,
            message: format!("the feature `{}` cannot be computed: {}", self.name, refusal.message),
        }
    }
}
