//! What a feature's value is after each step, for comparison with the training pipeline.

use super::pipeline::Pipeline;
use super::step::{Context, Item};
use crate::contract::{Cell, ValidRecord};

/// A value between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced {
    /// The number, if it is one; true is 1 and false 0, a timestamp the seconds since 1970.
    pub number: Option<f64>,
    /// The value for people.
    pub shown: String,
}

impl Pipeline {
    /// The input of a feature as it was read, then its value after each step; it ends early where
    /// a step refuses the value, and is empty for arrays and unknown features.
    pub fn trace(&self, record: &ValidRecord<'_>, feature: &str) -> Vec<Traced> {
        let Some(plan) = self.feature(feature) else { return Vec::new() };
        let Some(mut item) =
            record.cells.get(plan.input).and_then(|cell: &Cell<'_>| Item::of(cell).ok())
        else {
            return Vec::new();
        };
        let mut clocks = vec![None; self.clocks()];
        let mut context = Context { cells: &record.cells, clocks: &mut clocks };
        let mut traced = vec![shown(item, &plan.input_texts)];
        for op in &plan.ops {
            match op.apply(item, &mut context) {
                Ok(next) => item = next,
                Err(refusal) => {
                    let shown = format!("refused: {}", refusal.message);
                    traced.push(Traced { number: None, shown });
                    break;
                }
            }
            traced.push(shown(item, &plan.texts));
        }
        traced
    }
}

fn shown(item: Item<'_>, texts: &[Box<str>]) -> Traced {
    let shown = match item {
        Item::Missing => "missing".to_owned(),
        Item::Nan => "NaN".to_owned(),
        Item::Boolean(b) => b.to_string(),
        Item::Integer(i) => i.to_string(),
        Item::Number(x) => format!("{x:?}"),
        Item::Text(text) | Item::Unseen(text) => format!("{text:?}"),
        Item::Category(i) => format!("{:?}", texts.get(i as usize).map_or("", AsRef::as_ref)),
        Item::Timestamp(t) => {
            return Traced {
                number: Some(t.as_seconds()),
                shown: format!("{:?} s", t.as_seconds()),
            };
        }
        Item::Pair(a, b) => format!("{a:?}, {b:?}"),
        Item::OneHot(Some(at), width) => format!("column {at} of {width}"),
        Item::OneHot(None, width) => format!("no column of {width}"),
        Item::Tokens(..) => "counts of tokens".to_owned(),
    };
    Traced { number: item.as_f64(), shown }
}
