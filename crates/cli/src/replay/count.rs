//! Rows through the gate, into windows.

use super::{HOUR_MS, moment, usage};
use crate::calibrate::Labels;
use crate::report;
use crate::rows::{Cells, Row, Rows};
use driftline::contract::{Contract, OutputKind, Outputs};
use driftline::decision::Decision;
use driftline::gate::Gate;
use driftline::summary::{Declared, Layout, Summary, Truth};
use driftline::{Error, ErrorCode, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// Rows that are held at a time, to bring those of one window together.
const BLOCK: usize = 4_096;

/// Cells of all windows that are held, 8 bytes each: 128 MiB.
const MAX_CELLS: usize = 1 << 24;

/// Rows that could not be read of which the errors are shown.
const SHOWN: u64 = 3;

/// Length of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Grain {
    /// An hour
    Hour,
    /// A day of UTC
    Day,
}

impl Grain {
    /// Hours of it.
    pub fn hours(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 24,
        }
    }
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Read {
    /// Rows of the file.
    pub rows: u64,
    /// Rows that could not be read, and are in no count.
    pub unreadable: u64,
    /// Rows of which the outcome is counted, too.
    pub outcomes: u64,
}

/// A file of rows, a gate, and what the columns beside the inputs mean.
pub struct Source<'a> {
    /// Decides and counts.
    pub gate: Gate,
    /// What the labels are.
    pub outputs: Outputs,
    /// The rows, which leave out what is no input.
    pub rows: Rows,
    /// Column of the time; without it everything happens in the hour `now`.
    pub time: Option<&'a str>,
    /// The hour it is.
    pub now: i64,
    /// Columns of the truth.
    pub labels: Option<Labels>,
    /// Length of a window.
    pub grain: Grain,
    /// Segments and metrics, whose values stand in columns of their names.
    pub declared: Declared,
    /// Whether errors of rows are for programs.
    pub json: bool,
}

/// A row that can be decided.
struct One {
    hour: i64,
    segments: Vec<usize>,
    truth: Option<Truth>,
    metrics: Vec<Option<f64>>,
    row: Row,
}

impl Source<'_> {
    /// Counts all rows; the windows by their first hour.
    ///
    /// # Errors
    /// What makes the rest of the file unreadable; [`ErrorCode::InputTooLarge`] for more windows
    /// than are held.
    pub fn windows(&mut self) -> Result<(Read, BTreeMap<i64, Summary>)> {
        let mut windows: BTreeMap<i64, Summary> = BTreeMap::new();
        let mut read = Read::default();
        let most = (MAX_CELLS / self.gate.window().layout().cells().max(1)).max(1);
        while let Some(block) = self.block(&mut read)? {
            let same = |a: &One, b: &One| a.hour == b.hour && a.segments == b.segments;
            for group in block.chunk_by(same) {
                let Some(first) = group.first() else { continue };
                self.decide(group, &mut read)?;
                let summary = self.gate.take_summary();
                let start = self.start(first.hour);
                if let Some(window) = windows.get_mut(&start) {
                    window.merge(&summary)?;
                } else if windows.len() < most {
                    windows.insert(start, summary);
                } else {
                    let message = format!("the rows fall into more than {most} windows");
                    return Err(Error::new(ErrorCode::InputTooLarge, message)
                        .with_help("use `--window day`, or replay parts of the file"));
                }
            }
        }
        // a row that could not be read after all is no record
        windows.retain(|_, summary| summary.records() > 0);
        Ok((read, windows))
    }

    /// Counts each row alone and hands it on, in the order of the file.
    ///
    /// # Errors
    /// What makes the rest of the file unreadable, and those of `each`.
    pub fn one_by_one(
        &mut self,
        mut each: impl FnMut(&Layout, i64, &[u64]) -> Result<()>,
    ) -> Result<Read> {
        let mut read = Read::default();
        while let Some(block) = self.block(&mut read)? {
            for one in &block {
                self.decide(std::slice::from_ref(one), &mut read)?;
                let summary = self.gate.take_summary();
                if summary.records() > 0 {
                    each(self.gate.window().layout(), self.start(one.hour), summary.counts())?;
                }
            }
        }
        Ok(read)
    }

    fn start(&self, hour: i64) -> i64 {
        hour - hour.rem_euclid(self.grain.hours())
    }

    /// The next rows, by hour and segments; `None` at the end.
    fn block(&mut self, read: &mut Read) -> Result<Option<Vec<One>>> {
        let mut block = Vec::new();
        let mut taken = 0;
        while taken < BLOCK {
            let Some(row) = self.rows.next()? else { break };
            taken += 1;
            read.rows += 1;
            match self.look(row) {
                Ok(one) => block.push(one),
                Err(error) => self.unreadable(&error, read),
            }
        }
        // stable: rows of one hour stay in their order
        block.sort_by(|a: &One, b| (a.hour, &a.segments).cmp(&(b.hour, &b.segments)));
        Ok((taken > 0).then_some(block))
    }

    fn unreadable(&self, error: &Error, read: &mut Read) {
        read.unreadable += 1;
        if read.unreadable <= SHOWN {
            report::print_line(error, self.json);
        }
    }

    /// What the columns beside the inputs say of a row.
    fn look(&self, row: Row) -> Result<One> {
        let cells = self.rows.cells(&row)?;
        let found = (|| {
            let hour = match self.time {
                Some(column) => moment::hour(&cells, column)?,
                None => self.now,
            };
            let truth = match &self.labels {
                Some(labels) => labels.truth(&cells, &self.outputs)?,
                None => None,
            };
            let number =
                |name: &String| cells.number(name).map_err(|t| format!("`{t}` is no number"));
            let metrics = self.declared.metrics.iter().map(number).collect::<Result<_, _>>()?;
            let truth = truth.map(|(holds, number)| self.truth(&holds, number));
            Ok((hour, self.segments(&cells), truth, metrics))
        })();
        let (hour, segments, truth, metrics) = found.map_err(|message: String| {
            Error::new(ErrorCode::BadInput, message).at_line(row.line, 1).in_file(self.rows.file())
        })?;
        Ok(One { hour, segments, truth, metrics, row })
    }

    fn truth(&self, holds: &[bool], number: f64) -> Truth {
        let held = || holds.iter().enumerate().filter(|(_, holds)| **holds).map(|(at, _)| at);
        match self.outputs.kind {
            OutputKind::Regression | OutputKind::Ranking => Truth::Value(number),
            OutputKind::Multilabel => Truth::Labels(held().collect()),
            _ => Truth::Label(held().next().unwrap_or_default()),
        }
    }

    /// Places of the segments' values; one past the last is that of all others.
    fn segments(&self, cells: &Cells<'_>) -> Vec<usize> {
        let place = |(key, values): &(String, Vec<String>)| {
            let text = cells.text(key);
            let at = values.iter().position(|value| Some(value) == text.as_ref());
            at.unwrap_or(values.len())
        };
        self.declared.segments.iter().map(place).collect()
    }

    /// Decides rows of one hour and of the same segments, and counts them with their outcomes.
    fn decide(&mut self, group: &[One], read: &mut Read) -> Result<()> {
        let Some(first) = group.first() else { return Ok(()) };
        self.gate.set_clock(first.hour as f64 * HOUR_MS);
        self.gate.window_mut().set_segments(&first.segments);
        let mut records = Vec::with_capacity(group.len());
        let mut decided = Vec::with_capacity(group.len());
        for one in group {
            match self.rows.record(&one.row, self.gate.reader()) {
                Ok(record) => {
                    records.push(record);
                    decided.push(one);
                }
                Err(error) => self.unreadable(&error, read),
            }
        }
        let decisions: Vec<Decision> = self.gate.predict_many(records)?;
        for (one, decision) in decided.iter().zip(&decisions) {
            if one.truth.is_none() && one.metrics.iter().all(Option::is_none) {
                continue;
            }
            let window = self.gate.window_mut();
            let tracked = window.track(decision);
            let counted = window.outcome(&tracked, one.truth.as_ref(), &one.metrics);
            counted.map_err(|e| e.at_line(one.row.line, 1).in_file(self.rows.file()))?;
            read.outcomes += 1;
        }
        Ok(())
    }
}

/// Columns beside the inputs, which no record may have.
pub fn beside<'a>(
    contract: &Contract,
    columns: impl IntoIterator<Item = &'a String>,
) -> Vec<String> {
    columns.into_iter().filter(|name| contract.input(name).is_none()).cloned().collect()
}

/// Refuses a named column that the file cannot have.
///
/// # Errors
/// [`ErrorCode::BadUsage`].
pub fn check_column(rows: &Rows, name: &str, option: &str) -> Result<()> {
    let columns = rows.columns();
    if columns.is_empty() || columns.iter().any(|column| column == name) {
        return Ok(());
    }
    Err(usage(format!("`{option}` names the column `{name}`, which the rows do not have"))
        .in_file(rows.file()))
}
