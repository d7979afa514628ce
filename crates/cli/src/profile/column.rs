//! One column while the rows pass.
//!
//! Cells are first counted by their spelling alone. Only when there are more different ones than
//! the dictionary takes is it emptied into the summary, each spelling read once with its count. A
//! column of few values is thus counted exactly and never read twice; one of many costs a bounded
//! dictionary and sketches.

use super::cell::{self, Cell};
use super::dictionary::Dictionary;
use super::hash::finish;
use super::summary::Summary;
use driftline::contract::Value;
use driftline::limits::{MAX_PROFILE_DISTINCT, MAX_PROFILE_FULL_COLUMNS as FULL};

/// Counts of one column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Values from a source with types, rather than CSV cells.
    typed: bool,
    pub nulls: u64,
    /// Rows of JSON that name the field twice.
    pub duplicated: u64,
    dictionary: Dictionary,
    /// What the dictionary was emptied into.
    summary: Option<Box<Summary>>,
    key: Vec<u8>,
}

/// Counts of one column after the last row.
#[derive(Debug)]
pub struct Finished {
    pub typed: bool,
    pub nulls: u64,
    pub duplicated: u64,
    pub summary: Summary,
    /// Every spelling with its count, if there were few enough.
    pub values: Option<Vec<(Vec<u8>, u64)>>,
}

impl Column {
    /// A column of a source with so many of them.
    pub fn new(typed: bool, columns: usize) -> Self {
        let most = (FULL * MAX_PROFILE_DISTINCT / columns.max(FULL)).max(64);
        Self {
            typed,
            nulls: 0,
            duplicated: 0,
            dictionary: Dictionary::new(most),
            summary: None,
            key: Vec::new(),
        }
    }

    /// Counts a CSV cell.
    #[inline]
    pub fn add_cell(&mut self, cell: &[u8]) {
        if cell.is_empty() {
            self.nulls += 1;
        } else if !self.dictionary.add(cell, 1) {
            self.flush();
            self.dictionary.add(cell, 1);
        }
    }

    /// Counts a typed value that is not absent.
    pub fn add_value(&mut self, value: &Value<'_>) {
        let mut key = std::mem::take(&mut self.key);
        if cell::encode(value, &mut key) {
            self.add_key(&key, 1);
        } else {
            self.nulls += 1;
        }
        self.key = key;
    }

    fn add_key(&mut self, key: &[u8], weight: u64) {
        if !self.dictionary.add(key, weight) {
            self.flush();
            self.dictionary.add(key, weight);
        }
    }

    #[cold]
    fn flush(&mut self) {
        let summary = self.summary.get_or_insert_with(|| Box::new(Summary::new()));
        drain(&self.dictionary, self.typed, summary);
        for (_, hash, _) in self.dictionary.iter() {
            summary.distinct.add(finish(hash));
        }
        summary.frequent.add(self.dictionary.iter().map(|(key, _, n)| (key, n)));
        self.dictionary.clear();
    }

    /// Adds the counts of another part of the same column.
    pub fn merge(&mut self, other: Self) {
        self.nulls += other.nulls;
        self.duplicated += other.duplicated;
        for (key, _, n) in other.dictionary.iter() {
            self.add_key(key, n);
        }
        if let Some(theirs) = other.summary {
            self.flush();
            if let Some(ours) = &mut self.summary {
                ours.merge(*theirs);
            }
        }
    }

    /// Closes the column.
    pub fn finish(mut self) -> Finished {
        let mut values = None;
        if self.summary.is_none() {
            values = Some(self.dictionary.iter().map(|(k, _, n)| (k.to_vec(), n)).collect());
        }
        let summary = match self.summary.is_some() {
            true => {
                self.flush();
                self.summary.map_or_else(Summary::new, |s| *s)
            }
            false => {
                let mut summary = Summary::new();
                drain(&self.dictionary, self.typed, &mut summary);
                summary
            }
        };
        Finished {
            typed: self.typed,
            nulls: self.nulls,
            duplicated: self.duplicated,
            summary,
            values,
        }
    }
}

fn drain(dictionary: &Dictionary, typed: bool, summary: &mut Summary) {
    for (key, _, n) in dictionary.iter() {
        if typed {
            let cell = cell::decode(key);
            let length = if let Cell::Text(text) = cell { Some(characters(text)) } else { None };
            summary.add(cell, length, n);
        } else {
            // rows that are no UTF-8 are not counted
            let cell = cell::of_text(key);
            let length = if let Cell::Text(text) = cell { characters(text) } else { key.len() };
            summary.add(cell, Some(length), n);
        }
    }
}

fn characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: impl Iterator<Item = String>) -> Column {
        let mut column = Column::new(false, 1);
        cells.for_each(|c| column.add_cell(c.as_bytes()));
        column
    }

    #[test]
    fn few_values_are_exact_and_parts_add_up() {
        let cells = |from: u32, to: u32| (from..to).map(|i| (i % 3_000).to_string());
        let mut parts = column(cells(0, 7_000));
        parts.merge(column(cells(7_000, 20_000)));
        let (parts, whole) = (parts.finish(), column(cells(0, 20_000)).finish());
        let values = parts.values.unwrap();
        assert_eq!(values.len(), 3_000);
        assert_eq!(values.iter().map(|v| v.1).sum::<u64>(), 20_000);
        assert_eq!(whole.values.unwrap().len(), 3_000);
        assert_eq!((parts.summary.least, parts.summary.greatest), (0, 2_999));
        assert_eq!(parts.summary.integers, 20_000);
    }

    #[test]
    fn many_values_keep_exact_counts_of_all_but_the_values() {
        let mut merged = column((0..40_000).map(|i| format!("{}.5", i % 9_000)));
        merged.merge(column((0..40_000).map(|_| "7".to_owned())));
        merged.merge(column((0..10).map(|_| String::new())));
        let done = merged.finish();
        assert!(done.values.is_none());
        let s = &done.summary;
        assert_eq!((s.numbers, s.integers, done.nulls), (40_000, 40_000, 10));
        assert_eq!((s.moments.n, s.moments.minimum, s.moments.maximum), (80_000, 0.5, 8_999.5));
        let weight: u64 = s.quantiles.points().iter().map(|p| p.1).sum();
        assert_eq!(weight, 80_000);
        let distinct = s.distinct.count() as f64;
        assert!((distinct / 9_001.0 - 1.0).abs() < 0.07, "{distinct}");
        let (key, n) = s.frequent.sorted()[0];
        assert!(key == b"7" && n <= 40_000 && n + s.frequent.error() >= 40_000);
    }
}
