//! All counts as one Parquet file: one row a count, so that a sum over rows is a sum of counts.
//!
//! A window's totals are rows of their own (`kind` is `total`, `cell_name` is `beacons` or `records`).
//! What is noisy in the store is noisy here.

use crate::sink::{Client, Reader};
use crate::store::{Counts, Definitions, Fault, Reads, Stored, Window};
use crate::{Config, MS_PER_HOUR, store};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

const SCHEMA: &str = "message counts {
    required binary identity (UTF8);
    required binary name (UTF8);
    required binary layout (UTF8);
    required binary grain (UTF8);
    required int64 start (TIMESTAMP(MILLIS,true));
    required binary mode (UTF8);
    optional double epsilon;
    optional int32 bound;
    optional int32 block;
    required binary kind (UTF8);
    required binary block_name (UTF8);
    required int64 reports;
    optional int32 cell;
    required binary cell_name (UTF8);
    required int64 count;
}";

/// Rows that are held until they are written together.
const GROUP_ROWS: usize = 100_000;

/// Windows start in an hour that 32 bits hold: the reader of beacons takes no other.
const END_OF_TIME: i64 = 1 << 32;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Identities with a layout.
    pub models: u64,
    /// Windows of them.
    pub windows: u64,
    /// Rows of the file.
    pub rows: u64,
}

/// A layout as [`crate::register`] writes it.
#[derive(Deserialize)]
struct Layout {
    blocks: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    kind: String,
    name: String,
    cells: Vec<String>,
}

/// Writes all counts, also while a collector runs: those of a store as of one instant, those of
/// ClickHouse window by window. `now`: hours since 1970.
///
/// # Errors
/// [`Fault`]; a file that exists is not written over.
pub fn export(config: &Config, now: i64, to: &Path) -> Stored<Exported> {
    let create = || File::create_new(to).map_err(|error| Fault::File { path: to.into(), error });
    let written = if let Some(at) = &config.clickhouse {
        let client = Client::new(at.clone());
        let ends = config.retention.ends(config.accepted_hours(), now);
        write(&Reader::new(&client, ends), create()?)
    } else {
        let mut store = store::open_to_read(&config.data)?;
        // all reads see what the first one saw
        let snapshot = store.transaction()?;
        write(&*snapshot, create()?)
    };
    if written.is_err() {
        // half a file would look like a whole one; the fault itself is what is told
        let _ = std::fs::remove_file(to);
    }
    written
}

/// Writes what a store holds.
fn write(store: &dyn Reads, file: File) -> Stored<Exported> {
    let schema = Arc::new(parse_message_type(SCHEMA).map_err(fault)?);
    let level = ZstdLevel::try_new(3).map_err(fault)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let file = SerializedFileWriter::new(file, schema, Arc::new(properties)).map_err(fault)?;
    let mut out = Out { file, rows: Rows::default(), exported: Exported::default() };
    let mut done = BTreeSet::new();
    for model in store.models()? {
        out.exported.models += 1;
        if done.insert(model.identity.clone()) {
            one(store, &model.identity, &model.name, &mut out)?;
        }
    }
    out.flush()?;
    out.file.close().map_err(fault)?;
    Ok(out.exported)
}

/// Writes one identity, a start of windows after the other, so that memory is bounded.
fn one(store: &dyn Reads, identity: &str, name: &str, out: &mut Out) -> Stored<()> {
    let mut layouts = BTreeMap::new();
    for Definitions { layout, summary, .. } in store.definitions(identity)? {
        let read = serde_json::from_str(&summary).map_err(|_| Fault::Damaged("a layout"))?;
        layouts.insert(layout, read);
    }
    let mut windows = Vec::new();
    windows_of(store, identity, (0, END_OF_TIME), &mut windows)?;
    let mut counts: Option<(i64, Vec<Counts>)> = None;
    for window in &windows {
        let start = window.start;
        if counts.as_ref().is_none_or(|(at, _)| *at != start) {
            counts = Some((start, store.counts(identity, start, start + 1, None)?));
        }
        out.exported.windows += 1;
        let head = Head { identity, name, window };
        for (cell, count) in [("beacons", window.beacons), ("records", window.records)] {
            out.push(&head, Cell { kind: "total", cell_name: cell, count, ..Cell::default() })?;
        }
        let layout: &Layout = layouts.get(&window.layout).ok_or(Fault::Damaged("a layout"))?;
        let rows = counts.iter().flat_map(|(_, rows)| rows);
        for row in rows.filter(|row| of(row, window)) {
            let block = layout.blocks.get(row.block as usize);
            let block = block.filter(|block| block.cells.len() == row.cells.len());
            let block = block.ok_or(Fault::Damaged("counts"))?;
            for ((at, count), cell_name) in (0i32..).zip(&row.cells).zip(&block.cells) {
                let (block_name, kind) = (&*block.name, &*block.kind);
                let place = Some((row.block.cast_signed(), at));
                let (reports, count) = (row.reports, *count);
                out.push(&head, Cell { kind, block_name, place, reports, cell_name, count })?;
            }
        }
    }
    Ok(())
}

/// Whether a row of counts belongs to a window.
fn of(row: &Counts, window: &Window) -> bool {
    row.layout == window.layout
        && (row.grain, row.start) == (window.grain, window.start)
        && (row.mode, row.epsilon, row.bound) == (window.mode, window.epsilon, window.bound)
}

/// All windows, however many: a span that has too many for one answer is halved.
fn windows_of(
    store: &dyn Reads,
    identity: &str,
    (from, to): (i64, i64),
    into: &mut Vec<Window>,
) -> Stored<()> {
    match store.windows(identity, from, to) {
        Ok(windows) => into.extend(windows),
        Err(Fault::TooManyRows) if to - from > 1 => {
            let middle = from + (to - from) / 2;
            windows_of(store, identity, (from, middle), into)?;
            windows_of(store, identity, (middle, to), into)?;
        }
        Err(fault) => return Err(fault),
    }
    Ok(())
}

fn fault(error: ParquetError) -> Fault {
    Fault::Parquet(error.to_string())
}

/// What all rows of a window share.
struct Head<'a> {
    identity: &'a str,
    name: &'a str,
    window: &'a Window,
}

#[derive(Default)]
struct Cell<'a> {
    kind: &'a str,
    block_name: &'a str,
    /// Of the block in the layout, and of the cell in the block.
    place: Option<(i32, i32)>,
    reports: i64,
    cell_name: &'a str,
    count: i64,
}

struct Out {
    file: SerializedFileWriter<File>,
    rows: Rows,
    exported: Exported,
}

/// A column each, in the order of [`SCHEMA`]; what is optional with what says whether it is there.
#[derive(Default)]
struct Rows {
    texts: [Vec<ByteArray>; 8],
    start: Vec<i64>,
    epsilon: (Vec<f64>, Vec<i16>),
    bound: (Vec<i32>, Vec<i16>),
    block: (Vec<i32>, Vec<i16>),
    reports: Vec<i64>,
    cell: (Vec<i32>, Vec<i16>),
    count: Vec<i64>,
}

fn put<T>((values, there): &mut (Vec<T>, Vec<i16>), value: Option<T>) {
    there.push(i16::from(value.is_some()));
    values.extend(value);
}

impl Out {
    fn push(&mut self, head: &Head<'_>, cell: Cell<'_>) -> Stored<()> {
        let Head { identity, name, window } = head;
        let rows = &mut self.rows;
        let texts = [
            *identity,
            *name,
            &*window.layout,
            window.grain,
            window.mode.as_str(),
            cell.kind,
            cell.block_name,
            cell.cell_name,
        ];
        for (column, text) in rows.texts.iter_mut().zip(texts) {
            column.push(ByteArray::from(text));
        }
        rows.start.push(window.start.saturating_mul(MS_PER_HOUR));
        let epsilon = f64::from(window.epsilon) / 1_000.0;
        put(&mut rows.epsilon, (window.epsilon > 0).then_some(epsilon));
        put(&mut rows.bound, (window.bound > 0).then_some(window.bound.cast_signed()));
        put(&mut rows.block, cell.place.map(|(block, _)| block));
        rows.reports.push(if cell.place.is_some() { cell.reports } else { window.beacons });
        put(&mut rows.cell, cell.place.map(|(_, cell)| cell));
        rows.count.push(cell.count);
        self.exported.rows += 1;
        if rows.count.len() >= GROUP_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Stored<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows.count.is_empty() {
            return Ok(());
        }
        let [identity, name, layout, grain, mode, kind, block_name, cell_name] = &rows.texts;
        let mut group = self.file.next_row_group().map_err(fault)?;
        let at = &mut group;
        text(at, identity)?;
        text(at, name)?;
        text(at, layout)?;
        text(at, grain)?;
        column::<Int64Type>(at, &rows.start, None)?;
        text(at, mode)?;
        column::<DoubleType>(at, &rows.epsilon.0, Some(&rows.epsilon.1))?;
        column::<Int32Type>(at, &rows.bound.0, Some(&rows.bound.1))?;
        column::<Int32Type>(at, &rows.block.0, Some(&rows.block.1))?;
        text(at, kind)?;
        text(at, block_name)?;
        column::<Int64Type>(at, &rows.reports, None)?;
        column::<Int32Type>(at, &rows.cell.0, Some(&rows.cell.1))?;
        text(at, cell_name)?;
        column::<Int64Type>(at, &rows.count, None)?;
        group.close().map_err(fault)?;
        Ok(())
    }
}

fn text(group: &mut SerializedRowGroupWriter<'_, File>, values: &[ByteArray]) -> Stored<()> {
    column::<ByteArrayType>(group, values, None)
}

fn column<T: parquet::data_type::DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
    there: Option<&[i16]>,
) -> Stored<()> {
    let next = group.next_column().map_err(fault)?;
    let mut column = next.ok_or(Fault::Damaged("the file's schema"))?;
    column.typed::<T>().write_batch(values, there, None).map_err(fault)?;
    column.close().map_err(fault)
}
