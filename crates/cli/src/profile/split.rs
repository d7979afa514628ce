//! The cells of a block of CSV without quotes, found eight bytes at a time.
//!
//! What the crate `csv` makes of the same bytes is the meaning; a block with quotes, or with
//! carriage returns that end no line, is left to it.

use std::ops::Range;

const ONES: u64 = 0x0101_0101_0101_0101;
const COMMAS: u64 = ONES * b',' as u64;
const LINE_FEEDS: u64 = ONES * b'\n' as u64;
const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// Where the cells of whole rows begin and end.
#[derive(Debug, Default)]
pub struct Cells {
    columns: usize,
    /// Begin of each row.
    starts: Vec<u32>,
    /// End of each cell, row by row.
    ends: Vec<u32>,
    /// Number of each row that is here among the block's rows, from 0.
    numbers: Vec<u32>,
}

/// A row of another length than the header: its line in the block from 0, and its cells.
pub type Ragged = (u64, usize);

impl Cells {
    /// Finds the cells of all rows that have `columns` of them; `false` if only the crate `csv` can.
    pub fn split(&mut self, bytes: &[u8], columns: usize, mut ragged: impl FnMut(Ragged)) -> bool {
        if u32::try_from(bytes.len()).is_err() || memchr::memchr(b'"', bytes).is_some() {
            return false;
        }
        let mut returns = memchr::memchr_iter(b'\r', bytes);
        let strip = match returns.next() {
            None => false,
            Some(first) => {
                let ends_line = |at: usize| bytes.get(at + 1) == Some(&b'\n');
                if !(ends_line(first) && returns.all(ends_line)) {
                    return false;
                }
                true
            }
        };
        self.columns = columns;
        self.starts.clear();
        self.ends.clear();
        self.numbers.clear();
        let mut rows = Rows { cells: self, bytes, strip, start: 0, first: 0, line: 0, number: 0 };
        let (chunks, rest) = bytes.as_chunks::<8>();
        let mut at = 0;
        for chunk in chunks {
            let word = u64::from_le_bytes(*chunk);
            let mut found = zeros(word ^ COMMAS) | zeros(word ^ LINE_FEEDS);
            while found != 0 {
                let byte = found.trailing_zeros() / 8;
                found &= found - 1;
                rows.delimiter(at + byte, (word >> (8 * byte)) as u8, &mut ragged);
            }
            at += 8;
        }
        for byte in rest {
            if matches!(byte, b',' | b'\n') {
                rows.delimiter(at, *byte, &mut ragged);
            }
            at += 1;
        }
        // the last line may lack its end
        rows.line(at, &mut ragged);
        true
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.starts.len()
    }

    /// Each row's number among all rows of the block, from 0.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// Places of one column's cells, in the order of the rows.
    pub fn column(&self, column: usize) -> impl Iterator<Item = Range<usize>> {
        let rows = self.ends.chunks_exact(self.columns.max(1)).zip(&self.starts);
        rows.map(move |(ends, start)| place(ends, *start, column))
    }

    /// Places of one row's cells.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Range<usize>> {
        let ends = self.ends.get(row * self.columns..(row + 1) * self.columns).unwrap_or_default();
        let start = self.starts.get(row).copied().unwrap_or(0);
        (0..ends.len()).map(move |column| place(ends, start, column))
    }
}

#[inline]
fn place(ends: &[u32], start: u32, column: usize) -> Range<usize> {
    let before = column.checked_sub(1).and_then(|before| ends.get(before));
    let from = before.map_or(start, |end| end + 1);
    from as usize..ends.get(column).copied().unwrap_or(from) as usize
}

/// The high bit of each byte that is zero.
#[inline]
const fn zeros(word: u64) -> u64 {
    !(((word & LOW) + LOW) | word | LOW)
}

/// The rows while they are found.
struct Rows<'a> {
    cells: &'a mut Cells,
    bytes: &'a [u8],
    /// A carriage return before the line feed belongs to the end of the line.
    strip: bool,
    /// Begin of the row.
    start: u32,
    /// Index of the row's first end.
    first: usize,
    line: u64,
    number: u32,
}

impl Rows<'_> {
    #[inline]
    fn delimiter(&mut self, at: u32, byte: u8, ragged: &mut impl FnMut(Ragged)) {
        if byte == b',' {
            self.cells.ends.push(at);
        } else {
            self.line(at, ragged);
            self.line += 1;
            self.start = at + 1;
        }
    }

    /// Closes the row that ends before `at`.
    #[inline]
    fn line(&mut self, at: u32, ragged: &mut impl FnMut(Ragged)) {
        let returned = self.strip
            && at > self.start
            && self.bytes.get(at as usize - 1) == Some(&b'\r')
            && self.bytes.get(at as usize) == Some(&b'\n');
        let end = at - u32::from(returned);
        let before = self.cells.ends.len() - self.first;
        if before == 0 && end == self.start {
            // a blank line is no row
            return;
        }
        if before + 1 == self.cells.columns {
            self.cells.ends.push(end);
            self.cells.starts.push(self.start);
            self.cells.numbers.push(self.number);
        } else {
            self.cells.ends.truncate(self.first);
            ragged((self.line, before + 1));
        }
        self.number += 1;
        self.first = self.cells.ends.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use csv::{ByteRecord, ReaderBuilder};
    use proptest::prelude::*;

    type Found = (Vec<Vec<Vec<u8>>>, Vec<Ragged>, Vec<u32>);

    /// Rows and ragged ones as this module finds them.
    fn ours(bytes: &[u8], columns: usize) -> Option<Found> {
        let (mut cells, mut ragged) = (Cells::default(), Vec::new());
        cells.split(bytes, columns, |row| ragged.push(row)).then(|| {
            let of = |place: Range<usize>| bytes[place].to_vec();
            let rows: Vec<Vec<Vec<u8>>> =
                (0..cells.rows()).map(|row| cells.row(row).map(of).collect()).collect();
            for column in 0..columns {
                let by_column: Vec<Vec<u8>> = cells.column(column).map(of).collect();
                let by_row: Vec<Vec<u8>> = rows.iter().map(|row| row[column].clone()).collect();
                assert_eq!(by_column, by_row);
            }
            (rows, ragged, cells.numbers().to_vec())
        })
    }

    /// The same by the crate.
    fn theirs(bytes: &[u8], columns: usize) -> Found {
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let (mut found, mut record, mut number) = (Found::default(), ByteRecord::new(), 0);
        while reader.read_byte_record(&mut record).unwrap() {
            if record.len() == columns {
                found.0.push(record.iter().map(<[u8]>::to_vec).collect());
                found.2.push(number);
            } else {
                found.1.push((record.position().unwrap().line() - 1, record.len()));
            }
            number += 1;
        }
        found
    }

    #[test]
    fn what_only_the_crate_can_split_is_left_to_it() {
        for bytes in [&b"a,\"b\"\n"[..], b"a\rb\n", b"a,b\r", b"a\r\r\n"] {
            assert_eq!(ours(bytes, 2), None);
        }
        assert_eq!(ours(b"a,b\r\nc,d\r\n", 2).unwrap().0.len(), 2);
    }

    #[test]
    fn a_ragged_row_has_its_line() {
        let (rows, ragged, numbers) = ours(b"a,b\n\n1\n\n1,2,3\nc,\n,\n1,2,", 2).unwrap();
        assert_eq!((rows.len(), numbers), (3, vec![0, 3, 4]));
        assert_eq!(ragged, [(2, 1), (4, 3), (7, 3)]);
    }

    proptest! {
        #[test]
        fn rows_are_those_of_the_crate(
            text in "([a-c0-9é,]{0,9}(\n|\r\n|,,|\n\n)){0,12}[a-z,]{0,3}", columns in 1usize..5
        ) {
            let bytes = text.as_bytes();
            // an end of line of one kind or the other may be all that a text has
            for text in [text.clone(), text.replace("\r\n", "\n"), text.replace('\r', "")] {
                if let Some(found) = ours(text.as_bytes(), columns) {
                    let wanted = theirs(text.as_bytes(), columns);
                    prop_assert_eq!((&found.0, &found.2), (&wanted.0, &wanted.2), "{:?}", text);
                    // the crate gives a row the line of the blank ones before it
                    let counts = |found: &Found| -> Vec<usize> {
                        found.1.iter().map(|(_, cells)| *cells).collect()
                    };
                    prop_assert_eq!(counts(&found), counts(&wanted), "{:?}", text);
                }
            }
            prop_assert_eq!(ours(bytes, columns).is_some(), true);
        }
    }
}
