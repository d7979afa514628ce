//! Tensors and outputs: every column has a type that the tensor can hold.

use super::features::flow;
use super::{fault, names};
use crate::contract::quote::quote;
use crate::contract::schema::{Contract, InputType, OutputKind, Outputs};
use crate::contract::step::{Feature, Step};
use crate::error::Result;
use crate::limits::{MAX_CATEGORIES, MAX_TENSOR_ELEMENTS, MAX_TENSORS};
use crate::tensor::DType;
use std::collections::{BTreeMap, BTreeSet};

#[inline(never)]
pub(super) fn check(contract: &Contract) -> Result<()> {
    let mut flows = BTreeMap::new();
    for (i, feature) in contract.features.iter().enumerate() {
        if let Some((_, input)) = contract.input(&feature.from) {
            flows.insert(
                feature.name.as_str(),
                (i, flow(contract, feature, input, &format!("features[{i}]"))?),
            );
        }
    }
    if contract.tensors.len() > MAX_TENSORS {
        return Err(fault("tensors", format!("more than {MAX_TENSORS} tensors")));
    }
    names::index(contract.tensors.iter().map(|t| t.name.as_str()), "tensors")?;
    let mut used = BTreeSet::new();
    for (t, tensor) in contract.tensors.iter().enumerate() {
        if tensor.features.is_empty() {
            return Err(fault(format!("tensors[{t}].features"), "a tensor needs features"));
        }
        let mut width = 0usize;
        for (n, name) in tensor.features.iter().enumerate() {
            let path = format!("tensors[{t}].features[{n}]");
            let (at, flow) = flows
                .get(name.as_str())
                .ok_or_else(|| fault(&path, format!("no feature is named {}", quote(name))))?;
            used.insert(*at);
            width = width.saturating_add(flow.width);
            if flow.shape.len() > 1 && tensor.features.len() > 1 {
                let message = format!(
                    "{} is an array of {} dimensions: it needs a tensor of its own",
                    quote(name),
                    flow.shape.len()
                );
                return Err(fault(path, message));
            }
            if !holds(tensor.dtype, flow.kind) {
                let message = format!(
                    "{} gives a {}, which a tensor of {} cannot hold",
                    quote(name),
                    flow.kind.as_str(),
                    tensor.dtype.as_str()
                );
                return Err(fault(path, message));
            }
            let nan = contract.features.get(*at).is_some_and(has_nan);
            if nan && !matches!(tensor.dtype, DType::Float32 | DType::Float64) {
                return Err(fault(path, "only float tensors can hold NaN for a missing value"));
            }
            if flow.unseen && flow.kind == InputType::Category && tensor.dtype != DType::String {
                return Err(fault(path, format!("unseen categories reach {}", quote(name))));
            }
        }
        if width > MAX_TENSOR_ELEMENTS {
            return Err(fault(format!("tensors[{t}].features"), "the tensor has too many columns"));
        }
    }
    if !contract.tensors.is_empty()
        && let Some((i, feature)) =
            contract.features.iter().enumerate().find(|(i, _)| !used.contains(i))
    {
        let message = format!("no tensor takes {}", quote(&feature.name));
        return Err(fault(format!("features[{i}]"), message));
    }
    match &contract.outputs {
        Some(_) if contract.tensors.is_empty() && !contract.is_direct() => {
            Err(fault("outputs", "outputs without `tensors` that the model could take"))
        }
        Some(outputs) => check_outputs(outputs),
        None => Ok(()),
    }
}

fn has_nan(feature: &Feature) -> bool {
    feature.steps.iter().any(|step| matches!(step, Step::MissingAsNan {}))
}

/// Whether the element type holds every value of the kind without rounding to whole numbers.
fn holds(dtype: DType, kind: InputType) -> bool {
    use InputType::{Boolean, Category, Integer, Number, Text};
    match dtype {
        DType::Float32 | DType::Float64 => matches!(kind, Number | Integer | Boolean),
        DType::Bool => kind == Boolean,
        DType::String => matches!(kind, Text | Category),
        _ => matches!(kind, Integer | Boolean),
    }
}

fn check_outputs(outputs: &Outputs) -> Result<()> {
    names::check_name(&outputs.scores, "outputs.scores")?;
    if let Some(label) = &outputs.label {
        names::check_name(label, "outputs.label")?;
        if *label == outputs.scores {
            return Err(fault("outputs.label", "label and scores are the same output"));
        }
    }
    let n = outputs.labels.len();
    let (fits, wanted) = match outputs.kind {
        OutputKind::Binary => (n == 2, "exactly two labels"),
        OutputKind::Multiclass => (n >= 2, "two labels or more"),
        OutputKind::Multilabel => (n >= 1, "one label or more"),
        OutputKind::Regression | OutputKind::Ranking => (n == 0, "no labels"),
    };
    if !fits {
        return Err(fault("outputs.labels", format!("this kind of output has {wanted}, not {n}")));
    }
    if n > MAX_CATEGORIES {
        return Err(fault("outputs.labels", format!("more than {MAX_CATEGORIES} labels")));
    }
    let mut seen = BTreeSet::new();
    for (i, label) in outputs.labels.iter().enumerate() {
        let path = format!("outputs.labels[{i}]");
        names::check_name(label, &path)?;
        if !seen.insert(label) {
            return Err(fault(path, format!("{} stands twice", quote(label))));
        }
    }
    Ok(())
}
