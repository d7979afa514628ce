//! The one object a user holds: a bundle, ready to decide.

mod info;
mod novelty;

pub use info::{Info, InputInfo};

use crate::bundle::{Bundle, part};
use crate::contract::{
    Cell, Contract, Outputs, RawRecord, RecordReader, Severity, Validator, Violation,
};
use crate::decision::{Decider, Decision, Outcome, Policy, Seen, State};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_BATCH_ROWS;
use crate::model::{Axis, Model, TensorInfo};
use crate::preprocess::{Features, Pipeline, ZoneRules};
use crate::summary::{Declared, Layout, Summary, Window};
use crate::tensor::{DType, TensorData};
use novelty::Placed;
use std::collections::BTreeMap;

/// A loaded bundle.
#[derive(Debug)]
pub struct Gate {
    info: Info,
    reader: RecordReader,
    validator: Validator,
    pipeline: Pipeline,
    features: Features,
    model: Model,
    /// For each input of the model, the tensor of the contract that feeds it.
    feeds: Vec<usize>,
    /// The model's output that holds the scores, and how many it holds a row.
    scores_at: usize,
    width: usize,
    scores: Vec<f64>,
    decider: Decider,
    state: State,
    novelty: Option<Placed>,
    window: Window,
}

impl Gate {
    /// Reads a stand-alone bundle, checks all of it and makes it ready.
    ///
    /// # Errors
    /// Those of [`Bundle::read`]; definition and model codes if a part is unusable;
    /// [`ErrorCode::ModelMismatch`] if the contract names tensors that the model lacks.
    pub fn from_bundle(bytes: &[u8]) -> Result<Self> {
        let bundle = Bundle::read(bytes)?;
        let contract = Contract::from_json(bundle.part(part::CONTRACT)?)?;
        let policy = Policy::from_json(bundle.part(part::POLICY)?)?;
        // one by one: collecting sorts first, by a sort of its own that is 4 KB of WebAssembly
        let mut zones = BTreeMap::new();
        for (name, rules) in bundle.zones() {
            zones.insert(name.to_owned(), rules.to_vec());
        }
        let model = Model::from_bytes(bundle.part(part::MODEL)?)?;
        if model.runtime() != bundle.manifest().runtime.kind.as_str() {
            return Err(Error::new(
                ErrorCode::RuntimeMismatch,
                "the bundle's model is not of the runtime that its manifest names",
            ));
        }
        let outputs = contract.outputs.as_ref().ok_or_else(|| {
            Error::new(
                ErrorCode::ContractInvalid,
                "the contract does not say what the outputs mean",
            )
            .at_path("outputs")
        })?;
        let decider = Decider::new(&policy, outputs, bundle.identity())?.watching(&contract)?;
        let zones = ZoneRules::new(zones)?;
        let pipeline = Pipeline::new(&contract, &zones)?;
        let baseline = bundle.optional_part(part::BASELINE);
        let layout = Layout::new(&contract, baseline, decider.novelty().is_some())?;
        let window = Window::new(layout, &contract, &pipeline, &zones)?;
        let features = Features::new(&pipeline);
        let feeds = match_inputs(&features, &model)?;
        let (scores_at, width) = match_scores(outputs, &model)?;
        Ok(Self {
            info: Info::new(&contract, outputs, &policy, &decider, bundle.manifest()),
            reader: RecordReader::new(&contract),
            validator: Validator::new(&contract)?,
            pipeline,
            model,
            feeds,
            scores_at,
            width,
            scores: Vec::new(),
            novelty: decider.novelty().map(|n| Placed::new(n, &features)).transpose()?,
            features,
            decider,
            state: State::default(),
            window,
        })
    }

    /// What the bundle is, for people and for generated forms.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// `sha256:` and 64 hexadecimal digits.
    pub fn identity(&self) -> &str {
        self.decider.identity()
    }

    /// Turns JSON or named values into records of this contract.
    pub fn reader(&self) -> &RecordReader {
        &self.reader
    }

    /// The policy's rules.
    pub fn decider(&self) -> &Decider {
        &self.decider
    }

    /// What the gate remembers: counts of assertions, the day's escalations.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Tells the time, in milliseconds since 1970-01-01T00:00:00Z, for all records until the next
    /// call. Policies with a budget or with assertions over time need it; without it, all is one
    /// day. NaN and infinity are left out.
    pub fn set_clock(&mut self, unix_ms: f64) {
        if unix_ms.is_finite() {
            self.state.now_ms = unix_ms;
        }
    }

    /// Gives the random key under which identifiers are remembered; without it, assertions over
    /// several records are not checked. Another key forgets the histories.
    pub fn set_key(&mut self, key: [u8; 32]) {
        self.state.key = Some(key);
    }

    /// Turns the kill switch on or off: while it is on, the model is not asked, and every record
    /// has the policy's `kill_switch`.
    pub fn set_killed(&mut self, killed: bool) {
        self.state.killed = killed;
    }

    /// Says that a drift alarm stands, or that it does no more: while it does, what would be
    /// accepted has the policy's `suspended`.
    pub fn set_suspended(&mut self, suspended: bool) {
        self.state.suspended = suspended;
    }

    /// Goes on where another instance was: the budget's day and what was escalated on it.
    pub fn restore(&mut self, day: i64, escalated: u32) {
        (self.state.day, self.state.used) = (day, escalated);
    }

    /// The counts of the decisions since the window began, and their layout.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// The counts, for what only the host knows: durations, traps, outcomes, segments.
    pub fn window_mut(&mut self) -> &mut Window {
        &mut self.window
    }

    /// Declares segments and metrics; the counts begin anew.
    ///
    /// # Errors
    /// [`ErrorCode::InputTooLarge`] if the summary would have too many cells.
    pub fn declare(&mut self, declared: Declared) -> Result<()> {
        let layout = self.window.layout().clone().declare(declared)?;
        self.window.redeclare(layout);
        Ok(())
    }

    /// The counts so far; the window begins anew.
    pub fn take_summary(&mut self) -> Summary {
        let summary = self.window.summary(self.decider.identity());
        self.window.clear();
        summary
    }

    /// Every broken clause, without asking the model.
    pub fn validate(&self, record: RawRecord<'_>) -> Vec<Violation> {
        let mut violations = Vec::new();
        self.validator.validate(record, &mut violations);
        violations
    }

    /// Decides one record. Whatever the record holds, there is a decision.
    pub fn predict(&mut self, record: RawRecord<'_>) -> Decision {
        self.features.clear();
        self.window.begin();
        if self.state.killed {
            let violations = self.look(record);
            let decision = self.decider.killed(violations, &mut self.state);
            self.window.observe(0, &decision);
            return decision;
        }
        let (mut violations, mut seen) = (Vec::new(), Seen::default());
        let mut decision = if !self.append(record, &mut violations, &mut seen) {
            self.decider.decide(Outcome::NotRun, violations)
        } else {
            match self.run() {
                Ok(()) => {
                    let scores = Outcome::Scores(&self.scores);
                    let mut decision = self.decider.decide(scores, violations);
                    if let Some(novelty) = &mut self.novelty {
                        let p = novelty.p_value(&self.features, 0);
                        self.decider.judge_novelty(&mut decision, p);
                    }
                    decision
                }
                Err(_) => self.decider.decide(Outcome::Failed, violations),
            }
        };
        self.decider.settle(&mut decision, &seen, &mut self.state);
        self.window.observe(0, &decision);
        decision
    }

    /// The broken clauses of a record that the model is not asked about.
    fn look(&mut self, record: RawRecord<'_>) -> Vec<Violation> {
        let mut violations = Vec::new();
        let valid = self.validator.validate(record, &mut violations);
        self.features.forget_clocks();
        self.window.place(&valid.cells, &self.features);
        violations
    }

    /// Decides many records with one call of the model; decisions in the records' order.
    ///
    /// # Errors
    /// [`ErrorCode::InputTooLarge`] past the limit of rows.
    pub fn predict_many<'r>(
        &mut self,
        records: impl IntoIterator<Item = RawRecord<'r>>,
    ) -> Result<Vec<Decision>> {
        self.features.clear();
        self.window.begin();
        let mut rows: Vec<(Option<usize>, Vec<Violation>, Seen)> = Vec::new();
        for record in records {
            if rows.len() == MAX_BATCH_ROWS {
                return Err(Error::new(
                    ErrorCode::InputTooLarge,
                    format!("there are more than {MAX_BATCH_ROWS} records"),
                ));
            }
            if self.state.killed {
                rows.push((None, self.look(record), Seen::default()));
                continue;
            }
            let (mut violations, mut seen) = (Vec::new(), Seen::default());
            let row = self.features.rows();
            let asked = self.append(record, &mut violations, &mut seen);
            rows.push((asked.then_some(row), violations, seen));
        }
        let ran = if self.features.rows() == 0 { Ok(()) } else { self.run() };
        let width = self.width;
        Ok(rows
            .into_iter()
            .enumerate()
            .map(|(nth, (row, violations, seen))| {
                if self.state.killed {
                    let decision = self.decider.killed(violations, &mut self.state);
                    self.window.observe(nth, &decision);
                    return decision;
                }
                let outcome = match (row, &ran) {
                    (None, _) => Outcome::NotRun,
                    (Some(_), Err(_)) => Outcome::Failed,
                    (Some(row), Ok(())) => self
                        .scores
                        .get(row * width..(row + 1) * width)
                        .map_or(Outcome::Failed, Outcome::Scores),
                };
                let mut decision = self.decider.decide(outcome, violations);
                if let (Some(row), Some(novelty)) = (row, &mut self.novelty) {
                    self.decider.judge_novelty(&mut decision, novelty.p_value(&self.features, row));
                }
                self.decider.settle(&mut decision, &seen, &mut self.state);
                self.window.observe(nth, &decision);
                decision
            })
            .collect())
    }

    /// The model's raw scores of one record and the features it was given, for comparison with
    /// the training pipeline; `None` if the record cannot be turned into features.
    ///
    /// # Errors
    /// [`ErrorCode::ModelFailed`] if the model cannot compute them.
    pub fn explain(&mut self, record: RawRecord<'_>) -> Result<Option<(&[f64], &Features)>> {
        self.features.clear();
        // not a decision: it is placed, and never observed
        self.window.begin();
        if !self.append(record, &mut Vec::new(), &mut Seen::default()) {
            return Ok(None);
        }
        self.run()?;
        Ok(Some((&self.scores, &self.features)))
    }

    /// Appends the record's features; `false` if it has none.
    fn append(
        &mut self,
        record: RawRecord<'_>,
        violations: &mut Vec<Violation>,
        seen: &mut Seen,
    ) -> bool {
        let valid = self.validator.validate(record, violations);
        *seen = self.decider.see(&valid.cells, &self.state);
        let worst = violations.iter().map(|v| v.severity).max();
        self.features.forget_clocks();
        if worst == Some(Severity::Reject) || valid.cells.contains(&Cell::Invalid) {
            self.window.place(&valid.cells, &self.features);
            return false;
        }
        let known = violations.len();
        let appended = self.pipeline.run(&valid, &mut self.features, violations);
        self.window.place(&valid.cells, &self.features);
        if !appended && worst == Some(Severity::Escalate) {
            // a person decides already; that the model cannot help is no fault of the record
            violations.truncate(known);
        }
        appended
    }

    /// Runs the model on the features and keeps its scores.
    fn run(&mut self) -> Result<()> {
        let rows = self.features.rows();
        let tensors = self.features.tensors();
        let inputs: Vec<&TensorData> =
            self.feeds.iter().filter_map(|at| tensors.get(*at)).map(|t| &t.data).collect();
        self.model.run(rows, &inputs)?;
        let failed = |message| Err(Error::new(ErrorCode::ModelFailed, message));
        let Some(output) = self.model.output(self.scores_at) else {
            return failed("the model has no scores");
        };
        self.scores.clear();
        if !output.append_floats(&mut self.scores) {
            return failed("the scores are no floats");
        }
        if self.scores.len() != rows * self.width {
            return failed("the scores are not as many as the rows");
        }
        Ok(())
    }
}

fn mismatch<T>(message: String) -> Result<T> {
    Err(Error::new(ErrorCode::ModelMismatch, message))
}

/// Elements of one row, if the tensor has one row of the batch after the other.
fn width(info: &TensorInfo) -> Option<usize> {
    match info.shape.as_slice() {
        [Axis::Batch(1)] => Some(1),
        [Axis::Batch(1), rest @ ..] => {
            rest.iter().try_fold(1usize, |n, axis| n.checked_mul(axis.fixed()?))
        }
        _ => None,
    }
}

/// Which tensor of the contract feeds each input of the model; each feeds exactly one.
#[inline(never)]
fn match_inputs(features: &Features, model: &Model) -> Result<Vec<usize>> {
    let inputs = model.inputs();
    let mut ports = Vec::new();
    for tensor in features.tensors() {
        let name = &tensor.name;
        let found = inputs.iter().enumerate().find(|(_, input)| input.name == **name);
        let Some((at, input)) = found else {
            return mismatch(format!("the model has no input `{name}`"));
        };
        if input.dtype != tensor.dtype {
            return mismatch(format!(
                "the model's input `{name}` is {}, the contract gives {}",
                input.dtype.as_str(),
                tensor.dtype.as_str()
            ));
        }
        if width(input) != Some(tensor.width) {
            return mismatch(format!(
                "the model's input `{name}` does not take rows of {} features",
                tensor.width
            ));
        }
        let rest = input.shape.get(1..).unwrap_or_default();
        let same = |(axis, length): (&Axis, &usize)| axis.fixed() == Some(*length);
        if tensor.shape.len() > 1
            && (rest.len() != tensor.shape.len() || !rest.iter().zip(&*tensor.shape).all(same))
        {
            return mismatch(format!(
                "the model's input `{name}` does not take arrays of shape {:?}",
                tensor.shape
            ));
        }
        ports.push(at);
    }
    let mut feeds = Vec::new();
    for (i, input) in inputs.iter().enumerate() {
        match ports.iter().position(|port| *port == i) {
            Some(tensor) => feeds.push(tensor),
            None => {
                let name = &input.name;
                return mismatch(format!(
                    "no tensor of the contract feeds the model's input `{name}`"
                ));
            }
        }
    }
    Ok(feeds)
}

#[inline(never)]
fn match_scores(outputs: &Outputs, model: &Model) -> Result<(usize, usize)> {
    let found = model.outputs().iter().enumerate().find(|(_, o)| o.name == outputs.scores);
    let Some((at, output)) = found else {
        return mismatch(format!("the model has no output `{}`", outputs.scores));
    };
    if !matches!(output.dtype, DType::Float32 | DType::Float64) {
        return mismatch(format!("the model's output `{}` holds no floats", outputs.scores));
    }
    let labels = outputs.labels.len().max(1);
    match width(output) {
        Some(found) if found == labels || (labels == 2 && found == 1) => Ok((at, found)),
        _ => mismatch(format!(
            "the model's output `{}` does not hold {labels} scores a row",
            outputs.scores
        )),
    }
}
