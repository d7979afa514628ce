//! One JSON object a line.

use super::{Body, Row, Source};
use driftline::limits::MAX_RECORD_BYTES;
use driftline::{Error, ErrorCode, Result};
use std::io::{BufRead, BufReader, Read};

/// Reads lines; blank ones are skipped.
pub struct Jsonl {
    reader: BufReader<Box<dyn Read>>,
    line: u64,
}

impl Jsonl {
    /// Reads from bytes.
    pub fn new(from: Box<dyn Read>) -> Self {
        Self { reader: BufReader::with_capacity(1 << 16, from), line: 0 }
    }

    /// One line without its end; `None` at the end of the file.
    fn read_line(&mut self) -> Result<Option<Vec<u8>>> {
        let fault = |e: std::io::Error| Error::new(ErrorCode::BadInput, e.to_string());
        let mut bytes = Vec::new();
        let limit = MAX_RECORD_BYTES as u64 + 2;
        let n = self.reader.by_ref().take(limit).read_until(b'\n', &mut bytes).map_err(fault)?;
        if n == 0 {
            return Ok(None);
        }
        self.line += 1;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if n as u64 == limit {
            // the rest of the line is passed over without being held
            loop {
                let chunk = self.reader.fill_buf().map_err(fault)?;
                let end = chunk.iter().position(|b| *b == b'\n');
                let (used, done) = end.map_or((chunk.len(), chunk.is_empty()), |i| (i + 1, true));
                self.reader.consume(used);
                if done {
                    break;
                }
            }
        }
        Ok(Some(bytes))
    }
}

impl Source for Jsonl {
    fn columns(&self) -> &[String] {
        &[]
    }

    fn next(&mut self) -> Result<Option<Row>> {
        loop {
            let Some(mut bytes) = self.read_line()? else { return Ok(None) };
            if self.line == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
                bytes.drain(..3);
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let body = if bytes.len() > MAX_RECORD_BYTES {
                let message = format!("the line has more than {MAX_RECORD_BYTES} bytes");
                Body::Unreadable(Error::new(ErrorCode::InputTooLarge, message))
            } else {
                match String::from_utf8(bytes) {
                    Ok(text) => Body::Json(text),
                    Err(e) => Body::Unreadable(Error::new(
                        ErrorCode::BadInput,
                        format!("byte {} of the line is not UTF-8", e.utf8_error().valid_up_to()),
                    )),
                }
            };
            return Ok(Some(Row { line: self.line, body }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, String)> {
        let mut source = Jsonl::new(Box::new(std::io::Cursor::new(bytes.to_vec())));
        let mut all = Vec::new();
        while let Some(row) = source.next().unwrap() {
            let text = match row.body {
                Body::Json(text) => text,
                Body::Unreadable(e) => e.code().to_string(),
                Body::Cells(_) => unreachable!(),
            };
            all.push((row.line, text));
        }
        all
    }

    #[test]
    fn lines_keep_their_numbers() {
        let got = lines(b"\xef\xbb\xbf{\"a\":1}\r\n\n  \n{\"a\":2}");
        assert_eq!(got, [(1, "{\"a\":1}\r".to_owned()), (4, "{\"a\":2}".to_owned())]);
    }

    #[test]
    fn a_line_that_cannot_be_read_does_not_end_the_file() {
        let mut bytes = vec![b'x'; MAX_RECORD_BYTES + 100];
        bytes.extend_from_slice(b"\n\xff\n{}\n");
        let got = lines(&bytes);
        assert_eq!(
            got,
            [(1, "input_too_large".into()), (2, "bad_input".into()), (3, "{}".to_owned())]
        );
    }
}
