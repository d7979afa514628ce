//! Some rows as a whole, each with the same chance: those with the smallest hash of their number.

use super::cell::Cell;
use super::hash::{mix, word};
use std::collections::BinaryHeap;

/// A value as far as association needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampled {
    Missing,
    Number(f64),
    /// The hash of anything else.
    Other(u64),
}

impl Sampled {
    /// A value that is there; `key` is what it is told from others by.
    pub fn new(cell: Cell<'_>, key: &[u8]) -> Self {
        match cell {
            Cell::Integer(i) => Self::Number(i as f64),
            Cell::Number(x) if x.is_finite() => Self::Number(x),
            _ => Self::Other(mix(word(key), key.len())),
        }
    }
}

/// Rows with their priorities.
#[derive(Clone, Debug)]
pub struct Sample {
    most: usize,
    rows: BinaryHeap<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    priority: u64,
    cells: Vec<Sampled>,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.priority == other.priority
    }
}

impl Eq for Row {}

impl PartialOrd for Row {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Row {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.priority.cmp(&other.priority)
    }
}

impl Sample {
    /// A sample of at most so many rows.
    pub fn new(most: usize) -> Self {
        Self { most, rows: BinaryHeap::new() }
    }

    /// Whether a row of this priority would be taken.
    #[inline]
    pub fn wants(&self, priority: u64) -> bool {
        self.rows.len() < self.most || self.rows.peek().is_some_and(|r| priority < r.priority)
    }

    /// Takes a row, and gives up the last one if there are too many.
    pub fn add(&mut self, priority: u64, cells: Vec<Sampled>) {
        self.rows.push(Row { priority, cells });
        if self.rows.len() > self.most {
            self.rows.pop();
        }
    }

    /// Adds the rows of another part.
    pub fn merge(&mut self, other: Self) {
        for row in other.rows {
            if self.wants(row.priority) {
                self.add(row.priority, row.cells);
            }
        }
    }

    /// The rows in an order that says nothing about the file's.
    pub fn into_rows(self) -> Vec<Vec<Sampled>> {
        self.rows.into_sorted_vec().into_iter().map(|r| r.cells).collect()
    }
}
