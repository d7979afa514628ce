//! Validators: a raw record against the contract, every clause, nothing converted.

#[cfg_attr(not(feature = "arrays"), path = "array_absent.rs")]
mod array;
mod check;
mod lookup;
mod number;
mod order;
mod rule;
mod text;
mod timestamp;

pub(crate) use check::CompiledCheck;
pub(crate) use lookup::{TextSet, Values};
pub(crate) use order::Bound;

use super::clause::{Accept, Fields};
use super::json::HUGE_INTEGER;
use super::quote::{cut, quote};
use super::schema::{Contract, Input, InputType, Missing, UnknownFields};
use super::valid::{Cell, ValidRecord};
use super::value::{RawRecord, Value};
use super::violation::{Severity, Violation};
use crate::error::{ErrorCode, Result};
use std::sync::Arc;

/// A contract's inputs, compiled for checking records.
///
/// The order of violations is fixed: first those of the record as a whole (no record, unknown
/// fields in the record's order, number and order of the fields), then those of the inputs in the
/// contract's order, then those of the rules.
#[derive(Clone, Debug)]
pub struct Validator {
    inputs: Vec<InputRule>,
    unknown: UnknownFields,
    fields: Option<Fields>,
    rules: Vec<rule::CompiledRule>,
}

#[derive(Clone, Debug)]
struct InputRule {
    name: Arc<str>,
    required: bool,
    missing: Missing,
    kind: Kind,
    accept: Box<[Accept]>,
    checks: Box<[CompiledCheck]>,
}

#[derive(Clone, Debug)]
enum Kind {
    Number(number::NumberRule),
    Integer(number::IntegerRule),
    Text(text::TextRule),
    Category(text::CategoryRule),
    Boolean,
    Timestamp(timestamp::TimestampRule),
    Array(array::ArrayRule),
    Any { infinity: bool },
}

impl Validator {
    /// Compiles the contract's inputs.
    ///
    /// # Errors
    /// As [`Contract::check`].
    #[inline(never)]
    pub fn new(contract: &Contract) -> Result<Self> {
        contract.check()?;
        let inputs = contract.inputs.iter().map(InputRule::new).collect::<Result<_>>()?;
        let rules = contract.rules.iter().map(|r| rule::CompiledRule::new(r, contract));
        let rules = rules.collect::<Result<_>>()?;
        Ok(Self {
            inputs,
            unknown: contract.unknown_fields,
            fields: contract.fields.clone(),
            rules,
        })
    }

    /// Checks every clause of the record and reports all that are broken.
    pub fn validate<'r>(
        &self,
        record: RawRecord<'r>,
        violations: &mut Vec<Violation>,
    ) -> ValidRecord<'r> {
        if let Some(found) = record.not_a_record {
            violations.push(Violation {
                code: ErrorCode::NotARecord,
                input: "".into(),
                severity: Severity::Reject,
                message: format!("a record is an object of named values, and this is `{found}`"),
            });
            return ValidRecord { cells: vec![Cell::Invalid; self.inputs.len()] };
        }
        if record.unknown_count > 0 {
            self.report_unknown(&record, violations);
        }
        if let Some(fields) = &self.fields {
            report_fields(fields, &record, violations);
        }
        let mut values = record.values.into_iter();
        let mut cells = Vec::with_capacity(self.inputs.len());
        for (i, rule) in self.inputs.iter().enumerate() {
            let value = values.next().unwrap_or(Value::Absent);
            let mut report = Report { input: &rule.name, violations };
            if !record.duplicates.is_empty() && record.duplicates.contains(&i) {
                report.reject(ErrorCode::DuplicateField, "the field stands more than once");
                cells.push(Cell::Invalid);
            } else {
                cells.push(rule.validate(value, &mut report));
            }
        }
        for rule in &self.rules {
            rule.validate(&cells, violations);
        }
        ValidRecord { cells }
    }

    #[cold]
    fn report_unknown(&self, record: &RawRecord<'_>, violations: &mut Vec<Violation>) {
        let severity = match self.unknown {
            UnknownFields::Reject => Severity::Reject,
            UnknownFields::Warn => Severity::Warn,
            UnknownFields::Ignore => return,
        };
        let mut push = |input: &str, message: String| {
            let code = ErrorCode::UnknownField;
            violations.push(Violation { code, input: input.into(), severity, message });
        };
        for name in &record.unknown {
            push(&cut(name), format!("the contract has no input {}", quote(name)));
        }
        let rest = record.unknown_count.saturating_sub(record.unknown.len());
        if rest > 0 {
            push("", format!("{rest} more fields that the contract does not know"));
        }
    }
}

#[cold]
fn report_fields(fields: &Fields, record: &RawRecord<'_>, violations: &mut Vec<Violation>) {
    let mut push = |code, message| {
        violations.push(Violation { code, input: "".into(), severity: Severity::Reject, message });
    };
    let present = record.values.iter().filter(|v| !matches!(v, Value::Absent)).count();
    let n = present + record.unknown_count;
    if fields.minimum.is_some_and(|m| n < m as usize) {
        push(ErrorCode::FieldCount, format!("the record has {n} fields, too few"));
    }
    if fields.maximum.is_some_and(|m| n > m as usize) {
        push(ErrorCode::FieldCount, format!("the record has {n} fields, too many"));
    }
    if fields.ordered && record.out_of_order {
        push(ErrorCode::FieldOrder, "the fields are not in the contract's order".to_owned());
    }
}

impl InputRule {
    #[inline(never)]
    fn new(input: &Input) -> Result<Self> {
        let kind = match input.kind {
            InputType::Number => Kind::Number(number::NumberRule::new(input)),
            InputType::Integer => Kind::Integer(number::IntegerRule::new(input)),
            InputType::Text => Kind::Text(text::TextRule::new(input)),
            InputType::Category => Kind::Category(text::CategoryRule::new(input)),
            InputType::Boolean => Kind::Boolean,
            InputType::Timestamp => Kind::Timestamp(timestamp::TimestampRule::new(input)),
            InputType::Array => Kind::Array(array::ArrayRule::new(input)?),
            InputType::Any => Kind::Any { infinity: input.accept.contains(&Accept::Infinity) },
        };
        let checks = input.checks.iter().map(|c| CompiledCheck::new(c, input.kind));
        Ok(Self {
            name: input.name.as_str().into(),
            required: input.required,
            missing: input.missing,
            kind,
            accept: input.accept.as_slice().into(),
            checks: checks.collect::<Result<_>>()?,
        })
    }

    fn validate<'r>(&self, value: Value<'r>, report: &mut Report<'_>) -> Cell<'r> {
        if self.checks.is_empty() && self.accept.is_empty() {
            return self.validate_value(value, report);
        }
        let mut invalid = false;
        for check in self.checks.iter().filter(|c| c.looks_at_type()) {
            if let Some((code, message)) = check.try_type(&value) {
                report.push(code, check.severity, message);
                invalid |= check.severity != Severity::Warn;
            }
        }
        if invalid {
            return Cell::Invalid;
        }
        let cell = self.validate_value(self.accepted(value), report);
        if matches!(cell, Cell::Missing | Cell::Invalid) {
            return cell;
        }
        for check in &self.checks {
            if let Some((code, message)) = check.try_cell(&cell) {
                report.push(code, check.severity, message);
                invalid |= check.severity != Severity::Warn;
            }
        }
        if invalid { Cell::Invalid } else { cell }
    }

    /// The value, or what the contract declares that it stands for.
    fn accepted<'r>(&self, value: Value<'r>) -> Value<'r> {
        let takes = |accept| self.accept.contains(&accept);
        match &value {
            Value::Number(x) | Value::Date(x) if x.is_nan() && takes(Accept::NanAsMissing) => {
                Value::Null
            }
            Value::Bool(b) if takes(Accept::BooleanAsNumber) => Value::Integer(i64::from(*b)),
            Value::Text(text) if takes(Accept::DecimalText) => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let plain = !digits.is_empty()
                    && digits.bytes().all(|b| b.is_ascii_digit())
                    && (digits == "0" || !digits.starts_with('0'));
                match text.parse() {
                    Ok(i) if plain => Value::Integer(i),
                    _ if plain => Value::Other(HUGE_INTEGER),
                    _ => value,
                }
            }
            _ => value,
        }
    }

    fn any<'r>(value: Value<'r>, infinity: bool, report: &mut Report<'_>) -> Cell<'r> {
        match value {
            Value::Bool(b) => Cell::Boolean(b),
            Value::Integer(i) => Cell::Integer(i),
            Value::Number(x) if x.is_finite() || (infinity && !x.is_nan()) => Cell::Number(x),
            Value::Number(x) => {
                report.push(ErrorCode::NotFinite, Severity::Reject, format!("`{x}` is not finite"));
                Cell::Invalid
            }
            Value::Text(_) => text::taken(value, report).map_or_else(|cell| cell, Cell::Text),
            Value::Date(_) => timestamp::TimestampRule::default().validate(&value, report),
            Value::List(_) | Value::Object(_) | Value::Typed(_) => Cell::Opaque,
            Value::Other(HUGE_INTEGER) => {
                report.reject(ErrorCode::NotRepresentable, "the integer does not fit 64 bits");
                Cell::Invalid
            }
            other => report.wrong_type("a value", &other),
        }
    }

    fn validate_value<'r>(&self, value: Value<'r>, report: &mut Report<'_>) -> Cell<'r> {
        match value {
            Value::Absent if self.required => {
                report.reject(ErrorCode::MissingValue, "the record has no such field");
                return Cell::Missing;
            }
            Value::Absent | Value::Null => {
                let severity = match self.missing {
                    Missing::Reject => Severity::Reject,
                    Missing::Escalate => Severity::Escalate,
                    Missing::Impute | Missing::Allow => return Cell::Missing,
                };
                report.push(ErrorCode::MissingValue, severity, "the value is missing".to_owned());
                return Cell::Missing;
            }
            Value::Unreadable => {
                report.reject(ErrorCode::UnreadableField, "reading the value raised an exception");
                return Cell::Invalid;
            }
            _ => {}
        }
        match &self.kind {
            Kind::Number(rule) => rule.validate(&value, report),
            Kind::Integer(rule) => rule.validate(&value, report),
            Kind::Text(rule) => rule.validate(value, report),
            Kind::Category(rule) => rule.validate(value, report),
            Kind::Timestamp(rule) => rule.validate(&value, report),
            Kind::Array(rule) => rule.validate(value, report),
            Kind::Any { infinity } => Self::any(value, *infinity, report),
            Kind::Boolean => match value {
                Value::Bool(b) => Cell::Boolean(b),
                other => report.wrong_type("true or false", &other),
            },
        }
    }
}

/// Where the violations of one input go.
struct Report<'a> {
    input: &'a Arc<str>,
    violations: &'a mut Vec<Violation>,
}

impl Report<'_> {
    #[cold]
    fn push(&mut self, code: ErrorCode, severity: Severity, message: String) {
        self.violations.push(Violation { code, input: self.input.clone(), severity, message });
    }

    #[cold]
    fn reject(&mut self, code: ErrorCode, message: &str) {
        self.push(code, Severity::Reject, message.to_owned());
    }

    #[cold]
    fn wrong_type<'r>(&mut self, wanted: &str, found: &Value<'_>) -> Cell<'r> {
        let message = match found {
            Value::Text(text) => {
                format!("{wanted} is wanted, and the text {} was found", quote(text))
            }
            Value::Other(name) => {
                format!("{wanted} is wanted, and a value of type {} was found", quote(name))
            }
            other => {
                format!("{wanted} is wanted, and a value of type `{}` was found", other.type_name())
            }
        };
        self.push(ErrorCode::WrongType, Severity::Reject, message);
        Cell::Invalid
    }

    /// Reports a broken clause and answers with what is left of the cell.
    #[cold]
    fn broken<'r>(
        &mut self,
        code: ErrorCode,
        severity: Severity,
        message: String,
        cell: Cell<'r>,
    ) -> Cell<'r> {
        self.push(code, severity, message);
        if severity == Severity::Warn { cell } else { Cell::Invalid }
    }
}
