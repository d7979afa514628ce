//! Features compiled and run.

use super::array::ArrayPlan;
use super::compile::Compiler;
use super::features::{FeatureTensor, Features};
use super::step::{Context, Item, Op, Refusal, Texts};
use super::zone::ZoneRules;
use crate::contract::{Cell, Contract, Feature, Severity, ValidRecord, Violation, array_shape};
use crate::error::{Error, ErrorCode, Result};
use crate::tensor::{DType, TensorData};
use std::sync::Arc;

/// The contract's features and tensors, compiled.
#[derive(Clone, Debug)]
pub struct Pipeline {
    tensors: Vec<TensorPlan>,
    /// The inputs and zones on whose clocks a record is looked at.
    clocks: Vec<(usize, String)>,
}

#[derive(Clone, Debug)]
struct TensorPlan {
    name: Arc<str>,
    dtype: DType,
    shape: Arc<[usize]>,
    columns: Arc<[Box<str>]>,
    features: Vec<FeaturePlan>,
}

#[derive(Clone, Debug)]
pub(super) struct FeaturePlan {
    name: Arc<str>,
    pub(super) input: usize,
    width: usize,
    input_name: Arc<str>,
    pub(super) ops: Vec<Op>,
    /// The steps, if the input is an array.
    array: Option<ArrayPlan>,
    /// What category numbers stand for at the end, if categories go into a string tensor.
    pub(super) texts: Texts,
    /// What they stand for at the beginning.
    pub(super) input_texts: Texts,
}

impl Pipeline {
    /// Compiles the contract's features.
    ///
    /// # Errors
    /// As [`Contract::check`], and [`ErrorCode::UnknownZone`] for a zone without rules.
    #[inline(never)]
    pub fn new(contract: &Contract, zones: &ZoneRules) -> Result<Self> {
        contract.check()?;
        let mut clocks = Vec::new();
        let tensors = contract.tensors.iter().map(|spec| {
            let mut features = Vec::new();
            let mut columns: Vec<Box<str>> = Vec::new();
            let mut shape = Vec::new();
            for name in &spec.features {
                let feature = contract.features.iter().find(|f| f.name == *name);
                let Some(feature) = feature else {
                    return Err(Error::new(
                        ErrorCode::Internal,
                        "a checked contract lacks a feature",
                    ));
                };
                let (plan, names) = match array_shape(contract, feature) {
                    Some(lengths) => {
                        shape = lengths;
                        compile_array(contract, feature, &shape)
                    }
                    None => compile(contract, zones, feature, &mut clocks),
                }?;
                columns.extend(names);
                features.push(plan);
            }
            if shape.len() < 2 {
                shape = vec![columns.len()];
            }
            Ok(TensorPlan {
                name: spec.name.as_str().into(),
                dtype: spec.dtype,
                shape: shape.into(),
                columns: columns.into(),
                features,
            })
        });
        let tensors = tensors.collect::<Result<_>>()?;
        Ok(Self { tensors, clocks })
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
        features.clocks.resize(self.clocks.len(), None);
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

    /// The feature of this name.
    pub(super) fn feature(&self, name: &str) -> Option<&FeaturePlan> {
        self.tensors.iter().flat_map(|t| &t.features).find(|f| &*f.name == name)
    }

    /// Columns of each feature.
    pub(super) fn widths(&self) -> impl Iterator<Item = usize> {
        self.tensors.iter().flat_map(|t| &t.features).map(|f| f.width)
    }

    /// How many clocks a record is looked at on.
    pub(super) fn clocks(&self) -> usize {
        self.clocks.len()
    }

    /// Which clock is that of an input in a zone.
    pub(super) fn clock(&self, input: usize, zone: &str) -> Option<usize> {
        self.clocks.iter().position(|(at, name)| *at == input && name == zone)
    }

    pub(super) fn empty_tensors(&self) -> Vec<FeatureTensor> {
        let tensors = self.tensors.iter().map(|plan| FeatureTensor {
            name: plan.name.clone(),
            dtype: plan.dtype,
            width: plan.shape.iter().product(),
            shape: plan.shape.clone(),
            columns: plan.columns.clone(),
            data: TensorData::empty(plan.dtype),
        });
        tensors.collect()
    }
}

#[inline(never)]
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
    let input_texts = compiler.texts();
    let ops = feature.steps.iter().map(|step| compiler.step(step, clocks));
    let ops = ops.collect::<Result<_>>()?;
    let plan = FeaturePlan {
        name: feature.name.as_str().into(),
        input: at,
        width: compiler.columns.len(),
        input_name: input.name.as_str().into(),
        ops,
        array: None,
        texts: compiler.texts(),
        input_texts,
    };
    let columns = compiler.columns.iter().map(|s| format!("{}{s}", feature.name).into());
    Ok((plan, columns.collect()))
}

/// A feature of an array; an array of one dimension has a name for each element.
#[inline(never)]
fn compile_array(
    contract: &Contract,
    feature: &Feature,
    shape: &[usize],
) -> Result<(FeaturePlan, Vec<Box<str>>)> {
    let (at, input) = contract
        .input(&feature.from)
        .ok_or_else(|| Error::new(ErrorCode::Internal, "a checked contract lacks an input"))?;
    let elements = shape.iter().product();
    let plan = FeaturePlan {
        name: feature.name.as_str().into(),
        input: at,
        width: elements,
        input_name: input.name.as_str().into(),
        ops: Vec::new(),
        array: ArrayPlan::new(&feature.steps, elements),
        texts: Texts::default(),
        input_texts: Texts::default(),
    };
    let name = &feature.name;
    let names = match shape {
        [n] if *n > 1 => (0..*n).map(|n| format!("{name}[{n}]").into()).collect(),
        _ => vec![name.as_str().into()],
    };
    Ok((plan, names))
}

impl FeaturePlan {
    fn run(
        &self,
        context: &mut Context<'_, '_>,
        tensor: &mut FeatureTensor,
    ) -> Result<(), Refusal> {
        if let (Some(plan), Some(Cell::Array(array))) = (&self.array, context.cells.get(self.input))
        {
            return plan.run(array, tensor);
        }
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
