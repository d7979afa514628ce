//! Making a plan: tensors and steps are added, then written without what nothing needs.

use super::args::{Operand, Signature};
use super::bytes::AlignedBytes;
use super::codec::Writer;
use super::fault::{Checked, Fault};
use super::format::{MAGIC, VERSION};
use super::step::Step;
use super::types::{Shape, TensorType};
use crate::tensor::{Tensor, TensorData};
use std::collections::{BTreeMap, BTreeSet};

/// A tensor of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TensorId(u32);

#[derive(Debug)]
enum Source {
    Input,
    Constant(Tensor),
    Alias(TensorId),
    Step(usize),
}

#[derive(Debug)]
struct Entry {
    ty: TensorType,
    source: Source,
}

#[derive(Debug)]
struct Drafted {
    step: Step,
    inputs: Vec<TensorId>,
    outputs: Vec<TensorId>,
}

/// A plan that is being made.
#[derive(Debug, Default)]
pub struct Draft {
    tensors: Vec<Entry>,
    steps: Vec<Drafted>,
    inputs: Vec<(String, TensorId)>,
    outputs: Vec<(String, TensorId)>,
}

impl Draft {
    fn push(&mut self, ty: TensorType, source: Source) -> TensorId {
        self.tensors.push(Entry { ty, source });
        TensorId(self.tensors.len() as u32 - 1)
    }

    fn entry(&self, id: TensorId) -> Checked<&Entry> {
        self.tensors.get(id.0 as usize).ok_or(Fault::new("there is no such tensor"))
    }

    /// Adds an input of the plan.
    pub fn input(&mut self, name: &str, ty: TensorType) -> TensorId {
        let id = self.push(ty, Source::Input);
        self.inputs.push((name.to_owned(), id));
        id
    }

    /// Names an output of the plan.
    pub fn output(&mut self, name: &str, id: TensorId) {
        self.outputs.push((name.to_owned(), id));
    }

    /// Adds a constant.
    ///
    /// # Errors
    /// Too many dimensions.
    pub fn constant(&mut self, tensor: Tensor) -> Checked<TensorId> {
        let ty = TensorType::new(tensor.dtype(), Shape::fixed(tensor.shape())?);
        ty.shape.count()?;
        Ok(self.push(ty, Source::Constant(tensor)))
    }

    /// The elements of `of` in another shape of as many elements.
    ///
    /// # Errors
    /// Another number of elements.
    pub fn alias(&mut self, of: TensorId, shape: Shape) -> Checked<TensorId> {
        let ty = self.entry(of)?.ty;
        if ty.shape == shape {
            return Ok(of);
        }
        if ty.shape.count()? != shape.count()? {
            return Err(Fault::new("a reshape changes the number of elements"));
        }
        if let (Source::Constant(tensor), Some(dims)) = (&self.entry(of)?.source, fixed(&shape)) {
            let data = tensor.data().clone();
            let tensor =
                Tensor::new(dims, data).map_err(|_| Fault::new("a constant is damaged"))?;
            return self.constant(tensor);
        }
        Ok(self.push(TensorType::new(ty.dtype, shape), Source::Alias(of)))
    }

    /// Adds a step and answers its outputs.
    ///
    /// # Errors
    /// What the step's own rules say of the inputs.
    pub fn step(&mut self, step: impl Into<Step>, inputs: &[TensorId]) -> Checked<Vec<TensorId>> {
        let mut step = step.into();
        if inputs.len() > u16::MAX as usize {
            return Err(Fault::large("a node has too many inputs"));
        }
        let mut types = Vec::with_capacity(inputs.len());
        for id in inputs {
            types.push(self.entry(*id)?.ty);
        }
        let strings = self.strings();
        let constants: Vec<Option<AlignedBytes>> =
            inputs.iter().map(|id| self.encoded(*id, &strings)).collect();
        let operands: Vec<Operand<'_>> = types
            .iter()
            .zip(&constants)
            .map(|(ty, c)| Operand { ty: *ty, constant: c.as_ref().map(AlignedBytes::as_slice) })
            .collect();
        let outputs = step.bind(&Signature { operands: &operands, strings: strings.len() })?;
        for ty in &outputs {
            ty.shape.count()?;
        }
        let index = self.steps.len();
        let outputs: Vec<_> =
            outputs.into_iter().map(|ty| self.push(ty, Source::Step(index))).collect();
        self.steps.push(Drafted { step, inputs: inputs.to_vec(), outputs: outputs.clone() });
        Ok(outputs)
    }

    /// Type of a tensor.
    ///
    /// # Errors
    /// It is not of this draft.
    pub fn ty(&self, id: TensorId) -> Checked<TensorType> {
        Ok(self.entry(id)?.ty)
    }

    /// The elements of a constant.
    pub fn constant_of(&self, id: TensorId) -> Option<&Tensor> {
        match &self.entry(id).ok()?.source {
            Source::Constant(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// The step that made a tensor, with its inputs.
    pub fn maker(&self, id: TensorId) -> Option<(&Step, &[TensorId])> {
        match self.entry(id).ok()?.source {
            Source::Step(i) => self.steps.get(i).map(|s| (&s.step, s.inputs.as_slice())),
            _ => None,
        }
    }

    fn encoded(&self, id: TensorId, strings: &BTreeMap<&str, u32>) -> Option<AlignedBytes> {
        self.constant_of(id).map(|tensor| AlignedBytes::copy_of(&encode(tensor.data(), strings)))
    }

    fn strings(&self) -> BTreeMap<&str, u32> {
        strings_of(self.tensors.iter().filter_map(|entry| match &entry.source {
            Source::Constant(tensor) => Some(tensor),
            _ => None,
        }))
    }

    /// Tensors and steps that the outputs need.
    fn live(&self) -> (BTreeSet<TensorId>, BTreeSet<usize>) {
        let mut tensors: BTreeSet<TensorId> = self.inputs.iter().map(|(_, id)| *id).collect();
        let mut steps = BTreeSet::new();
        let mut todo: Vec<TensorId> = self.outputs.iter().map(|(_, id)| *id).collect();
        while let Some(id) = todo.pop() {
            if !tensors.insert(id) {
                continue;
            }
            match self.entry(id).map(|e| &e.source) {
                Ok(Source::Alias(of)) => todo.push(*of),
                Ok(Source::Step(i)) => {
                    if let (true, Some(drafted)) = (steps.insert(*i), self.steps.get(*i)) {
                        todo.extend(drafted.inputs.iter().chain(&drafted.outputs));
                    }
                }
                _ => {}
            }
        }
        (tensors, steps)
    }

    /// Names of the steps that the outputs need, in order.
    pub fn step_names(&self) -> Vec<&'static str> {
        let (_, steps) = self.live();
        steps.iter().filter_map(|i| self.steps.get(*i)).map(|s| s.step.name()).collect()
    }

    /// The plan's bytes; the same draft gives the same bytes.
    pub fn write(&self) -> Vec<u8> {
        let (tensors, steps) = self.live();
        let index: BTreeMap<TensorId, u32> =
            tensors.iter().enumerate().map(|(i, id)| (*id, i as u32)).collect();
        let number = |id: &TensorId| index.get(id).copied().unwrap_or(u32::MAX);
        let strings = strings_of(tensors.iter().filter_map(|id| self.constant_of(*id)));
        let mut constants = Writer::default();
        let mut table = Writer::default();
        for entry in tensors.iter().filter_map(|id| self.entry(*id).ok()) {
            let (kind, extra) = match &entry.source {
                Source::Input | Source::Step(_) => (0, None),
                Source::Constant(tensor) => {
                    let block = constants.len() / 16;
                    constants.raw(&encode(tensor.data(), &strings));
                    constants.align();
                    (1, Some(block as u32))
                }
                Source::Alias(of) => (2, Some(number(of))),
            };
            write_type(&mut table, kind, &entry.ty);
            if let Some(extra) = extra {
                table.u32(extra);
            }
        }
        let mut ports = Writer::default();
        for (name, id) in self.inputs.iter().chain(&self.outputs) {
            ports.u32(number(id));
            ports.u32(name.len() as u32);
            ports.raw(name.as_bytes());
        }
        let mut body = Writer::default();
        for drafted in steps.iter().filter_map(|i| self.steps.get(*i)) {
            let mut attributes = Writer::default();
            drafted.step.write(&mut attributes);
            let (code, version) = drafted.step.code();
            body.u16(code);
            body.u8(version);
            body.u8(drafted.outputs.len() as u8);
            body.u16(drafted.inputs.len() as u16);
            body.u32(attributes.len() as u32);
            for id in drafted.inputs.iter().chain(&drafted.outputs) {
                body.u32(number(id));
            }
            body.raw(&attributes.into_bytes());
        }
        let mut out = Writer::default();
        out.raw(MAGIC);
        out.u32(VERSION);
        out.u32(constants.len() as u32);
        for count in [
            strings.len(),
            tensors.len(),
            self.inputs.len(),
            self.outputs.len(),
            steps.len(),
            body.len(),
        ] {
            out.u32(count as u32);
        }
        for text in strings.keys() {
            out.u32(text.len() as u32);
            out.raw(text.as_bytes());
        }
        out.raw(&table.into_bytes());
        out.raw(&ports.into_bytes());
        out.raw(&body.into_bytes());
        out.align();
        out.raw(&constants.into_bytes());
        out.into_bytes()
    }
}

fn write_type(table: &mut Writer, kind: u8, ty: &TensorType) {
    table.u8(kind);
    table.u8(ty.dtype as u8);
    ty.shape.write(table);
}

fn fixed(shape: &Shape) -> Option<Vec<usize>> {
    shape.dims().iter().map(|d| d.fixed()).collect()
}

fn strings_of<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> BTreeMap<&'a str, u32> {
    let mut strings = BTreeMap::new();
    for tensor in tensors {
        if let TensorData::String(texts) = tensor.data() {
            strings.extend(texts.iter().map(|text| (text.as_str(), 0)));
        }
    }
    for (i, symbol) in strings.values_mut().enumerate() {
        *symbol = i as u32;
    }
    strings
}

fn encode(data: &TensorData, strings: &BTreeMap<&str, u32>) -> Vec<u8> {
    match data {
        TensorData::Bool(v) => v.iter().map(|x| u8::from(*x)).collect(),
        TensorData::String(v) => v
            .iter()
            .flat_map(|x| strings.get(x.as_str()).copied().unwrap_or(0).to_le_bytes())
            .collect(),
        // every machine that this runs on is little-endian, as the file is
        numbers => numbers.number_bytes().unwrap_or(&[]).to_vec(),
    }
}
