//! Ends of ranges, compared as the validator reads them.

use driftline::contract::{InputType, Instant, Scalar, parse_rfc3339};
use std::cmp::Ordering;

/// How a clause moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    Same,
    /// Takes more.
    Looser,
    /// Takes less, or cannot be compared.
    Tighter,
}

/// An end of a range, and whether it is itself outside.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Integer(i128),
    Number(f64, bool),
    Instant(Instant, bool),
    /// What does not compare.
    Unknown,
}

/// A written end: the scalar and whether it is open.
pub type Written<'a> = (Option<&'a Scalar>, bool);

fn end(kind: InputType, (scalar, open): Written<'_>, low: bool) -> Option<End> {
    let scalar = scalar?;
    Some(match (kind, scalar) {
        // the next whole number inside
        (InputType::Integer, Scalar::Integer(i)) => {
            End::Integer(i128::from(*i) + if low { i128::from(open) } else { -i128::from(open) })
        }
        // of an array the ends are those of every element
        (InputType::Number | InputType::Array, scalar) => {
            scalar.as_f64().map_or(End::Unknown, |x| End::Number(x, open))
        }
        (InputType::Timestamp, Scalar::Text(text)) => {
            parse_rfc3339(text).map_or(End::Unknown, |t| End::Instant(t, open))
        }
        _ => End::Unknown,
    })
}

/// How one end moved from `a` to `b`; `low` for a lower one.
pub fn moved(
    (kind_a, a): (InputType, Written<'_>),
    (kind_b, b): (InputType, Written<'_>),
    low: bool,
) -> Move {
    if kind_a == kind_b && a == b {
        return Move::Same;
    }
    let order = match (end(kind_a, a, low), end(kind_b, b, low)) {
        (None, None) => return Move::Same,
        (Some(_), None) => return Move::Looser,
        (None, Some(_)) => return Move::Tighter,
        (Some(a), Some(b)) => compare(a, b, low),
    };
    // a lower end that rises takes less, an upper one takes more
    match order {
        Some(Ordering::Equal) => Move::Same,
        Some(order) if (order == Ordering::Greater) != low => Move::Looser,
        _ => Move::Tighter,
    }
}

/// Where `b` lies from `a`; an open end lies inside a closed one.
fn compare(a: End, b: End, low: bool) -> Option<Ordering> {
    let inside = |a: bool, b: bool| if low { b.cmp(&a) } else { a.cmp(&b) };
    match (a, b) {
        (End::Integer(a), End::Integer(b)) => Some(b.cmp(&a)),
        (End::Number(a, open_a), End::Number(b, open_b)) => {
            Some(b.partial_cmp(&a)?.then(inside(open_a, open_b)))
        }
        (End::Instant(a, open_a), End::Instant(b, open_b)) => {
            Some(b.cmp(&a).then(inside(open_a, open_b)))
        }
        // an integer becomes a number: both are exact where that is compatible at all
        (End::Integer(a), End::Number(b, open)) => {
            Some(b.partial_cmp(&(a as f64))?.then(inside(false, open)))
        }
        (End::Number(a, open), End::Integer(b)) => {
            Some((b as f64).partial_cmp(&a)?.then(inside(open, false)))
        }
        _ => None,
    }
}
