//! Numbers to other types of numbers, as `Cast` of ONNX: to integers towards zero.
//!
//! Elements go through binary64 or 64-bit integers, some at a time, so that there is one loop for
//! each type read and each type written, and not one for each pair.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault};
use super::step::Operator;
use super::tables::read_dtype;
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

/// Elements between two types at a time.
const CHUNK: usize = 64;

impl Operator for Cast {
    const NAME: &'static str = "cast";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.to as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { to: read_dtype(reader)? })
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
        let from = args.dtype(0);
        let count = args.extents(0).count();
        let is_float = |t| matches!(t, DType::Float32 | DType::Float64);
        // beyond 2⁶³ only binary64 holds them
        let wide = from == DType::Uint64 && is_float(self.to);
        for at in (0..count).step_by(CHUNK) {
            let len = CHUNK.min(count - at);
            if is_float(from) || wide {
                let mut chunk = [0.0; CHUNK];
                let chunk = chunk.get_mut(..len).unwrap_or(&mut []);
                match from {
                    DType::Float32 => load(args, at, chunk, |x: f32| f64::from(x)),
                    DType::Float64 => load(args, at, chunk, |x: f64| x),
                    _ => load(args, at, chunk, |x: u64| x as f64),
                }
                self.store_floats(outs, at, chunk);
            } else {
                let mut chunk = [0; CHUNK];
                let chunk = chunk.get_mut(..len).unwrap_or(&mut []);
                match from {
                    DType::Int64 => load(args, at, chunk, |x: i64| x),
                    DType::Int32 => load(args, at, chunk, |x: i32| i64::from(x)),
                    DType::Int16 => load(args, at, chunk, |x: i16| i64::from(x)),
                    DType::Int8 => load(args, at, chunk, |x: i8| i64::from(x)),
                    DType::Uint64 => load(args, at, chunk, |x: u64| x as i64),
                    DType::Uint32 => load(args, at, chunk, |x: u32| i64::from(x)),
                    DType::Uint16 => load(args, at, chunk, |x: u16| i64::from(x)),
                    _ => load(args, at, chunk, |x: u8| i64::from(x)),
                }
                self.store_integers(outs, at, chunk);
            }
        }
        Ok(())
    }
}

impl Cast {
    fn store_floats(&self, outs: &mut Outs<'_>, at: usize, chunk: &[f64]) {
        match self.to {
            DType::Float32 => store(outs, at, chunk, |x| x as f32),
            DType::Float64 => store(outs, at, chunk, |x| x),
            DType::Bool => store(outs, at, chunk, |x| u8::from(x != 0.0)),
            DType::Uint64 => store(outs, at, chunk, |x| x as u64),
            _ => {
                let mut integers = [0; CHUNK];
                let integers = integers.get_mut(..chunk.len()).unwrap_or(&mut []);
                for (to, x) in integers.iter_mut().zip(chunk) {
                    *to = *x as i64;
                }
                self.store_integers(outs, at, integers);
            }
        }
    }

    fn store_integers(&self, outs: &mut Outs<'_>, at: usize, chunk: &[i64]) {
        match self.to {
            DType::Float32 => store(outs, at, chunk, |x| x as f32),
            DType::Float64 => store(outs, at, chunk, |x| x as f64),
            DType::Int64 => store(outs, at, chunk, |x| x),
            DType::Int32 => store(outs, at, chunk, |x| x as i32),
            DType::Int16 => store(outs, at, chunk, |x| x as i16),
            DType::Int8 => store(outs, at, chunk, |x| x as i8),
            DType::Uint64 => store(outs, at, chunk, |x| x as u64),
            DType::Uint32 => store(outs, at, chunk, |x| x as u32),
            DType::Uint16 => store(outs, at, chunk, |x| x as u16),
            DType::Uint8 => store(outs, at, chunk, |x| x as u8),
            DType::Bool => store(outs, at, chunk, |x| u8::from(x != 0)),
            DType::String => {}
        }
    }
}

fn load<A: Element, B>(args: &Args<'_>, at: usize, chunk: &mut [B], widen: impl Fn(A) -> B) {
    for (to, x) in chunk.iter_mut().zip(args.get::<A>(0).get(at..).unwrap_or(&[])) {
        *to = widen(*x);
    }
}

fn store<A: Copy, B: Element>(
    outs: &mut Outs<'_>,
    at: usize,
    chunk: &[A],
    narrow: impl Fn(A) -> B,
) {
    for (to, x) in outs.get::<B>(0).get_mut(at..).unwrap_or(&mut []).iter_mut().zip(chunk) {
        *to = narrow(*x);
    }
}
