//! Features compiled and run.

use super::features::{FeatureTensor, Features};
use super::step::{Item, Op, Refusal};
use super::zone::ZoneRules;
use crate::contract::{
    Cell, Contract, Feature, Input, InputType, Scalar, Severity, ValidRecord, Violation,
};
use crate::error::{Error, ErrorCode, Result};
use crate::tensor::{DType, TensorData};
use std::sync::Arc;

/// The contract's features and tensors, compiled.
#[derive(Clone, Debug)]
pub struct Pipeline {
    tensors: Vec<TensorPlan>,
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
    texts: Box<[Box<str>]>,
}

impl Pipeline {
    /// Compiles the contract's features.
    ///
    /// # Errors
    /// As [`Contract::check`], and [`ErrorCode::UnknownZone`] for a zone without rules.
    pub fn new(contract: &Contract, zones: &ZoneRules) -> Result<Self> {
        contract.check()?;
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
                let Some((at, input)) = contract.input(&feature.from) else {
                    return Err(Error::new(
                        ErrorCode::Internal,
                        "a checked contract lacks an input",
                    ));
                };
                let (plan, names) = compile(feature, at, input, zones)?;
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
        Ok(Self { tensors: tensors.collect::<Result<_>>()? })
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
        for (plan, tensor) in self.tensors.iter().zip(&mut features.tensors) {
            for feature in &plan.features {
                if let Err(refusal) = feature.run(record, tensor) {
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
    feature: &Feature,
    at: usize,
    input: &Input,
    zones: &ZoneRules,
) -> Result<(FeaturePlan, Vec<Box<str>>)> {
    let mut known = match input.kind {
        InputType::Boolean => Some(vec![Scalar::Bool(false), Scalar::Bool(true)]),
        _ => input.values.clone(),
    };
    let mut vocabulary = known.clone().filter(|_| input.kind == InputType::Category);
    let mut ops = Vec::with_capacity(feature.steps.len());
    let mut suffixes = vec![String::new()];
    for step in &feature.steps {
        suffixes = Op::columns(step, known.as_deref());
        ops.push(Op::new(step, &mut vocabulary, &mut known, zones)?);
    }
    let texts = vocabulary.iter().flatten().map(|v| v.as_text().unwrap_or_default().into());
    let plan = FeaturePlan {
        name: feature.name.as_str().into(),
        input: at,
        input_name: input.name.as_str().into(),
        ops,
        texts: texts.collect(),
    };
    let columns = suffixes.iter().map(|s| format!("{}{s}", feature.name).into()).collect();
    Ok((plan, columns))
}

impl FeaturePlan {
    fn run(&self, record: &ValidRecord<'_>, tensor: &mut FeatureTensor) -> Result<(), Refusal> {
        let cell = record.cells.get(self.input).unwrap_or(&Cell::Missing);
        let mut item = Item::of(cell)?;
        for op in &self.ops {
            item = op.apply(item)?;
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
