//! Positions of values in an encoder's list of categories.

use super::step::Item;
use crate::contract::{Scalar, TextSet};
use crate::sorted::{sort, sort_by};

/// Stands for "not in the list".
const NONE: u32 = u32::MAX;

/// Finds the position of a value in a list of categories.
#[derive(Clone, Debug)]
pub(super) enum Positions {
    /// Of each category of the vocabulary that arrives.
    Table(Box<[u32]>),
    /// Of texts.
    Texts(TextSet),
    /// Of numbers, integers and booleans: sorted by value.
    Numbers(Box<[(f64, u32)]>),
    /// Of integers that binary64 may not hold: sorted by value.
    Integers(Box<[(i64, u32)]>),
}

impl Positions {
    /// Positions in `list`; `vocabulary` is what category numbers stand for, if categories arrive.
    pub fn new(list: &[Scalar], vocabulary: Option<&[Scalar]>) -> Self {
        if let Some(vocabulary) = vocabulary {
            let texts = TextSet::new(list.iter().map(text));
            let table = vocabulary.iter().map(|v| texts.position(text(v)).unwrap_or(NONE));
            return Self::Table(table.collect());
        }
        if list.iter().any(|s| matches!(s, Scalar::Text(_))) {
            return Self::Texts(TextSet::new(list.iter().map(text)));
        }
        if list.iter().all(|s| matches!(s, Scalar::Integer(_))) {
            let mut sorted: Box<[(i64, u32)]> =
                list.iter().filter_map(Scalar::as_i64).zip(0..).collect();
            sort(&mut sorted);
            return Self::Integers(sorted);
        }
        let number = |s: &Scalar| match s {
            Scalar::Bool(b) => Some(f64::from(u8::from(*b))),
            other => other.as_f64(),
        };
        let mut sorted: Box<[(f64, u32)]> = list.iter().filter_map(number).zip(0..).collect();
        sort_by(&mut sorted, |a, b| a.0.total_cmp(&b.0));
        Self::Numbers(sorted)
    }

    /// Position of the value, or `None` if the list lacks it.
    pub fn of(&self, item: &Item<'_>) -> Option<u32> {
        match (self, item) {
            (Self::Table(table), Item::Category(i)) => {
                table.get(*i as usize).copied().filter(|at| *at != NONE)
            }
            (Self::Texts(texts), Item::Text(text)) => texts.position(text),
            (Self::Integers(sorted), Item::Integer(i)) => {
                let at = sorted.binary_search_by_key(i, |(v, _)| *v).ok()?;
                sorted.get(at).map(|(_, n)| *n)
            }
            (Self::Integers(sorted), Item::Number(x)) => {
                sorted.iter().find(|(v, _)| *v as f64 == *x).map(|(_, n)| *n)
            }
            (Self::Numbers(sorted), item) => {
                let x = item.as_f64()?;
                let order =
                    |v: &(f64, u32)| v.0.partial_cmp(&x).unwrap_or(std::cmp::Ordering::Less);
                let at = sorted.binary_search_by(order).ok()?;
                sorted.get(at).map(|(_, n)| *n)
            }
            _ => None,
        }
    }
}

fn text(scalar: &Scalar) -> &str {
    scalar.as_text().unwrap_or_default()
}
