//! Features: every step gets a type that it can take, and leaves nothing unhandled.

use super::inputs::{check_list, in_range, is_value_of};
use super::{arrays, fault, names, steps};
use crate::contract::quote::quote;
use crate::contract::scalar::Scalar;
use crate::contract::schema::{Contract, Input, InputType, Missing, Unseen};
use crate::contract::step::{Feature, ImputeStrategy, OneHotOther, Step};
use crate::contract::violation::Severity;
use crate::error::Result;
use crate::limits::{MAX_FEATURES, MAX_NAME_BYTES, MAX_STEPS};
use std::collections::BTreeSet;

/// What a value is between two steps.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// Its type; a number that is always whole is [`InputType::Integer`].
    pub kind: InputType,
    /// Columns; a step that takes one value takes no more than one.
    pub width: usize,
    /// A missing value may arrive here.
    pub missing: bool,
    /// A value beyond `values` may arrive here.
    pub unseen: bool,
    /// The values known to be all there are, besides unseen ones.
    pub values: Option<Vec<Scalar>>,
    /// Lengths of an array's dimensions; empty for anything else.
    pub shape: Vec<u32>,
}

impl Flow {
    fn start(input: &Input) -> Self {
        let values = match input.kind {
            InputType::Boolean => Some(vec![Scalar::Bool(false), Scalar::Bool(true)]),
            _ => input.values.clone(),
        };
        let unseen = match input.kind {
            InputType::Category => matches!(input.unseen, Unseen::Warn | Unseen::Encode),
            _ => values.is_none() || input.severity == Severity::Warn,
        };
        let missing = matches!(input.missing, Missing::Impute | Missing::Allow);
        Self { kind: input.kind, width: 1, missing, unseen, values, shape: Vec::new() }
    }

    pub fn becomes(&mut self, kind: InputType, width: usize) {
        self.kind = kind;
        self.width = width;
        self.values = None;
        self.unseen = false;
    }

    fn is_numeric(&self) -> bool {
        matches!(self.kind, InputType::Number | InputType::Integer | InputType::Boolean)
    }
}

#[inline(never)]
pub(super) fn check(contract: &Contract) -> Result<()> {
    if contract.features.len() > MAX_FEATURES {
        return Err(fault("features", format!("more than {MAX_FEATURES} features")));
    }
    names::index(contract.features.iter().map(|f| f.name.as_str()), "features")?;
    let mut used = BTreeSet::new();
    for (i, feature) in contract.features.iter().enumerate() {
        let path = format!("features[{i}]");
        let (at, input) = contract.input(&feature.from).ok_or_else(|| {
            fault(format!("{path}.from"), format!("no input is named {}", quote(&feature.from)))
        })?;
        used.insert(at);
        flow(contract, feature, input, &path)?;
    }
    for (i, input) in contract.inputs.iter().enumerate() {
        if used.contains(&i) || contract.is_direct() {
            continue;
        }
        if input.missing == Missing::Impute {
            let message =
                format!("no feature imputes {}; `allow` lets it be missing", quote(&input.name));
            return Err(fault(format!("inputs[{i}].missing"), message));
        }
        if input.unseen == Unseen::Encode {
            let message =
                format!("no feature encodes {}; `warn` notes unseen ones", quote(&input.name));
            return Err(fault(format!("inputs[{i}].unseen"), message));
        }
    }
    Ok(())
}

/// Follows a value through the steps of a feature.
pub(super) fn flow(
    contract: &Contract,
    feature: &Feature,
    input: &Input,
    path: &str,
) -> Result<Flow> {
    if feature.steps.len() > MAX_STEPS {
        return Err(fault(format!("{path}.steps"), format!("more than {MAX_STEPS} steps")));
    }
    if input.kind == InputType::Array {
        return arrays::flow(feature, input, path);
    }
    let mut flow = Flow::start(input);
    for (n, step) in feature.steps.iter().enumerate() {
        let at = format!("{path}.steps[{n}].{}", step.name());
        if flow.width != 1 {
            return Err(fault(
                at,
                "the step before gives several columns, so this one cannot follow",
            ));
        }
        apply(contract, &mut flow, step, input, &at)?;
    }
    if flow.missing {
        let message = format!("{} may be missing, and no step handles it", quote(&input.name));
        return Err(fault(format!("{path}.steps"), message).with_help(
            "add `impute`, `missing_indicator`, or an encoder with `missing`; or reject missing values at the input",
        ));
    }
    Ok(flow)
}

#[inline(never)]
fn apply(contract: &Contract, flow: &mut Flow, step: &Step, input: &Input, at: &str) -> Result<()> {
    match step {
        Step::Impute { value, strategy } => impute(flow, value, *strategy, input, at),
        Step::MissingIndicator {} => {
            handles_missing(flow, at)?;
            flow.becomes(InputType::Boolean, 1);
            Ok(())
        }
        Step::Calendar { zone, .. } => {
            expect(flow, flow.kind == InputType::Timestamp, "a timestamp", at)?;
            if zone.is_empty() || zone.len() > MAX_NAME_BYTES || !zone.bytes().all(zone_byte) {
                let message = format!("{} is no IANA name of a time zone", quote(zone));
                return Err(fault(format!("{at}.zone"), message));
            }
            flow.becomes(InputType::Integer, 1);
            Ok(())
        }
        Step::Ordinal { categories, unseen, missing } => {
            encoder(flow, categories.as_deref(), unseen.is_some(), missing.is_some(), at)?;
            let codes = [unseen, missing];
            for (code, name) in codes.iter().zip(["unseen", "missing"]) {
                finite(**code, at, name)?;
            }
            let whole = codes.iter().all(|c| c.is_none_or(|c| c == libm::trunc(c)));
            flow.becomes(if whole { InputType::Integer } else { InputType::Number }, 1);
            Ok(())
        }
        Step::OneHot { categories, unseen, missing, drop } => {
            let width =
                encoder(flow, categories.as_deref(), unseen.is_some(), missing.is_some(), at)?;
            let list = categories.as_deref().or(flow.values.as_deref()).unwrap_or_default();
            if let Some(drop) = drop
                && !list.iter().any(|v| v.key() == drop.key())
            {
                return Err(fault(format!("{at}.drop"), format!("`{drop}` is no category here")));
            }
            let other = [unseen, missing].contains(&&Some(OneHotOther::Column));
            flow.becomes(
                InputType::Integer,
                width + usize::from(other) - usize::from(drop.is_some()),
            );
            if flow.width == 0 {
                return Err(fault(at, "no column is left"));
            }
            Ok(())
        }
        Step::Map { categories, values, unseen, missing } => {
            let n = encoder(flow, categories.as_deref(), unseen.is_some(), missing.is_some(), at)?;
            if values.len() != n {
                let message = format!("{} numbers for {n} categories", values.len());
                return Err(fault(format!("{at}.values"), message));
            }
            for x in values.iter().chain(unseen).chain(missing) {
                finite(Some(*x), at, "values")?;
            }
            flow.becomes(InputType::Number, 1);
            Ok(())
        }
        Step::Since { input: other, .. } => {
            expect(flow, flow.kind == InputType::Timestamp, "a timestamp", at)?;
            let found = contract.input(other).filter(|(_, i)| i.kind == InputType::Timestamp);
            let (_, other_input) = found.ok_or_else(|| {
                fault(format!("{at}.input"), format!("no timestamp is named {}", quote(other)))
            })?;
            flow.becomes(InputType::Number, 1);
            flow.missing |= matches!(other_input.missing, Missing::Impute | Missing::Allow);
            Ok(())
        }
        Step::MissingAsNan {} => {
            handles_missing(flow, at)?;
            numeric(flow, 1, at)
        }
        other => steps::apply(flow, other, at),
    }
}

fn zone_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+')
}

pub(super) fn expect(flow: &Flow, holds: bool, wanted: &str, at: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(fault(at, format!("the step takes {wanted}, and a {} arrives", flow.kind.as_str())))
}

pub(super) fn finite(x: Option<f64>, at: &str, name: &str) -> Result<()> {
    if x.is_none_or(f64::is_finite) {
        return Ok(());
    }
    Err(fault(format!("{at}.{name}"), "the number must be finite"))
}

pub(super) fn numeric(flow: &mut Flow, width: usize, at: &str) -> Result<()> {
    expect(flow, flow.is_numeric(), "a number", at)?;
    flow.becomes(InputType::Number, width);
    Ok(())
}

fn handles_missing(flow: &mut Flow, at: &str) -> Result<()> {
    if !flow.missing {
        return Err(fault(at, "no missing value arrives here")
            .with_help("declare `missing: impute` at the input, or drop the step"));
    }
    flow.missing = false;
    Ok(())
}

fn impute(
    flow: &mut Flow,
    value: &Scalar,
    strategy: ImputeStrategy,
    input: &Input,
    at: &str,
) -> Result<()> {
    handles_missing(flow, at)?;
    let at = format!("{at}.value");
    let is_mean = matches!(value, Scalar::Number(_)) && flow.kind == InputType::Integer;
    if !is_value_of(flow.kind, value) && !is_mean {
        return Err(fault(at, format!("`{value}` cannot stand for a {}", flow.kind.as_str())));
    }
    let raw = flow.kind == input.kind;
    if raw && strategy != ImputeStrategy::Constant {
        let listed = flow.values.as_ref().is_none_or(|v| v.iter().any(|v| v.key() == value.key()));
        if !in_range(input, value) || !listed {
            let message = format!("`{value}` is no value that the input allows");
            return Err(fault(at, message)
                .with_help("a mean, median or most frequent value lies in the range; if it was chosen by hand, the strategy is `constant`"));
        }
    }
    if is_mean {
        flow.kind = InputType::Number;
    }
    match &mut flow.values {
        Some(values) if !values.iter().any(|v| v.key() == value.key()) => {
            values.push(value.clone())
        }
        _ => {}
    }
    Ok(())
}

fn encoder(
    flow: &mut Flow,
    categories: Option<&[Scalar]>,
    unseen: bool,
    missing: bool,
    at: &str,
) -> Result<usize> {
    expect(flow, flow.kind != InputType::Timestamp, "a category", at)?;
    let width = categories
        .or(flow.values.as_deref())
        .ok_or_else(|| fault(at, "the step needs its list of `categories`"))?
        .len();
    let listed = |value: &Scalar, in_list: &[Scalar]| {
        let wanted = value.key();
        in_list.iter().any(|v| v.key() == wanted)
    };
    if let Some(own) = categories {
        check_list(flow.kind, own, &format!("{at}.categories"))?;
    }
    let mut may_be_unseen = flow.unseen;
    if let (Some(own), Some(values)) = (categories, &flow.values) {
        // one by one: collecting sorts first, by a sort of its own that is 4 KB of WebAssembly
        let mut known = BTreeSet::new();
        values.iter().for_each(|value| {
            known.insert(value.key());
        });
        if let Some(n) = own.iter().position(|v| !known.contains(&v.key()))
            && let Some(value) = own.get(n)
        {
            let message = format!("`{value}` can never arrive: the input's `values` lack it");
            return Err(fault(format!("{at}.categories[{n}]"), message));
        }
        may_be_unseen |= own.len() < known.len();
    }
    if may_be_unseen && !unseen {
        let message = match (&flow.values, categories) {
            (Some(values), Some(own)) => values.iter().find(|v| !listed(v, own)).map_or_else(
                || "unseen values may arrive, and `unseen` is not given".to_owned(),
                |v| format!("`{v}` has no category here, and `unseen` is not given"),
            ),
            _ => "unseen values may arrive, and `unseen` is not given".to_owned(),
        };
        return Err(fault(format!("{at}.unseen"), message));
    }
    if missing {
        handles_missing(flow, &format!("{at}.missing"))?;
    }
    Ok(width)
}
