//! Columns by their numbers, as `ArrayFeatureExtractor` of `ai.onnx.ml`.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::step::Operator;
use super::types::{Dim, Shape, TensorType, element_bytes};
use crate::tensor::DType;

/// Inputs: x of any type `[.., columns]`, a vector is one row; numbers of columns i64, any shape.
///
/// Output: x with these columns in this order; always at least two dimensions.
#[derive(Clone, Debug)]
pub struct Extract;

impl Operator for Extract {
    const NAME: &'static str = "extract";

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self)
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(2)?;
        let x = signature.ty(0)?;
        let (_, columns) = signature.rows_columns(0)?;
        let picks = signature.typed(1, DType::Int64)?.shape.count()?;
        if signature.is_constant(1).is_ok() {
            let known = signature.constant::<i64>(1)?;
            ensure(
                known.iter().all(|i| (0..columns as i64).contains(i)),
                "the number of a column is out of range",
            )?;
        }
        let mut shape = Shape::SCALAR;
        if x.shape.rank() == 1 {
            shape.push(Dim::Fixed(1))?;
        }
        for dim in x.shape.dims().iter().rev().skip(1).rev() {
            shape.push(*dim)?;
        }
        shape.push(picks)?;
        shape.count()?;
        Ok(vec![TensorType::new(x.dtype, shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let size = element_bytes(outs.dtype(0));
        let columns = args.extents(0).dims().last().copied().unwrap_or(0);
        let picks = args.get::<i64>(1);
        let out = outs.bytes(0);
        if picks.is_empty() || out.is_empty() {
            return Ok(());
        }
        ensure(
            picks.iter().all(|i| (0..columns as i64).contains(i)),
            "the number of a column is out of range",
        )?;
        let rows = args.bytes(0).chunks_exact(columns * size);
        for (row, out) in rows.zip(out.chunks_exact_mut(picks.len() * size)) {
            for (to, pick) in out.chunks_exact_mut(size).zip(picks) {
                let at = *pick as usize * size;
                if let Some(from) = row.get(at..at + size) {
                    to.copy_from_slice(from);
                }
            }
        }
        Ok(())
    }
}
