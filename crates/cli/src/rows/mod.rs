//! Rows from files: JSONL, CSV and Parquet, each row with the line it came from.
//!
//! Rows are read one at a time, so that memory does not grow with the file. A row that cannot be
//! read is still a row: it carries the error instead of values.

mod csv;
mod jsonl;
pub mod number;
mod parquet;

pub use csv::{names as header, ragged};

use crate::output::io_error;
use crate::progress;
use driftline::contract::{Contract, InputType, RawRecord, RecordReader, Value};
use driftline::{Error, ErrorCode, Result};
use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// The format of a file of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values with a header; an empty cell is a missing value
    Csv,
    /// Apache Parquet
    Parquet,
}

/// Where rows come from.
#[derive(Debug, clap::Args)]
pub struct Input {
    /// Rows: .jsonl, .csv or .parquet; the first two also as .gz; `-` reads standard input
    #[arg(long = "input", value_name = "ROWS")]
    pub path: std::path::PathBuf,

    /// Format of the rows [default: by the file's ending, JSONL for standard input]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Columns to leave out before anything is checked, such as outcomes and row numbers
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub ignore: Vec<String>,
}

impl Input {
    /// A file of rows whose format its ending tells.
    pub fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), format: None, ignore: Vec::new() }
    }
}

/// One row.
#[derive(Debug)]
pub struct Row {
    /// Line of the file where the row begins, from 1; for Parquet the number of the row.
    pub line: u64,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Json(String),
    Cells(Vec<Value<'static>>),
    Unreadable(Error),
}

/// What reads one format.
trait Source {
    /// Names of the columns, if the format has them apart from the rows.
    fn columns(&self) -> &[String];
    /// The next row; an error ends the file.
    fn next(&mut self) -> Result<Option<Row>>;
}

/// The rows of a file.
pub struct Rows {
    file: String,
    source: Box<dyn Source>,
    ignore: BTreeSet<String>,
    bar: ProgressBar,
}

impl Rows {
    /// Opens a file of rows. The contract says how the text of a CSV cell is read.
    ///
    /// # Errors
    /// [`ErrorCode::Io`], [`ErrorCode::BadUsage`] for an unknown ending, [`ErrorCode::BadInput`]
    /// for a broken header.
    pub fn open(input: &Input, contract: &Contract) -> Result<Self> {
        let kind_of = |name: &str| contract.input(name).map(|(_, input)| input.kind);
        Self::open_with(input, &kind_of)
    }

    /// Opens a file of rows whose every CSV cell is text.
    ///
    /// # Errors
    /// As [`Rows::open`].
    pub fn open_text(input: &Input) -> Result<Self> {
        Self::open_with(input, &|_| None)
    }

    /// Opens a file of rows; `kind_of` says how the text of a column's cells is read.
    ///
    /// # Errors
    /// As [`Rows::open`].
    pub fn open_with(input: &Input, kind_of: &dyn Fn(&str) -> Option<InputType>) -> Result<Self> {
        let file = shown(&input.path);
        let opened = detect(input)?;
        let named = |e: Error| e.in_file(&*file);
        let (source, bar): (Box<dyn Source>, ProgressBar) = if opened.format == Format::Parquet {
            if opened.stdin || opened.gzip {
                return Err(Error::new(
                    ErrorCode::BadUsage,
                    "Parquet is read from plain files only",
                ));
            }
            let bar = progress::bytes(size(&input.path), "reading");
            let from = File::open(&input.path).map_err(|e| io_error(&input.path, &e))?;
            let source = parquet::Parquet::open(from, kind_of, bar.clone()).map_err(named)?;
            (Box::new(source), bar)
        } else {
            let (plain, bar) = bytes(input, opened)?;
            let source: Box<dyn Source> = match opened.format {
                Format::Csv => Box::new(csv::Csv::open(plain, kind_of).map_err(named)?),
                _ => Box::new(jsonl::Jsonl::new(plain)),
            };
            (source, bar)
        };
        Ok(Self { file, source, ignore: input.ignore.iter().cloned().collect(), bar })
    }

    /// Names of the columns, if the format has them apart from the rows.
    pub fn columns(&self) -> &[String] {
        self.source.columns()
    }

    /// Name of the file, for messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The next row.
    ///
    /// # Errors
    /// What makes the rest of the file unreadable.
    pub fn next(&mut self) -> Result<Option<Row>> {
        let row = self.source.next().map_err(|e| e.in_file(&*self.file))?;
        if row.is_none() {
            self.bar.finish_and_clear();
        }
        Ok(row)
    }

    /// The row as a raw record of the contract.
    ///
    /// # Errors
    /// Why the row cannot be read, with file and line.
    pub fn record<'a>(&'a self, row: &'a Row, reader: &RecordReader) -> Result<RawRecord<'a>> {
        let mut record = match &row.body {
            Body::Json(text) => reader.read_json(text).map_err(|e| self.placed(e, row.line))?,
            Body::Cells(cells) => reader.read_pairs(self.pairs(cells)),
            Body::Unreadable(error) => return Err(self.placed(error.clone(), row.line)),
        };
        if !self.ignore.is_empty() && !record.unknown.is_empty() {
            let before = record.unknown.len();
            record.unknown.retain(|name| !self.ignore.contains(name.as_ref()));
            record.unknown_count -= before - record.unknown.len();
        }
        Ok(record)
    }

    /// The row's values by column; `None` for JSON, which has no columns.
    ///
    /// # Errors
    /// Why the row cannot be read, with file and line.
    pub fn cells<'a>(&'a self, row: &'a Row) -> Result<Cells<'a>> {
        match &row.body {
            Body::Json(text) => {
                let object = serde_json::from_str(text).map_err(|e| {
                    let e =
                        Error::new(ErrorCode::BadInput, format!("the line is no JSON object: {e}"));
                    self.placed(e, row.line)
                })?;
                Ok(Cells::Object(object))
            }
            Body::Cells(cells) => Ok(Cells::Columns(self.source.columns(), cells)),
            Body::Unreadable(error) => Err(self.placed(error.clone(), row.line)),
        }
    }

    fn pairs<'a>(
        &'a self,
        cells: &'a [Value<'static>],
    ) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        let named = self.source.columns().iter().zip(cells);
        named
            .filter(|(name, _)| !self.ignore.contains(name.as_str()))
            .map(|(name, value)| (Cow::Borrowed(name.as_str()), value.clone()))
    }

    /// Puts the row's line under an error; its own line, if any, is within the row.
    fn placed(&self, error: Error, line: u64) -> Error {
        let within = error.place().line.unwrap_or(1) - 1;
        let column = error.place().column.unwrap_or(1);
        error.at_line(line + within, column).in_file(&*self.file)
    }
}

/// One row's values by name.
pub enum Cells<'a> {
    /// A line of JSON.
    Object(serde_json::Map<String, serde_json::Value>),
    /// Columns and their cells.
    Columns(&'a [String], &'a [Value<'static>]),
}

impl Cells<'_> {
    /// The number under a name: `Ok(None)` if there is none or it is missing.
    ///
    /// # Errors
    /// What stands there instead of a number.
    pub fn number(&self, name: &str) -> Result<Option<f64>, String> {
        match self {
            Self::Object(map) => match map.get(name) {
                None | Some(serde_json::Value::Null) => Ok(None),
                Some(value) => value.as_f64().map(Some).ok_or_else(|| value.to_string()),
            },
            Self::Columns(columns, cells) => {
                let value = columns.iter().position(|c| c == name).and_then(|i| cells.get(i));
                match value {
                    None | Some(Value::Null | Value::Absent) => Ok(None),
                    Some(Value::Integer(i)) => Ok(Some(*i as f64)),
                    Some(Value::Number(x)) => Ok(Some(*x)),
                    Some(Value::Bool(b)) => Ok(Some(f64::from(u8::from(*b)))),
                    Some(Value::Text(text)) => match number::parse(text) {
                        Some(Value::Integer(i)) => Ok(Some(i as f64)),
                        Some(Value::Number(x)) => Ok(Some(x)),
                        _ => Err(text.chars().take(40).collect()),
                    },
                    Some(other) => Err(other.type_name().to_owned()),
                }
            }
        }
    }

    /// What stands under a name, as text: `None` if there is nothing or it is missing.
    pub fn text(&self, name: &str) -> Option<String> {
        match self {
            Self::Object(map) => match map.get(name)? {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            },
            Self::Columns(columns, cells) => {
                let at = columns.iter().position(|c| c == name)?;
                match cells.get(at)? {
                    Value::Text(text) => Some(text.to_string()),
                    Value::Bool(b) => Some(b.to_string()),
                    Value::Integer(i) => Some(i.to_string()),
                    Value::Number(x) => Some(x.to_string()),
                    _ => None,
                }
            }
        }
    }

    /// Whether the row has this name at all.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::Object(map) => map.contains_key(name),
            Self::Columns(columns, _) => columns.iter().any(|c| c == name),
        }
    }
}

/// What a file of rows is.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    /// Its format.
    pub format: Format,
    gzip: bool,
    stdin: bool,
}

/// Name of a file of rows, for messages.
pub fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// The bytes of a file, unpacked, and a bar that moves while they are read.
///
/// # Errors
/// [`ErrorCode::Io`].
pub fn bytes(input: &Input, opened: Opened) -> Result<(Box<dyn Read>, ProgressBar)> {
    let path = input.path.as_path();
    let raw: Box<dyn Read> = if opened.stdin {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|e| io_error(path, &e))?)
    };
    let bar = progress::bytes(if opened.stdin { None } else { size(path) }, "reading");
    let counted = bar.wrap_read(raw);
    let plain: Box<dyn Read> = if opened.gzip {
        Box::new(MultiGzDecoder::new(BufReader::new(counted)))
    } else {
        Box::new(counted)
    };
    Ok((plain, bar))
}

fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|m| m.len())
}

/// Tells the format, by the file's ending unless the caller says it.
///
/// # Errors
/// [`ErrorCode::BadUsage`] for an ending that says nothing.
pub fn detect(input: &Input) -> Result<Opened> {
    let path = input.path.as_path();
    let stdin = path == Path::new("-");
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let (stem, gzip) = name.strip_suffix(".gz").map_or((name.as_str(), false), |s| (s, true));
    let format = match (input.format, stem.rsplit_once('.').map(|(_, ending)| ending)) {
        (Some(format), _) => format,
        _ if stdin => Format::Jsonl,
        (None, Some("jsonl" | "ndjson")) => Format::Jsonl,
        (None, Some("csv")) => Format::Csv,
        (None, Some("parquet")) => Format::Parquet,
        _ => {
            let message = "the file's ending does not tell its format";
            return Err(Error::new(ErrorCode::BadUsage, message)
                .with_help("end the name with .jsonl, .csv or .parquet, or pass --format")
                .in_file(path.display().to_string()));
        }
    };
    Ok(Opened { format, gzip, stdin })
}
