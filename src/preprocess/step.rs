//! The steps of a feature, compiled.

use super::clock::Clock;
use super::encode::Positions;
use super::zone::{ZoneRules, offset_at};
use crate::contract::{CalendarPart, Cell, Instant, Scalar, Step, exact_f64};
use crate::error::{ErrorCode, Result};
use jiff::tz::TimeZone;

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
    /// Two columns.
    Pair(f64, f64),
    /// So many columns, 1 in the one at the position and 0 in the others.
    OneHot(Option<u32>, u32),
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

impl<'a> Item<'a> {
    /// The item that a cell starts as.
    pub fn of(cell: &'a Cell<'_>) -> Result<Self, Refusal> {
        Ok(match cell {
            Cell::Missing => Self::Missing,
            Cell::Invalid => {
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

/// A compiled step.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Impute(Replacement),
    MissingIndicator,
    Calendar { part: CalendarPart, zone: TimeZone },
    Ordinal { positions: Positions, unseen: Option<f64>, missing: Option<f64> },
    OneHot { positions: Positions, width: u32, unseen: bool, missing: bool },
    StandardScale { mean: f64, scale: f64 },
    MinMaxScale { minimum: f64, range: f64 },
    Clip { minimum: f64, maximum: f64 },
    Log1p,
    Cyclic { period: f64 },
}

/// What category numbers stand for while a feature is compiled; `None` once other values arrive.
pub(super) type Vocabulary = Option<Vec<Scalar>>;

impl Op {
    /// Compiles a step, given what categories arrive, and changes that to what leaves.
    /// `known` are the values that an encoder without a list of its own takes.
    pub fn new(
        step: &Step,
        vocabulary: &mut Vocabulary,
        known: &mut Option<Vec<Scalar>>,
        zones: &ZoneRules,
    ) -> Result<Self> {
        let op = match step {
            Step::Impute { value, .. } => {
                return Ok(Self::Impute(replacement(value, vocabulary, known)));
            }
            Step::MissingIndicator {} => Self::MissingIndicator,
            Step::Calendar { part, zone } => Self::Calendar { part: *part, zone: zones.get(zone)? },
            Step::Ordinal { categories, unseen, missing } => {
                let list = categories.as_deref().or(known.as_deref()).unwrap_or_default();
                let positions = Positions::new(list, vocabulary.as_deref());
                Self::Ordinal { positions, unseen: *unseen, missing: *missing }
            }
            Step::OneHot { categories, unseen, missing } => {
                let list = categories.as_deref().or(known.as_deref()).unwrap_or_default();
                Self::OneHot {
                    positions: Positions::new(list, vocabulary.as_deref()),
                    width: u32::try_from(list.len()).unwrap_or(u32::MAX),
                    unseen: unseen.is_some(),
                    missing: missing.is_some(),
                }
            }
            Step::StandardScale { mean, scale } => {
                Self::StandardScale { mean: *mean, scale: *scale }
            }
            Step::MinMaxScale { minimum, maximum } => {
                Self::MinMaxScale { minimum: *minimum, range: maximum - minimum }
            }
            Step::Clip { minimum, maximum } => Self::Clip {
                minimum: minimum.unwrap_or(f64::NEG_INFINITY),
                maximum: maximum.unwrap_or(f64::INFINITY),
            },
            Step::Log1p {} => Self::Log1p,
            Step::Cyclic { period } => Self::Cyclic { period: *period },
        };
        *vocabulary = None;
        *known = None;
        Ok(op)
    }

    /// What the columns of a step that gives several are called, after the feature's name.
    pub fn columns(step: &Step, known: Option<&[Scalar]>) -> Vec<String> {
        match step {
            Step::OneHot { categories, .. } => {
                let list = categories.as_deref().or(known).unwrap_or_default();
                list.iter().map(|c| format!("={c}")).collect()
            }
            Step::Cyclic { .. } => vec!["_sin".to_owned(), "_cos".to_owned()],
            _ => vec![String::new()],
        }
    }

    pub fn apply<'a>(&'a self, item: Item<'a>) -> Result<Item<'a>, Refusal> {
        const UNSEEN: Refusal =
            refuse(ErrorCode::NotInSet, "the encoder has no code for the value");
        match (self, item) {
            (Self::Impute(by), Item::Missing) => Ok(by.item()),
            (Self::Impute(_), item) => Ok(item),
            (Self::MissingIndicator, item) => Ok(Item::Boolean(matches!(item, Item::Missing))),
            (Self::Ordinal { missing: Some(code), .. }, Item::Missing) => Ok(Item::Number(*code)),
            (Self::OneHot { missing: true, width, .. }, Item::Missing) => {
                Ok(Item::OneHot(None, *width))
            }
            (_, Item::Missing) => Ok(Item::Missing),
            (Self::Calendar { part, zone }, Item::Timestamp(t)) => {
                let offset = offset_at(zone, t)
                    .ok_or(refuse(ErrorCode::NotRepresentable, "the zone has no such time"))?;
                Ok(Item::Integer(Clock::new(t.seconds, offset).part(*part)))
            }
            (Self::Ordinal { positions, unseen, .. }, item) => match positions.of(&item) {
                Some(at) => Ok(Item::Integer(i64::from(at))),
                None => unseen.map(Item::Number).ok_or(UNSEEN),
            },
            (Self::OneHot { positions, width, unseen, .. }, item) => match positions.of(&item) {
                None if !unseen => Err(UNSEEN),
                at => Ok(Item::OneHot(at, *width)),
            },
            (op, item) => {
                let x = item.as_f64().ok_or(refuse(
                    ErrorCode::NotRepresentable,
                    "no binary64 number is exactly the value",
                ))?;
                op.number(x)
            }
        }
    }

    fn number<'a>(&self, x: f64) -> Result<Item<'a>, Refusal> {
        let y = match self {
            Self::StandardScale { mean, scale } => (x - mean) / scale,
            Self::MinMaxScale { minimum, range } => (x - minimum) / range,
            Self::Clip { minimum, maximum } => x.max(*minimum).min(*maximum),
            Self::Log1p => {
                if x <= -1.0 {
                    return Err(refuse(ErrorCode::NotRepresentable, "ln(1 + x) needs x above −1"));
                }
                libm::log1p(x)
            }
            Self::Cyclic { period } => {
                let angle = 2.0 * std::f64::consts::PI * x / period;
                return Ok(Item::Pair(libm::sin(angle), libm::cos(angle)));
            }
            _ => return Err(refuse(ErrorCode::NotRepresentable, "the step takes another type")),
        };
        if y.is_finite() {
            Ok(Item::Number(y))
        } else {
            Err(refuse(ErrorCode::NotRepresentable, "the step's result is not finite"))
        }
    }
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

fn replacement(
    value: &Scalar,
    vocabulary: &mut Vocabulary,
    known: &mut Option<Vec<Scalar>>,
) -> Replacement {
    let add = |values: &mut Vec<Scalar>| {
        let at = values.iter().position(|v| v == value);
        at.unwrap_or_else(|| {
            values.push(value.clone());
            values.len() - 1
        })
    };
    if let Some(known) = known {
        add(known);
    }
    if let Some(vocabulary) = vocabulary {
        return Replacement::Category(u32::try_from(add(vocabulary)).unwrap_or(u32::MAX));
    }
    match value {
        Scalar::Bool(b) => Replacement::Boolean(*b),
        Scalar::Integer(i) => Replacement::Integer(*i),
        Scalar::Number(x) => Replacement::Number(*x),
        Scalar::Text(text) => Replacement::Text(text.as_str().into()),
    }
}
