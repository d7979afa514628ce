//! What a step sees: types at load, slices while predicting.

use super::bytes::{Block, Element, view, view_mut};
use super::fault::{Checked, Fault};
use super::symbols::Symbols;
use super::types::{Dim, Extents, Shape, TensorType, element_bytes};
use crate::tensor::DType;
use bytemuck::Pod;

/// Most outputs of one step.
pub const MAX_OUTPUTS: usize = 4;

/// One operand as it is known at load.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// Its type.
    pub ty: TensorType,
    /// Its elements, if it is a constant.
    pub constant: Option<&'a [u8]>,
}

/// A step's operands as they are known at load.
#[derive(Clone, Copy, Debug)]
pub struct Signature<'a> {
    /// The operands, in the step's order.
    pub operands: &'a [Operand<'a>],
    /// How many strings the plan has; every symbol in a constant is below.
    pub strings: usize,
}

impl<'a> Signature<'a> {
    /// How many operands.
    pub const fn len(&self) -> usize {
        self.operands.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.operands.is_empty()
    }

    /// Exactly `n` operands.
    ///
    /// # Errors
    /// Another number.
    pub const fn expect(&self, n: usize) -> Checked<()> {
        if self.operands.len() == n {
            Ok(())
        } else {
            Err(Fault::new("the number of inputs is wrong"))
        }
    }

    fn operand(&self, k: usize) -> Checked<&Operand<'a>> {
        self.operands.get(k).ok_or(Fault::new("an input is missing"))
    }

    /// Type of an operand.
    ///
    /// # Errors
    /// There is no such operand.
    pub fn ty(&self, k: usize) -> Checked<TensorType> {
        Ok(self.operand(k)?.ty)
    }

    /// Type of an operand, which must have this element type.
    ///
    /// # Errors
    /// There is no such operand, or it has another element type.
    pub fn typed(&self, k: usize, dtype: DType) -> Checked<TensorType> {
        let ty = self.ty(k)?;
        if ty.dtype == dtype {
            Ok(ty)
        } else {
            Err(Fault::dtype("an input has another element type"))
        }
    }

    /// Type of an operand, which must have one of these element types.
    ///
    /// # Errors
    /// There is no such operand, or it has another element type.
    pub fn any_of(&self, k: usize, dtypes: &[DType]) -> Checked<TensorType> {
        let ty = self.ty(k)?;
        if dtypes.contains(&ty.dtype) {
            Ok(ty)
        } else {
            Err(Fault::dtype("the operator does not take this element type"))
        }
    }

    /// Elements of a constant operand.
    ///
    /// # Errors
    /// It is no constant, or has another element type.
    pub fn constant<T: Element>(&self, k: usize) -> Checked<&'a [T]> {
        let operand = self.operand(k)?;
        if !T::holds(operand.ty.dtype) {
            return Err(Fault::dtype("a constant has another element type"));
        }
        operand
            .constant
            .and_then(|bytes| bytemuck::try_cast_slice(bytes).ok())
            .ok_or(Fault::new("an input must be a constant"))
    }

    /// The operand must be a constant of any element type.
    ///
    /// # Errors
    /// It is computed, or there is none.
    pub fn is_constant(&self, k: usize) -> Checked<()> {
        match self.operand(k)?.constant {
            Some(_) => Ok(()),
            None => Err(Fault::new("an input must be a constant")),
        }
    }

    /// Rows and columns of an operand: all dimensions but the last, and the last.
    ///
    /// A vector is one row, as the operators of `ai.onnx.ml` read it.
    ///
    /// # Errors
    /// A scalar, or columns that follow the batch.
    pub fn rows_columns(&self, k: usize) -> Checked<(Dim, usize)> {
        let shape = self.ty(k)?.shape;
        let last = shape.rank().checked_sub(1).ok_or(Fault::new("a scalar has no columns"))?;
        let (rows, columns) = shape.split(last)?;
        match columns {
            Dim::Fixed(n) => Ok((rows, n as usize)),
            Dim::Batch(_) => Err(Fault::dynamic("the number of columns follows the batch")),
        }
    }
}

/// Where a tensor's elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In the plan's bytes, from this block on.
    Constant(usize),
    /// In this slot of the arena.
    Slot(usize),
}

/// What all steps of a run share.
#[derive(Clone, Copy, Debug)]
pub struct Memory<'a> {
    pub(super) types: &'a [TensorType],
    pub(super) homes: &'a [Home],
    pub(super) constants: &'a [Block],
    pub(super) slots: &'a [Vec<Block>],
    pub(super) batch: usize,
}

impl<'a> Memory<'a> {
    pub(super) fn ty(&self, tensor: u32) -> Option<TensorType> {
        self.types.get(tensor as usize).copied()
    }

    fn blocks(&self, tensor: u32) -> &'a [Block] {
        let blocks = match self.homes.get(tensor as usize) {
            Some(Home::Constant(at)) => self.constants.get(*at..),
            Some(Home::Slot(slot)) => self.slots.get(*slot).map(Vec::as_slice),
            None => None,
        };
        blocks.unwrap_or(&[])
    }

    pub(super) fn elements<T: Element>(&self, tensor: u32) -> &'a [T] {
        match self.ty(tensor) {
            Some(ty) if T::holds(ty.dtype) => {
                view(self.blocks(tensor), ty.shape.at(self.batch).count())
            }
            _ => &[],
        }
    }

    fn bytes(&self, tensor: u32) -> &'a [u8] {
        self.ty(tensor).map_or(&[], |ty| {
            let count = ty.shape.at(self.batch).count();
            view(self.blocks(tensor), count * element_bytes(ty.dtype))
        })
    }
}

/// A step's inputs while predicting.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    pub(super) memory: Memory<'a>,
    pub(super) inputs: &'a [u32],
}

impl<'a> Args<'a> {
    /// How many inputs.
    pub const fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Elements of an input; none if `T` does not hold its element type.
    pub fn get<T: Element>(&self, k: usize) -> &'a [T] {
        self.inputs.get(k).map_or(&[], |tensor| self.memory.elements(*tensor))
    }

    /// Elements of an input as bytes, for steps that only move them.
    pub fn bytes(&self, k: usize) -> &'a [u8] {
        self.inputs.get(k).map_or(&[], |tensor| self.memory.bytes(*tensor))
    }

    /// Elements of an input by their width alone, for steps that only move them.
    pub fn words<T: Pod>(&self, k: usize) -> &'a [T] {
        bytemuck::try_cast_slice(self.bytes(k)).unwrap_or(&[])
    }

    /// Element type of an input.
    pub fn dtype(&self, k: usize) -> DType {
        self.ty(k).map_or(DType::Float32, |ty| ty.dtype)
    }

    /// Lengths of an input's dimensions.
    pub fn extents(&self, k: usize) -> Extents {
        self.ty(k).map_or(Shape::SCALAR, |ty| ty.shape).at(self.memory.batch)
    }

    /// Rows of the call.
    pub const fn batch(&self) -> usize {
        self.memory.batch
    }

    fn ty(&self, k: usize) -> Option<TensorType> {
        self.inputs.get(k).and_then(|tensor| self.memory.ty(*tensor))
    }
}

/// A step's outputs while predicting.
#[derive(Debug)]
pub struct Outs<'a> {
    pub(super) blocks: &'a mut [Vec<Block>; MAX_OUTPUTS],
    pub(super) types: [TensorType; MAX_OUTPUTS],
    pub(super) batch: usize,
    /// Text: for steps that make strings.
    pub symbols: &'a mut Symbols,
}

impl Outs<'_> {
    /// Elements of an output; none if `T` does not hold its element type.
    pub fn get<T: Element>(&mut self, k: usize) -> &mut [T] {
        let Some((ty, blocks)) = self.types.get(k).zip(self.blocks.get_mut(k)) else {
            return &mut [];
        };
        elements_mut(blocks, *ty, self.batch)
    }

    /// Elements of an output as bytes, for steps that only move them.
    pub fn bytes(&mut self, k: usize) -> &mut [u8] {
        let Some((ty, blocks)) = self.types.get(k).zip(self.blocks.get_mut(k)) else {
            return &mut [];
        };
        let count = ty.shape.at(self.batch).count();
        view_mut(blocks, count * element_bytes(ty.dtype))
    }

    /// Elements of an output by their width alone, for steps that only move them.
    pub fn words<T: Pod>(&mut self, k: usize) -> &mut [T] {
        bytemuck::try_cast_slice_mut(self.bytes(k)).unwrap_or(&mut [])
    }

    /// The first two outputs at once.
    pub fn two<A: Element, B: Element>(&mut self) -> (&mut [A], &mut [B]) {
        let ([a, b, ..], [ta, tb, ..]) = (&mut *self.blocks, self.types);
        (elements_mut(a, ta, self.batch), elements_mut(b, tb, self.batch))
    }

    /// The first two outputs at once, the first by its elements' width alone.
    pub fn two_words<A: Pod, B: Element>(&mut self) -> (&mut [A], &mut [B]) {
        let ([a, b, ..], [ta, tb, ..]) = (&mut *self.blocks, self.types);
        (view_mut(a, ta.shape.at(self.batch).count()), elements_mut(b, tb, self.batch))
    }

    /// The first three outputs at once.
    pub fn three<A: Element, B: Element, C: Element>(&mut self) -> (&mut [A], &mut [B], &mut [C]) {
        let ([a, b, c, ..], [ta, tb, tc, ..]) = (&mut *self.blocks, self.types);
        (
            elements_mut(a, ta, self.batch),
            elements_mut(b, tb, self.batch),
            elements_mut(c, tc, self.batch),
        )
    }

    /// Numbers of an output, with the text that inputs' symbols stand for.
    pub fn floats(&mut self, k: usize) -> (&mut [f32], &Symbols) {
        let floats = match self.types.get(k).zip(self.blocks.get_mut(k)) {
            Some((ty, blocks)) => elements_mut(blocks, *ty, self.batch),
            None => &mut [],
        };
        (floats, &*self.symbols)
    }

    /// Symbols of a text output, with what they stand for.
    pub fn text(&mut self, k: usize) -> (&mut [u32], &mut Symbols) {
        let symbols = match self.types.get(k).zip(self.blocks.get_mut(k)) {
            Some((ty, blocks)) => elements_mut(blocks, *ty, self.batch),
            None => &mut [],
        };
        (symbols, self.symbols)
    }

    /// Element type of an output.
    pub fn dtype(&self, k: usize) -> DType {
        self.types.get(k).map_or(DType::Float32, |ty| ty.dtype)
    }

    /// Lengths of an output's dimensions.
    pub fn extents(&self, k: usize) -> Extents {
        self.types.get(k).map_or(Shape::SCALAR, |ty| ty.shape).at(self.batch)
    }
}

fn elements_mut<T: Element>(blocks: &mut [Block], ty: TensorType, batch: usize) -> &mut [T] {
    if !T::holds(ty.dtype) {
        return &mut [];
    }
    view_mut(blocks, ty.shape.at(batch).count())
}
