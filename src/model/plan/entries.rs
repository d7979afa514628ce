//! Maps as inputs: the keys and the values of one map are two tensors whose length is the call's.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::step::Operator;
use super::types::{Dim, Shape, TensorType, element_bytes};
use crate::tensor::DType;

/// The entries of a map as they came: the keys ascend and are distinct, or the call is refused.
///
/// Inputs: keys i64 or string `[n]`; values of any type `[n]`. Outputs: the same.
#[derive(Clone, Debug)]
pub struct MapEntries;

impl Operator for MapEntries {
    const NAME: &'static str = "map_entries";

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self)
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(2)?;
        let keys = signature.any_of(0, &[DType::Int64, DType::String])?;
        let values = signature.ty(1)?;
        let same = keys.shape.rank() == 1 && keys.shape == values.shape;
        ensure(same, "keys and values differ in number")?;
        Ok(vec![keys, values])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let integers = args.get::<i64>(0);
        let mut ascend = integers.iter().zip(integers.iter().skip(1)).all(|(a, b)| a < b);
        let texts = args.get::<u32>(0);
        if !texts.is_empty() {
            ascend = (texts.iter().zip(texts.iter().skip(1)))
                .all(|(a, b)| outs.symbols.text(*a) < outs.symbols.text(*b));
        }
        ensure(ascend, "the keys of a map do not ascend")?;
        for k in [0, 1] {
            for (to, from) in outs.bytes(k).iter_mut().zip(args.bytes(k)) {
                *to = *from;
            }
        }
        Ok(())
    }
}

/// One row with each value at its position; a position past the end is left out.
///
/// Inputs: positions i64 `[n]`; values of any type `[n]`; as the values and constant, one: what stands
/// where nothing is put. Output: `[1, columns]` in the values' type.
#[derive(Clone, Debug)]
pub struct Scatter {
    columns: u32,
}

impl Scatter {
    /// A row of so many columns.
    pub const fn new(columns: u32) -> Self {
        Self { columns }
    }
}

impl Operator for Scatter {
    const NAME: &'static str = "scatter";

    fn write(&self, writer: &mut Writer) {
        writer.u32(self.columns);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self::new(reader.u32()?))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(3)?;
        let positions = signature.typed(0, DType::Int64)?.shape.count()?;
        let values = signature.ty(1)?;
        ensure(values.shape.count()? == positions, "positions and values differ in number")?;
        let empty = signature.typed(2, values.dtype)?.shape.count()?;
        ensure(empty == Dim::Fixed(1), "one value stands for what is absent")?;
        ensure(self.columns > 0, "there is no column")?;
        let shape = Shape::new(&[Dim::Fixed(1), Dim::Fixed(self.columns)])?;
        shape.count()?;
        Ok(vec![TensorType::new(values.dtype, shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let size = element_bytes(outs.dtype(0));
        let out = outs.bytes(0);
        for to in out.chunks_exact_mut(size) {
            to.copy_from_slice(args.bytes(2));
        }
        let values = args.bytes(1).chunks_exact(size);
        for (position, value) in args.get::<i64>(0).iter().zip(values) {
            ensure(*position >= 0, "the key of a map is negative")?;
            let at = usize::try_from(*position).unwrap_or(usize::MAX).saturating_mul(size);
            if let Some(to) = out.get_mut(at..at.saturating_add(size)) {
                to.copy_from_slice(value);
            }
        }
        Ok(())
    }
}
