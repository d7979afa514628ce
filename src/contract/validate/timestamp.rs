//! Timestamps.

use super::Report;
use super::number::shown_range;
use crate::contract::quote::quote;
use crate::contract::scalar::Scalar;
use crate::contract::schema::Input;
use crate::contract::time::{Instant, TimeFault, parse_rfc3339};
use crate::contract::valid::Cell;
use crate::contract::value::Value;
use crate::contract::violation::Severity;
use crate::error::ErrorCode;
use crate::limits::MAX_TEXT_BYTES;

/// Clauses of a timestamp.
#[derive(Clone, Debug)]
pub(super) struct TimestampRule {
    low: Option<(Instant, bool)>,
    high: Option<(Instant, bool)>,
    severity: Severity,
    range: Box<str>,
}

impl Default for TimestampRule {
    /// Any instant.
    fn default() -> Self {
        Self { low: None, high: None, severity: Severity::Reject, range: Box::default() }
    }
}

impl TimestampRule {
    pub fn new(input: &Input) -> Self {
        let end = |s: &Option<Scalar>, open: bool| {
            let text = s.as_ref()?.as_text()?;
            Some((parse_rfc3339(text).ok()?, open))
        };
        Self {
            low: end(&input.minimum, input.exclusive_minimum),
            high: end(&input.maximum, input.exclusive_maximum),
            severity: input.severity,
            range: shown_range(input),
        }
    }

    pub fn validate<'r>(&self, value: &Value<'_>, report: &mut Report<'_>) -> Cell<'r> {
        let parsed = match value {
            Value::Text(text) if text.len() > MAX_TEXT_BYTES => {
                let message =
                    format!("the text has {} bytes, more than {MAX_TEXT_BYTES}", text.len());
                report.push(ErrorCode::TooLong, Severity::Reject, message);
                return Cell::Invalid;
            }
            Value::Text(text) if text.is_empty() => {
                report.reject(ErrorCode::EmptyText, "the text is empty");
                return Cell::Invalid;
            }
            Value::Text(text) => parse_rfc3339(text),
            Value::Date(ms) => Instant::from_millis(*ms),
            other => return report.wrong_type("an RFC 3339 timestamp", other),
        };
        let instant = match parsed {
            Ok(instant) => instant,
            Err(fault) => {
                report_fault(fault, value, report);
                return Cell::Invalid;
            }
        };
        let inside = self.low.is_none_or(|(low, open)| instant > low || (instant == low && !open))
            && self.high.is_none_or(|(high, open)| instant < high || (instant == high && !open));
        if inside {
            return Cell::Timestamp(instant);
        }
        let message = format!("{} lies outside {}", shown(value), self.range);
        let cell = Cell::Timestamp(instant);
        report.broken(ErrorCode::OutOfRange, self.severity, message, cell)
    }
}

#[cold]
fn report_fault(fault: TimeFault, value: &Value<'_>, report: &mut Report<'_>) {
    let found = shown(value);
    let (code, message) = match fault {
        TimeFault::Malformed(why) => {
            (ErrorCode::BadTimestamp, format!("{found} is no timestamp: {why}"))
        }
        TimeFault::NoOffset => (ErrorCode::MissingOffset, format!("{found} has no offset")),
        TimeFault::OutOfRange => {
            (ErrorCode::OutOfRange, format!("{found} lies outside the years 0000 to 9999"))
        }
    };
    report.push(code, Severity::Reject, message);
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => quote(text),
        Value::Date(ms) => format!("the date `{ms:?}` ms"),
        other => format!("`{}`", other.type_name()),
    }
}
