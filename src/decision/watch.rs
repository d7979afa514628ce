//! Rules and assertions, compiled: what of each record they look at.

use super::policy::invalid;
use super::terms::{Answer, Assertion, AssertionCheck, Condition};
use super::{Decision, Policy};
use crate::contract::{Cell, Contract, InputType, Scalar, Values};
use crate::error::{Error, ErrorCode, Result};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What rules and assertions look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// The conditions on inputs, each tried once a record.
    looks: Vec<Look>,
    /// The conditions of each rule, in the policy's order.
    pub rules: Vec<Vec<Test>>,
    /// In the policy's order.
    pub assertions: Vec<Compiled>,
}

#[derive(Clone, Debug)]
struct Look {
    at: usize,
    /// What category numbers stand for.
    texts: Vec<String>,
    want: Want,
}

#[derive(Clone, Debug)]
enum Want {
    OneOf(Values),
    Within(Interval),
    Missing(bool),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    low: f64,
    high: f64,
}

/// One condition.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// By its place among the looks.
    Input(usize),
    Predicted(Vec<String>),
    Confidence(Interval),
    Value(Interval),
}

/// One assertion.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub check: AssertionCheck,
    identifier: Vec<usize>,
    pub of: Option<usize>,
    pub time: Option<usize>,
    /// In seconds.
    pub within: f64,
    pub when: Vec<Test>,
    pub then: Vec<Test>,
}

/// What was seen of one record: nothing of it but truth values, keyed hashes and instants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    holds: Vec<bool>,
    /// One an assertion.
    pub(super) tracks: Vec<Track>,
}

/// What an assertion over several records keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Track {
    /// Keyed hash of the identifier; `None` if it, the key or the value is missing.
    pub key: Option<u64>,
    /// Keyed hash of the input that must agree.
    pub of: u64,
    /// Seconds since 1970; the host's clock counts if it is `None`.
    pub time: Option<f64>,
}

impl Watch {
    #[inline(never)]
    pub fn new(policy: &Policy, contract: &Contract) -> Result<Self> {
        let mut watch = Self::default();
        for (i, rule) in policy.rules.iter().enumerate() {
            let tests = watch.tests(&format!("rules[{i}].when"), &rule.when, contract)?;
            watch.rules.push(tests);
        }
        for (i, assertion) in policy.assertions.iter().enumerate() {
            let compiled = watch.assertion(&format!("assertions[{i}]"), assertion, contract)?;
            watch.assertions.push(compiled);
        }
        Ok(watch)
    }

    /// Whether there is anything to look at.
    pub fn is_empty(&self) -> bool {
        self.looks.is_empty() && self.assertions.is_empty()
    }

    fn assertion(&mut self, path: &str, a: &Assertion, contract: &Contract) -> Result<Compiled> {
        let tracked = |name: &String| {
            let (at, input) = place(path, name, contract)?;
            if matches!(input, InputType::Array | InputType::Any) {
                return invalid(path, &format!("`{name}` holds nothing that can be compared"));
            }
            Ok(at)
        };
        let time = a.time.as_ref().map(|name| match place(path, name, contract)? {
            (at, InputType::Timestamp) => Ok(at),
            _ => invalid(path, &format!("`{name}` is no timestamp")),
        });
        Ok(Compiled {
            check: a.check,
            identifier: a.identifier.iter().map(tracked).collect::<Result<_>>()?,
            of: a.of.as_ref().map(tracked).transpose()?,
            time: time.transpose()?,
            within: a.within_seconds.map_or(f64::INFINITY, f64::from),
            when: self.tests(&format!("{path}.when"), &a.when, contract)?,
            then: self.tests(&format!("{path}.then"), &a.then, contract)?,
        })
    }

    fn tests(&mut self, path: &str, list: &[Condition], contract: &Contract) -> Result<Vec<Test>> {
        let mut tests = Vec::new();
        for (i, condition) in list.iter().enumerate() {
            tests.push(self.test(&format!("{path}[{i}]"), condition, contract)?);
        }
        Ok(tests)
    }

    fn test(&mut self, path: &str, condition: &Condition, contract: &Contract) -> Result<Test> {
        let interval = Interval {
            low: condition.at_least.unwrap_or(f64::NEG_INFINITY),
            high: condition.below.unwrap_or(f64::INFINITY),
        };
        let Some(name) = &condition.input else {
            return Ok(match condition.answer {
                Some(Answer::Confidence) => Test::Confidence(interval),
                Some(Answer::Value) => Test::Value(interval),
                _ => Test::Predicted(
                    condition.is.iter().filter_map(Scalar::as_text).map(str::to_owned).collect(),
                ),
            });
        };
        let (at, kind) = place(path, name, contract)?;
        let want = match condition.missing {
            Some(missing) => Want::Missing(missing),
            None if condition.is.is_empty() => match kind {
                InputType::Number | InputType::Integer => Want::Within(interval),
                _ => return invalid(path, &format!("`{name}` is no number")),
            },
            None => {
                let fits = |value: &Scalar| match kind {
                    InputType::Text | InputType::Category => value.as_text().is_some(),
                    InputType::Number | InputType::Integer => value.as_f64().is_some(),
                    InputType::Boolean => matches!(value, Scalar::Bool(_)),
                    _ => false,
                };
                if !condition.is.iter().all(fits) {
                    return invalid(path, &format!("`{name}` has no values of that type"));
                }
                Want::OneOf(Values::new(&condition.is))
            }
        };
        let values = contract.inputs.get(at).and_then(|input| input.values.as_deref());
        let texts = values.unwrap_or_default().iter().filter_map(Scalar::as_text);
        self.looks.push(Look { at, texts: texts.map(str::to_owned).collect(), want });
        Ok(Test::Input(self.looks.len() - 1))
    }

    /// Looks at a record.
    pub fn see(&self, cells: &[Cell<'_>], key: Option<&[u8; 32]>) -> Seen {
        Seen {
            holds: self.looks.iter().map(|look| look.holds(cells)).collect(),
            tracks: self.assertions.iter().map(|a| a.track(cells, key)).collect(),
        }
    }
}

fn place(path: &str, name: &str, contract: &Contract) -> Result<(usize, InputType)> {
    match contract.input(name) {
        Some((at, input)) => Ok((at, input.kind)),
        None => {
            Err(Error::new(ErrorCode::PolicyInvalid, format!("the contract has no input `{name}`"))
                .at_path(path))
        }
    }
}

impl Look {
    fn holds(&self, cells: &[Cell<'_>]) -> bool {
        let Some(cell) = cells.get(self.at) else { return false };
        match &self.want {
            Want::Missing(wanted) => match cell {
                Cell::Invalid => false,
                cell => matches!(cell, Cell::Missing) == *wanted,
            },
            Want::Within(interval) => match cell {
                Cell::Number(x) => interval.holds(*x),
                Cell::Integer(i) => interval.holds(*i as f64),
                _ => false,
            },
            Want::OneOf(values) => match cell {
                Cell::Category(i) => {
                    let text = self.texts.get(*i as usize).map(String::as_str);
                    text.is_some_and(|text| values.contains(&Cell::Text(text.into())))
                }
                cell => values.contains(cell),
            },
        }
    }
}

impl Interval {
    fn holds(self, x: f64) -> bool {
        self.low <= x && x < self.high
    }
}

impl Compiled {
    fn track(&self, cells: &[Cell<'_>], key: Option<&[u8; 32]>) -> Track {
        let of = match self.of {
            Some(at) => hash(key, cells, &[at]),
            None => Some(0),
        };
        let time = self.time.map(|at| match cells.get(at) {
            Some(Cell::Timestamp(t)) => Some(t.as_seconds()),
            _ => None,
        });
        match (of, time) {
            // when or what it was is missing: nothing to compare
            (None, _) | (_, Some(None)) => Track::default(),
            (Some(of), time) => {
                Track { key: hash(key, cells, &self.identifier), of, time: time.flatten() }
            }
        }
    }
}

/// The first 64 bits of SHA-256 over the key and the values, each with its length before it.
/// The key fills a block with zeros, as in HMAC; the answer never leaves, and is cut.
fn hash(key: Option<&[u8; 32]>, cells: &[Cell<'_>], places: &[usize]) -> Option<u64> {
    if places.is_empty() {
        return None;
    }
    let mut sha = Sha256::new();
    sha.update(key?);
    sha.update([0; 32]);
    for at in places {
        let mut put = |tag: u8, bytes: &[u8]| {
            sha.update([tag]);
            sha.update((bytes.len() as u64).to_le_bytes());
            sha.update(bytes);
        };
        match cells.get(*at)? {
            Cell::Boolean(b) => put(0, &[u8::from(*b)]),
            Cell::Integer(i) => put(1, &i.to_le_bytes()),
            // −0 is 0
            Cell::Number(x) => put(2, &(x + 0.0).to_bits().to_le_bytes()),
            Cell::Text(text) | Cell::Unseen(text) => put(3, text.as_bytes()),
            Cell::Category(i) => put(4, &i.to_le_bytes()),
            Cell::Timestamp(t) => {
                put(5, &t.seconds.to_le_bytes());
                put(6, &t.nanoseconds.to_le_bytes());
            }
            Cell::Missing | Cell::Invalid | Cell::Array(_) | Cell::Opaque => return None,
        }
    }
    let digest = sha.finalize();
    digest.iter().take(8).try_fold(0u64, |word, byte| Some((word << 8) | u64::from(*byte)))
}

impl Test {
    /// Whether it holds for a record and the model's answer to it.
    pub fn holds(&self, seen: &Seen, decision: &Decision) -> bool {
        match self {
            Self::Input(at) => seen.holds.get(*at).copied().unwrap_or(false),
            Self::Predicted(labels) => {
                let named = |label: &Arc<str>| labels.iter().any(|l| **l == **label);
                match (&decision.predicted, &decision.scores) {
                    (Some(label), _) => named(label),
                    (None, Some(scores)) => scores.iter().any(|(l, p)| p >= 0.5 && named(l)),
                    _ => false,
                }
            }
            Self::Confidence(interval) => decision.confidence.is_some_and(|c| interval.holds(c)),
            Self::Value(interval) => decision.predicted_value.is_some_and(|v| interval.holds(v)),
        }
    }
}
