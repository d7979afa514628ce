//! What is counted of a file, and how a block of CSV is counted.

use super::blocks::Block;
use super::cell;
use super::column::Column;
use super::hash::finish;
use super::sample::{Sample, Sampled};
use super::split::Cells;
use crate::rows;
use csv::{ByteRecord, ReaderBuilder};
use driftline::limits::{MAX_PROFILE_SAMPLE, MAX_PROFILE_SAMPLE_CELLS};
use driftline::{Error, ErrorCode};

/// Rows that cannot be read, of which the first are told.
const MAX_FAULTS: usize = 5;

/// What was counted.
#[derive(Debug)]
pub struct Tally {
    /// Rows that could be read.
    pub rows: u64,
    pub unreadable: u64,
    /// Why, for the first of them.
    pub faults: Vec<Error>,
    pub names: Vec<String>,
    pub columns: Vec<Column>,
    pub sample: Sample,
    /// Places of a block's cells, kept for the next.
    cells: Cells,
}

impl Tally {
    pub fn new(names: Vec<String>, typed: bool, sampled: bool) -> Self {
        let n = names.len();
        let most =
            if sampled { (MAX_PROFILE_SAMPLE_CELLS / n.max(1)).min(MAX_PROFILE_SAMPLE) } else { 0 };
        Self {
            rows: 0,
            unreadable: 0,
            faults: Vec::new(),
            columns: (0..n).map(|_| Column::new(typed, n)).collect(),
            names,
            sample: Sample::new(most),
            cells: Cells::default(),
        }
    }

    pub fn fault(&mut self, error: Error) {
        self.unreadable += 1;
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(error);
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.unreadable += other.unreadable;
        self.faults.extend(other.faults);
        self.faults.sort_by_key(|e| e.place().line);
        self.faults.truncate(MAX_FAULTS);
        for (ours, theirs) in self.columns.iter_mut().zip(other.columns) {
            ours.merge(theirs);
        }
        self.sample.merge(other.sample);
    }

    /// Counts the rows of a block.
    pub fn block(&mut self, block: &Block, file: &str) {
        let valid = std::str::from_utf8(&block.bytes).is_ok();
        let mut cells = std::mem::take(&mut self.cells);
        let columns = self.columns.len();
        let mut ragged = Vec::new();
        if valid && cells.split(&block.bytes, columns, |row| ragged.push(row)) {
            for (line, found) in ragged {
                self.ragged(found, line + block.line, file);
            }
            self.split(block, &cells);
        } else {
            self.quoted(block, valid, file);
        }
        self.cells = cells;
    }

    /// Counts rows whose cells are found, column by column: a column's table is then at hand.
    fn split(&mut self, block: &Block, cells: &Cells) {
        self.rows += cells.rows() as u64;
        for (at, column) in self.columns.iter_mut().enumerate() {
            for place in cells.column(at) {
                column.add_cell(block.bytes.get(place).unwrap_or_default());
            }
        }
        for (row, number) in cells.numbers().iter().enumerate() {
            let priority = finish((block.index << 32) + u64::from(*number) + 1);
            if self.sample.wants(priority) {
                let bytes = |place| block.bytes.get(place).unwrap_or_default();
                self.sample.add(priority, cells.row(row).map(|at| sampled(bytes(at))).collect());
            }
        }
    }

    /// Counts the rows of a block that has quotes, or bytes that are no UTF-8.
    fn quoted(&mut self, block: &Block, valid: bool, file: &str) {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(block.bytes.as_slice());
        let mut record = ByteRecord::new();
        let mut number = block.index << 32;
        // reading from memory cannot fail, and rows of any length are taken
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            number += 1;
            let line = || record.position().map_or(0, csv::Position::line) + block.line - 1;
            if record.len() != self.columns.len() {
                self.ragged(record.len(), line(), file);
                continue;
            }
            // cell by cell: side by side, the halves of a character would be one
            if !(valid || record.iter().all(|cell| std::str::from_utf8(cell).is_ok())) {
                let error = Error::new(ErrorCode::BadInput, "a cell of the row is not UTF-8");
                self.fault(error.at_line(line(), 1).in_file(file));
                continue;
            }
            self.rows += 1;
            for (column, cell) in self.columns.iter_mut().zip(&record) {
                column.add_cell(cell);
            }
            let priority = finish(number);
            if self.sample.wants(priority) {
                self.sample.add(priority, record.iter().map(sampled).collect());
            }
        }
    }

    fn ragged(&mut self, cells: usize, line: u64, file: &str) {
        if let Some(error) = rows::ragged(cells, self.columns.len()) {
            self.fault(error.at_line(line, 1).in_file(file));
        }
    }
}

/// A cell as a sample holds it.
fn sampled(cell: &[u8]) -> Sampled {
    if cell.is_empty() { Sampled::Missing } else { Sampled::new(cell::of_text(cell), cell) }
}
