//! One pass over a file of rows.

use super::blocks::{Block, Blocks};
use super::cell;
use super::column::Column;
use super::hash::finish;
use super::sample::Sampled;
use super::tally::Tally;
use crate::rows::{self, Format, Input, Rows};
use csv::{ByteRecord, ReaderBuilder};
use driftline::contract::{
    Contract, Input as Field, InputType, RecordReader, UnknownFields, Value,
};
use driftline::limits::MAX_INPUTS;
use driftline::{Error, ErrorCode, Result};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;

/// Threads that count. Fixed, so that a file has one profile whatever the machine.
const LANES: usize = 4;

/// Counts a file of rows; with `sampled`, some rows are kept for the comparison with a target.
///
/// # Errors
/// What makes the file unreadable; a single row that cannot be read is counted instead.
pub fn scan(input: &Input, sampled: bool) -> Result<Tally> {
    let opened = rows::detect(input)?;
    if opened.format == Format::Csv {
        let (reader, bar) = rows::bytes(input, opened)?;
        let file = rows::shown(&input.path);
        let tally = csv(reader, &file, sampled).map_err(|e| e.in_file(&*file));
        bar.finish_and_clear();
        tally
    } else {
        typed(input, sampled)
    }
}

fn csv(from: impl std::io::Read, file: &str, sampled: bool) -> Result<Tally> {
    let mut blocks = Blocks::new(from);
    let mut first = blocks
        .next(Vec::new())?
        .ok_or_else(|| Error::new(ErrorCode::BadInput, "the file has no header"))?;
    let names = take_header(&mut first)?;
    thread::scope(|scope| {
        let (back, empty) = channel::<Vec<u8>>();
        let mut lanes = Vec::new();
        for _ in 0..LANES {
            let (send, blocks) = sync_channel::<Block>(1);
            let tally = Tally::new(names.clone(), false, sampled);
            let back = back.clone();
            lanes.push((send, scope.spawn(move || lane(tally, &blocks, &back, file))));
        }
        let mut block = Some(first);
        while let Some(full) = block {
            let at = (full.index % LANES as u64) as usize;
            // a lane goes away only by a fault that joining it shows
            let gone = lanes.get(at).is_none_or(|(send, _)| send.send(full).is_err());
            block = if gone { None } else { blocks.next(empty.try_recv().unwrap_or_default())? };
        }
        let mut total: Option<Tally> = None;
        for (send, lane) in lanes {
            drop(send);
            let tally = lane
                .join()
                .map_err(|_| Error::new(ErrorCode::Internal, "a thread that counts panicked"))?;
            match &mut total {
                Some(total) => total.merge(tally),
                None => total = Some(tally),
            }
        }
        total.ok_or_else(|| Error::new(ErrorCode::Internal, "nothing was counted"))
    })
}

fn lane(mut tally: Tally, blocks: &Receiver<Block>, back: &Sender<Vec<u8>>, file: &str) -> Tally {
    while let Ok(block) = blocks.recv() {
        tally.block(&block, file);
        // the buffer is used again while there is a reader
        let _ = back.send(block.bytes);
    }
    tally
}

/// Takes the header off the first block.
fn take_header(block: &mut Block) -> Result<Vec<String>> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).from_reader(block.bytes.as_slice());
    let mut header = ByteRecord::new();
    let more = reader.read_byte_record(&mut header);
    more.map_err(|e| Error::new(ErrorCode::BadInput, e.to_string()))?;
    if header.len() > MAX_INPUTS {
        return Err(too_wide().at_line(1, 1));
    }
    let names = rows::header(&header)?;
    let end = reader.position().byte() as usize;
    // the rest of a line's end, and blank lines
    let rest = block.bytes.get(end..).unwrap_or_default();
    let blank = rest.iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
    let head = block.bytes.drain(..(end + blank).min(block.bytes.len()));
    block.line += head.filter(|b| *b == b'\n').count() as u64;
    Ok(names)
}

fn too_wide() -> Error {
    Error::new(ErrorCode::InputTooLarge, format!("the file has more than {MAX_INPUTS} columns"))
}

/// Counts JSONL and Parquet with the reader that validation has. Fields are met as they come.
fn typed(input: &Input, sampled: bool) -> Result<Tally> {
    let whole = Input { path: input.path.clone(), format: input.format, ignore: Vec::new() };
    // instants come as RFC 3339 text
    let mut rows = Rows::open_with(&whole, &|_| Some(InputType::Timestamp))?;
    let mut fields = Contract::new("fields", Vec::new());
    fields.unknown_fields = UnknownFields::Ignore;
    fields.inputs.extend(rows.columns().iter().map(|n| Field::new(n, InputType::Any)));
    let names = rows.columns().to_vec();
    let mut tally = Tally::new(names, true, sampled);
    let mut reader = RecordReader::new(&fields);
    let mut number = 0;
    while let Some(row) = rows.next()? {
        number += 1;
        let record = loop {
            match rows.record(&row, &reader) {
                Ok(record) if !record.unknown.is_empty() => {
                    for name in record.unknown {
                        // a field may stand twice in one record
                        if fields.input(&name).is_none() {
                            fields.inputs.push(Field::new(&*name, InputType::Any));
                            tally.columns.push(Column::new(true, fields.inputs.len()));
                            tally.names.push(name.into_owned());
                        }
                    }
                    if fields.inputs.len() > MAX_INPUTS {
                        return Err(too_wide().at_line(row.line, 1).in_file(rows.file()));
                    }
                    reader = RecordReader::new(&fields);
                }
                Ok(record) if record.not_a_record.is_some() => {
                    let message = "the line is no JSON object";
                    let error = Error::new(ErrorCode::BadInput, message).at_line(row.line, 1);
                    break Err(error.in_file(rows.file()));
                }
                other => break other,
            }
        };
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                tally.fault(error);
                continue;
            }
        };
        tally.rows += 1;
        for (i, (column, value)) in tally.columns.iter_mut().zip(&record.values).enumerate() {
            if record.duplicates.contains(&i) {
                column.duplicated += 1;
            } else if *value != Value::Absent {
                column.add_value(value);
            }
        }
        let priority = finish(number);
        if tally.sample.wants(priority) {
            let mut key = Vec::new();
            let cells = record.values.iter().map(|value| {
                if cell::encode(value, &mut key) {
                    Sampled::new(cell::decode(&key), &key)
                } else {
                    Sampled::Missing
                }
            });
            let cells: Vec<Sampled> = cells.collect();
            tally.sample.add(priority, cells);
        }
    }
    Ok(tally)
}
