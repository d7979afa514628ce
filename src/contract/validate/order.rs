//! Order and equality of cells.

use crate::contract::scalar::Scalar;
use crate::contract::schema::InputType;
use crate::contract::time::{Instant, parse_rfc3339};
use crate::contract::valid::Cell;
use std::cmp::Ordering;

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    Integer(i64),
    Number(f64),
    Instant(Instant),
}

impl Bound {
    /// The end that the scalar is for an input of this type; `Err` says what it must be.
    pub fn new(scalar: &Scalar, input: InputType) -> Result<Self, &'static str> {
        match (input, scalar) {
            (InputType::Timestamp, Scalar::Text(text)) => {
                parse_rfc3339(text).map(Self::Instant).map_err(|_| "an RFC 3339 timestamp")
            }
            (InputType::Timestamp, _) => Err("an RFC 3339 timestamp"),
            (_, Scalar::Integer(i)) => Ok(Self::Integer(*i)),
            (_, Scalar::Number(x)) => Ok(Self::Number(*x)),
            _ => Err("a number"),
        }
    }
}

/// Order of a cell and an end, without rounding; `None` if they are not comparable.
pub(super) fn compare(cell: &Cell<'_>, bound: &Bound) -> Option<Ordering> {
    match (cell, bound) {
        (Cell::Integer(a), Bound::Integer(b)) => Some(a.cmp(b)),
        (Cell::Integer(a), Bound::Number(b)) => integer_to_number(*a, *b),
        (Cell::Number(a), Bound::Integer(b)) => integer_to_number(*b, *a).map(Ordering::reverse),
        (Cell::Number(a), Bound::Number(b)) => a.partial_cmp(b),
        (Cell::Timestamp(a), Bound::Instant(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Order of an integer and a number, exact also beyond 2^53.
pub(super) fn integer_to_number(i: i64, x: f64) -> Option<Ordering> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if x.is_nan() {
        return None;
    }
    if x >= LIMIT {
        return Some(Ordering::Less);
    }
    if x < -LIMIT {
        return Some(Ordering::Greater);
    }
    let whole = libm::floor(x);
    Some(i.cmp(&(whole as i64)).then(if x > whole { Ordering::Less } else { Ordering::Equal }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_numbers_compare_exactly() {
        let c = |i, x| integer_to_number(i, x).unwrap();
        assert_eq!(c((1 << 53) + 1, 9_007_199_254_740_992.0), Ordering::Greater);
        assert_eq!(c(i64::MAX, 9_223_372_036_854_775_808.0), Ordering::Less);
        assert_eq!(c(i64::MIN, -9_223_372_036_854_775_808.0), Ordering::Equal);
        assert_eq!(c(2, 2.5), Ordering::Less);
        assert_eq!(c(-2, -2.5), Ordering::Greater);
        assert_eq!(c(0, -0.0), Ordering::Equal);
        assert_eq!(c(5, f64::INFINITY), Ordering::Less);
        assert_eq!(integer_to_number(5, f64::NAN), None);
    }
}
