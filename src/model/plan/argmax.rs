//! Index of the greatest or least element along one axis.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::step::Operator;
use super::types::{Dim, Shape, TensorType};
use crate::tensor::DType;

/// Input: f32, f64, i32, i64 or u8. Output: i64, the shape without `axis` or with 1 in its place.
#[derive(Clone, Debug)]
pub struct ArgExtreme {
    /// The least instead of the greatest.
    pub least: bool,
    /// The last of equals instead of the first.
    pub last: bool,
    /// The axis stays, with length 1.
    pub keep: bool,
    /// Counted from the outermost.
    pub axis: u8,
}

impl Operator for ArgExtreme {
    const NAME: &'static str = "arg_extreme";

    fn write(&self, writer: &mut Writer) {
        writer.bool(self.least);
        writer.bool(self.last);
        writer.bool(self.keep);
        writer.u8(self.axis);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self {
            least: reader.bool()?,
            last: reader.bool()?,
            keep: reader.bool()?,
            axis: reader.u8()?,
        })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        let ty = signature.any_of(
            0,
            &[DType::Float32, DType::Float64, DType::Int32, DType::Int64, DType::Uint8],
        )?;
        let axis = self.axis as usize;
        let along = ty.shape.dim(axis)?;
        ensure(along != Dim::Fixed(0), "the axis is empty")?;
        let mut shape = Shape::SCALAR;
        for (i, dim) in ty.shape.dims().iter().enumerate() {
            if i != axis {
                shape.push(*dim)?;
            } else if self.keep {
                shape.push(Dim::Fixed(1))?;
            }
        }
        Ok(vec![TensorType::new(DType::Int64, shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match args.dtype(0) {
            DType::Float32 => self.lines::<f32>(args, outs),
            DType::Float64 => self.lines::<f64>(args, outs),
            DType::Int32 => self.lines::<i32>(args, outs),
            DType::Int64 => self.lines::<i64>(args, outs),
            _ => self.lines::<u8>(args, outs),
        }
        Ok(())
    }
}

impl ArgExtreme {
    fn lines<T: Element + PartialOrd>(&self, args: &Args<'_>, outs: &mut Outs<'_>) {
        let (_, along, inner) = args.extents(0).around(self.axis as usize);
        let block = along * inner;
        if block == 0 {
            return;
        }
        let blocks = args.get::<T>(0).chunks_exact(block);
        for (x, out) in blocks.zip(outs.get::<i64>(0).chunks_exact_mut(inner)) {
            for (i, to) in out.iter_mut().enumerate() {
                let mut best: Option<(usize, T)> = None;
                for (at, x) in x.iter().skip(i).step_by(inner).enumerate() {
                    let better = best.is_none_or(|(_, most)| {
                        let beyond = if self.least { *x < most } else { *x > most };
                        beyond || (self.last && *x == most)
                    });
                    if better {
                        best = Some((at, *x));
                    }
                }
                *to = best.map_or(0, |(at, _)| at as i64);
            }
        }
    }
}
