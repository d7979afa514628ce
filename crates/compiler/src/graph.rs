//! Walking the graph: names to values, constant folding, errors that name the node.

use crate::lower;
use crate::maps::Maps;
use crate::node::{Node, domain};
use crate::onnx;
use crate::sizes::Sizes;
use driftline::error::{Error, ErrorCode, Result};
use driftline::limits::{MAX_FOLDED_ELEMENTS, MAX_PLAN_STEPS};
use driftline::model::plan::words::Words;
use driftline::model::plan::{
    AlignedBytes, Draft, Executor, Plan, Shape, Step, TensorId, TensorType,
};
use driftline::tensor::{DType, Tensor, TensorData};
use std::collections::BTreeMap;
use tract_onnx::pb::{GraphProto, ModelProto};

/// What a name of the graph stands for.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A tensor of the plan.
    Tensor(TensorId),
    /// Integers made of dimensions, known but for the batch.
    Sizes(Sizes),
    /// What `ZipMap` makes: a value for each key, in the tensor's last dimension.
    Map {
        /// The keys: int64 or string.
        keys: TensorData,
        /// The values `[rows, keys]`.
        values: TensorId,
    },
    /// A map that the model takes.
    Entries {
        /// Its keys, int64 or string: ascending, as many as the call's length.
        keys: TensorId,
        /// Its values in the keys' order.
        values: TensorId,
    },
    /// What `Tokenizer` makes of each text: nothing but the counting of n-grams can take it, since
    /// each row has another number of words.
    Words {
        /// The texts `[rows]`.
        texts: TensorId,
        /// How they are cut.
        words: Words,
        /// What fills the rows that have fewer words.
        pad: String,
    },
}

/// The graph while it is lowered.
pub(crate) struct Builder {
    pub(crate) draft: Draft,
    values: BTreeMap<String, Value>,
    /// Keys of outputs that are maps, by the output's name.
    pub(crate) keys: BTreeMap<String, TensorData>,
    pub(crate) options: crate::Options,
}

impl Builder {
    /// Lowers a whole model.
    pub(crate) fn build(model: &ModelProto, maps: &Maps, options: &crate::Options) -> Result<Self> {
        let mut builder = Self {
            draft: Draft::default(),
            values: BTreeMap::new(),
            keys: BTreeMap::new(),
            options: options.clone(),
        };
        let empty = GraphProto::default();
        let graph = model.graph.as_ref().unwrap_or(&empty);
        if !graph.sparse_initializer.is_empty() {
            return Err(Error::new(
                ErrorCode::UnsupportedType,
                "the model has sparse initializers",
            ));
        }
        if graph.node.len() > MAX_PLAN_STEPS {
            return Err(Error::new(ErrorCode::ModelTooLarge, "the graph has too many nodes"));
        }
        builder.declare(graph, maps)?;
        for proto in &graph.node {
            let opset = opset(model, domain(proto));
            builder.lower(Node { proto, opset })?;
        }
        builder.outputs(graph)?;
        Ok(builder)
    }

    fn declare(&mut self, graph: &GraphProto, maps: &Maps) -> Result<()> {
        for proto in &graph.initializer {
            let id = self.constant(onnx::tensor(proto)?)?;
            self.values.insert(proto.name.clone(), Value::Tensor(id));
        }
        let mut batch = None;
        let (mut lengths, mut rows) = (Vec::new(), false);
        for info in &graph.input {
            // an initializer is a default that no caller overrides
            if self.values.contains_key(&info.name) {
                continue;
            }
            if let Some(tensor) = self.options.bound.get(&info.name) {
                let id = self.constant(tensor.clone())?;
                self.values.insert(info.name.clone(), Value::Tensor(id));
                continue;
            }
            if let Some((key, value)) = maps.get(&info.name) {
                let keys = self.draft.input(&format!("{}.keys", info.name), *key);
                let values = self.draft.input(&format!("{}.values", info.name), *value);
                self.values.insert(info.name.clone(), Value::Entries { keys, values });
                lengths.push(format!("the map `{}`", info.name));
                continue;
            }
            let ty = match self.options.shapes.get(&info.name) {
                Some(shape) => onnx::input_type_of(info, shape)?,
                None => onnx::input_type(info, &mut batch)?,
            };
            rows |= ty.shape.dims().iter().any(|d| d.fixed().is_none());
            let id = self.draft.input(&info.name, ty);
            self.values.insert(info.name.clone(), Value::Tensor(id));
        }
        // a plan has one open length: that of a map, or the rows
        match lengths.as_slice() {
            [] => Ok(()),
            [_] if !rows => Ok(()),
            [first, ..] => Err(Error::new(
                ErrorCode::DynamicShape,
                format!("the length of {first} and another one are both open"),
            )),
        }
    }

    fn lower(&mut self, node: Node<'_>) -> Result<()> {
        let lower = lower::find(domain(node.proto), &node.proto.op_type)
            .ok_or_else(|| node.unsupported("the plan runtime has no such operator"))?;
        lower(&mut Lowering { builder: self, node })
    }

    fn outputs(&mut self, graph: &GraphProto) -> Result<()> {
        for info in &graph.output {
            let missing = || {
                Error::new(ErrorCode::ModelInvalid, "no node makes this output")
                    .at_path(format!("output {}", info.name))
            };
            let id = match self.values.get(&info.name).cloned().ok_or_else(missing)? {
                Value::Tensor(id) => id,
                Value::Map { keys, values } => {
                    self.keys.insert(info.name.clone(), keys);
                    values
                }
                Value::Entries { .. } | Value::Words { .. } => {
                    return Err(Error::new(
                        ErrorCode::UnsupportedType,
                        "the output is a map that came in, or words",
                    )
                    .at_path(format!("output {}", info.name)));
                }
                Value::Sizes(sizes) => match sizes.constant() {
                    Some(tensor) => self.constant(tensor)?,
                    None => {
                        return Err(Error::new(
                            ErrorCode::DynamicShape,
                            "the output is made of the batch's size",
                        )
                        .at_path(format!("output {}", info.name)));
                    }
                },
            };
            self.draft.output(&info.name, id);
        }
        Ok(())
    }

    fn constant(&mut self, tensor: Tensor) -> Result<TensorId> {
        self.draft.constant(tensor).map_err(|f| Error::new(f.model_code(), f.text))
    }
}

/// Version of the operator set that the model imports for a domain; 1 if it does not say.
fn opset(model: &ModelProto, domain: &str) -> i64 {
    let same = |d: &str| d == domain || (d.is_empty() && domain == "ai.onnx");
    model.opset_import.iter().find(|o| same(&o.domain)).map_or(1, |o| o.version)
}

/// One node while it is lowered.
pub(crate) struct Lowering<'b, 'n> {
    builder: &'b mut Builder,
    pub(crate) node: Node<'n>,
}

impl Lowering<'_, '_> {
    /// What the compiler was told.
    pub(crate) const fn options(&self) -> &crate::Options {
        &self.builder.options
    }

    /// How many inputs the node names.
    pub(crate) const fn inputs(&self) -> usize {
        self.node.proto.input.len()
    }

    /// How many outputs the node names.
    pub(crate) const fn outputs(&self) -> usize {
        self.node.proto.output.len()
    }

    /// An input, if the node names one there.
    pub(crate) fn value(&self, k: usize) -> Result<Option<Value>> {
        match self.node.proto.input.get(k).map(String::as_str) {
            None | Some("") => Ok(None),
            Some(name) => match self.builder.values.get(name) {
                Some(value) => Ok(Some(value.clone())),
                None => Err(self
                    .node
                    .invalid(&format!("its input `{name}` is made by no node before it"))),
            },
        }
    }

    /// A tensor input, if the node names one there.
    pub(crate) fn optional(&mut self, k: usize) -> Result<Option<TensorId>> {
        match self.value(k)? {
            None => Ok(None),
            Some(Value::Tensor(id)) => Ok(Some(id)),
            Some(Value::Sizes(sizes)) => match sizes.constant() {
                Some(tensor) => self.constant(tensor).map(Some),
                None => Err(self
                    .node
                    .error(ErrorCode::DynamicShape, "it computes with the batch's size")),
            },
            Some(Value::Map { .. } | Value::Entries { .. }) => {
                Err(self.node.unsupported("it takes a map"))
            }
            Some(Value::Words { .. }) => Err(self.node.unsupported("it takes the words of texts")),
        }
    }

    /// A tensor input.
    pub(crate) fn input(&mut self, k: usize) -> Result<TensorId> {
        self.optional(k)?.ok_or_else(|| self.node.invalid("an input is missing"))
    }

    /// The type of a tensor.
    pub(crate) fn ty(&self, id: TensorId) -> Result<TensorType> {
        self.builder.draft.ty(id).map_err(|f| self.node.fault(f))
    }

    /// The elements of a tensor, if they are constant.
    pub(crate) fn constant_of(&self, id: TensorId) -> Option<&Tensor> {
        self.builder.draft.constant_of(id)
    }

    /// The elements of an input that must be constant.
    pub(crate) fn constant_input(&mut self, k: usize) -> Result<Option<Tensor>> {
        let Some(id) = self.optional(k)? else { return Ok(None) };
        match self.constant_of(id) {
            Some(tensor) => Ok(Some(tensor.clone())),
            None => Err(self
                .node
                .error(ErrorCode::DynamicShape, &format!("its input {k} must be a constant"))),
        }
    }

    /// An int64 input that is known but for the batch.
    pub(crate) fn sizes(&mut self, k: usize) -> Result<Option<Sizes>> {
        match self.value(k)? {
            None => Ok(None),
            Some(Value::Sizes(sizes)) => Ok(Some(sizes)),
            Some(_) => match self.constant_input(k)? {
                Some(tensor) => match Sizes::of(&tensor) {
                    Some(sizes) => Ok(Some(sizes)),
                    None => Err(self.node.invalid("an input that is a shape has a wrong type")),
                },
                None => Ok(None),
            },
        }
    }

    /// Whether an input is integers that follow the batch: the steps cannot compute with them.
    pub(crate) fn follows_batch(&self, k: usize) -> Result<bool> {
        match self.value(k)? {
            Some(Value::Sizes(sizes)) => Ok(sizes.constant().is_none()),
            _ => Ok(false),
        }
    }

    /// An input of constant integers.
    pub(crate) fn integers(&mut self, k: usize) -> Result<Option<Vec<i64>>> {
        let Some(sizes) = self.sizes(k)? else { return Ok(None) };
        match sizes.fixed() {
            Some(values) => Ok(Some(values)),
            None => {
                Err(self.node.error(ErrorCode::DynamicShape, "it computes with the batch's size"))
            }
        }
    }

    /// Adds a constant.
    pub(crate) fn constant(&mut self, tensor: Tensor) -> Result<TensorId> {
        let node = self.node;
        self.builder.draft.constant(tensor).map_err(|f| node.fault(f))
    }

    /// Adds a constant vector.
    pub(crate) fn vector(&mut self, data: TensorData) -> Result<TensorId> {
        let tensor = Tensor::new(vec![data.len()], data)?;
        self.constant(tensor)
    }

    /// The same elements in another shape.
    pub(crate) fn alias(&mut self, of: TensorId, shape: Shape) -> Result<TensorId> {
        let node = self.node;
        self.builder.draft.alias(of, shape).map_err(|f| node.fault(f))
    }

    /// The step that made a tensor, with its inputs.
    pub(crate) fn maker(&self, id: TensorId) -> Option<(&Step, &[TensorId])> {
        self.builder.draft.maker(id)
    }

    /// Adds a step; if all its inputs are constant it runs here and now, and its outputs are
    /// constants.
    pub(crate) fn step(
        &mut self,
        step: impl Into<Step>,
        inputs: &[TensorId],
    ) -> Result<Vec<TensorId>> {
        let node = self.node;
        let step = step.into();
        let outputs = self.builder.draft.step(step.clone(), inputs).map_err(|f| node.fault(f))?;
        let constants: Option<Vec<Tensor>> =
            inputs.iter().map(|id| self.constant_of(*id).cloned()).collect();
        let small = outputs.iter().all(|id| {
            let count = self.ty(*id).ok().and_then(|ty| ty.shape.count().ok()?.fixed());
            count.is_some_and(|n| n <= MAX_FOLDED_ELEMENTS)
        });
        match constants {
            Some(constants) if small && !constants.is_empty() => {
                let folded = fold(step, constants)?;
                folded.into_iter().map(|tensor| self.constant(tensor)).collect()
            }
            _ => Ok(outputs),
        }
    }

    /// Adds a step and answers its first output.
    pub(crate) fn step1(&mut self, step: impl Into<Step>, inputs: &[TensorId]) -> Result<TensorId> {
        let outputs = self.step(step, inputs)?;
        outputs.first().copied().ok_or_else(|| self.node.invalid("a step without output"))
    }

    /// A tensor in another element type; itself if it has that already.
    pub(crate) fn cast(&mut self, id: TensorId, to: DType) -> Result<TensorId> {
        if self.ty(id)?.dtype == to {
            return Ok(id);
        }
        self.step1(driftline::model::plan::cast::Cast::new(to), &[id])
    }

    /// Indices as the steps take them.
    pub(crate) fn indices(&mut self, k: usize) -> Result<TensorId> {
        let id = self.input(k)?;
        self.cast(id, DType::Int64)
    }

    /// A constant of one element without dimensions.
    pub(crate) fn scalar(&mut self, data: TensorData) -> Result<TensorId> {
        self.constant(Tensor::new(vec![], data)?)
    }

    /// Names an output of the node.
    pub(crate) fn set(&mut self, k: usize, value: Value) {
        if let Some(name) = self.node.proto.output.get(k)
            && !name.is_empty()
        {
            self.builder.values.insert(name.clone(), value);
        }
    }

    /// Names a tensor as output of the node.
    pub(crate) fn output(&mut self, k: usize, id: TensorId) {
        self.set(k, Value::Tensor(id));
    }
}

/// Runs one step on constants, by the very code that predicts.
fn fold(step: Step, inputs: Vec<Tensor>) -> Result<Vec<Tensor>> {
    let as_error = |f: driftline::model::plan::Fault| Error::new(f.model_code(), f.text);
    let mut draft = Draft::default();
    let mut ids = Vec::new();
    for tensor in inputs {
        ids.push(draft.constant(tensor).map_err(as_error)?);
    }
    let outputs = draft.step(step, &ids).map_err(as_error)?;
    for id in &outputs {
        draft.output("", *id);
    }
    let plan = Plan::from_bytes(AlignedBytes::copy_of(&draft.write()))?;
    let mut executor = Executor::new(plan)?;
    executor.run()?;
    let views = (0..outputs.len()).filter_map(|i| executor.output(i));
    views.map(|view| Tensor::new(view.shape(), view.to_data())).collect()
}
