//! One node of the graph: its name, operator and attributes.

use crate::onnx;
use driftline::error::{Error, ErrorCode, Result};
use driftline::model::plan::Fault;
use driftline::tensor::Tensor;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto};

/// A node with the version of its operator set.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    pub(crate) proto: &'a NodeProto,
    pub(crate) opset: i64,
}

/// The domain under which ONNX documents it.
pub fn domain(proto: &NodeProto) -> &str {
    if proto.domain.is_empty() { "ai.onnx" } else { &proto.domain }
}

impl<'a> Node<'a> {
    /// Its name; that of its first output if it has none.
    pub fn name(&self) -> &'a str {
        if self.proto.name.is_empty() {
            self.proto.output.first().map_or("", String::as_str)
        } else {
            &self.proto.name
        }
    }

    /// Version of the operator set that the model imports for its domain.
    pub const fn opset(&self) -> i64 {
        self.opset
    }

    /// An error that names the node.
    pub fn error(&self, code: ErrorCode, text: &str) -> Error {
        let message = format!(
            "node `{}` ({} of {} version {}): {text}",
            self.name(),
            self.proto.op_type,
            domain(self.proto),
            self.opset
        );
        Error::new(code, message)
    }

    /// The node breaks a rule of the specification.
    pub fn invalid(&self, text: &str) -> Error {
        self.error(ErrorCode::ModelInvalid, text)
    }

    /// The engine does not have what the node asks for.
    pub fn unsupported(&self, text: &str) -> Error {
        self.error(ErrorCode::UnsupportedOperator, text)
    }

    /// What a step's rules said.
    pub fn fault(&self, fault: Fault) -> Error {
        self.error(fault.model_code(), fault.text)
    }

    /// An attribute, if it is there.
    ///
    /// # Errors
    /// It has another type.
    fn attribute(&self, name: &str, ty: AttributeType) -> Result<Option<&'a AttributeProto>> {
        let Some(found) = self.proto.attribute.iter().find(|a| a.name == name) else {
            return Ok(None);
        };
        // models of the first versions leave the type open
        if found.r#type == ty as i32 || found.r#type == AttributeType::Undefined as i32 {
            Ok(Some(found))
        } else {
            Err(self.invalid(&format!("its attribute `{name}` has the wrong type")))
        }
    }

    /// Whether an attribute is there.
    pub fn has(&self, name: &str) -> bool {
        self.proto.attribute.iter().any(|a| a.name == name)
    }

    /// An integer, if it is there.
    ///
    /// # Errors
    /// The attribute has another type.
    pub fn int(&self, name: &str) -> Result<Option<i64>> {
        Ok(self.attribute(name, AttributeType::Int)?.map(|a| a.i))
    }

    /// An integer, or its default.
    ///
    /// # Errors
    /// The attribute has another type.
    pub fn int_or(&self, name: &str, default: i64) -> Result<i64> {
        Ok(self.int(name)?.unwrap_or(default))
    }

    /// A flag: an integer that is 0 or not.
    ///
    /// # Errors
    /// The attribute has another type.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        Ok(self.int(name)?.map_or(default, |i| i != 0))
    }

    /// A number, if it is there.
    ///
    /// # Errors
    /// The attribute has another type.
    pub fn float(&self, name: &str) -> Result<Option<f32>> {
        Ok(self.attribute(name, AttributeType::Float)?.map(|a| a.f))
    }

    /// A number, or its default.
    ///
    /// # Errors
    /// The attribute has another type.
    pub fn float_or(&self, name: &str, default: f32) -> Result<f32> {
        Ok(self.float(name)?.unwrap_or(default))
    }

    /// A text, or its default.
    ///
    /// # Errors
    /// The attribute has another type, or is no UTF-8.
    pub fn text_or(&self, name: &str, default: &str) -> Result<String> {
        match self.attribute(name, AttributeType::String)? {
            Some(a) => onnx::text(&a.s),
            None => Ok(default.to_owned()),
        }
    }

    /// Integers; none if it is not there.
    ///
    /// # Errors
    /// The attribute has another type.
    pub fn ints(&self, name: &str) -> Result<&'a [i64]> {
        Ok(self.attribute(name, AttributeType::Ints)?.map_or(&[], |a| &a.ints))
    }

    /// Numbers; none if it is not there.
    ///
    /// # Errors
    /// The attribute has another type.
    pub fn floats(&self, name: &str) -> Result<&'a [f32]> {
        Ok(self.attribute(name, AttributeType::Floats)?.map_or(&[], |a| &a.floats))
    }

    /// Texts; none if it is not there.
    ///
    /// # Errors
    /// The attribute has another type, or is no UTF-8.
    pub fn texts(&self, name: &str) -> Result<Vec<String>> {
        let found = self.attribute(name, AttributeType::Strings)?;
        found.map_or(&[][..], |a| &a.strings).iter().map(|b| onnx::text(b)).collect()
    }

    /// A tensor, if it is there.
    ///
    /// # Errors
    /// The attribute has another type, or the tensor is damaged.
    pub fn tensor(&self, name: &str) -> Result<Option<Tensor>> {
        match self.attribute(name, AttributeType::Tensor)? {
            Some(a) => {
                let proto = a.t.as_ref().ok_or_else(|| {
                    self.invalid(&format!("its attribute `{name}` holds no tensor"))
                })?;
                onnx::tensor(proto).map(Some)
            }
            None => Ok(None),
        }
    }

    /// A graph within the node.
    ///
    /// # Errors
    /// The attribute has another type.
    pub fn graph(&self, name: &str) -> Result<Option<&'a GraphProto>> {
        Ok(self.attribute(name, AttributeType::Graph)?.and_then(|a| a.g.as_ref()))
    }

    /// An axis counted from the outermost dimension.
    ///
    /// # Errors
    /// It is out of range.
    pub fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let from_front = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
        usize::try_from(from_front)
            .ok()
            .filter(|a| *a < rank)
            .ok_or_else(|| self.invalid(&format!("its axis {axis} is out of range")))
    }
}
