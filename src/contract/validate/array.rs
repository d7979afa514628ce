//! Arrays: images, embeddings, windows of a signal.

use super::Report;
use super::number::{MAX_SAFE, closed_range, shown_range};
use super::order::integer_to_number;
use crate::contract::json::HUGE_INTEGER;
use crate::contract::scalar::exact_f64;
use crate::contract::schema::Input;
use crate::contract::valid::Cell;
use crate::contract::value::Value;
use crate::contract::violation::Severity;
use crate::error::ErrorCode;
use crate::limits::MAX_LIST_LENGTH;
use crate::tensor::{DType, Tensor, TensorData};
use std::cmp::Ordering;

/// Clauses of an array: element type, shape, and a closed range of every element.
#[derive(Clone, Debug)]
pub(super) struct ArrayRule {
    dtype: DType,
    shape: Box<[Option<u32>]>,
    low: f64,
    high: f64,
    severity: Severity,
    range: Box<str>,
}

type Fault = (ErrorCode, String);

impl ArrayRule {
    /// The clauses.
    ///
    /// # Errors
    /// In builds without arrays.
    pub fn new(input: &Input) -> crate::Result<Self> {
        let (low, high) = closed_range(input);
        Ok(Self {
            dtype: input.dtype.unwrap_or(DType::Float32),
            shape: input.shape.as_deref().unwrap_or_default().into(),
            low,
            high,
            severity: input.severity,
            range: shown_range(input),
        })
    }

    pub fn validate<'r>(&self, value: Value<'r>, report: &mut Report<'_>) -> Cell<'r> {
        let read = match value {
            Value::Typed(data) => self.flat(None, data),
            Value::List(items) => self.nested(items),
            Value::Object(members) => self.described(members),
            other => return report.wrong_type("an array", &other),
        };
        let array = read.and_then(|(shape, data)| {
            let shape = self.whole_shape(shape, data.len())?;
            Tensor::new(shape, data).map_err(|e| (ErrorCode::WrongShape, e.message().to_owned()))
        });
        let array = match array {
            Ok(array) => array,
            Err((code, message)) => {
                report.push(code, Severity::Reject, message);
                return Cell::Invalid;
            }
        };
        if let Some(at) = first_not_finite(array.data()) {
            report.push(
                ErrorCode::NotFinite,
                Severity::Reject,
                format!("element {at} is not finite"),
            );
            return Cell::Invalid;
        }
        let (outside, first) = self.outside(array.data());
        if outside > 0 {
            let message = format!(
                "{outside} elements lie outside {}, the first of them is number {first}",
                self.range
            );
            return report.broken(
                ErrorCode::OutOfRange,
                self.severity,
                message,
                Cell::Array(array),
            );
        }
        Cell::Array(array)
    }

    /// A flat typed array, which must have just the contract's element type.
    fn flat(
        &self,
        shape: Option<Vec<usize>>,
        data: TensorData,
    ) -> Result<(Option<Vec<usize>>, TensorData), Fault> {
        if data.dtype() != self.dtype {
            let (wanted, found) = (self.dtype.as_str(), data.dtype().as_str());
            let message = format!("an array of {wanted} is wanted, and one of {found} was found");
            return Err((ErrorCode::WrongType, message));
        }
        too_long(data.len())?;
        Ok((shape, data))
    }

    /// Arrays in arrays, each dimension of one length.
    fn nested(&self, items: Vec<Value<'_>>) -> Result<(Option<Vec<usize>>, TensorData), Fault> {
        let mut shape = Vec::new();
        let mut data = TensorData::empty(self.dtype);
        self.collect(items, 0, self.shape.len(), &mut shape, &mut data)?;
        if shape.len() != self.shape.len() {
            return Err(self.wrong_shape(&shape));
        }
        Ok((Some(shape), data))
    }

    /// `{shape, data}`, with a flat array.
    fn described(
        &self,
        members: Vec<(std::borrow::Cow<'_, str>, Value<'_>)>,
    ) -> Result<(Option<Vec<usize>>, TensorData), Fault> {
        let (mut shape, mut data) = (None, None);
        let mut others = members.len() != 2;
        for (name, value) in members {
            match (&*name, value) {
                ("shape", Value::List(lengths)) => {
                    shape = lengths.iter().map(length).collect::<Option<Vec<_>>>();
                }
                ("data", value) => data = Some(value),
                _ => others = true,
            }
        }
        let (false, Some(shape), Some(data)) = (others, shape, data) else {
            let message = "an object that stands for an array has `shape`, a list of lengths, and \
                           `data`, a flat array";
            return Err((ErrorCode::WrongType, message.to_owned()));
        };
        match data {
            Value::Typed(data) => self.flat(Some(shape), data),
            Value::List(items) => {
                let mut flat = TensorData::empty(self.dtype);
                self.collect(items, 0, 1, &mut Vec::new(), &mut flat)?;
                Ok((Some(shape), flat))
            }
            other => Err((
                ErrorCode::WrongType,
                format!("`data` is of type `{}`, not a flat array", other.type_name()),
            )),
        }
    }

    fn collect(
        &self,
        items: Vec<Value<'_>>,
        axis: usize,
        rank: usize,
        shape: &mut Vec<usize>,
        data: &mut TensorData,
    ) -> Result<(), Fault> {
        self.length_is(axis, items.len(), shape)?;
        for item in items {
            match item {
                Value::List(inner) if axis + 1 < rank => {
                    self.collect(inner, axis + 1, rank, shape, data)?;
                }
                Value::Typed(row) if axis + 2 == rank => {
                    self.length_is(axis + 1, row.len(), shape)?;
                    append(data, self.flat(None, row)?.1);
                }
                Value::List(_) | Value::Typed(_) => {
                    let message = format!("the array has more than {rank} dimensions");
                    return Err((ErrorCode::WrongShape, message));
                }
                Value::Integer(_) | Value::Number(_) if axis + 1 < rank => {
                    let message = format!("the array has fewer than {rank} dimensions");
                    return Err((ErrorCode::WrongShape, message));
                }
                number => push(data, &number)?,
            }
        }
        too_long(data.len())
    }

    fn length_is(&self, axis: usize, found: usize, shape: &mut Vec<usize>) -> Result<(), Fault> {
        match shape.get(axis) {
            None => shape.push(found),
            Some(length) if *length == found => {}
            Some(_) => {
                let message = "the array's rows have different lengths";
                return Err((ErrorCode::WrongShape, message.to_owned()));
            }
        }
        Ok(())
    }

    /// The shape that was given, or the one that so many elements have; the contract's either way.
    fn whole_shape(&self, given: Option<Vec<usize>>, n: usize) -> Result<Vec<usize>, Fault> {
        let Some(shape) = given else {
            let open = self.shape.iter().filter(|length| length.is_none()).count();
            let others: usize =
                self.shape.iter().flatten().map(|length| *length as usize).product();
            let rest = n / others.max(1);
            if open > 1 || n == 0 || rest * others != n || (open == 0 && rest != 1) {
                return Err(self.wrong_shape(&[n]));
            }
            return Ok(self.shape.iter().map(|l| l.map_or(rest, |l| l as usize)).collect());
        };
        let fits = |(wanted, found): (&Option<u32>, &usize)| {
            *found > 0 && wanted.is_none_or(|wanted| wanted as usize == *found)
        };
        if shape.len() != self.shape.len() || !self.shape.iter().zip(&shape).all(fits) {
            return Err(self.wrong_shape(&shape));
        }
        Ok(shape)
    }

    #[cold]
    fn wrong_shape(&self, found: &[usize]) -> Fault {
        let one = |length: Option<usize>| length.map_or("any".to_owned(), |n| n.to_string());
        let list = |lengths: Vec<String>| lengths.join(", ");
        let wanted = list(self.shape.iter().map(|l| one(l.map(|l| l as usize))).collect());
        let found = list(found.iter().map(|n| one(Some(*n))).collect());
        let message = format!("an array of shape [{wanted}] is wanted, and one of [{found}] found");
        (ErrorCode::WrongShape, message)
    }

    /// How many elements lie outside the range, and the position of the first of them.
    fn outside(&self, data: &TensorData) -> (usize, usize) {
        if self.low == f64::NEG_INFINITY && self.high == f64::INFINITY {
            return (0, 0);
        }
        let (low, high) = (self.low, self.high);
        let number = |x: f64| low <= x && x <= high;
        match data {
            TensorData::Float32(v) => count(v, |x| number(f64::from(*x))),
            TensorData::Float64(v) => count(v, |x| number(*x)),
            TensorData::Int32(v) => count(v, |i| number(f64::from(*i))),
            TensorData::Uint8(v) => count(v, |i| number(f64::from(*i))),
            TensorData::Int64(v) => count(v, |i| {
                integer_to_number(*i, low) != Some(Ordering::Less)
                    && integer_to_number(*i, high) != Some(Ordering::Greater)
            }),
            _ => (0, 0),
        }
    }
}

fn count<T>(elements: &[T], inside: impl Fn(&T) -> bool) -> (usize, usize) {
    let first = elements.iter().position(|x| !inside(x));
    first.map_or((0, 0), |first| (elements.iter().filter(|x| !inside(x)).count(), first))
}

fn first_not_finite(data: &TensorData) -> Option<usize> {
    match data {
        TensorData::Float32(v) => v.iter().position(|x| !x.is_finite()),
        TensorData::Float64(v) => v.iter().position(|x| !x.is_finite()),
        _ => None,
    }
}

fn too_long(n: usize) -> Result<(), Fault> {
    if n <= MAX_LIST_LENGTH {
        return Ok(());
    }
    Err((ErrorCode::TooLong, format!("the array has more than {MAX_LIST_LENGTH} elements")))
}

/// A length in a list of them.
fn length(value: &Value<'_>) -> Option<usize> {
    match value {
        Value::Integer(i) => usize::try_from(*i).ok(),
        Value::Number(x) if *x >= 0.0 && *x <= MAX_LIST_LENGTH as f64 && libm::trunc(*x) == *x => {
            Some(*x as usize)
        }
        _ => None,
    }
    .filter(|n| *n <= MAX_LIST_LENGTH)
}

/// Both are of one element type.
fn append(data: &mut TensorData, row: TensorData) {
    match (data, row) {
        (TensorData::Float32(v), TensorData::Float32(row)) => v.extend(row),
        (TensorData::Float64(v), TensorData::Float64(row)) => v.extend(row),
        (TensorData::Int64(v), TensorData::Int64(row)) => v.extend(row),
        (TensorData::Int32(v), TensorData::Int32(row)) => v.extend(row),
        (TensorData::Uint8(v), TensorData::Uint8(row)) => v.extend(row),
        _ => {}
    }
}

/// A plain number as an element; what the element type cannot hold is refused.
fn push(data: &mut TensorData, value: &Value<'_>) -> Result<(), Fault> {
    let at = data.len();
    let unfit = |code| Err((code, format!("element {at} does not fit the array's element type")));
    match data {
        TensorData::Float32(v) => {
            let x = real(at, value)?;
            let single = x as f32;
            if x.is_finite() && !single.is_finite() {
                return unfit(ErrorCode::NotRepresentable);
            }
            v.push(single);
        }
        TensorData::Float64(v) => v.push(real(at, value)?),
        TensorData::Int64(v) => v.push(whole(at, value)?),
        TensorData::Int32(v) => match i32::try_from(whole(at, value)?) {
            Ok(i) => v.push(i),
            Err(_) => return unfit(ErrorCode::NotRepresentable),
        },
        TensorData::Uint8(v) => match u8::try_from(whole(at, value)?) {
            Ok(i) => v.push(i),
            Err(_) => return unfit(ErrorCode::NotRepresentable),
        },
        _ => return unfit(ErrorCode::WrongType),
    }
    Ok(())
}

fn real(at: usize, value: &Value<'_>) -> Result<f64, Fault> {
    match value {
        Value::Number(x) => Ok(*x),
        Value::Integer(i) => exact_f64(*i).ok_or_else(|| {
            (ErrorCode::NotRepresentable, format!("no binary64 number is exactly element {at}"))
        }),
        other => Err(no_number(at, other)),
    }
}

fn whole(at: usize, value: &Value<'_>) -> Result<i64, Fault> {
    match value {
        Value::Integer(i) => Ok(*i),
        Value::Number(x) if x.abs() <= MAX_SAFE && libm::trunc(*x) == *x => Ok(*x as i64),
        Value::Number(x) if !x.is_finite() => {
            Err((ErrorCode::NotFinite, format!("element {at} is not finite")))
        }
        Value::Number(x) if x.abs() > MAX_SAFE => {
            Err((ErrorCode::UnsafeInteger, format!("element {at} may stand for several integers")))
        }
        Value::Number(_) => Err((ErrorCode::NotInteger, format!("element {at} has a fraction"))),
        other => Err(no_number(at, other)),
    }
}

fn no_number(at: usize, found: &Value<'_>) -> Fault {
    if let Value::Other(HUGE_INTEGER) = found {
        return (ErrorCode::NotRepresentable, format!("element {at} does not fit 64 bits"));
    }
    let found = crate::contract::quote::quote(found.type_name());
    (ErrorCode::WrongType, format!("element {at} is of type {found}, not a number"))
}
