//! Running a plan.
//!
//! Each slot of the arena is memory of its own. While a step runs, the slots of its outputs are
//! moved out, so that the borrow checker proves that no step writes what it reads.

use super::args::{Args, Home, MAX_OUTPUTS, Memory, Outs};
use super::bytes::{BLOCK, Block, Element, view_mut};
use super::format::Plan;
use super::layout::Layout;
use super::strided::copy;
use super::symbols::Symbols;
use super::types::{Shape, TensorType};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_ARENA_BYTES, MAX_BATCH_ROWS, MAX_CALL_WORK, MAX_TENSOR_ELEMENTS};
use crate::tensor::{DType, TensorData};

/// A plan with its memory; predicts any number of times.
#[derive(Debug)]
pub struct Executor {
    plan: Plan,
    layout: Layout,
    types: Vec<TensorType>,
    slots: Vec<Vec<Block>>,
    symbols: Symbols,
    batch: usize,
}

impl Executor {
    /// An executor that is ready for calls of one row.
    ///
    /// # Errors
    /// [`ErrorCode::ModelTooLarge`] if even that takes too much memory.
    #[inline(never)]
    pub fn new(mut plan: Plan) -> Result<Self> {
        let layout = Layout::new(&plan);
        let types = plan.tensors.iter().map(|t| t.ty).collect();
        let slots = vec![Vec::new(); layout.slots.len()];
        let symbols = Symbols::new(std::mem::take(&mut plan.strings));
        let mut executor = Self { plan, layout, types, slots, symbols, batch: 0 };
        executor.prepare(1)?;
        Ok(executor)
    }

    /// The plan.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Rows of the current call.
    pub const fn batch(&self) -> usize {
        self.batch
    }

    /// Sets the rows of the next call; allocates only if there are more than ever before. Forgets
    /// the inputs' values.
    ///
    /// # Errors
    /// [`ErrorCode::InputTooLarge`] if so many rows take too much memory.
    pub fn prepare(&mut self, batch: usize) -> Result<()> {
        self.symbols.clear();
        if batch == self.batch {
            return Ok(());
        }
        let bytes = self.layout.slots.iter().fold(0usize, |n, s| n.saturating_add(s.at(batch)));
        let work = self.plan.work.saturating_mul(batch as u64);
        let fits = batch <= MAX_BATCH_ROWS && work <= MAX_CALL_WORK;
        if !fits || bytes > MAX_ARENA_BYTES || !self.tensors_fit(batch) {
            return Err(Error::new(
                ErrorCode::InputTooLarge,
                format!("a call of {batch} rows takes too much memory or time"),
            ));
        }
        for (slot, size) in self.slots.iter_mut().zip(&self.layout.slots) {
            let blocks = size.at(batch).div_ceil(BLOCK);
            if blocks > slot.len() {
                slot.resize(blocks, 0);
            }
        }
        self.batch = batch;
        Ok(())
    }

    fn tensors_fit(&self, batch: usize) -> bool {
        self.types
            .iter()
            .all(|ty| ty.shape.volume().is_ok_and(|count| count.at(batch) <= MAX_TENSOR_ELEMENTS))
    }

    /// Sets an input; its elements must be as many as its shape has for this call's rows.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] for no such input, another element type or another number.
    pub fn set_input(&mut self, i: usize, data: &TensorData) -> Result<()> {
        let Some(port) = self.plan.inputs.get(i) else {
            return Err(Error::new(ErrorCode::BadInput, format!("the model has no input {i}")));
        };
        let (Some(ty), Some(Home::Slot(slot))) = (
            self.types.get(port.tensor as usize),
            self.layout.homes.get(port.tensor as usize).copied(),
        ) else {
            return Err(Error::new(ErrorCode::Internal, "an input has no memory"));
        };
        let count = ty.shape.at(self.batch).count();
        if data.dtype() != ty.dtype || data.len() != count {
            return Err(Error::new(
                ErrorCode::BadInput,
                format!(
                    "input `{}` takes {count} elements of {}, not {} of {}",
                    port.name,
                    ty.dtype.as_str(),
                    data.len(),
                    data.dtype().as_str()
                ),
            ));
        }
        let blocks = self.slots.get_mut(slot).map_or(&mut [][..], Vec::as_mut_slice);
        match data {
            TensorData::Bool(v) => fill(blocks, v, |x| u8::from(*x)),
            TensorData::String(v) => {
                for (to, from) in view_mut::<u32>(blocks, v.len()).iter_mut().zip(v) {
                    *to = self
                        .symbols
                        .intern(from)
                        .map_err(|fault| Error::new(ErrorCode::InputTooLarge, fault.text))?;
                }
            }
            numbers => {
                let bytes = numbers.number_bytes().unwrap_or(&[]);
                copy(view_mut::<u8>(blocks, bytes.len()), bytes);
            }
        }
        Ok(())
    }

    /// Runs every step.
    ///
    /// # Errors
    /// [`ErrorCode::ModelFailed`] if a step refuses its values.
    pub fn run(&mut self) -> Result<()> {
        for (i, placed) in self.plan.steps.iter().enumerate() {
            let mut blocks: [Vec<Block>; MAX_OUTPUTS] = Default::default();
            let mut types = [TensorType::new(DType::Float32, Shape::SCALAR); MAX_OUTPUTS];
            for ((tensor, place), ty) in placed.outputs.iter().zip(&mut blocks).zip(&mut types) {
                if let Some(slot) = slot_of(&self.layout, &mut self.slots, *tensor) {
                    std::mem::swap(slot, place);
                }
                if let Some(known) = self.types.get(*tensor as usize) {
                    *ty = *known;
                }
            }
            let memory = Memory {
                types: &self.types,
                homes: &self.layout.homes,
                constants: self.plan.constant_blocks(),
                slots: &self.slots,
                batch: self.batch,
            };
            let args = Args { memory, inputs: &placed.inputs };
            let mut outs =
                Outs { blocks: &mut blocks, types, batch: self.batch, symbols: &mut self.symbols };
            let result = placed.step.run(&args, &mut outs);
            for (tensor, place) in placed.outputs.iter().zip(&mut blocks) {
                if let Some(slot) = slot_of(&self.layout, &mut self.slots, *tensor) {
                    std::mem::swap(slot, place);
                }
            }
            result.map_err(|fault| {
                Error::new(ErrorCode::ModelFailed, fault.text)
                    .at_path(format!("steps[{i}] {}", placed.step.name()))
            })?;
        }
        Ok(())
    }

    /// An output of the last run; `None` if the model has no such output.
    pub fn output(&self, i: usize) -> Option<OutputView<'_>> {
        let port = self.plan.outputs.get(i)?;
        let memory = Memory {
            types: &self.types,
            homes: &self.layout.homes,
            constants: self.plan.constant_blocks(),
            slots: &self.slots,
            batch: self.batch,
        };
        Some(OutputView { memory, symbols: &self.symbols, tensor: port.tensor })
    }
}

fn slot_of<'a>(
    layout: &Layout,
    slots: &'a mut [Vec<Block>],
    tensor: u32,
) -> Option<&'a mut Vec<Block>> {
    match layout.homes.get(tensor as usize)? {
        Home::Slot(slot) => slots.get_mut(*slot),
        Home::Constant(_) => None,
    }
}

fn fill<S, T: Element>(blocks: &mut [Block], from: &[S], mut convert: impl FnMut(&S) -> T) {
    for (to, from) in view_mut(blocks, from.len()).iter_mut().zip(from) {
        *to = convert(from);
    }
}

/// An output, in place.
#[derive(Clone, Copy, Debug)]
pub struct OutputView<'a> {
    memory: Memory<'a>,
    symbols: &'a Symbols,
    tensor: u32,
}

impl<'a> OutputView<'a> {
    /// Element type.
    pub fn dtype(&self) -> DType {
        self.memory.ty(self.tensor).map_or(DType::Float32, |ty| ty.dtype)
    }

    /// Length of each dimension, outermost first.
    pub fn shape(&self) -> Vec<usize> {
        let shape = self.memory.ty(self.tensor).map_or(Shape::SCALAR, |ty| ty.shape);
        shape.at(self.memory.batch).dims().to_vec()
    }

    /// The elements in place; text as symbols, bool as 0 and 1. None if `T` does not hold the
    /// element type.
    pub fn elements<T: Element>(&self) -> &'a [T] {
        self.memory.elements(self.tensor)
    }

    /// The text of a symbol.
    pub fn text(&self, symbol: u32) -> &'a str {
        self.symbols.text(symbol)
    }

    /// A copy of the elements.
    pub fn to_data(&self) -> TensorData {
        match self.dtype() {
            DType::Float32 => TensorData::Float32(self.elements().to_vec()),
            DType::Float64 => TensorData::Float64(self.elements().to_vec()),
            DType::Int64 => TensorData::Int64(self.elements().to_vec()),
            DType::Int32 => TensorData::Int32(self.elements().to_vec()),
            DType::Int16 => TensorData::Int16(self.elements().to_vec()),
            DType::Int8 => TensorData::Int8(self.elements().to_vec()),
            DType::Uint64 => TensorData::Uint64(self.elements().to_vec()),
            DType::Uint32 => TensorData::Uint32(self.elements().to_vec()),
            DType::Uint16 => TensorData::Uint16(self.elements().to_vec()),
            DType::Uint8 => TensorData::Uint8(self.elements().to_vec()),
            DType::Bool => {
                TensorData::Bool(self.elements::<u8>().iter().map(|b| *b != 0).collect())
            }
            DType::String => TensorData::String(
                self.elements::<u32>().iter().map(|s| self.text(*s).to_owned()).collect(),
            ),
        }
    }
}
