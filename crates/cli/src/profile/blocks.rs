//! A CSV file cut into blocks of whole rows.

use driftline::limits::MAX_RECORD_BYTES;
use driftline::{Error, ErrorCode, Result};
use std::io::Read;

/// Bytes of a block, unless a row is longer.
const BLOCK: usize = 1 << 20;

/// Whole rows.
#[derive(Debug)]
pub struct Block {
    /// Number of the block, from 0; the same for the same file on every machine.
    pub index: u64,
    /// Line that the block begins at.
    pub line: u64,
    pub bytes: Vec<u8>,
}

/// Cuts what it reads.
pub struct Blocks<R> {
    from: R,
    /// The beginning of the next block.
    carry: Vec<u8>,
    line: u64,
    index: u64,
}

impl<R: Read> Blocks<R> {
    pub fn new(from: R) -> Self {
        Self { from, carry: Vec::new(), line: 1, index: 0 }
    }

    /// The next block, in a buffer that is used again.
    ///
    /// # Errors
    /// [`ErrorCode::Io`], and [`ErrorCode::InputTooLarge`] for a row past the limit, as after a
    /// quote that nothing closes.
    pub fn next(&mut self, mut bytes: Vec<u8>) -> Result<Option<Block>> {
        bytes.clear();
        bytes.append(&mut self.carry);
        let mut wanted = BLOCK;
        let cut = loop {
            let missing = wanted.saturating_sub(bytes.len()) as u64;
            let read = self.from.by_ref().take(missing).read_to_end(&mut bytes);
            let read = read.map_err(|e| Error::new(ErrorCode::Io, e.to_string()))?;
            if (read as u64) < missing {
                break bytes.len();
            }
            if let Some(cut) = row_end(&bytes) {
                break cut;
            }
            if bytes.len() > MAX_RECORD_BYTES {
                let message = format!("the row has more than {MAX_RECORD_BYTES} bytes");
                return Err(Error::new(ErrorCode::InputTooLarge, message)
                    .with_help("look for a quote that is opened and not closed")
                    .at_line(self.line, 1));
            }
            wanted = bytes.len() + BLOCK;
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        self.carry.extend_from_slice(bytes.get(cut..).unwrap_or_default());
        bytes.truncate(cut);
        let block = Block { index: self.index, line: self.line, bytes };
        self.index += 1;
        self.line += memchr::memchr_iter(b'\n', &block.bytes).count() as u64;
        Ok(Some(block))
    }
}

/// Where the last whole row of the bytes ends, which begin with a row.
fn row_end(bytes: &[u8]) -> Option<usize> {
    if memchr::memchr(b'"', bytes).is_none()
        && let Some(at) = memchr::memrchr(b'\n', bytes)
    {
        return Some(at + 1);
    }
    // the states of the crate `csv`: a quote means something at the beginning of a cell only
    enum State {
        Start,
        Plain,
        Quoted,
        Quote,
    }
    let mut state = State::Start;
    let mut end = None;
    // the crate skips a byte order mark
    let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    for (at, byte) in bytes.iter().enumerate().skip(mark) {
        state = match (state, byte) {
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, _) | (State::Quote | State::Start, b'"') => State::Quoted,
            (_, b'\n' | b'\r') => {
                end = Some(at + 1);
                State::Start
            }
            (_, b',') => State::Start,
            _ => State::Plain,
        };
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use csv::{ByteRecord, ReaderBuilder};

    fn rows(bytes: &[u8]) -> Vec<(u64, ByteRecord)> {
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut record = ByteRecord::new();
        let mut all = Vec::new();
        while reader.read_byte_record(&mut record).unwrap() {
            all.push((record.position().unwrap().line(), record.clone()));
        }
        all
    }

    #[test]
    fn blocks_hold_the_rows_of_the_file_with_their_lines() {
        let mut text = String::new();
        for i in 0..60_000 {
            text += &match i % 5 {
                0 => format!("{i},plain,\"quoted, {i}\"\r\n"),
                1 => format!("{i},\"two\nlines \"\" and a quote\",x\n"),
                2 => format!("{i},5\" pipe,\"odd\"end\n"),
                3 => format!("{i},,\n"),
                _ => format!("{i},é日本,{}\n", "y".repeat(i % 97)),
            };
        }
        let bytes = text.as_bytes();
        let mut blocks = Blocks::new(bytes);
        let (mut found, mut joined, mut n) = (Vec::new(), Vec::new(), 0);
        while let Some(block) = blocks.next(Vec::new()).unwrap() {
            assert_eq!(block.index, n);
            n += 1;
            let of = rows(&block.bytes);
            found.extend(of.into_iter().map(|(line, r)| (line + block.line - 1, r)));
            joined.extend(block.bytes);
        }
        assert!(n > 1);
        assert!(joined == bytes);
        let whole = rows(bytes);
        assert_eq!(found.len(), whole.len());
        assert!(found == whole);
    }

    #[test]
    fn a_long_row_makes_a_long_block_and_one_without_end_is_refused() {
        let text = format!("a,b\n\"{}\",1\nc,d\n", "x\n".repeat(BLOCK));
        let mut blocks = Blocks::new(text.as_bytes());
        let mut total = 0;
        while let Some(block) = blocks.next(Vec::new()).unwrap() {
            total += rows(&block.bytes).len();
        }
        assert_eq!(total, 3);
        let endless = std::io::repeat(b'x');
        let mut blocks = Blocks::new(b"a,b\n\"".chain(endless));
        let error = loop {
            match blocks.next(Vec::new()) {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the end of what has none"),
                Err(error) => break error,
            }
        };
        assert_eq!((error.code(), error.place().line), (ErrorCode::InputTooLarge, Some(2)));
    }
}
