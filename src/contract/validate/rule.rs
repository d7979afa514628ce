//! Rules over several inputs, compiled.

use super::lookup::Values;
use super::order::integer_to_number;
use crate::contract::clause::{Rule, Skip};
use crate::contract::scalar::Scalar;
use crate::contract::schema::Contract;
use crate::contract::time::Instant;
use crate::contract::valid::Cell;
use crate::contract::violation::{Severity, Violation};
use crate::error::{Error, ErrorCode, Result};
use std::cmp::Ordering;
use std::sync::Arc;

/// One rule, ready to be tried.
#[derive(Clone, Debug)]
pub(super) struct CompiledRule {
    /// Under which the violation is reported.
    name: Arc<str>,
    severity: Severity,
    operands: Box<[Operand]>,
    skip: Skip,
    kind: Kind,
    message: Box<str>,
}

#[derive(Clone, Debug)]
struct Operand {
    at: usize,
    /// What category numbers stand for.
    texts: Box<[Box<str>]>,
}

#[derive(Clone, Debug)]
enum Kind {
    Greater { or_equal: bool },
    Equal,
    Unique,
    PairInSet(Box<[(Scalar, Scalar)]>),
    SumEquals { total: f64, tolerance: f64 },
    RequiredIf(Option<Values>),
}

/// A value that can be compared with others.
#[derive(Clone, Copy, Debug)]
enum Item<'a> {
    Missing,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(&'a str),
    Instant(Instant),
}

impl CompiledRule {
    pub fn new(rule: &Rule, contract: &Contract) -> Result<Self> {
        let operands = rule.inputs().into_iter().map(|name| {
            let (at, input) = contract.input(name).ok_or_else(|| {
                Error::new(ErrorCode::Internal, "a checked contract lacks an input of a rule")
            })?;
            let texts = input.values.iter().flatten().filter_map(Scalar::as_text);
            Ok(Operand { at, texts: texts.map(Into::into).collect() })
        });
        let names: Vec<String> = rule.inputs().iter().map(|n| format!("`{n}`")).collect();
        let all = names.join(", ");
        let (kind, skip, severity, message) = match rule {
            Rule::Greater { or_equal, skip, severity, .. } => {
                let equal = if *or_equal { " or equal" } else { "" };
                let message = format!("of {all} the first must be greater than the second{equal}");
                (Kind::Greater { or_equal: *or_equal }, *skip, *severity, message)
            }
            Rule::Equal { skip, severity, .. } => {
                (Kind::Equal, *skip, *severity, format!("{all} must be equal"))
            }
            Rule::Unique { skip, severity, .. } => {
                (Kind::Unique, *skip, *severity, format!("{all} must all be different"))
            }
            Rule::PairInSet { pairs, skip, severity, .. } => {
                let kind = Kind::PairInSet(pairs.as_slice().into());
                (kind, *skip, *severity, format!("{all} are none of the allowed pairs"))
            }
            Rule::SumEquals { total, tolerance, skip, severity, .. } => {
                let kind = Kind::SumEquals { total: *total, tolerance: *tolerance };
                (kind, *skip, *severity, format!("the sum of {all} must be `{total:?}`"))
            }
            Rule::RequiredIf { values, severity, .. } => {
                let kind = Kind::RequiredIf(values.as_deref().map(Values::new));
                let message = format!("of {all} the first is required when the second is this");
                (kind, Skip::Never, *severity, message)
            }
        };
        Ok(Self {
            name: rule.inputs().first().copied().unwrap_or_default().into(),
            severity,
            operands: operands.collect::<Result<_>>()?,
            skip,
            kind,
            message: message.into(),
        })
    }

    pub fn validate(&self, cells: &[Cell<'_>], violations: &mut Vec<Violation>) {
        let found = || self.operands.iter().map(|o| cells.get(o.at).unwrap_or(&Cell::Invalid));
        if found().any(|cell| matches!(cell, Cell::Invalid)) {
            return;
        }
        let mut code = ErrorCode::RuleBroken;
        let holds = if let Kind::RequiredIf(values) = &self.kind {
            code = ErrorCode::MissingValue;
            self.requirement(cells, values.as_ref())
        } else {
            let missing = found().filter(|cell| matches!(cell, Cell::Missing)).count();
            let left_out = match self.skip {
                Skip::AnyMissing => missing > 0,
                Skip::AllMissing => missing == self.operands.len(),
                Skip::Never => false,
            };
            left_out || (missing == 0 && self.holds(cells))
        };
        if !holds {
            violations.push(Violation {
                code,
                input: self.name.clone(),
                severity: self.severity,
                message: self.message.to_string(),
            });
        }
    }

    fn requirement(&self, cells: &[Cell<'_>], values: Option<&Values>) -> bool {
        let [required, when] = &*self.operands else {
            return true;
        };
        if !matches!(cells.get(required.at), Some(Cell::Missing)) {
            return true;
        }
        match (cells.get(when.at), values) {
            (Some(Cell::Missing) | None, _) => true,
            (Some(_), None) => false,
            (Some(Cell::Category(i)), Some(values)) => {
                let text = when.texts.get(*i as usize).map_or("", AsRef::as_ref);
                !values.contains(&Cell::Text(text.into()))
            }
            (Some(cell), Some(values)) => !values.contains(cell),
        }
    }

    fn holds<'a>(&'a self, cells: &'a [Cell<'_>]) -> bool {
        let item = |o: &'a Operand| o.item(cells);
        match (&self.kind, &*self.operands) {
            (Kind::Greater { or_equal }, [left, right]) => match item(left).compare(item(right)) {
                Some(Ordering::Greater) => true,
                Some(Ordering::Equal) => *or_equal,
                _ => false,
            },
            (Kind::Equal, [first, others @ ..]) => {
                let first = item(first);
                others.iter().all(|o| first.compare(item(o)) == Some(Ordering::Equal))
            }
            (Kind::Unique, operands) => operands.iter().enumerate().all(|(n, a)| {
                let others = operands.iter().take(n);
                others.into_iter().all(|b| item(a).compare(item(b)) != Some(Ordering::Equal))
            }),
            (Kind::PairInSet(pairs), [left, right]) => {
                let (left, right) = (item(left), item(right));
                pairs.iter().any(|(a, b)| left.is(a) && right.is(b))
            }
            (Kind::SumEquals { total, tolerance }, operands) => {
                let sum = operands.iter().try_fold(0.0, |sum, o| Some(sum + item(o).number()?));
                sum.is_some_and(|sum: f64| (sum - total).abs() <= *tolerance)
            }
            _ => true,
        }
    }
}

impl Operand {
    fn item<'a>(&'a self, cells: &'a [Cell<'_>]) -> Item<'a> {
        match cells.get(self.at) {
            Some(Cell::Boolean(b)) => Item::Boolean(*b),
            Some(Cell::Integer(i)) => Item::Integer(*i),
            Some(Cell::Number(x)) => Item::Number(*x),
            Some(Cell::Text(text) | Cell::Unseen(text)) => Item::Text(text),
            Some(Cell::Timestamp(t)) => Item::Instant(*t),
            Some(Cell::Category(i)) => {
                self.texts.get(*i as usize).map_or(Item::Missing, |t| Item::Text(t))
            }
            _ => Item::Missing,
        }
    }
}

impl Item<'_> {
    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(&b)),
            (Self::Integer(a), Self::Number(b)) => integer_to_number(a, b),
            (Self::Number(a), Self::Integer(b)) => integer_to_number(b, a).map(Ordering::reverse),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(&b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(&b)),
            (Self::Instant(a), Self::Instant(b)) => Some(a.cmp(&b)),
            _ => None,
        }
    }

    fn is(self, scalar: &Scalar) -> bool {
        let other = match scalar {
            Scalar::Bool(b) => Item::Boolean(*b),
            Scalar::Integer(i) => Item::Integer(*i),
            Scalar::Number(x) => Item::Number(*x),
            Scalar::Text(text) => Item::Text(text),
        };
        self.compare(other) == Some(Ordering::Equal)
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::Integer(i) => Some(i as f64),
            Self::Number(x) => Some(x),
            _ => None,
        }
    }
}
