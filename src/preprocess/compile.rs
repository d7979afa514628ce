//! Steps compiled: lists become positions, zones become rules.

use super::encode::Positions;
use super::step::{OneHotPlan, Op, Replacement, Texts};
use super::tokens::TokenHasher;
use super::zone::ZoneRules;
use crate::contract::{Contract, Input, InputType, OneHotOther, Scalar, Step};
use crate::error::{Error, ErrorCode, Result};

/// What is known of the values that arrive at a step.
pub(super) struct Compiler<'a> {
    contract: &'a Contract,
    zones: &'a ZoneRules,
    input: usize,
    /// What category numbers stand for; `None` once other values arrive.
    vocabulary: Option<Vec<Scalar>>,
    /// All values but unseen ones; what an encoder without a list of its own takes.
    known: Option<Vec<Scalar>>,
    /// What the columns are called, after the feature's name.
    pub columns: Vec<String>,
}

impl<'a> Compiler<'a> {
    pub fn new(contract: &'a Contract, zones: &'a ZoneRules, at: usize, input: &Input) -> Self {
        let known = match input.kind {
            InputType::Boolean => Some(vec![Scalar::Bool(false), Scalar::Bool(true)]),
            _ => input.values.clone(),
        };
        let vocabulary = known.clone().filter(|_| input.kind == InputType::Category);
        let columns = vec![String::new()];
        Self { contract, zones, input: at, vocabulary, known, columns }
    }

    /// What category numbers stand for here.
    pub fn texts(&self) -> Texts {
        let texts = self.vocabulary.iter().flatten();
        texts.map(|v| v.as_text().unwrap_or_default().into()).collect()
    }

    /// Compiles the next step. `clocks` are the inputs and zones whose clocks are read.
    pub fn step(&mut self, step: &Step, clocks: &mut Vec<(usize, String)>) -> Result<Op> {
        let mut columns = vec![String::new()];
        let mut known = None;
        let op = match step {
            Step::Impute { value, .. } => return Ok(Op::Impute(self.replacement(value))),
            Step::MissingAsNan {} => return Ok(Op::MissingAsNan),
            Step::MissingIndicator {} => Op::MissingIndicator,
            Step::Calendar { part, zone } => {
                let key = (self.input, zone.clone());
                let clock = clocks.iter().position(|c| *c == key).unwrap_or_else(|| {
                    clocks.push(key);
                    clocks.len() - 1
                });
                Op::Calendar { part: *part, zone: self.zones.get(zone)?, clock }
            }
            Step::Ordinal { categories, unseen, missing } => Op::Ordinal {
                positions: self.positions(self.list(categories.as_deref())),
                unseen: *unseen,
                missing: *missing,
            },
            Step::Map { categories, values, unseen, missing } => Op::Map {
                positions: self.positions(self.list(categories.as_deref())),
                values: values.as_slice().into(),
                unseen: *unseen,
                missing: *missing,
            },
            Step::OneHot { categories, unseen, missing, drop } => {
                let list = self.list(categories.as_deref());
                let drop = drop.as_ref().and_then(|d| list.iter().position(|c| c == d));
                let kept = list.iter().enumerate().filter(|(n, _)| Some(*n) != drop);
                columns = kept.map(|(_, c)| format!("={c}")).collect();
                let other = u32::try_from(columns.len()).unwrap_or(u32::MAX);
                let to = |rule: &Option<OneHotOther>| {
                    rule.map(|r| (r == OneHotOther::Column).then_some(other))
                };
                let (unseen, missing) = (to(unseen), to(missing));
                if unseen.flatten().or(missing.flatten()).is_some() {
                    columns.push("=other".to_owned());
                }
                Op::OneHot(OneHotPlan {
                    positions: self.positions(list),
                    width: u32::try_from(columns.len()).unwrap_or(u32::MAX),
                    drop: drop.and_then(|d| u32::try_from(d).ok()),
                    unseen,
                    missing,
                })
            }
            Step::Hash { buckets, seed } => {
                Op::Hash { texts: self.texts(), buckets: *buckets, seed: *seed }
            }
            Step::HashTokens { buckets, .. } => {
                columns = (0..*buckets).map(|n| format!("[{n}]")).collect();
                Op::Tokens(TokenHasher::new(step)?, self.texts())
            }
            Step::TextLength {} => Op::TextLength(self.texts()),
            Step::Epoch { unit } => Op::Epoch { unit: unit.seconds() },
            Step::Since { input, unit } => {
                let input = self.contract.input(input).map_or(usize::MAX, |(at, _)| at);
                Op::Since { input, unit: unit.seconds() }
            }
            Step::StandardScale { mean, scale } | Step::RobustScale { center: mean, scale } => {
                Op::StandardScale { mean: *mean, scale: *scale }
            }
            Step::MinMaxScale { minimum, maximum } => {
                Op::MinMaxScale { minimum: *minimum, range: maximum - minimum }
            }
            Step::Clip { minimum, maximum } => Op::Clip {
                minimum: minimum.unwrap_or(f64::NEG_INFINITY),
                maximum: maximum.unwrap_or(f64::INFINITY),
            },
            Step::Log1p {} => Op::Log1p,
            Step::Resize { .. }
            | Step::CenterCrop { .. }
            | Step::Channels { .. }
            | Step::Normalize { .. }
            | Step::ChannelsFirst {} => {
                return Err(Error::new(ErrorCode::Internal, "a step of arrays takes one value"));
            }
            Step::Log { base, offset } => Op::Log { base: *base, offset: *offset },
            Step::BoxCox { lambda } => Op::BoxCox(*lambda),
            Step::YeoJohnson { lambda } => Op::YeoJohnson(*lambda),
            Step::Quantile { quantiles, output } => {
                Op::Quantile(quantiles.as_slice().into(), *output)
            }
            Step::Bins { edges } => {
                known = Some((0..edges.len() as i64 - 1).map(Scalar::Integer).collect());
                Op::Bins(edges.as_slice().into())
            }
            Step::Cyclic { period } => {
                columns = vec!["_sin".to_owned(), "_cos".to_owned()];
                Op::Cyclic { period: *period }
            }
        };
        self.vocabulary = None;
        self.known = known;
        self.columns = columns;
        Ok(op)
    }

    fn list<'b>(&'b self, own: Option<&'b [Scalar]>) -> &'b [Scalar] {
        own.or(self.known.as_deref()).unwrap_or_default()
    }

    fn positions(&self, list: &[Scalar]) -> Positions {
        Positions::new(list, self.vocabulary.as_deref())
    }

    fn replacement(&mut self, value: &Scalar) -> Replacement {
        let add = |values: &mut Vec<Scalar>| {
            let at = values.iter().position(|v| v == value);
            at.unwrap_or_else(|| {
                values.push(value.clone());
                values.len() - 1
            })
        };
        if let Some(known) = &mut self.known {
            add(known);
        }
        if let Some(vocabulary) = &mut self.vocabulary {
            return Replacement::Category(u32::try_from(add(vocabulary)).unwrap_or(u32::MAX));
        }
        match value {
            Scalar::Bool(b) => Replacement::Boolean(*b),
            Scalar::Integer(i) => Replacement::Integer(*i),
            Scalar::Number(x) => Replacement::Number(*x),
            Scalar::Text(text) => Replacement::Text(text.as_str().into()),
        }
    }
}
