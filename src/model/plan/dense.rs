//! Fully connected layers: `x · w + b` in binary32 with constant weights.
//!
//! The weights are packed in the panels of `driftline_kernels::dense`, which does the sums.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::step::Operator;
use super::types::{Dim, Extents, TensorType};
use crate::tensor::DType;
use driftline_kernels::dense::{Layer, NARROW, WIDE, padded};

/// Inputs: x f32 `[.., inputs]`; packed weights f32; bias f32 `[outputs]` or empty.
///
/// Output: f32 `[.., outputs]`.
#[derive(Clone, Debug)]
pub struct Dense {
    inputs: u32,
    outputs: u32,
}

impl Dense {
    /// A step for weights of this shape.
    pub const fn new(inputs: u32, outputs: u32) -> Self {
        Self { inputs, outputs }
    }

    /// Columns of the result.
    pub const fn outputs(&self) -> usize {
        self.outputs as usize
    }

    /// Packs weights whose element for input i and output o is `at(i, o)`.
    pub fn pack(inputs: usize, outputs: usize, at: impl Fn(usize, usize) -> f32) -> Vec<f32> {
        let mut packed = Vec::with_capacity(inputs * padded(outputs));
        let mut first = 0;
        while first < outputs {
            let width = if outputs - first <= NARROW { NARROW } else { WIDE };
            for i in 0..inputs {
                packed.extend((first..first + width).map(
                    |o| {
                        if o < outputs { at(i, o) } else { 0.0 }
                    },
                ));
            }
            first += width;
        }
        packed
    }
}

impl Operator for Dense {
    const NAME: &'static str = "dense";

    fn write(&self, writer: &mut Writer) {
        writer.u32(self.inputs);
        writer.u32(self.outputs);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self::new(reader.u32()?, reader.u32()?))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(3)?;
        let mut ty = signature.typed(0, DType::Float32)?;
        let (_, columns) = signature.rows_columns(0)?;
        let (inputs, outputs) = (self.inputs as usize, self.outputs as usize);
        ensure(columns == inputs, "the input has another number of columns than the weights")?;
        ensure(inputs > 0 && outputs > 0, "a dense layer is empty")?;
        let weights = signature.constant::<f32>(1)?;
        ensure(
            inputs.checked_mul(padded(outputs)) == Some(weights.len()),
            "the packed weights have a wrong size",
        )?;
        let bias = signature.constant::<f32>(2)?;
        ensure(bias.is_empty() || bias.len() == outputs, "the bias has a wrong size")?;
        if let Some(last) = ty.shape.dims_mut().last_mut() {
            *last = Dim::Fixed(self.outputs);
        }
        Ok(vec![ty])
    }

    fn work(&self, inputs: &[Extents], _: &[Extents]) -> u64 {
        let x = inputs.first().map_or(0, |x| x.count() as u64);
        x.saturating_mul(padded(self.outputs as usize) as u64)
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let layer = Layer {
            inputs: self.inputs as usize,
            outputs: self.outputs as usize,
            weights: args.get(1),
            bias: args.get(2),
        };
        layer.run(args.get(0), outs.get(0));
        Ok(())
    }
}
