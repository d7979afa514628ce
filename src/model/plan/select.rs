//! One of two elements, by a condition.

use super::args::{Args, Outs, Signature};
use super::broadcast::{Strides, broadcast, for_each_row};
use super::codec::{Reader, Writer};
use super::fault::Checked;
use super::step::Operator;
use super::strided::by_width;
use super::types::{TensorType, element_bytes};
use crate::tensor::DType;
use bytemuck::Pod;

/// Inputs: condition bool, then two tensors of one type. Output: the broadcast shape; where the
/// condition holds from the first, else from the second. `Where` of ONNX.
#[derive(Clone, Debug)]
pub struct Select;

impl Operator for Select {
    const NAME: &'static str = "select";

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self)
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(3)?;
        let condition = signature.typed(0, DType::Bool)?;
        let a = signature.ty(1)?;
        let b = signature.typed(2, a.dtype)?;
        let shape = broadcast(&condition.shape, &broadcast(&a.shape, &b.shape)?)?;
        Ok(vec![TensorType::new(a.dtype, shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        by_width!(element_bytes(outs.dtype(0)), T => select::<T>(args, outs));
        Ok(())
    }
}

fn select<T: Pod>(args: &Args<'_>, outs: &mut Outs<'_>) {
    let result = outs.extents(0);
    let strides = [0, 1, 2].map(|k| Strides::new(&args.extents(k), &result));
    let (conditions, a, b) = (args.get::<u8>(0), args.words::<T>(1), args.words::<T>(2));
    let mut out = outs.words::<T>(0);
    for_each_row(&result, strides, |[at, at_a, at_b], length, [step, step_a, step_b]| {
        let (row, rest) = std::mem::take(&mut out).split_at_mut(length);
        out = rest;
        for (i, to) in row.iter_mut().enumerate() {
            let holds = conditions.get(at + i * step) == Some(&1);
            let from = if holds { a.get(at_a + i * step_a) } else { b.get(at_b + i * step_b) };
            if let Some(from) = from {
                *to = *from;
            }
        }
    });
}
