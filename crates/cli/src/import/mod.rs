//! Other libraries' schemas as contracts, with a list of what a contract could not carry.

mod example;
mod expectations;
mod great_expectations;
mod mlflow;
mod pandera;
mod pbtxt;
mod tfdv;
mod windows;
mod write;

pub use example::{compare as compare_example, named as named_example};
pub use write::{plain, yaml};

use driftline::contract::{
    Accept, Check, Contract, Fields, Input, InputType, Missing, Rule, Scalar, Severity,
    UnknownFields, Validator,
};
use driftline::summary::WindowCheck;
use driftline::{Error, ErrorCode, Result};
use serde::Serialize;
use serde_json::Value as Json;

/// Why a column of times is worth a look.
const NAIVE: &str = "times there need no offset, a timestamp here does; bounds are taken for UTC";

/// Why what needs a window of rows stays behind.
const MANY: &str = "it is about many rows, which a gate never sees together";

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
    /// What it carries as the library had it, and a person may want otherwise.
    pub notes: Vec<Left>,
    /// What is about many rows and can be computed of a window's counts, in the file's order.
    pub window_checks: Vec<WindowCheck>,
}

impl Imported {
    /// For whoever writes no checks of windows: they are not carried then.
    pub fn leave_window_checks(&mut self) {
        let why = format!("{MANY}: `--window-checks FILE` writes it for the collector");
        for check in std::mem::take(&mut self.window_checks) {
            let left = Left { path: check.source.unwrap_or_default(), why: why.clone() };
            if !self.not_carried.contains(&left) {
                self.not_carried.push(left);
            }
        }
    }
}

/// Environment of TensorFlow Data Validation whose features a contract has, unless another is named.
pub const SERVING: &str = "SERVING";

/// Reads a schema; of one with environments, the features of `environment`.
///
/// # Errors
/// [`ErrorCode::BadInput`] if the file is no such schema, [`ErrorCode::ContractInvalid`] if it
/// contradicts itself, [`ErrorCode::BadUsage`] for an environment that it does not have.
pub fn import(origin: Origin, text: &str, environment: Option<&str>) -> Result<Imported> {
    if environment.is_some() && origin != Origin::Tfdv {
        let message = "only schemas of TensorFlow Data Validation have environments";
        return Err(Error::new(ErrorCode::BadUsage, message));
    }
    let draft = match origin {
        Origin::GreatExpectations => great_expectations::read(text)?,
        Origin::Tfdv => tfdv::read(text, environment)?,
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
    fields: Fields,
    columns: Vec<Column>,
    rules: Vec<(String, Rule)>,
    left: Vec<Left>,
    notes: Vec<Left>,
    windows: Vec<WindowCheck>,
    /// NaN is a missing value and infinity a number, as in pandas.
    pandas: bool,
}

/// A column whose type may not be known yet.
#[derive(Debug)]
struct Column {
    input: Input,
    kind: Option<InputType>,
    /// The file states the type; else it follows from a clause, and Python's `True == 1` holds.
    declared: bool,
    /// Checks with the place of the clause that each comes from.
    checks: Vec<(String, Check)>,
    /// What the type's width leaves of the integers, with the place of the clause.
    width: Option<(String, i64, Option<i64>)>,
}

impl Draft {
    fn new(name: &str) -> Self {
        Self {
            name: if name.is_empty() { "imported".to_owned() } else { name.to_owned() },
            unknown_fields: UnknownFields::Ignore,
            fields: Fields::default(),
            columns: Vec::new(),
            rules: Vec::new(),
            left: Vec::new(),
            notes: Vec::new(),
            windows: Vec::new(),
            pandas: true,
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
            let (checks, width) = (Vec::new(), None);
            self.columns.push(Column { input, kind: None, declared: false, checks, width });
            self.columns.len() - 1
        });
        // just found or just pushed
        #[expect(clippy::indexing_slicing)]
        &mut self.columns[at]
    }

    fn note(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.notes.push(Left { path: path.into(), why: why.into() });
    }

    /// What is about many rows: checks of windows, if there are such.
    fn many(&mut self, path: impl Into<String>, checks: Option<Vec<WindowCheck>>) {
        match checks {
            Some(checks) => self.windows.extend(checks),
            None => self.leave(path, MANY),
        }
    }

    fn leave(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.left.push(Left { path: path.into(), why: why.into() });
    }

    /// Gives the columns their types, and checks the whole. A column whose type nothing says takes
    /// any value.
    fn finish(mut self) -> Result<Imported> {
        if self.columns.is_empty() {
            let error = Error::new(ErrorCode::BadInput, "the file says nothing of any field");
            let windows = self.windows.iter().filter_map(|check| check.source.as_deref());
            let windows = windows.map(|path| format!("{path}: {MANY}"));
            let left = self.left.iter().map(|l| format!("{}: {}", l.path, l.why));
            let all: Vec<String> = left.chain(windows).collect();
            return Err(match all.as_slice() {
                [] => error.with_help("it has no clauses"),
                all => {
                    let more = if all.len() > 3 { "; …" } else { "" };
                    let some = all.get(..3).unwrap_or(all).join("; ");
                    error.with_help(format!("no clause is about one record: {some}{more}"))
                }
            });
        }
        let mut inputs = Vec::new();
        for mut column in std::mem::take(&mut self.columns) {
            column.within_width();
            let mut input = column.input;
            input.kind = column.kind.unwrap_or(InputType::Any);
            if column.kind.is_none() {
                self.note(
                    input.name.clone(),
                    "nothing says the column's type: it takes any value, and no feature can use it",
                );
            }
            let kind = input.kind;
            if kind == InputType::Text && input.values.is_some() {
                input.kind = InputType::Category;
            }
            fit(&mut input);
            if self.pandas {
                let numbers = |check: &Check| match check {
                    Check::InSet { values, .. } => {
                        values.iter().any(|v| matches!(v, Scalar::Integer(_) | Scalar::Number(_)))
                    }
                    _ => false,
                };
                let listed = column.checks.iter().any(|(_, check)| numbers(check));
                input.accept = as_pandas(input.kind, column.declared, listed);
            }
            for (path, check) in column.checks {
                // one that does not suit the type, or that the validator cannot run, is left
                let mut alone = Input::new(&*input.name, input.kind);
                alone.values.clone_from(&input.values);
                alone.missing = Missing::Allow;
                alone.checks.push(check.clone());
                match usable(&Contract::new("alone", vec![alone])) {
                    Ok(()) => input.checks.push(check),
                    Err(error) => self.leave(path, error.message()),
                }
            }
            inputs.push(input);
        }
        let mut whole = Contract::new(&*self.name, inputs);
        whole.unknown_fields = self.unknown_fields;
        whole.fields = (self.fields != Fields::default()).then(|| self.fields.clone());
        whole.check()?;
        if self.unknown_fields == UnknownFields::Ignore {
            self.note(
                "unknown_fields",
                "fields without an input are left out: `reject` would find misspelt ones",
            );
        }
        if whole.inputs.iter().any(|input| input.accept.contains(&Accept::Infinity)) {
            self.note(
                "accept",
                "infinity and NaN pass as they do there: take both out of `accept` before a feature uses the field",
            );
        }
        for (path, rule) in std::mem::take(&mut self.rules) {
            whole.rules.push(rule);
            if let Err(error) = usable(&whole) {
                whole.rules.pop();
                self.leave(path, error.message());
            }
        }
        let (not_carried, notes, window_checks) = (self.left, self.notes, self.windows);
        Ok(Imported { contract: whole, not_carried, notes, window_checks })
    }
}

/// Whether the contract holds together and its validator can be made.
fn usable(contract: &Contract) -> Result<()> {
    contract.check()?;
    Validator::new(contract).map(|_| ())
}

/// What a column of pandas takes for a value of the type; `listed` says that numbers are.
fn as_pandas(kind: InputType, declared: bool, listed: bool) -> Vec<Accept> {
    let mut accept = match kind {
        InputType::Number | InputType::Any => vec![Accept::NanAsMissing, Accept::Infinity],
        InputType::Integer | InputType::Timestamp => vec![Accept::NanAsMissing],
        _ => Vec::new(),
    };
    let number = matches!(kind, InputType::Number | InputType::Integer);
    if !declared && (number || (kind == InputType::Any && listed)) {
        accept.push(Accept::BooleanAsNumber);
    }
    accept
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
    // Great Expectations writes 18 as 18.0
    let bounds = [&mut input.minimum, &mut input.maximum].into_iter().flatten();
    for scalar in bounds.chain(input.values.iter_mut().flatten()) {
        if let Scalar::Number(x) = scalar
            && x.fract() == 0.0
            && x.abs() < 9_007_199_254_740_992.0
        {
            *scalar = Scalar::Integer(*x as i64);
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

impl Column {
    /// The value is one of a list, in which null says nothing: missing values pass anyway. `false`
    /// if the list holds what is no value of a record.
    fn one_of(&mut self, path: &str, list: &[Json], severity: Severity) -> bool {
        let listed = list.iter().filter(|v| !v.is_null()).map(scalar).collect::<Option<Vec<_>>>();
        let Some(mut values) = listed else { return false };
        if values.is_empty() {
            self.checks.push((path.to_owned(), Check::MissingOnly { severity }));
            return true;
        }
        let mut seen = Vec::new();
        values.retain(|v| {
            let new = !seen.contains(v);
            seen.push(v.clone());
            new
        });
        let fresh = self.input.values.is_none() && !self.ranged();
        let kind = kind_of(&values).filter(|kind| {
            let text = *kind == InputType::Category;
            fresh
                && self.kind.is_none_or(|have| {
                    text == matches!(have, InputType::Text | InputType::Category)
                })
        });
        if let Some(kind) = kind {
            self.kind = self.kind.or(Some(kind));
            self.input.severity = severity;
            self.input.values = Some(values);
            return true;
        }
        // Python's True is 1
        for value in &mut values {
            if let Scalar::Bool(b) = value {
                *value = Scalar::Integer(i64::from(*b));
            }
        }
        values.dedup();
        self.checks.push((path.to_owned(), Check::InSet { values, severity }));
        true
    }

    /// Notes what a column of this dtype can hold: integers of fewer than 64 bits, or of no sign.
    fn width(&mut self, path: &str, dtype: &str) {
        let dtype = dtype.to_lowercase();
        let Some(bits) = dtype.trim_start_matches('u').strip_prefix("int") else { return };
        let (least, greatest) = match (dtype.starts_with('u'), bits) {
            (true, "8") => (0, Some(i64::from(u8::MAX))),
            (true, "16") => (0, Some(i64::from(u16::MAX))),
            (true, "32") => (0, Some(i64::from(u32::MAX))),
            (true, "" | "64") => (0, None),
            (false, "8") => (i64::from(i8::MIN), Some(i64::from(i8::MAX))),
            (false, "16") => (i64::from(i16::MIN), Some(i64::from(i16::MAX))),
            (false, "32") => (i64::from(i32::MIN), Some(i64::from(i32::MAX))),
            _ => return,
        };
        self.width = Some((path.to_owned(), least, greatest));
    }

    /// Bounds what no clause bounds by the width of the type.
    fn within_width(&mut self) {
        let Some((path, least, greatest)) = self.width.take() else { return };
        if self.input.values.is_some() {
            return;
        }
        let end = |value: i64| (Scalar::Integer(value), false);
        let low = self.input.minimum.is_none().then(|| end(least));
        let high = greatest.filter(|_| self.input.maximum.is_none()).map(end);
        if low.is_some() || high.is_some() {
            self.between(&path, low, high, Severity::Reject);
        }
    }

    fn ranged(&self) -> bool {
        self.input.minimum.is_some() || self.input.maximum.is_some()
    }

    /// A range with a severity of its own, as the input's clause or, where that is taken, a check.
    fn between(
        &mut self,
        path: &str,
        low: Option<(Scalar, bool)>,
        high: Option<(Scalar, bool)>,
        severity: Severity,
    ) {
        let fresh = !self.ranged() && self.input.values.is_none();
        let free = (low.is_none() || self.input.minimum.is_none())
            && (high.is_none() || self.input.maximum.is_none());
        if fresh || (free && self.input.severity == severity) {
            self.input.severity = severity;
            if let Some((low, open)) = low {
                self.input.minimum = Some(low);
                self.input.exclusive_minimum = open;
            }
            if let Some((high, open)) = high {
                self.input.maximum = Some(high);
                self.input.exclusive_maximum = open;
            }
            return;
        }
        let (minimum, exclusive_minimum) = low.map_or((None, false), |(s, open)| (Some(s), open));
        let (maximum, exclusive_maximum) = high.map_or((None, false), |(s, open)| (Some(s), open));
        let check =
            Check::Range { minimum, exclusive_minimum, maximum, exclusive_maximum, severity };
        self.checks.push((path.to_owned(), check));
    }
}

/// A bound that binary64 does not hold is one of integers.
fn kind_of_bounds<'a>(bounds: impl Iterator<Item = &'a Scalar>) -> InputType {
    for bound in bounds {
        if matches!(bound, Scalar::Integer(_)) && bound.as_f64().is_none() {
            return InputType::Integer;
        }
    }
    InputType::Number
}

fn bad(what: &str) -> Error {
    Error::new(ErrorCode::BadInput, format!("the file is no {what}"))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
mod verdicts;
