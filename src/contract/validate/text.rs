//! Text and categories.

use super::{Report, TextSet};
use crate::contract::quote::quote;
use crate::contract::schema::{Input, Unseen};
use crate::contract::valid::Cell;
use crate::contract::value::Value;
use crate::contract::violation::Severity;
use crate::error::ErrorCode;
use crate::limits::MAX_TEXT_BYTES;
use std::borrow::Cow;

/// Clauses of a text.
#[derive(Clone, Debug)]
pub(super) struct TextRule {
    min_length: usize,
    max_length: usize,
    allow_empty: bool,
    values: Option<TextSet>,
    severity: Severity,
}

impl TextRule {
    pub fn new(input: &Input) -> Self {
        Self {
            min_length: input.min_length.unwrap_or(0) as usize,
            max_length: input.max_length.map_or(usize::MAX, |n| n as usize),
            allow_empty: input.allow_empty,
            values: text_set(input),
            severity: input.severity,
        }
    }

    pub fn validate<'r>(&self, value: Value<'r>, report: &mut Report<'_>) -> Cell<'r> {
        let text = match taken(value, report) {
            Ok(text) => text,
            Err(cell) => return cell,
        };
        if text.is_empty() && !self.allow_empty {
            report.reject(ErrorCode::EmptyText, "the text is empty");
            return Cell::Invalid;
        }
        let mut broken = None;
        if self.min_length > 0 || self.max_length < text.len() {
            let n = text.chars().count();
            if n < self.min_length {
                let message =
                    format!("{} has {n} characters, fewer than {}", quote(&text), self.min_length);
                broken = Some((ErrorCode::TooShort, message));
            } else if n > self.max_length {
                let message =
                    format!("{} has {n} characters, more than {}", quote(&text), self.max_length);
                broken = Some((ErrorCode::TooLong, message));
            }
        }
        if broken.is_none() && self.values.as_ref().is_some_and(|v| v.position(&text).is_none()) {
            let message = format!("{} is not among the allowed values", quote(&text));
            broken = Some((ErrorCode::NotInSet, message));
        }
        match broken {
            None => Cell::Text(text),
            Some((code, message)) => report.broken(code, self.severity, message, Cell::Text(text)),
        }
    }
}

/// Clauses of a category.
#[derive(Clone, Debug)]
pub(super) struct CategoryRule {
    values: TextSet,
    unseen: Unseen,
}

impl CategoryRule {
    pub fn new(input: &Input) -> Self {
        let values = text_set(input).unwrap_or_else(|| TextSet::new(std::iter::empty()));
        Self { values, unseen: input.unseen }
    }

    pub fn validate<'r>(&self, value: Value<'r>, report: &mut Report<'_>) -> Cell<'r> {
        let text = match taken(value, report) {
            Ok(text) => text,
            Err(cell) => return cell,
        };
        if let Some(i) = self.values.position(&text) {
            return Cell::Category(i);
        }
        // empty text is no category that a model could not have seen, but a fault of its source
        if text.is_empty() {
            report.reject(ErrorCode::EmptyText, "the text is empty");
            return Cell::Invalid;
        }
        let severity = match self.unseen {
            Unseen::Encode => return Cell::Unseen(text),
            Unseen::Reject => Severity::Reject,
            Unseen::Escalate => Severity::Escalate,
            Unseen::Warn => Severity::Warn,
        };
        let message = format!("{} is not among the allowed values", quote(&text));
        report.push(ErrorCode::NotInSet, severity, message);
        Cell::Unseen(text)
    }
}

fn text_set(input: &Input) -> Option<TextSet> {
    let values = input.values.as_ref()?;
    Some(TextSet::new(values.iter().map(|v| v.as_text().unwrap_or_default())))
}

/// The text, before anything walks it refused if it is too long.
pub(super) fn taken<'r>(
    value: Value<'r>,
    report: &mut Report<'_>,
) -> Result<Cow<'r, str>, Cell<'r>> {
    match value {
        Value::Text(text) if text.len() > MAX_TEXT_BYTES => {
            let message = format!("the text has {} bytes, more than {MAX_TEXT_BYTES}", text.len());
            report.push(ErrorCode::TooLong, Severity::Reject, message);
            Err(Cell::Invalid)
        }
        Value::Text(text) => Ok(text),
        other => Err(report.wrong_type("text", &other)),
    }
}
