//! A record after validation.

use super::time::Instant;
use crate::tensor::Tensor;
use std::borrow::Cow;

/// One value that passed its input's clauses, or the reason why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// `null` or no such field, whatever follows from it.
    Missing,
    /// A clause with severity `escalate` or `reject` is broken; the value is gone.
    Invalid,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A category: its position in the input's `values`.
    Category(u32),
    /// A category that `values` does not list, whatever follows from it.
    Unseen(Cow<'a, str>),
    /// An instant.
    Timestamp(Instant),
    /// An array, of the contract's element type.
    Array(Tensor),
    /// An array or object under an input of type `any`; nothing is computed from it.
    Opaque,
}

/// A record after validation: one cell an input, in the contract's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ValidRecord<'a> {
    /// The cells.
    pub cells: Vec<Cell<'a>>,
}
