//! Comma-separated values with a header.
//!
//! The contract's type of a column says how its cells are read. A cell that does not parse stays
//! text, so that the validator says what is wrong with it.

use super::{Body, Row, Source, number};
use csv::{ByteRecord, Reader, ReaderBuilder};
use driftline::contract::{InputType, Value};
use driftline::{Error, ErrorCode, Result};
use std::borrow::Cow;
use std::io::Read;

/// Reads rows of cells.
pub struct Csv {
    reader: Reader<Box<dyn Read>>,
    columns: Vec<String>,
    kinds: Vec<Option<InputType>>,
    record: ByteRecord,
}

impl Csv {
    /// Reads the header; `kind_of` is the contract's type of a column.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] for a header that is empty, not UTF-8 or names a column twice.
    pub fn open(from: Box<dyn Read>, kind_of: &dyn Fn(&str) -> Option<InputType>) -> Result<Self> {
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(from);
        let header = reader
            .byte_headers()
            .map_err(|e| Error::new(ErrorCode::BadInput, e.to_string()))?
            .clone();
        let columns = names(&header)?;
        let kinds = columns.iter().map(|c| kind_of(c)).collect();
        Ok(Self { reader, columns, kinds, record: ByteRecord::new() })
    }

    fn body(&self) -> Body {
        if let Some(error) = ragged(self.record.len(), self.columns.len()) {
            return Body::Unreadable(error);
        }
        let mut cells = Vec::with_capacity(self.columns.len());
        for ((cell, kind), name) in self.record.iter().zip(&self.kinds).zip(&self.columns) {
            let Ok(text) = std::str::from_utf8(cell) else {
                let message = format!("the cell of column `{name}` is not UTF-8");
                return Body::Unreadable(Error::new(ErrorCode::BadInput, message));
            };
            cells.push(value(text, *kind));
        }
        Body::Cells(cells)
    }
}

/// The names in a header.
///
/// # Errors
/// [`ErrorCode::BadInput`] for one that is empty, not UTF-8 or names a column twice.
pub fn names(header: &ByteRecord) -> Result<Vec<String>> {
    let mut columns: Vec<String> = Vec::new();
    for (i, cell) in header.iter().enumerate() {
        let cell = if i == 0 { cell.strip_prefix(b"\xef\xbb\xbf").unwrap_or(cell) } else { cell };
        let name = std::str::from_utf8(cell)
            .map_err(|_| Error::new(ErrorCode::BadInput, "the header is not UTF-8"))?;
        if columns.iter().any(|c| c == name) {
            return Err(Error::new(
                ErrorCode::BadInput,
                format!("the header names the column `{name}` twice"),
            )
            .at_line(1, 1));
        }
        columns.push(name.to_owned());
    }
    if columns.is_empty() {
        return Err(Error::new(ErrorCode::BadInput, "the file has no header"));
    }
    Ok(columns)
}

/// What is wrong with a row of so many cells, if anything.
pub fn ragged(cells: usize, columns: usize) -> Option<Error> {
    let message = format!("the row has {cells} cells, the header {columns}");
    (cells != columns).then(|| Error::new(ErrorCode::BadInput, message))
}

fn value(text: &str, kind: Option<InputType>) -> Value<'static> {
    if text.is_empty() {
        return Value::Null;
    }
    let typed = match kind {
        Some(InputType::Number | InputType::Integer) => number::parse(text),
        Some(InputType::Boolean) => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    };
    typed.unwrap_or_else(|| Value::Text(Cow::Owned(text.to_owned())))
}

impl Source for Csv {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self) -> Result<Option<Row>> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let line = self.record.position().map_or(0, csv::Position::line);
                Ok(Some(Row { line, body: self.body() }))
            }
            Err(e) => {
                let line = e.position().map_or_else(|| self.reader.position().line(), |p| p.line());
                Err(Error::new(ErrorCode::BadInput, e.to_string()).at_line(line.max(1), 1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Result<Vec<Value<'static>>>)> {
        let kinds = |name: &str| match name {
            "n" => Some(InputType::Number),
            "i" => Some(InputType::Integer),
            "b" => Some(InputType::Boolean),
            "t" => Some(InputType::Text),
            _ => None,
        };
        let mut csv = Csv::open(Box::new(std::io::Cursor::new(text.to_owned())), &kinds).unwrap();
        let mut all = Vec::new();
        while let Some(row) = csv.next().unwrap() {
            all.push((
                row.line,
                match row.body {
                    Body::Cells(cells) => Ok(cells),
                    Body::Unreadable(e) => Err(e),
                    Body::Json(_) => unreachable!(),
                },
            ));
        }
        all
    }

    #[test]
    fn cells_are_read_by_the_declared_type_and_nothing_is_guessed() {
        let rows = read("n,i,b,t,x\n1.5,2,true,12,12\nNaN,2.0,TRUE,,\n 1,1_0,1,\"a\nb\",x\n,,,,\n");
        let text = |t: &str| Value::Text(Cow::Owned(t.to_owned()));
        assert_eq!(
            rows[0].1.as_ref().unwrap(),
            &[Value::Number(1.5), Value::Integer(2), Value::Bool(true), text("12"), text("12")]
        );
        assert_eq!(
            rows[1].1.as_ref().unwrap(),
            &[text("NaN"), Value::Number(2.0), text("TRUE"), Value::Null, Value::Null]
        );
        assert_eq!(
            rows[2].1.as_ref().unwrap(),
            &[text(" 1"), text("1_0"), text("1"), text("a\nb"), text("x")]
        );
        assert_eq!(rows[3].1.as_ref().unwrap(), &vec![Value::Null; 5]);
        assert_eq!(rows.iter().map(|r| r.0).collect::<Vec<_>>(), [2, 3, 4, 6]);
    }

    #[test]
    fn a_ragged_row_is_one_error_and_the_next_is_read() {
        let rows = read("n,i\n1\n1,2\n1,2,3\n");
        assert!(rows[0].1.is_err() && rows[1].1.is_ok() && rows[2].1.is_err());
        assert_eq!(rows[2].0, 4);
    }

    #[test]
    fn a_header_that_names_a_column_twice_is_refused() {
        let open = |t: &'static str| Csv::open(Box::new(t.as_bytes()), &|_| None).map(|_| ());
        assert_eq!(open("a,b,a\n1,2,3\n").unwrap_err().code(), ErrorCode::BadInput);
        assert_eq!(open("").unwrap_err().code(), ErrorCode::BadInput);
    }
}
