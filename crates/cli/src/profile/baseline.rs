//! The baseline of the profiled rows, in the form that a bundle carries.

use super::draft::Draft;
use super::facts::{ColumnProfile, Profile, written};
use driftline::contract::{CalendarPart, Input, InputType, Scalar};
use driftline::summary::{Baseline, CategoryBins, InputBins, NumericBins, TimestampBins};
use driftline::{Error, ErrorCode, Result};

/// The histograms of the draft's inputs. Counts of a column with too many distinct numbers are
/// those of its quantile sketch. Of free text and of personal data no value is listed: all are
/// counted as unseen, and numbers have one bin between powers of ten.
///
/// # Errors
/// [`ErrorCode::Internal`] if it does not fit the draft.
pub fn baseline(profile: &Profile, draft: &Draft) -> Result<Baseline> {
    let mut inputs = Vec::new();
    // values of any type have no bins
    for input in draft.contract.inputs.iter().filter(|i| i.kind != InputType::Any) {
        let column = profile.columns.iter().find(|c| c.name == input.name);
        let column = column.ok_or_else(|| Error::new(ErrorCode::Internal, "a column is gone"))?;
        inputs.push(bins(column, input, profile.rows));
    }
    let baseline = Baseline {
        format: Baseline::FORMAT.to_owned(),
        rows: profile.rows,
        inputs,
        outputs: None,
        window_checks: Vec::new(),
    };
    baseline.check(&draft.contract).map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))?;
    Ok(baseline)
}

fn bins(column: &ColumnProfile, input: &Input, rows: u64) -> InputBins {
    let s = &column.finished.summary;
    let name = column.name.clone();
    let missing = column.missing + column.absent;
    match input.kind {
        InputType::Number | InputType::Integer => {
            let (edges, counts) = match (&column.distribution, &column.numbers) {
                (Some(distribution), Some(_)) => distribution.bins(),
                (Some(_), None) => {
                    let (low, high) = (power(-s.moments.minimum), power(s.moments.maximum));
                    let low = if low > 0.0 { -low } else { 0.0 };
                    (vec![low, if high > low { high } else { 1.0 }], vec![s.moments.n])
                }
                (None, _) => (vec![0.0, 1.0], vec![0]),
            };
            let invalid = rows - missing - counts.iter().sum::<u64>();
            let (below, above) = (0, 0);
            InputBins::Numeric(NumericBins { name, edges, counts, below, above, missing, invalid })
        }
        InputType::Timestamp => InputBins::Timestamp(TimestampBins {
            name,
            part: CalendarPart::Hour,
            zone: "UTC".to_owned(),
            edges: (0..=24).map(f64::from).collect(),
            counts: s.hours.to_vec(),
            missing,
            invalid: rows - missing - s.instants,
        }),
        InputType::Category => {
            let typed = column.finished.typed;
            let listed = input.values.iter().flatten().filter_map(Scalar::as_text);
            let found: std::collections::HashMap<String, u64> = column
                .finished
                .values
                .iter()
                .flatten()
                .map(|(key, n)| (written(key, typed), *n))
                .collect();
            let values: Vec<String> = listed.map(str::to_owned).collect();
            let counts: Vec<u64> =
                values.iter().map(|v| found.get(v).copied().unwrap_or(0)).collect();
            let invalid = rows - missing - counts.iter().sum::<u64>();
            InputBins::Category(CategoryBins { name, values, counts, missing, unseen: 0, invalid })
        }
        InputType::Boolean => {
            let values = vec!["false".to_owned(), "true".to_owned()];
            let of = |value: &str| {
                let found = column.finished.values.iter().flatten();
                let typed = column.finished.typed;
                found.filter(|(key, _)| written(key, typed) == value).map(|(_, n)| n).sum()
            };
            let counts: Vec<u64> = values.iter().map(|v| of(v)).collect();
            let invalid = rows - missing - counts.iter().sum::<u64>();
            InputBins::Category(CategoryBins { name, values, counts, missing, unseen: 0, invalid })
        }
        _ => {
            let invalid = column.refused;
            let unseen = rows - missing - invalid;
            let (values, counts) = (Vec::new(), Vec::new());
            InputBins::Category(CategoryBins { name, values, counts, missing, unseen, invalid })
        }
    }
}

/// The power of ten at or above a number, 0 for what is not above 0.
fn power(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { 10f64.powi(x.log10().ceil() as i32).max(x) }
}
