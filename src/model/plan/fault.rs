//! Faults without text formatting, so that kernels stay small.

use crate::error::{Error, ErrorCode};

/// What kind of fault, for the code that a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The operands break a rule of the operator.
    Invalid,
    /// The operator does not take this element type.
    Type,
    /// A shape is only known while predicting.
    Dynamic,
    /// A limit of `limits.rs`.
    Large,
    /// A step that this build leaves out; the text is its name.
    Absent,
}

/// A rule that a step broke; the caller adds the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub kind: FaultKind,
    /// What is wrong, lower case, without full stop.
    pub text: &'static str,
}

impl Fault {
    /// The operands break a rule.
    pub const fn new(text: &'static str) -> Self {
        Self { kind: FaultKind::Invalid, text }
    }

    /// The element type is not taken.
    pub const fn dtype(text: &'static str) -> Self {
        Self { kind: FaultKind::Type, text }
    }

    /// A shape is only known while predicting.
    pub const fn dynamic(text: &'static str) -> Self {
        Self { kind: FaultKind::Dynamic, text }
    }

    /// Past a limit.
    pub const fn large(text: &'static str) -> Self {
        Self { kind: FaultKind::Large, text }
    }

    /// This build leaves out the step of this name.
    pub const fn absent(name: &'static str) -> Self {
        Self { kind: FaultKind::Absent, text: name }
    }

    /// The code for a model that is being compiled.
    pub const fn model_code(self) -> ErrorCode {
        match self.kind {
            FaultKind::Invalid => ErrorCode::ModelInvalid,
            FaultKind::Type => ErrorCode::UnsupportedType,
            FaultKind::Dynamic => ErrorCode::DynamicShape,
            FaultKind::Large => ErrorCode::ModelTooLarge,
            FaultKind::Absent => ErrorCode::RuntimeMismatch,
        }
    }

    /// The error for a plan that is being read.
    pub fn in_plan(self) -> Error {
        match self.kind {
            FaultKind::Absent => Error::new(
                ErrorCode::RuntimeMismatch,
                format!("the model needs the step `{}`, which this build leaves out", self.text),
            ),
            _ => Error::new(ErrorCode::PlanInvalid, self.text),
        }
    }
}

/// The result of what a kernel does.
pub type Checked<T> = Result<T, Fault>;

/// `Err(Fault::new(text))` unless `holds`.
pub const fn ensure(holds: bool, text: &'static str) -> Checked<()> {
    if holds { Ok(()) } else { Err(Fault::new(text)) }
}
