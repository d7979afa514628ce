//! Contradictions inside one input.

use super::{fault, names};
use crate::contract::quote::quote;
use crate::contract::scalar::Scalar;
use crate::contract::schema::{Input, InputType, Unseen};
use crate::contract::time::{Instant, parse_rfc3339};
use crate::error::Result;
use crate::limits::{MAX_CATEGORIES, MAX_INPUTS, MAX_LIST_DEPTH, MAX_LIST_LENGTH, MAX_TEXT_BYTES};
use crate::tensor::DType;
use std::collections::BTreeSet;

#[inline(never)]
pub(super) fn check(inputs: &[Input]) -> Result<()> {
    if inputs.is_empty() {
        return Err(fault("inputs", "the contract has no inputs"));
    }
    if inputs.len() > MAX_INPUTS {
        return Err(fault("inputs", format!("more than {MAX_INPUTS} inputs")));
    }
    names::index(inputs.iter().map(|i| i.name.as_str()), "inputs")?;
    for (i, input) in inputs.iter().enumerate() {
        let path = format!("inputs[{i}]");
        check_suits(input, &path)?;
        check_shape(input, &path)?;
        check_range(input, &path)?;
        check_values(input, &path)?;
        check_length(input, &path)?;
    }
    Ok(())
}

/// Clauses that the type cannot have.
#[inline(never)]
fn check_suits(input: &Input, path: &str) -> Result<()> {
    use InputType::{Array, Category, Integer, Number, Text, Timestamp};
    let kind = input.kind;
    let ranged = matches!(kind, Number | Integer | Timestamp | Array);
    let listed = matches!(kind, Number | Integer | Text | Category);
    let unfit = [
        ("minimum", input.minimum.is_some() && !ranged),
        ("maximum", input.maximum.is_some() && !ranged),
        ("exclusive_minimum", input.exclusive_minimum && input.minimum.is_none()),
        ("exclusive_maximum", input.exclusive_maximum && input.maximum.is_none()),
        ("values", input.values.is_some() && !listed),
        ("unseen", input.unseen != Unseen::Reject && kind != Category),
        ("min_length", input.min_length.is_some() && kind != Text),
        ("max_length", input.max_length.is_some() && kind != Text),
        ("allow_empty", input.allow_empty && kind != Text),
        ("dtype", input.dtype.is_some() && kind != Array),
        ("shape", input.shape.is_some() && kind != Array),
    ];
    for (clause, broken) in unfit {
        if broken {
            let message = if clause.starts_with("exclusive") && ranged {
                format!("`{clause}` without the end that it opens")
            } else {
                format!("`{}` has no `{clause}`", kind.as_str())
            };
            return Err(fault(format!("{path}.{clause}"), message));
        }
    }
    Ok(())
}

/// Element type and shape of an array, and nothing else's.
#[inline(never)]
fn check_shape(input: &Input, path: &str) -> Result<()> {
    if input.kind != InputType::Array {
        return Ok(());
    }
    match input.dtype {
        None => return Err(fault(format!("{path}.dtype"), "an array needs its element type")),
        Some(DType::Float32 | DType::Float64 | DType::Int64 | DType::Int32 | DType::Uint8) => {}
        Some(_) => {
            let message = "an array is of float32, float64, int64, int32 or uint8";
            return Err(fault(format!("{path}.dtype"), message));
        }
    }
    let at = format!("{path}.shape");
    let shape = input.shape.as_deref().unwrap_or_default();
    if shape.is_empty() || shape.len() > MAX_LIST_DEPTH {
        return Err(fault(at, format!("an array has 1 to {MAX_LIST_DEPTH} dimensions")));
    }
    let elements =
        shape.iter().flatten().try_fold(1usize, |n, length| n.checked_mul(*length as usize));
    if !elements.is_some_and(|n| n > 0 && n <= MAX_LIST_LENGTH) {
        return Err(fault(at, format!("an array has 1 to {MAX_LIST_LENGTH} elements")));
    }
    Ok(())
}

/// A point on the line that the input's values lie on.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Point {
    Integer(i64),
    Number(f64),
    Instant(Instant),
}

fn point(kind: InputType, scalar: &Scalar, path: &str) -> Result<Point> {
    let point = match kind {
        InputType::Integer => scalar.as_i64().map(Point::Integer),
        InputType::Number | InputType::Array => {
            scalar.as_f64().filter(|x| x.is_finite()).map(Point::Number)
        }
        InputType::Timestamp => {
            scalar.as_text().and_then(|t| parse_rfc3339(t).ok()).map(Point::Instant)
        }
        _ => None,
    };
    point.ok_or_else(|| {
        let wanted = match kind {
            InputType::Integer => "an integer without fraction",
            InputType::Number | InputType::Array => "a finite number that binary64 holds exactly",
            _ => "an RFC 3339 timestamp with an offset",
        };
        fault(path, format!("`{scalar}` is not {wanted}"))
    })
}

#[inline(never)]
fn check_range(input: &Input, path: &str) -> Result<()> {
    let end = |scalar: &Option<Scalar>, clause: &str| {
        scalar.as_ref().map(|s| point(input.kind, s, &format!("{path}.{clause}"))).transpose()
    };
    let low = end(&input.minimum, "minimum")?;
    let high = end(&input.maximum, "maximum")?;
    let (Some(low), Some(high)) = (low, high) else {
        return Ok(());
    };
    let open = input.exclusive_minimum || input.exclusive_maximum;
    let empty = match (low, high) {
        (Point::Integer(a), Point::Integer(b)) => {
            let first = i128::from(a) + i128::from(input.exclusive_minimum);
            let last = i128::from(b) - i128::from(input.exclusive_maximum);
            first > last
        }
        _ => low > high || (low == high && open),
    };
    if empty {
        return Err(fault(
            format!("{path}.minimum"),
            format!("no {} lies in the range that ends at `maximum`", input.kind.as_str()),
        ));
    }
    Ok(())
}

/// Whether the range allows the scalar; `true` for what has no place on its line.
pub(super) fn in_range(input: &Input, scalar: &Scalar) -> bool {
    let at = |s: &Scalar| point(input.kind, s, "").ok();
    // a mean is rarely an integer, also where the input is
    let (x, low, high) = match (input.kind, scalar) {
        (InputType::Integer, Scalar::Number(x)) => {
            let as_f64 =
                |s: &Option<Scalar>| s.as_ref().and_then(Scalar::as_f64).map(Point::Number);
            (Some(Point::Number(*x)), as_f64(&input.minimum), as_f64(&input.maximum))
        }
        _ => (at(scalar), input.minimum.as_ref().and_then(at), input.maximum.as_ref().and_then(at)),
    };
    let Some(x) = x else {
        return true;
    };
    low.is_none_or(|low| x > low || (x == low && !input.exclusive_minimum))
        && high.is_none_or(|high| x < high || (x == high && !input.exclusive_maximum))
}

/// Whether a scalar is a value of the type, as far as a list of values may hold it.
pub(super) fn is_value_of(kind: InputType, scalar: &Scalar) -> bool {
    match kind {
        InputType::Integer => scalar.as_i64().is_some(),
        InputType::Number => scalar.as_f64().is_some_and(f64::is_finite),
        InputType::Text | InputType::Category => {
            scalar.as_text().is_some_and(|t| t.len() <= MAX_TEXT_BYTES)
        }
        InputType::Boolean => matches!(scalar, Scalar::Bool(_)),
        InputType::Timestamp | InputType::Array | InputType::Any => false,
    }
}

/// Refuses a list that is empty or too long, or has a value twice or of another type.
pub(super) fn check_list(kind: InputType, values: &[Scalar], path: &str) -> Result<()> {
    if values.is_empty() {
        return Err(fault(path, "the list is empty"));
    }
    if values.len() > MAX_CATEGORIES {
        return Err(fault(path, format!("more than {MAX_CATEGORIES} values")));
    }
    let mut seen = BTreeSet::new();
    for (n, value) in values.iter().enumerate() {
        let at = || format!("{path}[{n}]");
        if !is_value_of(kind, value) {
            let error = fault(at(), format!("`{value}` is no value of a `{}`", kind.as_str()));
            return Err(match kind {
                InputType::Text | InputType::Category => error.with_help(
                    "put it in quotes: YAML reads 12 as a number, and on, no and y as booleans",
                ),
                _ => error,
            });
        }
        if !seen.insert(value.key()) {
            return Err(fault(at(), format!("`{value}` stands twice")));
        }
    }
    Ok(())
}

#[inline(never)]
fn check_values(input: &Input, path: &str) -> Result<()> {
    let path = format!("{path}.values");
    let Some(values) = &input.values else {
        if input.kind == InputType::Category {
            return Err(fault(path, "a category needs its list of `values`"));
        }
        return Ok(());
    };
    check_list(input.kind, values, &path)?;
    for (n, value) in values.iter().enumerate() {
        if !in_range(input, value) {
            return Err(fault(format!("{path}[{n}]"), format!("`{value}` lies outside the range")));
        }
        if let Some(text) = value.as_text()
            && let Some(wrong) = wrong_length(input, text)
        {
            return Err(fault(format!("{path}[{n}]"), format!("{} is {wrong}", quote(text))));
        }
    }
    Ok(())
}

fn wrong_length(input: &Input, text: &str) -> Option<&'static str> {
    let n = text.chars().count();
    if input.kind == InputType::Text && n == 0 && !input.allow_empty {
        Some("empty, which `allow_empty` does not allow")
    } else if input.min_length.is_some_and(|m| n < m as usize) {
        Some("shorter than `min_length`")
    } else if input.max_length.is_some_and(|m| n > m as usize) {
        Some("longer than `max_length`")
    } else {
        None
    }
}

#[inline(never)]
fn check_length(input: &Input, path: &str) -> Result<()> {
    if let (Some(low), Some(high)) = (input.min_length, input.max_length)
        && low > high
    {
        return Err(fault(format!("{path}.min_length"), "`min_length` is above `max_length`"));
    }
    if input.max_length == Some(0) && !input.allow_empty {
        return Err(fault(
            format!("{path}.max_length"),
            "only the empty text has no characters, and it is not allowed",
        ));
    }
    if input.allow_empty && input.min_length.is_some_and(|m| m > 0) {
        return Err(fault(format!("{path}.allow_empty"), "`min_length` forbids the empty text"));
    }
    Ok(())
}
