//! The steps of a feature, compiled.

use super::clock::Clock;
use super::encode::Positions;
use super::hash::murmur3_32;
use super::tokens::TokenHasher;
use super::transform::{bin, box_cox, quantile, yeo_johnson};
use super::tzif::Zone;
use super::zone::offset_at;
use crate::contract::{CalendarPart, Cell, Distribution, Instant, exact_f64};
use crate::error::ErrorCode;

/// A value between two steps.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    Missing,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(&'a str),
    /// Position in the feature's vocabulary.
    Category(u32),
    Unseen(&'a str),
    Timestamp(Instant),
    /// A missing value that the model takes as NaN.
    Nan,
    /// Two columns.
    Pair(f64, f64),
    /// So many columns, 1 in the one at the position and 0 in the others.
    OneHot(Option<u32>, u32),
    /// One column a bucket.
    Tokens(&'a TokenHasher, &'a str),
}

/// Why a value cannot go on.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub code: ErrorCode,
    pub message: &'static str,
}

pub(super) const fn refuse(code: ErrorCode, message: &'static str) -> Refusal {
    Refusal { code, message }
}

const UNSEEN: Refusal = refuse(ErrorCode::NotInSet, "the encoder has no code for the value");
const OTHER_TYPE: Refusal = refuse(
    ErrorCode::NotRepresentable,
    "the step takes another type, or no binary64 number is exactly the value",
);

impl<'a> Item<'a> {
    /// The item that a cell starts as.
    pub fn of(cell: &'a Cell<'_>) -> Result<Self, Refusal> {
        Ok(match cell {
            Cell::Missing => Self::Missing,
            Cell::Invalid | Cell::Array(_) | Cell::Opaque => {
                return Err(refuse(ErrorCode::NotRepresentable, "the value broke a clause"));
            }
            Cell::Boolean(b) => Self::Boolean(*b),
            Cell::Integer(i) => Self::Integer(*i),
            Cell::Number(x) => Self::Number(*x),
            Cell::Text(text) => Self::Text(text),
            Cell::Category(i) => Self::Category(*i),
            Cell::Unseen(text) => Self::Unseen(text),
            Cell::Timestamp(t) => Self::Timestamp(*t),
        })
    }

    /// The number, if it is one that binary64 holds; true is 1 and false 0.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(x) => Some(*x),
            Self::Integer(i) => exact_f64(*i),
            Self::Boolean(b) => Some(f64::from(u8::from(*b))),
            _ => None,
        }
    }
}

/// The value that replaces a missing one.
#[derive(Clone, Debug)]
pub(super) enum Replacement {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(Box<str>),
    Category(u32),
}

impl Replacement {
    fn item(&self) -> Item<'_> {
        match self {
            Self::Boolean(b) => Item::Boolean(*b),
            Self::Integer(i) => Item::Integer(*i),
            Self::Number(x) => Item::Number(*x),
            Self::Text(text) => Item::Text(text),
            Self::Category(i) => Item::Category(*i),
        }
    }
}

/// Texts that category numbers stand for.
pub(super) type Texts = Box<[Box<str>]>;

/// What a one-hot encoder makes of a value.
#[derive(Clone, Debug)]
pub(super) struct OneHotPlan {
    pub positions: Positions,
    /// Columns.
    pub width: u32,
    /// Position in the list of the category without a column.
    pub drop: Option<u32>,
    /// What an unseen value gives, `None` if it cannot arrive.
    pub unseen: Option<Option<u32>>,
    /// What a missing value gives, `None` if another step handles it.
    pub missing: Option<Option<u32>>,
}

/// A compiled step.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Impute(Replacement),
    MissingIndicator,
    MissingAsNan,
    Calendar { part: CalendarPart, zone: Zone, clock: usize },
    Ordinal { positions: Positions, unseen: Option<f64>, missing: Option<f64> },
    Map { positions: Positions, values: Box<[f64]>, unseen: Option<f64>, missing: Option<f64> },
    OneHot(OneHotPlan),
    Hash { texts: Texts, buckets: u32, seed: u32 },
    Tokens(TokenHasher, Texts),
    TextLength(Texts),
    Epoch { unit: f64 },
    Since { input: usize, unit: f64 },
    StandardScale { mean: f64, scale: f64 },
    MinMaxScale { minimum: f64, range: f64 },
    Clip { minimum: f64, maximum: f64 },
    Log1p,
    Log { base: Option<f64>, offset: f64 },
    BoxCox(f64),
    YeoJohnson(f64),
    Quantile(Box<[f64]>, Distribution),
    Bins(Box<[f64]>),
    Cyclic { period: f64 },
}

/// What a step may ask besides its value.
pub(super) struct Context<'a, 'c> {
    pub cells: &'a [Cell<'a>],
    /// Clocks read already for this record.
    pub clocks: &'c mut [Option<Clock>],
}

impl Op {
    pub fn apply<'a>(
        &'a self,
        item: Item<'a>,
        context: &mut Context<'_, '_>,
    ) -> Result<Item<'a>, Refusal> {
        match (self, item) {
            (Self::Impute(by), Item::Missing) => Ok(by.item()),
            (Self::Impute(_), item) => Ok(item),
            (Self::MissingIndicator, item) => Ok(Item::Boolean(matches!(item, Item::Missing))),
            (Self::MissingAsNan, Item::Missing) => Ok(Item::Nan),
            (Self::MissingAsNan, item) => Ok(item),
            (
                Self::Ordinal { missing: Some(code), .. } | Self::Map { missing: Some(code), .. },
                Item::Missing,
            ) => Ok(Item::Number(*code)),
            (Self::OneHot(plan), Item::Missing) if plan.missing.is_some() => {
                Ok(Item::OneHot(plan.missing.flatten(), plan.width))
            }
            (_, Item::Missing) => Ok(Item::Missing),
            (_, Item::Nan) => Ok(Item::Nan),
            (Self::Calendar { part, zone, clock }, Item::Timestamp(t)) => {
                let seen = context.clocks.get(*clock).copied().flatten();
                let now = match seen {
                    Some(now) => now,
                    None => {
                        let offset = offset_at(zone, t).ok_or(refuse(
                            ErrorCode::NotRepresentable,
                            "the zone has no such time",
                        ))?;
                        Clock::new(t.seconds, offset)
                    }
                };
                if let Some(slot) = context.clocks.get_mut(*clock) {
                    *slot = Some(now);
                }
                Ok(Item::Integer(now.part(*part)))
            }
            (Self::Epoch { unit }, Item::Timestamp(t)) => Ok(Item::Number(t.as_seconds() / unit)),
            (Self::Since { input, unit }, Item::Timestamp(t)) => match context.cells.get(*input) {
                Some(Cell::Timestamp(other)) => {
                    let seconds = (t.seconds - other.seconds) as f64;
                    let fraction = f64::from(t.nanoseconds) - f64::from(other.nanoseconds);
                    Ok(Item::Number((seconds + fraction / 1e9) / unit))
                }
                Some(Cell::Missing) => Ok(Item::Missing),
                _ => Err(refuse(ErrorCode::NotRepresentable, "the other timestamp broke a clause")),
            },
            (Self::Ordinal { positions, unseen, .. }, item) => match positions.of(&item) {
                Some(at) => Ok(Item::Integer(i64::from(at))),
                None => unseen.map(Item::Number).ok_or(UNSEEN),
            },
            (Self::Map { positions, values, unseen, .. }, item) => {
                let value = positions.of(&item).and_then(|at| values.get(at as usize).copied());
                value.or(*unseen).map(Item::Number).ok_or(UNSEEN)
            }
            (Self::OneHot(plan), item) => match plan.positions.of(&item) {
                Some(at) if plan.drop == Some(at) => Ok(Item::OneHot(None, plan.width)),
                Some(at) => {
                    let before = u32::from(plan.drop.is_some_and(|drop| drop < at));
                    Ok(Item::OneHot(Some(at - before), plan.width))
                }
                None => Ok(Item::OneHot(plan.unseen.ok_or(UNSEEN)?, plan.width)),
            },
            (Self::Hash { texts, buckets, seed }, item) => {
                let hash = murmur3_32(text(item, texts)?.as_bytes(), *seed);
                Ok(Item::Integer(i64::from(hash % buckets)))
            }
            (Self::Tokens(hasher, texts), item) => Ok(Item::Tokens(hasher, text(item, texts)?)),
            (Self::TextLength(texts), item) => {
                Ok(Item::Integer(text(item, texts)?.chars().count() as i64))
            }
            (op, item) => op.number(item.as_f64().ok_or(OTHER_TYPE)?),
        }
    }

    fn number<'a>(&self, x: f64) -> Result<Item<'a>, Refusal> {
        let y = match self {
            Self::StandardScale { mean, scale } => (x - mean) / scale,
            Self::MinMaxScale { minimum, range } => (x - minimum) / range,
            Self::Clip { minimum, maximum } => x.max(*minimum).min(*maximum),
            Self::Log1p if x > -1.0 => libm::log1p(x),
            Self::Log { base, offset } if x + offset > 0.0 => {
                let y = libm::log(x + offset);
                match base {
                    None => y,
                    Some(2.0) => libm::log2(x + offset),
                    Some(10.0) => libm::log10(x + offset),
                    Some(base) => y / libm::log(*base),
                }
            }
            Self::Log1p | Self::Log { .. } => {
                return Err(refuse(ErrorCode::NotRepresentable, "the value has no logarithm"));
            }
            Self::BoxCox(lambda) => box_cox(x, *lambda),
            Self::YeoJohnson(lambda) => yeo_johnson(x, *lambda),
            Self::Quantile(quantiles, output) => quantile(x, quantiles, *output),
            Self::Bins(edges) => return Ok(Item::Integer(bin(x, edges))),
            Self::Cyclic { period } => {
                let angle = 2.0 * std::f64::consts::PI * x / period;
                return Ok(Item::Pair(libm::sin(angle), libm::cos(angle)));
            }
            _ => return Err(OTHER_TYPE),
        };
        if y.is_finite() {
            Ok(Item::Number(y))
        } else {
            Err(refuse(ErrorCode::NotRepresentable, "the step's result is not finite"))
        }
    }
}

fn text<'a>(item: Item<'a>, texts: &'a Texts) -> Result<&'a str, Refusal> {
    match item {
        Item::Text(text) | Item::Unseen(text) => Ok(text),
        Item::Category(i) => texts.get(i as usize).map(AsRef::as_ref).ok_or(OTHER_TYPE),
        _ => Err(OTHER_TYPE),
    }
}
