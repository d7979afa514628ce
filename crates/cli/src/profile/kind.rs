//! Which type of the contract fits a column.

use super::column::Finished;
use driftline::contract::{Accept, Check, InputType, Severity, ValueType};

/// A type and what it takes for the column's values to pass.
#[derive(Clone, Debug)]
pub struct Kind {
    /// `None` if no contract takes the values.
    pub kind: Option<InputType>,
    pub accept: Vec<Accept>,
    pub checks: Vec<Check>,
    /// Rows whose value the contract refuses all the same.
    pub refused: u64,
    /// Values of more than one type.
    pub mixed: bool,
    /// Nothing but missing values.
    pub empty: bool,
}

/// Chooses. What is written as *missing* in a column of numbers, timestamps or booleans is refused
/// rather than made the reason to take any text.
pub fn of(column: &Finished) -> Kind {
    let s = &column.summary;
    let spelled: u64 = s.missing.values().sum();
    let unreadable: u64 = s.refused.values().sum();
    let present = s.present() - unreadable;
    let pure = present - spelled - s.nan;
    let mut found = Kind {
        kind: Some(InputType::Text),
        accept: Vec::new(),
        checks: Vec::new(),
        refused: unreadable + column.duplicated,
        mixed: false,
        empty: pure == 0,
    };
    let numeric = s.integers + s.numbers + s.infinite;
    let only = if pure == 0 {
        // NaN alone is a number, whatever it stands for
        (s.nan > 0 && spelled == 0).then_some(InputType::Number)
    } else if s.booleans == pure && s.nan == 0 {
        Some(InputType::Boolean)
    } else if s.integers + s.huge == pure && s.integers > 0 {
        Some(InputType::Integer)
    } else if numeric == pure && s.inexact == 0 && (column.typed || s.infinite == 0) {
        Some(InputType::Number)
    } else if s.instants == pure && s.nan == 0 {
        Some(InputType::Timestamp)
    } else {
        None
    };
    if let Some(kind) = only.filter(|_| column.typed || s.huge == 0) {
        found.kind = Some(kind);
        found.refused += spelled + s.huge;
        if s.nan > 0 {
            found.accept.push(Accept::NanAsMissing);
        }
        if s.infinite > 0 {
            found.accept.push(Accept::Infinity);
        }
        return found;
    }
    if pure == 0 && present == 0 && unreadable > 0 {
        found.kind = None;
        found.refused = 0;
        return found;
    }
    let texts = s.texts - s.instants - spelled;
    let families = [s.booleans, numeric + s.huge, s.instants, texts, s.arrays, s.objects];
    found.mixed = families.iter().filter(|n| **n > 0).count() > 1;
    if !column.typed {
        // a few numbers among texts are texts
        found.mixed &= pure > 0 && (pure - texts) * 20 >= pure;
        found.refused += s.too_long;
    } else if s.texts == present {
        found.mixed = false;
        found.refused += s.too_long;
    } else {
        found.kind = Some(InputType::Any);
        found.refused += s.too_long + s.huge;
        let types = [
            (s.numbers + s.nan + s.infinite, ValueType::Number),
            (s.integers, ValueType::Integer),
            (s.texts, ValueType::Text),
            (s.booleans, ValueType::Boolean),
            (s.arrays, ValueType::Array),
            (s.objects, ValueType::Object),
        ];
        let types: Vec<_> = types.into_iter().filter(|(n, _)| *n > 0).map(|(_, t)| t).collect();
        if !types.is_empty() {
            found.checks.push(Check::Types { types, severity: Severity::Reject });
        }
        if s.nan > 0 {
            found.accept.push(Accept::NanAsMissing);
        }
        if s.infinite > 0 {
            found.accept.push(Accept::Infinity);
        }
    }
    found
}
