//! Other libraries' schemas as contracts, with a list of what a contract could not carry.

mod expectations;
mod great_expectations;
mod mlflow;
mod pandera;
mod pbtxt;
mod tfdv;
mod write;

pub use write::{plain, yaml};

use driftline::contract::{
    Check, Contract, Input, InputType, Missing, Rule, Scalar, Severity, UnknownFields, Validator,
};
use driftline::{Error, ErrorCode, Result};
use serde::Serialize;
use serde_json::Value as Json;

/// Where a schema comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Origin {
    /// Expectation suite, JSON
    GreatExpectations,
    /// TensorFlow Data Validation, schema.pbtxt
    Tfdv,
    /// MLmodel file with a signature
    Mlflow,
    /// pandera schema, YAML
    Pandera,
}

/// A clause that the contract does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Where it stands in the file.
    pub path: String,
    /// Why it was left.
    pub why: String,
}

/// What became of a schema.
#[derive(Debug, Serialize)]
pub struct Imported {
    /// The contract; it validates and computes no features.
    pub contract: Contract,
    /// What it does not carry, in the file's order.
    pub not_carried: Vec<Left>,
}

/// Reads a schema.
///
/// # Errors
/// [`ErrorCode::BadInput`] if the file is no such schema, [`ErrorCode::ContractInvalid`] if it
/// contradicts itself.
pub fn import(origin: Origin, text: &str) -> Result<Imported> {
    let draft = match origin {
        Origin::GreatExpectations => great_expectations::read(text)?,
        Origin::Tfdv => tfdv::read(text)?,
        Origin::Mlflow => mlflow::read(text)?,
        Origin::Pandera => pandera::read(text)?,
    };
    draft.finish()
}

/// A contract in the making.
#[derive(Debug)]
struct Draft {
    name: String,
    unknown_fields: UnknownFields,
    columns: Vec<Column>,
    rules: Vec<(String, Rule)>,
    left: Vec<Left>,
}

/// A column whose type may not be known yet.
#[derive(Debug)]
struct Column {
    input: Input,
    kind: Option<InputType>,
    /// Checks with the place of the clause that each comes from.
    checks: Vec<(String, Check)>,
}

impl Draft {
    fn new(name: &str) -> Self {
        Self {
            name: if name.is_empty() { "imported".to_owned() } else { name.to_owned() },
            unknown_fields: UnknownFields::Ignore,
            columns: Vec::new(),
            rules: Vec::new(),
            left: Vec::new(),
        }
    }

    /// The column of this name, made if it is new. Until a clause says more, its key and its
    /// value may be missing, as these libraries have it.
    fn column(&mut self, name: &str) -> &mut Column {
        let at = self.columns.iter().position(|c| c.input.name == name).unwrap_or_else(|| {
            let mut input = Input::new(name, InputType::Text);
            input.required = false;
            input.missing = Missing::Allow;
            input.allow_empty = true;
            self.columns.push(Column { input, kind: None, checks: Vec::new() });
            self.columns.len() - 1
        });
        // just found or just pushed
        #[expect(clippy::indexing_slicing)]
        &mut self.columns[at]
    }

    fn leave(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.left.push(Left { path: path.into(), why: why.into() });
    }

    /// Drops the columns whose type nothing says, and checks the rest.
    fn finish(mut self) -> Result<Imported> {
        let mut inputs = Vec::new();
        for column in std::mem::take(&mut self.columns) {
            let mut input = column.input;
            let Some(kind) = column.kind else {
                self.leave(input.name, "nothing says the column's type: add an input by hand");
                // the column may be there all the same
                self.unknown_fields = UnknownFields::Ignore;
                continue;
            };
            input.kind = kind;
            if kind == InputType::Text && input.values.is_some() {
                input.kind = InputType::Category;
            }
            fit(&mut input);
            for (path, check) in column.checks {
                // one that does not suit the type, or that the validator cannot run, is left
                let mut alone = Input::new(&*input.name, input.kind);
                alone.values.clone_from(&input.values);
                alone.checks.push(check.clone());
                match usable(&contract("alone", vec![alone])) {
                    Ok(()) => input.checks.push(check),
                    Err(error) => self.leave(path, error.message()),
                }
            }
            inputs.push(input);
        }
        let mut whole = contract(&self.name, inputs);
        whole.unknown_fields = self.unknown_fields;
        whole.check()?;
        for (path, rule) in std::mem::take(&mut self.rules) {
            whole.rules.push(rule);
            if let Err(error) = usable(&whole) {
                whole.rules.pop();
                self.leave(path, error.message());
            }
        }
        Ok(Imported { contract: whole, not_carried: self.left })
    }
}

/// A contract that only validates.
fn contract(name: &str, inputs: Vec<Input>) -> Contract {
    Contract {
        format: Contract::FORMAT.to_owned(),
        name: name.to_owned(),
        description: None,
        unknown_fields: UnknownFields::Ignore,
        inputs,
        fields: None,
        rules: Vec::new(),
        features: Vec::new(),
        tensors: Vec::new(),
        outputs: None,
    }
}

/// Whether the contract holds together and its validator can be made.
fn usable(contract: &Contract) -> Result<()> {
    contract.check()?;
    Validator::new(contract).map(|_| ())
}

/// Writes the bounds as the type wants them: whole for an integer.
fn fit(input: &mut Input) {
    input.allow_empty &= input.kind == InputType::Text;
    if input.kind == InputType::Category {
        // a category's other values have a clause of their own
        input.unseen = match input.severity {
            Severity::Reject => driftline::contract::Unseen::Reject,
            Severity::Escalate => driftline::contract::Unseen::Escalate,
            Severity::Warn => driftline::contract::Unseen::Warn,
        };
    }
    if input.kind != InputType::Integer {
        return;
    }
    for bound in [&mut input.minimum, &mut input.maximum] {
        // Great Expectations writes 18 as 18.0
        if let Some(Scalar::Number(x)) = bound
            && x.fract() == 0.0
            && x.abs() < 9_007_199_254_740_992.0
        {
            *bound = Some(Scalar::Integer(*x as i64));
        }
    }
}

/// A number, text or boolean of the file.
fn scalar(value: &Json) -> Option<Scalar> {
    match value {
        Json::Bool(b) => Some(Scalar::Bool(*b)),
        Json::String(text) => Some(Scalar::Text(text.clone())),
        Json::Number(n) => {
            n.as_i64().map(Scalar::Integer).or_else(|| n.as_f64().map(Scalar::Number))
        }
        _ => None,
    }
}

/// A number of the file.
fn number(value: &Json) -> Option<Scalar> {
    scalar(value).filter(|s| matches!(s, Scalar::Integer(_) | Scalar::Number(_)))
}

/// The type of values that are all of one type.
fn kind_of(values: &[Scalar]) -> Option<InputType> {
    let one = |s: &Scalar| match s {
        Scalar::Text(_) => Some(InputType::Category),
        Scalar::Integer(_) => Some(InputType::Integer),
        Scalar::Number(_) => Some(InputType::Number),
        Scalar::Bool(_) => None,
    };
    let first = one(values.first()?)?;
    values.iter().all(|v| one(v) == Some(first)).then_some(first)
}

fn bad(what: &str) -> Error {
    Error::new(ErrorCode::BadInput, format!("the file is no {what}"))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
