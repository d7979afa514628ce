//! Reading a plan: every byte is checked before anything runs.
//!
//! ```text
//! magic "dlplan\0\0" · version u32 · constants u32 (bytes) · strings u32 · tensors u32 · inputs u32
//! · outputs u32 · steps u32 · steps' bytes u32
//! strings   length u32, UTF-8          ascending and distinct
//! tensors   kind u8, dtype u8, rank u8, batch mask u8, dims u32…; constant: block u32; alias: tensor u32
//! inputs    tensor u32, name length u32, UTF-8
//! outputs   tensor u32, name length u32, UTF-8
//! steps     code u16, version u8, outputs u8, inputs u16, attribute bytes u32, inputs u32…, outputs u32…, attributes
//! padding to 16, constants
//! ```

use super::args::{Operand, Signature};
use super::bytes::{AlignedBytes, BLOCK, Block};
use super::codec::Reader;
use super::fault::{Checked, Fault, ensure};
use super::step::Step;
use super::symbols::StringTable;
use super::tables::Header;
use super::types::{TensorType, element_bytes};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_PLAN_WORK;
use crate::tensor::DType;

/// First bytes of a plan.
pub const MAGIC: &[u8; 8] = b"dlplan\0\0";

/// Version of the format.
pub const VERSION: u32 = 1;

/// Where a tensor comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An input of the plan or an output of a step.
    Computed,
    /// Constant, from this block of the constants on.
    Constant(u32),
    /// The elements of an earlier tensor in another shape.
    Alias(u32),
}

/// One line of the table of tensors.
#[derive(Clone, Copy, Debug)]
pub struct TensorEntry {
    /// Its type.
    pub ty: TensorType,
    /// Where it comes from.
    pub origin: Origin,
}

/// An input or output of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Name as in the ONNX model.
    pub name: String,
    /// Tensor of the table.
    pub tensor: u32,
}

/// A step with its operands.
#[derive(Clone, Debug)]
pub struct Placed {
    /// What it does.
    pub step: Step,
    /// Tensors that it reads.
    pub inputs: Vec<u32>,
    /// Tensors that it writes.
    pub outputs: Vec<u32>,
}

/// A compiled model that was read and checked.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) tensors: Vec<TensorEntry>,
    pub(super) inputs: Vec<Port>,
    pub(super) outputs: Vec<Port>,
    pub(super) steps: Vec<Placed>,
    pub(super) strings: StringTable,
    pub(super) bytes: AlignedBytes,
    /// Block where the constants begin.
    pub(super) constants: usize,
    /// About how many element operations one row takes.
    pub(super) work: u64,
}

impl Plan {
    /// Reads and checks a plan.
    ///
    /// # Errors
    /// [`ErrorCode::FormatVersion`] for another version, [`ErrorCode::PlanInvalid`] for anything
    /// that is damaged or contradicts itself, with the tensor or step, and
    /// [`ErrorCode::ModelTooLarge`] past [`MAX_PLAN_WORK`].
    pub fn from_bytes(bytes: AlignedBytes) -> Result<Self> {
        let mut reader = Reader::new(bytes.as_slice());
        let header = Header::read(&mut reader).map_err(Fault::in_plan)?;
        if header.version != VERSION {
            return Err(Error::new(
                ErrorCode::FormatVersion,
                format!("the plan has version {}, this driftline reads {VERSION}", header.version),
            ));
        }
        let mut plan = header.tables(reader, bytes.as_slice().len()).map_err(Fault::in_plan)?;
        plan.bytes = bytes;
        plan.check_constants().map_err(Fault::in_plan)?;
        plan.check_steps()?;
        Ok(plan)
    }

    /// Inputs in the order of the model.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// Outputs in the order of the model.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// The steps in the order in which they run.
    pub fn steps(&self) -> &[Placed] {
        &self.steps
    }

    /// The constants, from their first block on.
    pub(super) fn constant_blocks(&self) -> &[Block] {
        self.bytes.blocks().get(self.constants..).unwrap_or(&[])
    }

    /// Type of a tensor.
    pub fn ty(&self, tensor: u32) -> Option<TensorType> {
        self.tensors.get(tensor as usize).map(|t| t.ty)
    }

    fn entry(&self, tensor: u32) -> Checked<&TensorEntry> {
        self.tensors.get(tensor as usize).ok_or(Fault::new("there is no such tensor"))
    }

    /// The tensor that holds the elements of this one.
    pub(super) fn root(&self, mut tensor: u32) -> u32 {
        // an alias points to an earlier tensor, so this ends
        while let Some(TensorEntry { origin: Origin::Alias(to), .. }) =
            self.tensors.get(tensor as usize)
        {
            tensor = *to;
        }
        tensor
    }

    fn constant_bytes(&self, tensor: u32) -> Checked<Option<&[u8]>> {
        let root = self.entry(self.root(tensor))?;
        let Origin::Constant(block) = root.origin else {
            return Ok(None);
        };
        let count = root
            .ty
            .shape
            .count()?
            .fixed()
            .ok_or(Fault::new("a constant's shape follows the batch"))?;
        let start = (self.constants + block as usize).saturating_mul(BLOCK);
        let end = start.saturating_add(count * element_bytes(root.ty.dtype));
        self.bytes
            .as_slice()
            .get(start..end)
            .map(Some)
            .ok_or(Fault::new("a constant lies outside of the plan"))
    }

    #[inline(never)]
    fn check_constants(&self) -> Checked<()> {
        for (i, entry) in self.tensors.iter().enumerate() {
            let Origin::Constant(_) = entry.origin else { continue };
            let bytes = self.constant_bytes(i as u32)?.unwrap_or(&[]);
            match entry.ty.dtype {
                DType::Bool => {
                    ensure(bytes.iter().all(|b| *b <= 1), "a bool is neither 0 nor 1")?;
                }
                DType::String => {
                    let symbols: &[u32] = bytemuck::try_cast_slice(bytes)
                        .map_err(|_| Fault::new("a constant is not aligned"))?;
                    let limit = self.strings.len();
                    ensure(
                        symbols.iter().all(|s| (*s as usize) < limit),
                        "there is no such string",
                    )?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Each tensor is written before it is read, once, and has the type that its step gives it.
    #[inline(never)]
    fn check_steps(&mut self) -> Result<()> {
        let mut written: Vec<bool> =
            self.tensors.iter().map(|t| matches!(t.origin, Origin::Constant(_))).collect();
        for port in &self.inputs {
            self.mark(port.tensor, &mut written).map_err(Fault::in_plan)?;
        }
        let mut steps = std::mem::take(&mut self.steps);
        for (i, placed) in steps.iter_mut().enumerate() {
            let work = self.check_step(placed, &mut written).map_err(|fault| {
                fault.in_plan().at_path(format!("steps[{i}] {}", placed.step.name()))
            })?;
            self.work = self.work.saturating_add(work);
            if self.work > MAX_PLAN_WORK {
                let text = "the plan takes too many operations for one row";
                return Err(Error::new(ErrorCode::ModelTooLarge, text));
            }
        }
        for port in &self.outputs {
            self.check_written(port.tensor, &written).map_err(Fault::in_plan)?;
        }
        self.steps = steps;
        Ok(())
    }

    fn mark(&self, tensor: u32, written: &mut [bool]) -> Checked<()> {
        ensure(self.entry(tensor)?.origin == Origin::Computed, "a constant or alias is written")?;
        match written.get_mut(tensor as usize) {
            Some(done @ false) => {
                *done = true;
                Ok(())
            }
            _ => Err(Fault::new("a tensor is written twice")),
        }
    }

    fn check_written(&self, tensor: u32, written: &[bool]) -> Checked<()> {
        let root = self.root(tensor) as usize;
        ensure(written.get(root) == Some(&true), "a tensor is read before it is written")
    }

    /// Answers about how many element operations the step takes for one row.
    #[inline(never)]
    fn check_step(&self, placed: &mut Placed, written: &mut [bool]) -> Checked<u64> {
        let mut operands = Vec::with_capacity(placed.inputs.len());
        for tensor in &placed.inputs {
            let ty = self.entry(*tensor)?.ty;
            self.check_written(*tensor, written)?;
            operands.push(Operand { ty, constant: self.constant_bytes(*tensor)? });
        }
        let signature = Signature { operands: &operands, strings: self.strings.len() };
        let types = placed.step.bind(&signature)?;
        ensure(types.len() == placed.outputs.len(), "the number of outputs is wrong")?;
        for (ty, tensor) in types.iter().zip(&placed.outputs) {
            ensure(self.entry(*tensor)?.ty == *ty, "an output has the wrong type")?;
            self.mark(*tensor, written)?;
        }
        let at_one_row = |ty: &TensorType| ty.shape.at(1);
        let inputs: Vec<_> = operands.iter().map(|operand| at_one_row(&operand.ty)).collect();
        let outputs: Vec<_> = types.iter().map(at_one_row).collect();
        Ok(placed.step.work(&inputs, &outputs))
    }
}
