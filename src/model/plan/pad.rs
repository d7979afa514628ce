//! Elements added at the ends of dimensions, or taken off.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::strided::{by_width, dense_steps};
use super::types::{Dim, Extents, MAX_RANK, TensorType, element_bytes};
use bytemuck::Pod;

/// What is put beyond the ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One value.
    Constant,
    /// The element at the end.
    Edge,
    /// What lies as far inside, the end itself not repeated.
    Reflect,
    /// What lies at the other end.
    Wrap,
}

impl Mode {
    const ALL: [Self; 4] = [Self::Constant, Self::Edge, Self::Reflect, Self::Wrap];

    /// Where the element at `i` comes from among `n`; `None` for the constant.
    fn source(self, i: i64, n: i64) -> Option<usize> {
        let inside = (0..n).contains(&i);
        let from = match self {
            _ if inside => i,
            Self::Constant => return None,
            Self::Edge => i.clamp(0, n - 1),
            Self::Wrap => i.checked_rem_euclid(n)?,
            Self::Reflect => {
                let period = (2 * (n - 1)).max(1);
                let i = i.checked_rem_euclid(period)?;
                if i < n { i } else { period - i }
            }
        };
        usize::try_from(from).ok()
    }
}

/// Inputs: data, and one element of its type for [`Mode::Constant`]. Output: each dimension longer
/// by `before` and `after`, which may be negative; 0 where the dimension follows the batch.
#[derive(Clone, Debug)]
pub struct Pad {
    mode: Mode,
    pads: Vec<(i32, i32)>,
}

impl Pad {
    /// With the pads before and after of every dimension, outermost first.
    pub const fn new(mode: Mode, pads: Vec<(i32, i32)>) -> Self {
        Self { mode, pads }
    }
}

impl Operator for Pad {
    const NAME: &'static str = "pad";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.mode as u8);
        writer.u8(self.pads.len() as u8);
        for (before, after) in &self.pads {
            writer.u32(*before as u32);
            writer.u32(*after as u32);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let mode = Mode::ALL.get(reader.u8()? as usize);
        let mode = *mode.ok_or(Fault::new("there is no such mode"))?;
        let count = reader.u8()? as usize;
        ensure(count <= MAX_RANK, "a shape has a wrong rank")?;
        let mut pads = Vec::with_capacity(count);
        for _ in 0..count {
            pads.push((reader.u32()? as i32, reader.u32()? as i32));
        }
        Ok(Self { mode, pads })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(2)?;
        let mut ty = signature.ty(0)?;
        let value = signature.typed(1, ty.dtype)?;
        ensure(value.shape.count()? == Dim::Fixed(1), "the padding must be one element")?;
        ensure(self.pads.len() == ty.shape.rank(), "every dimension needs its pads")?;
        for (dim, (before, after)) in ty.shape.dims_mut().iter_mut().zip(&self.pads) {
            if (*before, *after) == (0, 0) {
                continue;
            }
            let Dim::Fixed(n) = *dim else {
                return Err(Fault::dynamic("the batch is padded"));
            };
            ensure(n > 0 || self.mode == Mode::Constant, "an empty dimension is padded")?;
            let len = i64::from(n) + i64::from(*before) + i64::from(*after);
            let len = u32::try_from(len).map_err(|_| Fault::new("a dimension is negative"))?;
            *dim = Dim::Fixed(len);
        }
        ty.shape.count()?;
        Ok(vec![ty])
    }

    fn work(&self, _: &[Extents], outputs: &[Extents]) -> u64 {
        let places = outputs.first().map_or(0, |y| y.count() as u64);
        places.saturating_mul(self.pads.len() as u64 + 1)
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        by_width!(element_bytes(outs.dtype(0)), T => self.fill::<T>(args, outs));
        Ok(())
    }
}

impl Pad {
    fn fill<T: Pod>(&self, args: &Args<'_>, outs: &mut Outs<'_>) {
        let (from, to) = (args.extents(0), outs.extents(0));
        let (data, value) = (args.words::<T>(0), args.words::<T>(1));
        let value = value.first().copied().unwrap_or(T::zeroed());
        let steps = dense_steps(from.dims());
        let mut index = [0; MAX_RANK];
        for out in outs.words::<T>(0) {
            let mut at = Some(0);
            let axes = self.pads.iter().zip(index).zip(from.dims()).zip(steps);
            for ((((before, _), i), n), step) in axes {
                let source = self.mode.source(i as i64 - i64::from(*before), *n as i64);
                at = at.zip(source).map(|(at, i)| at + i * step as usize);
            }
            *out = at.and_then(|at| data.get(at)).copied().unwrap_or(value);
            for (i, n) in index.iter_mut().zip(to.dims()).take(self.pads.len()).rev() {
                *i += 1;
                if *i < *n {
                    break;
                }
                *i = 0;
            }
        }
    }
}
