//! Numbers and integers.

use super::Report;
use crate::contract::clause::Accept;
use crate::contract::json::HUGE_INTEGER;
use crate::contract::scalar::{Scalar, exact_f64};
use crate::contract::schema::Input;
use crate::contract::valid::Cell;
use crate::contract::value::Value;
use crate::contract::violation::Severity;
use crate::error::ErrorCode;
use crate::sorted::{sort, sort_by};
use std::cmp::Ordering;

/// Largest integer that JavaScript's numbers hold without doubt, 2^53 − 1.
pub(super) const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// Clauses of a number.
#[derive(Clone, Debug)]
pub(super) struct NumberRule {
    low: f64,
    high: f64,
    values: Vec<f64>,
    infinity: bool,
    severity: Severity,
    range: Box<str>,
}

impl NumberRule {
    pub fn new(input: &Input) -> Self {
        let (low, high) = closed_range(input);
        let mut values: Vec<f64> =
            input.values.iter().flatten().filter_map(Scalar::as_f64).collect();
        sort_by(&mut values, f64::total_cmp);
        let infinity = input.accept.contains(&Accept::Infinity);
        Self { low, high, values, infinity, severity: input.severity, range: shown_range(input) }
    }

    pub fn validate<'r>(&self, value: &Value<'_>, report: &mut Report<'_>) -> Cell<'r> {
        let x = match value {
            Value::Number(x) => *x,
            Value::Integer(i) => match exact_f64(*i) {
                Some(x) => x,
                None => {
                    let message = format!("no binary64 number is exactly `{i}`");
                    report.push(ErrorCode::NotRepresentable, Severity::Reject, message);
                    return Cell::Invalid;
                }
            },
            Value::Other(HUGE_INTEGER) => {
                let message = "an integer beyond 64 bits cannot be held exactly";
                report.reject(ErrorCode::NotRepresentable, message);
                return Cell::Invalid;
            }
            other => return report.wrong_type("a number", other),
        };
        if !x.is_finite() && (x.is_nan() || !self.infinity) {
            report.push(ErrorCode::NotFinite, Severity::Reject, format!("`{x}` is not finite"));
            return Cell::Invalid;
        }
        if !(self.low <= x && x <= self.high) {
            let message = format!("`{x:?}` lies outside {}", self.range);
            return report.broken(ErrorCode::OutOfRange, self.severity, message, Cell::Number(x));
        }
        // numbers compare by value: −0 is 0
        let order = |v: &f64| v.partial_cmp(&x).unwrap_or(Ordering::Less);
        if !self.values.is_empty() && self.values.binary_search_by(order).is_err() {
            let message = format!("`{x:?}` is not among the allowed values");
            return report.broken(ErrorCode::NotInSet, self.severity, message, Cell::Number(x));
        }
        Cell::Number(x)
    }
}

/// Clauses of an integer. The range is closed.
#[derive(Clone, Debug)]
pub(super) struct IntegerRule {
    low: i64,
    high: i64,
    values: Vec<i64>,
    severity: Severity,
    range: Box<str>,
}

impl IntegerRule {
    pub fn new(input: &Input) -> Self {
        let end = |s: &Option<Scalar>| s.as_ref().and_then(Scalar::as_i64);
        let low = end(&input.minimum)
            .map_or(i64::MIN, |i| i.saturating_add(i64::from(input.exclusive_minimum)));
        let high = end(&input.maximum)
            .map_or(i64::MAX, |i| i.saturating_sub(i64::from(input.exclusive_maximum)));
        let mut values: Vec<i64> =
            input.values.iter().flatten().filter_map(Scalar::as_i64).collect();
        sort(&mut values);
        Self { low, high, values, severity: input.severity, range: shown_range(input) }
    }

    pub fn validate<'r>(&self, value: &Value<'_>, report: &mut Report<'_>) -> Cell<'r> {
        let i = match value {
            Value::Integer(i) => *i,
            Value::Number(x) => match self.whole(*x, report) {
                Some(i) => i,
                None => return Cell::Invalid,
            },
            Value::Other(HUGE_INTEGER) => {
                let message = "the integer does not fit 64 bits with a sign";
                report.reject(ErrorCode::NotRepresentable, message);
                return Cell::Invalid;
            }
            other => return report.wrong_type("an integer", other),
        };
        if !(self.low..=self.high).contains(&i) {
            let message = format!("`{i}` lies outside {}", self.range);
            return report.broken(ErrorCode::OutOfRange, self.severity, message, Cell::Integer(i));
        }
        if !self.values.is_empty() && self.values.binary_search(&i).is_err() {
            let message = format!("`{i}` is not among the allowed values");
            return report.broken(ErrorCode::NotInSet, self.severity, message, Cell::Integer(i));
        }
        Cell::Integer(i)
    }

    fn whole(&self, x: f64, report: &mut Report<'_>) -> Option<i64> {
        let i = x as i64;
        if x.abs() <= MAX_SAFE && i as f64 == x {
            return Some(i);
        }
        let (code, message) = if !x.is_finite() {
            (ErrorCode::NotFinite, format!("`{x}` is not finite"))
        } else if x.abs() > MAX_SAFE {
            (ErrorCode::UnsafeInteger, format!("`{x:?}` may stand for several integers"))
        } else {
            (ErrorCode::NotInteger, format!("`{x:?}` has a fraction"))
        };
        report.push(code, Severity::Reject, message);
        None
    }
}

/// The range of numbers as a closed one: an open end is the next number inside.
pub(super) fn closed_range(input: &Input) -> (f64, f64) {
    let end = |s: &Option<Scalar>| s.as_ref().and_then(Scalar::as_f64);
    let low = end(&input.minimum)
        .map_or(f64::NEG_INFINITY, |x| if input.exclusive_minimum { x.next_up() } else { x });
    let high = end(&input.maximum)
        .map_or(f64::INFINITY, |x| if input.exclusive_maximum { x.next_down() } else { x });
    (low, high)
}

/// The range as mathematics writes it, such as `(0, 5500]`.
pub(super) fn shown_range(input: &Input) -> Box<str> {
    let (open, close) = (
        if input.exclusive_minimum || input.minimum.is_none() { '(' } else { '[' },
        if input.exclusive_maximum || input.maximum.is_none() { ')' } else { ']' },
    );
    let end = |s: &Option<Scalar>, none: &str| {
        s.as_ref().map_or_else(|| none.to_owned(), Scalar::to_string)
    };
    format!("{open}{}, {}{close}", end(&input.minimum, "−∞"), end(&input.maximum, "∞")).into()
}
