//! The tables of a plan: strings, tensors, ports and steps as they stand in the file.

use super::args::MAX_OUTPUTS;
use super::bytes::{AlignedBytes, BLOCK};
use super::codec::Reader;
use super::fault::{Checked, Fault, ensure};
use super::format::{MAGIC, Origin, Placed, Plan, Port, TensorEntry};
use super::step::Step;
use super::symbols::StringTable;
use super::types::{Shape, TensorType};
use crate::limits::{MAX_PLAN_STEPS, MAX_PLAN_STRINGS, MAX_PLAN_TENSORS, MAX_TEXT_BYTES};
use crate::tensor::DType;

/// Fixed-size beginning of a plan.
#[derive(Debug)]
pub struct Header {
    pub(super) version: u32,
    constant_bytes: usize,
    strings: usize,
    tensors: usize,
    inputs: usize,
    outputs: usize,
    steps: usize,
    step_bytes: usize,
}

impl Header {
    pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        ensure(reader.take(MAGIC.len())? == MAGIC, "these bytes are no plan")?;
        Ok(Self {
            version: reader.u32()?,
            constant_bytes: reader.u32()? as usize,
            strings: reader.count(4, MAX_PLAN_STRINGS)?,
            tensors: reader.count(4, MAX_PLAN_TENSORS)?,
            inputs: reader.count(8, MAX_PLAN_TENSORS)?,
            outputs: reader.count(8, MAX_PLAN_TENSORS)?,
            steps: reader.count(10, MAX_PLAN_STEPS)?,
            step_bytes: reader.u32()? as usize,
        })
    }

    /// The tables of a plan of `total` bytes; the bytes themselves are still to be put in.
    #[inline(never)]
    pub(super) fn tables(&self, mut reader: Reader<'_>, total: usize) -> Checked<Plan> {
        let strings = StringTable::read(&mut reader, self.strings)?;
        let tensors = read_tensors(&mut reader, self.tensors)?;
        let inputs = read_ports(&mut reader, self.inputs, self.tensors)?;
        let outputs = read_ports(&mut reader, self.outputs, self.tensors)?;
        let mut part = Reader::new(reader.take(self.step_bytes)?);
        let mut steps = Vec::with_capacity(self.steps);
        for _ in 0..self.steps {
            steps.push(read_step(&mut part)?);
        }
        part.end()?;
        let read = total.saturating_sub(reader.left());
        let bytes = AlignedBytes::default();
        reader.take(read.next_multiple_of(BLOCK) - read)?;
        ensure(reader.left() == self.constant_bytes, "the constants have another length")?;
        let constants = read.div_ceil(BLOCK);
        Ok(Plan { tensors, inputs, outputs, steps, strings, bytes, constants, work: 0 })
    }
}

/// An element type by its code.
pub fn read_dtype(reader: &mut Reader<'_>) -> Checked<DType> {
    let code = reader.u8()? as usize;
    DType::ALL.get(code).copied().ok_or(Fault::new("there is no such element type"))
}

#[inline(never)]
fn read_tensors(reader: &mut Reader<'_>, count: usize) -> Checked<Vec<TensorEntry>> {
    let mut tensors: Vec<TensorEntry> = Vec::with_capacity(count);
    for _ in 0..count {
        let kind = reader.u8()?;
        let dtype = read_dtype(reader)?;
        let shape = Shape::read(reader)?;
        let elements = shape.count()?;
        let ty = TensorType::new(dtype, shape);
        let origin = match kind {
            0 => Origin::Computed,
            1 => Origin::Constant(reader.u32()?),
            2 => {
                let to = reader.u32()?;
                // only an earlier tensor, so that aliases cannot form a ring
                let target = tensors.get(to as usize).ok_or(Fault::new("an alias looks ahead"))?;
                ensure(
                    target.ty.dtype == dtype && target.ty.shape.count()? == elements,
                    "an alias has another type or size",
                )?;
                Origin::Alias(to)
            }
            _ => return Err(Fault::new("there is no such kind of tensor")),
        };
        tensors.push(TensorEntry { ty, origin });
    }
    Ok(tensors)
}

#[inline(never)]
fn read_ports(reader: &mut Reader<'_>, count: usize, tensors: usize) -> Checked<Vec<Port>> {
    let mut ports = Vec::with_capacity(count);
    for _ in 0..count {
        let tensor = reader.u32()?;
        ensure((tensor as usize) < tensors, "there is no such tensor")?;
        let len = reader.u32()? as usize;
        ensure(len <= MAX_TEXT_BYTES, "a name is too long")?;
        let name = std::str::from_utf8(reader.take(len)?)
            .map_err(|_| Fault::new("a name is no UTF-8"))?
            .to_owned();
        ports.push(Port { name, tensor });
    }
    Ok(ports)
}

#[inline(never)]
fn read_step(reader: &mut Reader<'_>) -> Checked<Placed> {
    let code = reader.u16()?;
    let version = reader.u8()?;
    let outputs = reader.u8()? as usize;
    ensure((1..=MAX_OUTPUTS).contains(&outputs), "a step has a wrong number of outputs")?;
    let inputs = reader.u16()? as usize;
    let attributes = reader.u32()? as usize;
    ensure(inputs * 4 <= reader.left(), "a count is larger than what follows")?;
    let inputs = (0..inputs).map(|_| reader.u32()).collect::<Checked<_>>()?;
    let outputs = (0..outputs).map(|_| reader.u32()).collect::<Checked<_>>()?;
    let mut part = Reader::new(reader.take(attributes)?);
    let step = Step::read(code, version, &mut part)?;
    part.end()?;
    Ok(Placed { step, inputs, outputs })
}
