//! The model's input tensors, filled row by row.

use super::clock::Clock;
use super::pipeline::Pipeline;
use super::step::{Item, Refusal, refuse};
use crate::error::ErrorCode;
use crate::tensor::{DType, TensorData};
use std::borrow::Cow;
use std::sync::Arc;

/// Input tensors of the model, in the order of the contract's tensors, with the same rows.
#[derive(Clone, Debug)]
pub struct Features {
    pub(super) tensors: Vec<FeatureTensor>,
    pub(super) rows: usize,
    widths: Vec<usize>,
    pub(super) clocks: Vec<Option<Clock>>,
}

/// One input tensor, `[rows, width]` or, for an image, `[rows, …shape]`, row-major.
#[derive(Clone, Debug)]
pub struct FeatureTensor {
    /// Name of the ONNX graph's input.
    pub name: Arc<str>,
    /// Element type.
    pub dtype: DType,
    /// Elements of one row.
    pub width: usize,
    /// Lengths of a row's dimensions: just `width`, unless the row is an array of several.
    pub shape: Arc<[usize]>,
    /// Names of the columns, or the one name of an array of several dimensions.
    pub(super) columns: Arc<[Box<str>]>,
    /// The elements.
    pub data: TensorData,
}

/// One element for reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FeatureValue<'a> {
    /// Of a float tensor.
    Number(f64),
    /// Of an integer tensor.
    Integer(i64),
    /// Of a bool tensor.
    Boolean(bool),
    /// Of a string tensor.
    Text(&'a str),
}

impl Features {
    /// Empty tensors for the pipeline's rows.
    #[inline(never)]
    pub fn new(pipeline: &Pipeline) -> Self {
        let widths = pipeline.widths().collect();
        Self { tensors: pipeline.empty_tensors(), rows: 0, widths, clocks: Vec::new() }
    }

    /// Drops the rows and keeps the memory.
    pub fn clear(&mut self) {
        self.tensors.iter_mut().for_each(|t| t.data.clear());
        self.rows = 0;
    }

    /// Forgets the clocks of the last record, whatever becomes of the next one.
    pub fn forget_clocks(&mut self) {
        self.clocks.clear();
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The tensors, in the order of the contract's.
    pub fn tensors(&self) -> &[FeatureTensor] {
        &self.tensors
    }

    /// The columns of one row with their names, for reports; nothing past the last row.
    pub fn named(&self, row: usize) -> impl Iterator<Item = (Cow<'_, str>, FeatureValue<'_>)> {
        self.tensors.iter().flat_map(move |tensor| {
            let columns = 0..tensor.width;
            columns.filter_map(move |n| {
                tensor.value(row * tensor.width + n).map(|v| (tensor.column(n), v))
            })
        })
    }

    /// How many columns each feature has, in the order of the tensors.
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// Drops what a refused row left behind.
    pub(super) fn truncate(&mut self) {
        for tensor in &mut self.tensors {
            let n = self.rows * tensor.width;
            tensor.data.truncate(n);
        }
    }
}

impl FeatureTensor {
    /// Name of a column: the feature's, with `=category`, `_sin`, `_cos` or `[n]` where a feature
    /// has several.
    pub fn column(&self, n: usize) -> Cow<'_, str> {
        match &*self.columns {
            [one] if self.width > 1 => Cow::Owned(format!("{one}[{n}]")),
            all => Cow::Borrowed(all.get(n).map_or("", AsRef::as_ref)),
        }
    }

    /// The number in a column of a row; `None` for text and past the ends.
    pub fn number(&self, row: usize, column: usize) -> Option<f64> {
        match self.value(row.checked_mul(self.width)?.checked_add(column)?)? {
            FeatureValue::Number(x) => Some(x),
            FeatureValue::Integer(i) => Some(i as f64),
            FeatureValue::Boolean(b) => Some(f64::from(u8::from(b))),
            FeatureValue::Text(_) => None,
        }
    }

    fn value(&self, at: usize) -> Option<FeatureValue<'_>> {
        Some(match &self.data {
            TensorData::Float32(v) => FeatureValue::Number(f64::from(*v.get(at)?)),
            TensorData::Float64(v) => FeatureValue::Number(*v.get(at)?),
            TensorData::Int64(v) => FeatureValue::Integer(*v.get(at)?),
            TensorData::Int32(v) => FeatureValue::Integer(i64::from(*v.get(at)?)),
            TensorData::Int16(v) => FeatureValue::Integer(i64::from(*v.get(at)?)),
            TensorData::Int8(v) => FeatureValue::Integer(i64::from(*v.get(at)?)),
            // only integers of 64 bits with a sign are ever put in
            TensorData::Uint64(v) => FeatureValue::Integer(i64::try_from(*v.get(at)?).ok()?),
            TensorData::Uint32(v) => FeatureValue::Integer(i64::from(*v.get(at)?)),
            TensorData::Uint16(v) => FeatureValue::Integer(i64::from(*v.get(at)?)),
            TensorData::Uint8(v) => FeatureValue::Integer(i64::from(*v.get(at)?)),
            TensorData::Bool(v) => FeatureValue::Boolean(*v.get(at)?),
            TensorData::String(v) => FeatureValue::Text(v.get(at)?),
        })
    }

    /// Appends a feature's columns.
    pub(super) fn push(&mut self, item: Item<'_>, texts: &[Box<str>]) -> Result<(), Refusal> {
        match item {
            Item::Pair(a, b) => {
                self.push_one(Item::Number(a), texts)?;
                self.push_one(Item::Number(b), texts)
            }
            Item::OneHot(at, width) => (0..width)
                .try_for_each(|n| self.push_one(Item::Integer(i64::from(at == Some(n))), texts)),
            Item::Tokens(hasher, text) => {
                hasher.row(text).into_iter().try_for_each(|x| self.push_one(Item::Number(x), texts))
            }
            item => self.push_one(item, texts),
        }
    }

    fn push_one(&mut self, item: Item<'_>, texts: &[Box<str>]) -> Result<(), Refusal> {
        const MISSING: Refusal = refuse(ErrorCode::MissingValue, "no step handles a missing value");
        const UNFIT: Refusal =
            refuse(ErrorCode::NotRepresentable, "the model's input type cannot hold the value");
        if let Item::Missing = item {
            return Err(MISSING);
        }
        match &mut self.data {
            TensorData::Float32(v) if matches!(item, Item::Nan) => v.push(f32::NAN),
            TensorData::Float64(v) if matches!(item, Item::Nan) => v.push(f64::NAN),
            TensorData::Float32(v) => {
                let x = item.as_f64().ok_or(UNFIT)? as f32;
                v.push(if x.is_finite() { x } else { return Err(UNFIT) });
            }
            TensorData::Float64(v) => {
                let x = item.as_f64().ok_or(UNFIT)?;
                v.push(if x.is_finite() { x } else { return Err(UNFIT) });
            }
            TensorData::Int64(v) => v.push(whole(item).ok_or(UNFIT)?),
            TensorData::Int32(v) => v.push(narrow(item).ok_or(UNFIT)?),
            TensorData::Int16(v) => v.push(narrow(item).ok_or(UNFIT)?),
            TensorData::Int8(v) => v.push(narrow(item).ok_or(UNFIT)?),
            TensorData::Uint64(v) => v.push(narrow(item).ok_or(UNFIT)?),
            TensorData::Uint32(v) => v.push(narrow(item).ok_or(UNFIT)?),
            TensorData::Uint16(v) => v.push(narrow(item).ok_or(UNFIT)?),
            TensorData::Uint8(v) => v.push(narrow(item).ok_or(UNFIT)?),
            TensorData::Bool(v) => match item {
                Item::Boolean(b) => v.push(b),
                _ => return Err(UNFIT),
            },
            TensorData::String(v) => match item {
                Item::Text(text) | Item::Unseen(text) => v.push(text.to_owned()),
                Item::Category(i) => {
                    v.push(texts.get(i as usize).ok_or(UNFIT)?.to_string());
                }
                _ => return Err(UNFIT),
            },
        }
        Ok(())
    }
}

/// The item as an integer of the tensor's type, if it is exactly one.
fn narrow<T: TryFrom<i64>>(item: Item<'_>) -> Option<T> {
    whole(item)?.try_into().ok()
}

/// The item as an integer, if it is exactly one.
fn whole(item: Item<'_>) -> Option<i64> {
    match item {
        Item::Integer(i) => Some(i),
        Item::Boolean(b) => Some(i64::from(b)),
        Item::Number(x) => {
            let i = x as i64;
            (i as f64 == x && x < 9_223_372_036_854_775_808.0).then_some(i)
        }
        _ => None,
    }
}
