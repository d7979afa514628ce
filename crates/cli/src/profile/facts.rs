//! What a profile says of a file and its columns.

use super::cell::{self, Cell};
use super::column::Finished;
use super::kind::{self, Kind};
use super::numbers::Distribution;
use super::suspicion::{self, Suspicion};
use super::{distinct, numbers, personal, quantiles, summary, target};
use crate::profile::tally::Tally;
use crate::rows;
use driftline::contract::{InputType, Instant};
use driftline::{Error, ErrorCode, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// Values that are listed where there are more.
const LISTED: usize = 20;

/// What is said of a file.
#[derive(Debug, Serialize)]
pub struct Profile {
    pub file: String,
    /// Rows that could be read.
    pub rows: u64,
    pub unreadable: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The bounds of what is not counted exactly.
    pub approximation: Approximation,
    pub columns: Vec<ColumnProfile>,
    /// Columns that were left out by the caller.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// How far off an approximate figure may be.
#[derive(Debug, Serialize)]
pub struct Approximation {
    pub distinct_relative_standard_error: f64,
    pub quantile_rank_error: f64,
}

/// What is said of a column.
#[derive(Debug, Serialize)]
pub struct ColumnProfile {
    pub name: String,
    /// The type in the contract; none if the contract cannot take the column.
    #[serde(rename = "type")]
    pub kind: Option<InputType>,
    /// Values that are there.
    pub present: u64,
    /// `null`, an empty CSV cell, NaN that the contract takes as missing.
    pub missing: u64,
    /// Rows without the field.
    pub absent: u64,
    /// Rows that the contract refuses for this column; see the suspicions.
    pub refused: u64,
    /// Types of the values as they were read.
    pub types: BTreeMap<&'static str, u64>,
    pub distinct: u64,
    /// The number of distinct values and all counts below are exact.
    pub exact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Numbers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<Timestamps>,
    /// Characters of the shortest and the longest text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lengths: Option<(usize, usize)>,
    /// The most frequent values; of a category all. Never those of a column with personal data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Counted>,
    /// What the column seems to hold of people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal: Option<&'static str>,
    pub suspicions: Vec<Suspicion>,

    #[serde(skip)]
    pub choice: Kind,
    #[serde(skip)]
    pub distribution: Option<Distribution>,
    #[serde(skip)]
    pub finished: Finished,
}

/// Numbers of a column.
#[derive(Debug, Serialize)]
pub struct Numbers {
    pub minimum: f64,
    pub maximum: f64,
    pub mean: f64,
    pub deviation: f64,
    pub quantiles: BTreeMap<&'static str, f64>,
}

/// Timestamps of a column.
#[derive(Debug, Serialize)]
pub struct Timestamps {
    pub first: String,
    pub last: String,
    /// Rows by offset from UTC.
    pub offsets: BTreeMap<String, u64>,
}

/// A value and its rows.
#[derive(Clone, Debug, Serialize)]
pub struct Counted {
    pub value: String,
    pub rows: u64,
}

/// Makes a profile of what was counted.
///
/// # Errors
/// [`ErrorCode::BadUsage`] for a target or an ignored column that the file does not have.
pub fn profile(tally: Tally, input: &rows::Input, wanted: Option<&str>) -> Result<Profile> {
    for name in wanted.into_iter().chain(input.ignore.iter().map(String::as_str)) {
        if !tally.names.iter().any(|n| n == name) {
            let message = format!("the file has no column `{name}`");
            return Err(Error::new(ErrorCode::BadUsage, message).in_file(rows::shown(&input.path)));
        }
    }
    let at = wanted.and_then(|t| tally.names.iter().position(|n| n == t));
    let sample = tally.sample.into_rows();
    let (names, rows) = (tally.names, tally.rows);
    let mut columns = Vec::new();
    for (i, (name, column)) in names.iter().zip(tally.columns).enumerate() {
        if input.ignore.contains(name) {
            continue;
        }
        let leak = match at {
            Some(at) if at != i => target::score(&sample, at, i).filter(|s| *s >= target::LEAK),
            _ => None,
        };
        columns.push(ColumnProfile::new(name, column.finish(), rows, leak));
    }
    Ok(Profile {
        file: rows::shown(&input.path),
        rows,
        unreadable: tally.unreadable,
        target: wanted.map(str::to_owned),
        approximation: Approximation {
            distinct_relative_standard_error: distinct::RELATIVE_ERROR,
            quantile_rank_error: quantiles::RANK_ERROR,
        },
        columns,
        ignored: input.ignore.clone(),
    })
}

impl ColumnProfile {
    fn new(name: &str, finished: Finished, rows: u64, leak: Option<f64>) -> Self {
        let choice = kind::of(&finished);
        let s = &finished.summary;
        let personal = personal::of(name, s);
        let exact = finished.values.is_some();
        let distinct = match &finished.values {
            Some(values) => values.len() as u64,
            // a sketch must not say less than what filled the dictionary
            None => s.distinct.count().min(s.present()),
        };
        let nan_missing = if choice.accept.is_empty() { 0 } else { s.nan };
        let mut new = Self {
            name: name.to_owned(),
            kind: choice.kind,
            present: s.present() - nan_missing,
            missing: finished.nulls + nan_missing,
            absent: rows - s.present() - finished.nulls - finished.duplicated,
            refused: choice.refused,
            types: types(&finished),
            distinct,
            exact,
            numbers: None,
            timestamps: timestamps(&finished),
            lengths: (s.texts > 0 && s.shortest != usize::MAX).then_some((s.shortest, s.longest)),
            values: Vec::new(),
            personal,
            suspicions: Vec::new(),
            distribution: Distribution::of(&finished),
            choice,
            finished,
        };
        suspicion::find(&mut new, leak);
        new.kind = category(&new).unwrap_or(new.kind);
        if personal.is_none() {
            new.numbers = new.distribution.as_ref().map(|d| described(d, &new.finished));
            new.values = new.listed();
        }
        new
    }

    /// Whether the suspicion is among the column's.
    #[cfg(test)]
    pub fn is(&self, what: suspicion::What) -> bool {
        self.suspicions.iter().any(|s| s.what == what)
    }

    /// The smallest and the largest number, an integer to its last digit.
    pub fn ends(&self) -> (String, String) {
        let s = &self.finished.summary;
        if s.numbers == 0 {
            return (s.least.to_string(), s.greatest.to_string());
        }
        (numbers::shown(s.moments.minimum), numbers::shown(s.moments.maximum))
    }

    /// The values that may be shown, the most frequent first: all of a category, else a few, and
    /// none of free text.
    fn listed(&self) -> Vec<Counted> {
        let most = match self.kind {
            Some(InputType::Category) => usize::MAX,
            Some(InputType::Boolean | InputType::Number | InputType::Integer) => LISTED,
            _ => return Vec::new(),
        };
        let typed = self.finished.typed;
        let mut listed: Vec<Counted> = match &self.finished.values {
            Some(values) => {
                let all = values.iter();
                all.map(|(key, n)| Counted { value: written(key, typed), rows: *n }).collect()
            }
            None => {
                let frequent = &self.finished.summary.frequent;
                // a count below its own error says nothing
                let sure = frequent.sorted().into_iter().filter(|(_, n)| *n > frequent.error());
                sure.map(|(key, n)| Counted { value: written(key, typed), rows: n }).collect()
            }
        };
        listed.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.value.cmp(&b.value)));
        listed.truncate(most);
        listed
    }
}

/// Texts that repeat are a category.
fn category(column: &ColumnProfile) -> Option<Option<InputType>> {
    const MOST: u64 = 1_000;
    const LONGEST: usize = 64;
    let s = &column.finished.summary;
    let repeats = column.distinct * 2 <= column.present
        && (column.distinct <= 20 || column.distinct * 10 <= column.present);
    let fits = column.kind == Some(InputType::Text)
        && column.exact
        && column.personal.is_none()
        && (1..=MOST).contains(&column.distinct)
        && repeats
        && s.longest <= LONGEST
        && s.empty == 0
        && !column.choice.empty
        && s.shape(super::shape::Shape::NoOffset) + s.shape(super::shape::Shape::Date) == 0;
    fits.then_some(Some(InputType::Category))
}

fn types(column: &Finished) -> BTreeMap<&'static str, u64> {
    let s = &column.summary;
    let refused = s.refused.values().sum::<u64>();
    let all = [
        ("boolean", s.booleans),
        ("integer", s.integers),
        ("integer beyond 64 bits", s.huge),
        ("number", s.numbers),
        ("NaN", s.nan),
        ("infinity", s.infinite),
        ("timestamp", s.instants),
        ("text", s.texts - s.instants),
        ("array", s.arrays),
        ("object", s.objects),
        ("other", refused),
    ];
    all.into_iter().filter(|(_, n)| *n > 0).collect()
}

fn described(distribution: &Distribution, column: &Finished) -> Numbers {
    let m = &column.summary.moments;
    let at = [("p01", 0.01), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p99", 0.99)];
    Numbers {
        minimum: m.minimum,
        maximum: m.maximum,
        mean: m.mean,
        deviation: m.deviation(),
        quantiles: at.into_iter().map(|(name, p)| (name, distribution.quantile(p))).collect(),
    }
}

fn timestamps(column: &Finished) -> Option<Timestamps> {
    let s = &column.summary;
    let offsets = s.offsets.iter().map(|(o, n)| (summary::shown_offset(*o), *n)).collect();
    Some(Timestamps { first: shown(s.first?), last: shown(s.last?), offsets })
}

/// An instant as RFC 3339 text.
pub fn shown(at: Instant) -> String {
    let nanoseconds = i32::try_from(at.nanoseconds).unwrap_or(0);
    jiff::Timestamp::new(at.seconds, nanoseconds).map_or_else(|_| String::new(), |t| t.to_string())
}

/// A value as its file has it.
pub fn written(key: &[u8], typed: bool) -> String {
    let cell = if typed {
        cell::decode(key)
    } else {
        Cell::Text(std::str::from_utf8(key).unwrap_or_default())
    };
    match cell {
        Cell::Boolean(b) => b.to_string(),
        Cell::Integer(i) => i.to_string(),
        Cell::Number(x) => format!("{x:?}"),
        Cell::Text(text) => text.to_owned(),
        Cell::Huge => "integer beyond 64 bits".to_owned(),
        Cell::Array => "array".to_owned(),
        Cell::Object => "object".to_owned(),
        Cell::Refused(name) => name.to_owned(),
    }
}
