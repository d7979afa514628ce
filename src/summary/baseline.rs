//! The baseline: the training data's histograms and the model's behaviour on it.
//!
//! Bins of numbers are `[e_i, e_{i+1})`, the last one `[e_{B−1}, e_B]`. What lies outside is
//! counted apart, as are missing, unseen and invalid values, so that every row of the training
//! data is in exactly one count of each input.

use super::window_checks::{self, WindowCheck};
use crate::contract::{CalendarPart, Contract, InputType, read_json};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_BINS, MAX_DEFINITION_BYTES};
use serde::{Deserialize, Serialize};

/// Histograms of the training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Always [`Baseline::FORMAT`].
    pub format: String,
    /// Rows that were counted.
    pub rows: u64,
    /// One entry an input of the contract, in its order; none for arrays and inputs of type `any`.
    pub inputs: Vec<InputBins>,
    /// The model's answers on those rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<OutputBins>,
    /// What every window of production is checked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub window_checks: Vec<WindowCheck>,
}

/// Counts of one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InputBins {
    /// Of a number or integer.
    Numeric(NumericBins),
    /// Of a category or boolean.
    Category(CategoryBins),
    /// Of a timestamp: one calendar part in one zone.
    Timestamp(TimestampBins),
}

/// Counts of a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NumericBins {
    /// Name of the input.
    pub name: String,
    /// Bin edges, strictly rising, one more than `counts`.
    pub edges: Vec<f64>,
    /// Rows in each bin.
    pub counts: Vec<u64>,
    /// Rows below the first edge.
    pub below: u64,
    /// Rows above the last edge.
    pub above: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Rows whose value broke a clause.
    pub invalid: u64,
}

/// Counts of a category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CategoryBins {
    /// Name of the input.
    pub name: String,
    /// The values, distinct.
    pub values: Vec<String>,
    /// Rows of each value.
    pub counts: Vec<u64>,
    /// Rows without a value.
    pub missing: u64,
    /// Rows of a value that is not listed.
    pub unseen: u64,
    /// Rows whose value broke a clause.
    pub invalid: u64,
}

/// Counts of a timestamp's calendar part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TimestampBins {
    /// Name of the input.
    pub name: String,
    /// The part that was counted.
    pub part: CalendarPart,
    /// IANA name of the zone whose clock was read.
    pub zone: String,
    /// Bin edges, strictly rising, one more than `counts`.
    pub edges: Vec<f64>,
    /// Rows in each bin.
    pub counts: Vec<u64>,
    /// Rows without a value.
    pub missing: u64,
    /// Rows whose value broke a clause.
    pub invalid: u64,
}

/// The model's answers on the training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OutputBins {
    /// The labels.
    pub labels: Vec<String>,
    /// Rows by predicted label.
    pub label_counts: Vec<u64>,
    /// Histogram of one label's score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreBins>,
}

/// Histogram of a label's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScoreBins {
    /// The label.
    pub label: String,
    /// Bin edges within [0, 1], strictly rising, one more than `counts`.
    pub edges: Vec<f64>,
    /// Rows in each bin.
    pub counts: Vec<u64>,
}

impl InputBins {
    /// Name of the input.
    pub fn name(&self) -> &str {
        match self {
            Self::Numeric(bins) => &bins.name,
            Self::Category(bins) => &bins.name,
            Self::Timestamp(bins) => &bins.name,
        }
    }

    fn total(&self) -> Option<u64> {
        match self {
            Self::Numeric(b) => sum(&b.counts, &[b.below, b.above, b.missing, b.invalid]),
            Self::Category(b) => sum(&b.counts, &[b.missing, b.unseen, b.invalid]),
            Self::Timestamp(b) => sum(&b.counts, &[b.missing, b.invalid]),
        }
    }

    fn check(&self) -> std::result::Result<(), String> {
        match self {
            Self::Numeric(b) => check_edges(&b.edges, b.counts.len()),
            Self::Timestamp(b) => check_edges(&b.edges, b.counts.len()),
            Self::Category(b) => {
                let mut sorted: Vec<_> = b.values.iter().collect();
                sorted.sort_unstable();
                sorted.dedup();
                if sorted.len() != b.values.len() {
                    return Err("a value is listed twice".into());
                }
                if b.values.len() != b.counts.len() {
                    return Err("there must be one count a value".into());
                }
                Ok(())
            }
        }
    }

    fn fits(&self, kind: InputType) -> bool {
        match self {
            Self::Numeric(_) => matches!(kind, InputType::Number | InputType::Integer),
            Self::Category(_) => {
                matches!(kind, InputType::Category | InputType::Boolean | InputType::Text)
            }
            Self::Timestamp(_) => kind == InputType::Timestamp,
        }
    }
}

impl Baseline {
    /// The format that this version reads and writes.
    pub const FORMAT: &'static str = "driftline.baseline/1";

    /// Parses JSON; [`Baseline::check`] is apart, since it needs the contract.
    ///
    /// # Errors
    /// [`ErrorCode::BaselineInvalid`] with the line or path, [`ErrorCode::InputTooLarge`].
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_DEFINITION_BYTES {
            return Err(Error::new(ErrorCode::InputTooLarge, "the baseline is too large"));
        }
        read_json(bytes, ErrorCode::BaselineInvalid, "baseline")
    }

    /// Whether the baseline is one of this contract: each row of each input in exactly one count.
    ///
    /// # Errors
    /// [`ErrorCode::FormatVersion`], or [`ErrorCode::BaselineInvalid`] with the entry's path.
    pub fn check(&self, contract: &Contract) -> Result<()> {
        if self.format != Self::FORMAT {
            return Err(Error::new(
                ErrorCode::FormatVersion,
                format!("the baseline's format must be `{}`", Self::FORMAT),
            )
            .at_path("format"));
        }
        // neither arrays nor values of any type have bins
        let binned = || {
            contract.inputs.iter().filter(|i| !matches!(i.kind, InputType::Array | InputType::Any))
        };
        if self.inputs.len() != binned().count() {
            return invalid("inputs", "the baseline must have one entry an input of the contract");
        }
        for (i, (bins, input)) in self.inputs.iter().zip(binned()).enumerate() {
            let path = format!("inputs[{i}]");
            if bins.name() != input.name {
                return invalid(&path, &format!("the contract has `{}` here", input.name));
            }
            if !bins.fits(input.kind) {
                return invalid(&path, "the counts are of another type than the input");
            }
            if let Err(message) = bins.check() {
                return invalid(&path, &message);
            }
            if bins.total() != Some(self.rows) {
                return invalid(&path, &format!("the counts do not add up to {} rows", self.rows));
            }
        }
        window_checks::check(&self.window_checks, &self.inputs)?;
        match (&self.outputs, &contract.outputs) {
            (Some(found), Some(outputs)) => self.check_outputs(found, &outputs.labels),
            _ => Ok(()),
        }
    }

    fn check_outputs(&self, found: &OutputBins, labels: &[String]) -> Result<()> {
        if found.labels != labels {
            return invalid("outputs.labels", "the contract has other labels");
        }
        if found.label_counts.len() != labels.len()
            || sum(&found.label_counts, &[]) != Some(self.rows)
        {
            return invalid("outputs.label_counts", "the counts do not add up to the rows");
        }
        let Some(score) = &found.score else { return Ok(()) };
        if !labels.contains(&score.label) {
            return invalid("outputs.score.label", "the contract has no such label");
        }
        if let Err(message) = check_edges(&score.edges, score.counts.len()) {
            return invalid("outputs.score.edges", &message);
        }
        if sum(&score.counts, &[]) != Some(self.rows) {
            return invalid("outputs.score.counts", "the counts do not add up to the rows");
        }
        Ok(())
    }
}

fn sum(counts: &[u64], others: &[u64]) -> Option<u64> {
    counts.iter().chain(others).try_fold(0u64, |n, c| n.checked_add(*c))
}

fn check_edges(edges: &[f64], bins: usize) -> std::result::Result<(), String> {
    if bins > MAX_BINS {
        return Err(format!("there are more than {MAX_BINS} bins"));
    }
    if edges.len() != bins + 1 {
        return Err("there must be one edge more than counts".into());
    }
    let rising = edges.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    if !rising || edges.iter().any(|e| !e.is_finite()) {
        return Err("the edges must be finite and rise strictly".into());
    }
    Ok(())
}

fn invalid<T>(path: &str, message: &str) -> Result<T> {
    Err(Error::new(ErrorCode::BaselineInvalid, message).at_path(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract() -> Contract {
        Contract::from_json(
            br#"{"format":"driftline.contract/1","name":"x","inputs":[
                {"name":"a","type":"number"},{"name":"b","type":"category","values":["u","v"]}]}"#,
        )
        .unwrap()
    }

    fn baseline(a: &str, b: &str) -> Result<()> {
        Baseline::from_json(
            format!(r#"{{"format":"driftline.baseline/1","rows":6,"inputs":[{a},{b}]}}"#)
                .as_bytes(),
        )?
        .check(&contract())
    }

    const A: &str = r#"{"kind":"numeric","name":"a","edges":[0,1,2],"counts":[1,2],"below":1,"above":1,"missing":1,"invalid":0}"#;
    const B: &str = r#"{"kind":"category","name":"b","values":["u","v"],"counts":[2,3],"missing":0,"unseen":1,"invalid":0}"#;

    #[test]
    fn every_row_is_in_exactly_one_count() {
        baseline(A, B).unwrap();
        let lost = baseline(&A.replace("\"missing\":1", "\"missing\":0"), B).unwrap_err();
        assert_eq!(lost.place().path.as_deref(), Some("inputs[0]"));
    }

    #[test]
    fn counts_of_another_contract_are_refused() {
        for (a, b) in [
            (A.replace("\"a\"", "\"z\""), B.to_owned()),
            (B.replace("\"b\"", "\"a\""), B.to_owned()),
            (A.replace("[0,1,2]", "[0,0,2]"), B.to_owned()),
            (A.replace("[0,1,2]", "[0,1]"), B.to_owned()),
            (A.to_owned(), B.replace("\"v\"", "\"u\"")),
        ] {
            assert_eq!(baseline(&a, &b).unwrap_err().code(), ErrorCode::BaselineInvalid, "{a} {b}");
        }
    }
}
