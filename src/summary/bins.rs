//! The baseline's bins without its counts, and where a value falls in them.

use super::kinds::Special;
use crate::contract::{
    CalendarPart, Cell, Contract, Input, InputType, Value, parse_json, read_value,
};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_BINS;
use crate::preprocess::{CalendarReader, Features, Pipeline, ZoneRules};
use serde::Deserialize;

/// The bins of one input: edges of a number or calendar part, or the values of a category.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Bins {
    /// Name of the input.
    pub name: String,
    /// Bin edges, strictly rising; none for a category.
    #[serde(default)]
    pub edges: Vec<f64>,
    /// Values of a category, distinct.
    #[serde(default)]
    pub values: Vec<String>,
    /// The part of a timestamp.
    #[serde(default)]
    pub part: Option<CalendarPart>,
    /// IANA name of the zone whose clock is read.
    #[serde(default)]
    pub zone: Option<String>,
}

const MEMBERS: [&str; 5] = ["name", "edges", "values", "part", "zone"];

impl Bins {
    /// Bins, without what has a cell of its own.
    pub fn len(&self) -> usize {
        if self.edges.is_empty() { self.values.len() } else { self.edges.len() - 1 }
    }

    /// Whether there is no bin.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is counted beside the bins, in the order of the cells.
    pub fn specials(&self) -> &'static [Special] {
        use Special::{Above, Below, Invalid, Missing, Unseen};
        if self.edges.is_empty() {
            &[Missing, Unseen, Invalid]
        } else {
            &[Missing, Below, Above, Invalid]
        }
    }

    /// Reads the bins out of a baseline that was checked when it was built into the bundle; its
    /// counts are for whoever compares.
    ///
    /// # Errors
    /// [`ErrorCode::BaselineInvalid`] with the path of what does not fit the contract.
    #[inline(never)]
    pub fn read(bytes: &[u8], contract: &Contract) -> Result<Vec<Self>> {
        let invalid = |message: &str| Error::new(ErrorCode::BaselineInvalid, message);
        let Value::Object(members) = parse_json(bytes, ErrorCode::BaselineInvalid, "baseline")?
        else {
            return Err(invalid("the baseline is no object"));
        };
        let inputs = members.into_iter().find(|(name, _)| name == "inputs");
        let Some((_, Value::List(items))) = inputs else {
            return Err(invalid("the baseline has no list of inputs").at_path("inputs"));
        };
        let mut all = Vec::with_capacity(items.len());
        for (i, mut item) in items.into_iter().enumerate() {
            if let Value::Object(members) = &mut item {
                members.retain(|(name, _)| MEMBERS.contains(&name.as_ref()));
            }
            let bins: Self = read_value(&item, ErrorCode::BaselineInvalid)?;
            let input = contract.input(&bins.name).map(|(_, input)| input);
            if !input.is_some_and(|input| bins.fits(input)) {
                return Err(invalid("the bins do not fit the contract's input")
                    .at_path(format!("inputs[{i}]")));
            }
            all.push(bins);
        }
        Ok(all)
    }

    fn fits(&self, input: &Input) -> bool {
        let rising = self.edges.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        let finite = self.edges.iter().all(|edge| edge.is_finite());
        let numeric = self.edges.len() >= 2
            && self.edges.len() <= MAX_BINS + 1
            && rising
            && finite
            && self.values.is_empty();
        match input.kind {
            InputType::Number | InputType::Integer => numeric && self.part.is_none(),
            InputType::Timestamp => numeric && self.part.is_some() && self.zone.is_some(),
            InputType::Category | InputType::Boolean | InputType::Text => {
                self.edges.is_empty() && self.part.is_none()
            }
            InputType::Array | InputType::Any => false,
        }
    }

    /// The bin of a number, `[e_i, e_{i+1})`, the last one with its upper end.
    fn number(&self, x: f64) -> Place {
        match (self.edges.first(), self.edges.last()) {
            (Some(first), _) if x < *first => Place::Special(Special::Below),
            (_, Some(last)) if x > *last => Place::Special(Special::Above),
            _ => {
                let above = self.edges.partition_point(|edge| *edge <= x);
                Place::Bin(above.saturating_sub(1).min(self.len().saturating_sub(1)))
            }
        }
    }
}

/// Where a value falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Bin(usize),
    Special(Special),
}

/// The bins of one input, ready for cells.
#[derive(Clone, Debug)]
pub(super) struct Binner {
    bins: Bins,
    /// Place of the input in the contract.
    input: usize,
    /// First cell, and that of each special of [`Special::ALL`].
    at: u32,
    specials: [u32; Special::ALL.len()],
    calendar: Option<CalendarReader>,
    /// Bin of each category of the contract.
    categories: Vec<Option<u32>>,
    /// Bins by their values in order, for texts.
    sorted: Vec<u32>,
}

impl Binner {
    #[inline(never)]
    pub fn new(
        bins: &Bins,
        at: u32,
        contract: &Contract,
        pipeline: &Pipeline,
        zones: &ZoneRules,
    ) -> Result<Self> {
        let Some((place, input)) = contract.input(&bins.name) else {
            return Err(Error::new(ErrorCode::Internal, "checked bins lack their input"));
        };
        let calendar = match (bins.part, &bins.zone) {
            (Some(part), Some(zone)) => {
                Some(CalendarReader::new(pipeline, zones, place, part, zone)?)
            }
            _ => None,
        };
        let mut sorted: Vec<u32> = (0..bins.values.len() as u32).collect();
        let value = |n: &u32| bins.values.get(*n as usize);
        crate::sorted::sort_by(&mut sorted, |a, b| value(a).cmp(&value(b)));
        let mut specials = [at; Special::ALL.len()];
        for (nth, special) in bins.specials().iter().enumerate() {
            if let Some(cell) = specials.get_mut(*special as usize) {
                *cell = at + (bins.len() + nth) as u32;
            }
        }
        let mut binner = Self {
            bins: bins.clone(),
            input: place,
            at,
            specials,
            calendar,
            categories: Vec::new(),
            sorted,
        };
        if input.kind == InputType::Category {
            let known = input.values.iter().flatten();
            let texts = known.map(|value| binner.find(value.as_text().unwrap_or_default()));
            binner.categories = texts.collect();
        }
        Ok(binner)
    }

    fn find(&self, text: &str) -> Option<u32> {
        let value = |n: &u32| self.bins.values.get(*n as usize).map(String::as_str);
        let at = self.sorted.binary_search_by(|n| value(n).cmp(&Some(text))).ok()?;
        self.sorted.get(at).copied()
    }

    fn text(&self, text: &str) -> Place {
        self.find(text).map_or(Place::Special(Special::Unseen), |n| Place::Bin(n as usize))
    }

    /// The cell of this input's value in the record.
    pub fn cell(&self, cells: &[Cell<'_>], features: &Features) -> u32 {
        let place = match cells.get(self.input) {
            Some(Cell::Missing) => Place::Special(Special::Missing),
            Some(Cell::Number(x)) => self.bins.number(*x),
            Some(Cell::Integer(i)) => self.bins.number(*i as f64),
            Some(Cell::Category(n)) => match self.categories.get(*n as usize) {
                Some(Some(bin)) => Place::Bin(*bin as usize),
                _ => Place::Special(Special::Unseen),
            },
            Some(Cell::Unseen(_)) => Place::Special(Special::Unseen),
            Some(Cell::Boolean(b)) => self.text(if *b { "true" } else { "false" }),
            Some(Cell::Text(text)) => self.text(text),
            Some(Cell::Timestamp(instant)) => {
                let part = self.calendar.as_ref().and_then(|c| c.read(*instant, features));
                part.map_or(Place::Special(Special::Invalid), |part| self.bins.number(part as f64))
            }
            Some(Cell::Invalid | Cell::Array(_) | Cell::Opaque) | None => {
                Place::Special(Special::Invalid)
            }
        };
        match place {
            Place::Bin(n) => self.at + n as u32,
            Place::Special(special) => {
                self.specials.get(special as usize).copied().unwrap_or(self.at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_in_the_bin_whose_lower_end_it_reaches() {
        let edges = vec![0.0, 1.0, 2.5];
        let bins = Bins { name: "x".into(), edges, values: vec![], part: None, zone: None };
        for (x, place) in [
            (-0.1, Place::Special(Special::Below)),
            (-0.0, Place::Bin(0)),
            (0.999, Place::Bin(0)),
            (1.0, Place::Bin(1)),
            (2.5, Place::Bin(1)),
            (2.5000001, Place::Special(Special::Above)),
        ] {
            assert_eq!(bins.number(x), place, "{x}");
        }
    }
}
