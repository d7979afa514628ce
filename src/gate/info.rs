//! What a gate says of itself.

use crate::bundle::{Manifest, RuntimeKind};
use crate::contract::{Contract, Input, InputType, Missing, OutputKind, Outputs, Scalar, Unseen};
use crate::decision::{Budget, Decider, LabelPolicy, Policy, Route};
use crate::tensor::DType;
use serde::Serialize;
use std::collections::BTreeMap;

/// A bundle in short: enough to draw a form for its records and to explain its decisions.
#[derive(Clone, Debug, Serialize)]
pub struct Info {
    /// The model's name.
    pub name: String,
    /// What the records are, for people.
    pub description: Option<String>,
    /// `sha256:` and 64 hexadecimal digits.
    pub identity: String,
    /// The runtime that executes the model.
    pub runtime: RuntimeKind,
    /// Version of driftline that compiled the model.
    pub compiled_by: String,
    /// The fields of a record, in the contract's order.
    pub inputs: Vec<InputInfo>,
    /// What the answer is.
    pub kind: OutputKind,
    /// The labels in the order of the scores.
    pub labels: Vec<String>,
    /// When each label is accepted.
    pub thresholds: BTreeMap<String, LabelPolicy>,
    /// The policy's lower-risk label.
    pub default_label: Option<String>,
    /// The labels of the lower-risk answer, of a model of several labels at once.
    pub default_labels: Option<Vec<String>>,
    /// The lower-risk number.
    pub default_value: Option<f64>,
    /// Where escalated records go.
    pub routes: Vec<Route>,
    /// How many records a day may be escalated.
    pub budget: Option<Budget>,
    /// Names of the assertions, in the order of their counts.
    pub assertions: Vec<String>,
    /// Whether decisions depend on the time.
    pub needs_clock: bool,
    /// Whether identifiers are remembered, for which a random key is needed.
    pub needs_key: bool,
}

/// One field of a record.
#[derive(Clone, Debug, Serialize)]
pub struct InputInfo {
    name: String,
    #[serde(rename = "type")]
    kind: InputType,
    description: Option<String>,
    unit: Option<String>,
    required: bool,
    missing: Missing,
    dtype: Option<DType>,
    shape: Option<Vec<Option<u32>>>,
    minimum: Option<Scalar>,
    maximum: Option<Scalar>,
    exclusive_minimum: bool,
    exclusive_maximum: bool,
    values: Option<Vec<Scalar>>,
    unseen: Unseen,
}

impl Info {
    #[inline(never)]
    pub(super) fn new(
        contract: &Contract,
        outputs: &Outputs,
        policy: &Policy,
        decider: &Decider,
        manifest: &Manifest,
    ) -> Self {
        Self {
            name: contract.name.clone(),
            description: contract.description.clone(),
            identity: decider.identity().to_string(),
            runtime: manifest.runtime.kind,
            compiled_by: manifest.runtime.version.clone(),
            inputs: contract.inputs.iter().map(InputInfo::new).collect(),
            kind: outputs.kind,
            labels: outputs.labels.clone(),
            thresholds: policy.labels.clone(),
            default_label: policy.default_label.clone(),
            default_labels: policy.default_labels.clone(),
            default_value: policy.value.as_ref().and_then(|value| value.default_value),
            routes: policy.routes.clone(),
            budget: policy.budget,
            assertions: policy.assertions.iter().map(|a| a.name.clone()).collect(),
            needs_clock: decider.needs_clock(),
            needs_key: decider.needs_key(),
        }
    }
}

impl InputInfo {
    /// The field's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn new(input: &Input) -> Self {
        Self {
            name: input.name.clone(),
            kind: input.kind,
            description: input.description.clone(),
            unit: input.unit.clone(),
            required: input.required,
            missing: input.missing,
            dtype: input.dtype,
            shape: input.shape.clone(),
            minimum: input.minimum.clone(),
            maximum: input.maximum.clone(),
            exclusive_minimum: input.exclusive_minimum,
            exclusive_maximum: input.exclusive_maximum,
            values: input.values.clone(),
            unseen: input.unseen,
        }
    }
}
