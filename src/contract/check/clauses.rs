//! Checks, relaxations and rules: each must suit its input and be able to act.

use super::fault;
use crate::contract::clause::{Accept, Check, Rule};
use crate::contract::quote::quote;
use crate::contract::scalar::Scalar;
use crate::contract::schema::{Contract, Input, InputType, Missing};
use crate::contract::validate::{Bound, CompiledCheck};
use crate::error::Result;
use crate::limits::{MAX_CATEGORIES, MAX_CHECKS};
use std::collections::BTreeSet;

/// The checks and relaxations of one input.
#[inline(never)]
pub(super) fn check_input(contract: &Contract, input: &Input, path: &str) -> Result<()> {
    check_accept(contract, input, path)?;
    if input.checks.len() > MAX_CHECKS {
        return Err(fault(format!("{path}.checks"), format!("more than {MAX_CHECKS} checks")));
    }
    for (n, check) in input.checks.iter().enumerate() {
        let at = format!("{path}.checks[{n}].{}", check.name());
        if !suits(check, input.kind) {
            let message = format!("a `{}` has no such check", input.kind.as_str());
            return Err(fault(at, message));
        }
        check_one(check, input, &at)?;
        CompiledCheck::new(check, input.kind).map_err(|e| e.at_path(at))?;
    }
    Ok(())
}

fn suits(check: &Check, kind: InputType) -> bool {
    use InputType::{Any, Category, Integer, Number, Text, Timestamp};
    match check {
        Check::Types { .. } | Check::MissingOnly { .. } => true,
        Check::Range { .. } => matches!(kind, Number | Integer | Timestamp | Any),
        Check::InSet { .. } | Check::NotInSet { .. } => {
            matches!(kind, Number | Integer | Text | Any)
        }
        // also of categories that `values` lacks, before they are taken for unseen ones
        Check::Nfc { .. } | Check::Charset { .. } => matches!(kind, Text | Category | Any),
        _ => matches!(kind, Text | Any),
    }
}

#[inline(never)]
fn check_one(check: &Check, input: &Input, at: &str) -> Result<()> {
    match check {
        Check::Range { minimum, exclusive_minimum, maximum, exclusive_maximum, .. } => {
            for (end, open, name) in
                [(minimum, exclusive_minimum, "minimum"), (maximum, exclusive_maximum, "maximum")]
            {
                if end.is_none() && *open {
                    return Err(fault(format!("{at}.exclusive_{name}"), "there is no end to open"));
                }
            }
            let bound =
                |s: &Option<Scalar>| s.as_ref().and_then(|s| Bound::new(s, input.kind).ok());
            match (bound(minimum), bound(maximum)) {
                (None, None) => Err(fault(at, "a range needs an end that suits the input")),
                (Some(low), Some(high))
                    if is_empty(low, high, *exclusive_minimum || *exclusive_maximum) =>
                {
                    Err(fault(format!("{at}.minimum"), "no value lies in the range"))
                }
                _ => Ok(()),
            }
        }
        Check::InSet { values, .. } | Check::NotInSet { values, .. } => {
            check_distinct(values.iter(), &format!("{at}.values"))
        }
        Check::Length { minimum, maximum, .. } => match (minimum, maximum) {
            (None, None) => Err(fault(at, "a length needs `minimum` or `maximum`")),
            (Some(low), Some(high)) if low > high => {
                Err(fault(format!("{at}.minimum"), "`minimum` is above `maximum`"))
            }
            _ => Ok(()),
        },
        Check::Regex { patterns, .. } | Check::Like { patterns, .. } => {
            if patterns.is_empty() || patterns.len() > MAX_CHECKS {
                return Err(fault(format!("{at}.patterns"), "the list is empty or too long"));
            }
            Ok(())
        }
        Check::Types { types, .. } if types.is_empty() => {
            Err(fault(format!("{at}.types"), "the list is empty"))
        }
        Check::MissingOnly { .. } if !matches!(input.missing, Missing::Allow | Missing::Impute) => {
            Err(fault(at, "a value that is missing is not allowed, and one that is there neither")
                .with_help("declare `missing: allow`"))
        }
        _ => Ok(()),
    }
}

fn is_empty(low: Bound, high: Bound, open: bool) -> bool {
    match (low, high) {
        (Bound::Instant(a), Bound::Instant(b)) => a > b || (a == b && open),
        _ => {
            let number = |b| match b {
                Bound::Integer(i) => i as f64,
                Bound::Number(x) => x,
                Bound::Instant(t) => t.as_seconds(),
            };
            number(low) > number(high) || (low == high && open)
        }
    }
}

fn check_distinct<'a>(values: impl ExactSizeIterator<Item = &'a Scalar>, path: &str) -> Result<()> {
    if values.len() == 0 || values.len() > MAX_CATEGORIES {
        return Err(fault(path, "the list is empty or too long"));
    }
    let mut seen = BTreeSet::new();
    for (n, value) in values.enumerate() {
        if !seen.insert(value.key()) {
            return Err(fault(format!("{path}[{n}]"), format!("`{value}` stands twice")));
        }
    }
    Ok(())
}

#[inline(never)]
fn check_accept(contract: &Contract, input: &Input, path: &str) -> Result<()> {
    use InputType::{Any, Integer, Number, Timestamp};
    for (n, accept) in input.accept.iter().enumerate() {
        let at = format!("{path}.accept[{n}]");
        let suits = match accept {
            Accept::NanAsMissing => matches!(input.kind, Number | Integer | Timestamp | Any),
            Accept::Infinity => matches!(input.kind, Number | Any),
            Accept::BooleanAsNumber => matches!(input.kind, Number | Integer | Any),
            Accept::DecimalText => input.kind == Integer,
        };
        if !suits {
            return Err(fault(at, format!("a `{}` cannot take that", input.kind.as_str())));
        }
        if input.accept.iter().take(n).any(|other| other == accept) {
            return Err(fault(at, "it stands twice"));
        }
        if *accept == Accept::Infinity && contract.features.iter().any(|f| f.from == input.name) {
            return Err(fault(at, "features use the input, and nothing infinite reaches a model"));
        }
    }
    Ok(())
}

/// The rules and the demands on the fields.
#[inline(never)]
pub(super) fn check_rules(contract: &Contract) -> Result<()> {
    if let Some(fields) = &contract.fields
        && fields.minimum.zip(fields.maximum).is_some_and(|(low, high)| low > high)
    {
        return Err(fault("fields.minimum", "`minimum` is above `maximum`"));
    }
    if contract.rules.len() > MAX_CHECKS {
        return Err(fault("rules", format!("more than {MAX_CHECKS} rules")));
    }
    for (n, rule) in contract.rules.iter().enumerate() {
        check_rule(contract, rule, &format!("rules[{n}].{}", rule.name()))?;
    }
    Ok(())
}

#[inline(never)]
fn check_rule(contract: &Contract, rule: &Rule, at: &str) -> Result<()> {
    let mut kinds = Vec::new();
    let mut seen = BTreeSet::new();
    for name in rule.inputs() {
        let (_, input) = contract
            .input(name)
            .ok_or_else(|| fault(at, format!("no input is named {}", quote(name))))?;
        if !seen.insert(name) {
            return Err(fault(at, format!("{} stands twice", quote(name))));
        }
        kinds.push(class(input.kind));
    }
    let same = kinds
        .windows(2)
        .all(|w| matches!(w, [a, b] if a == b || *a == Class::Any || *b == Class::Any));
    match rule {
        Rule::Greater { .. } | Rule::Equal { .. } | Rule::Unique { .. } => {
            if kinds.len() < 2 {
                return Err(fault(at, "the rule needs two inputs or more"));
            }
            let ordered =
                !matches!(rule, Rule::Greater { .. }) || kinds.iter().all(|k| *k != Class::Boolean);
            if !same || !ordered || kinds.contains(&Class::Array) {
                return Err(fault(at, "the inputs are of types that do not compare"));
            }
        }
        Rule::SumEquals { total, tolerance, .. } => {
            if !kinds.iter().all(|k| matches!(k, Class::Number | Class::Any)) {
                return Err(fault(at, "only numbers have a sum"));
            }
            if kinds.is_empty() || !total.is_finite() || !tolerance.is_finite() || *tolerance < 0.0
            {
                return Err(fault(
                    at,
                    "the rule needs inputs, a finite total and a tolerance from 0",
                ));
            }
        }
        Rule::PairInSet { .. } if kinds.contains(&Class::Array) => {
            return Err(fault(at, "arrays do not compare"));
        }
        Rule::PairInSet { pairs, .. } => {
            if pairs.is_empty() || pairs.len() > MAX_CATEGORIES {
                return Err(fault(format!("{at}.pairs"), "the list is empty or too long"));
            }
        }
        Rule::RequiredIf { input, values, .. } => {
            if let Some(values) = values {
                check_distinct(values.iter(), &format!("{at}.values"))?;
            }
            let missing = contract.input(input).map(|(_, i)| i.missing);
            if !matches!(missing, Some(Missing::Allow | Missing::Impute)) {
                return Err(fault(at, format!("{} is always required", quote(input)))
                    .with_help("declare `missing: allow` or `impute` at the input"));
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Text,
    Boolean,
    Instant,
    Array,
    Any,
}

fn class(kind: InputType) -> Class {
    match kind {
        InputType::Number | InputType::Integer => Class::Number,
        InputType::Text | InputType::Category => Class::Text,
        InputType::Boolean => Class::Boolean,
        InputType::Timestamp => Class::Instant,
        InputType::Array => Class::Array,
        InputType::Any => Class::Any,
    }
}
