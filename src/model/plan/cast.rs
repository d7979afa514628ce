//! Numbers to other types of numbers, as `Cast` of ONNX: to integers towards zero.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault};
use super::step::Operator;
use super::tables::DTYPES;
use super::types::TensorType;
use crate::tensor::DType;

/// Input: any type but string. Output: the same shape in type `to`, any but string.
#[derive(Clone, Debug)]
pub struct Cast {
    to: DType,
}

impl Cast {
    /// A cast to this type.
    pub const fn new(to: DType) -> Self {
        Self { to }
    }
}

impl Operator for Cast {
    const NAME: &'static str = "cast";

    fn write(&self, writer: &mut Writer) {
        writer.u8(DTYPES.iter().position(|d| *d == self.to).unwrap_or(0) as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let to = DTYPES.get(reader.u8()? as usize);
        Ok(Self { to: *to.ok_or(Fault::new("there is no such element type"))? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        let ty = signature.ty(0)?;
        if ty.dtype == DType::String || self.to == DType::String {
            return Err(Fault::dtype("text cannot be cast"));
        }
        Ok(vec![ty.with_dtype(self.to)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        macro_rules! from {
            ($a:ty) => {
                match self.to {
                    DType::Float32 => map(args, outs, |x: $a| x as f32),
                    DType::Float64 => map(args, outs, |x: $a| x as f64),
                    DType::Int64 => map(args, outs, |x: $a| x as i64),
                    DType::Int32 => map(args, outs, |x: $a| x as i64 as i32),
                    DType::Uint8 => map(args, outs, |x: $a| x as i64 as u8),
                    DType::Bool => map(args, outs, |x: $a| u8::from(x != 0 as $a)),
                    DType::String => {}
                }
            };
        }
        match args.dtype(0) {
            DType::Float32 => from!(f32),
            DType::Float64 => from!(f64),
            DType::Int64 => from!(i64),
            DType::Int32 => from!(i32),
            DType::Uint8 | DType::Bool => from!(u8),
            DType::String => {}
        }
        Ok(())
    }
}

fn map<A: Element, B: Element>(args: &Args<'_>, outs: &mut Outs<'_>, f: impl Fn(A) -> B) {
    for (to, from) in outs.get::<B>(0).iter_mut().zip(args.get::<A>(0)) {
        *to = f(*from);
    }
}
