//! Primitives of the binary form: little-endian, no padding.

use super::fault::{Checked, Fault};

/// Appends values to the bytes of a step or a table.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// One byte.
    pub fn u8(&mut self, v: u8) {
        self.bytes.push(v);
    }

    /// Two bytes.
    pub fn u16(&mut self, v: u16) {
        self.bytes.extend(v.to_le_bytes());
    }

    /// Four bytes.
    pub fn u32(&mut self, v: u32) {
        self.bytes.extend(v.to_le_bytes());
    }

    /// A binary32 number.
    pub fn f32(&mut self, v: f32) {
        self.bytes.extend(v.to_bits().to_le_bytes());
    }

    /// Eight bytes, signed.
    pub fn i64(&mut self, v: i64) {
        self.bytes.extend(v.to_le_bytes());
    }

    /// A flag.
    pub fn bool(&mut self, v: bool) {
        self.bytes.push(u8::from(v));
    }

    /// Bytes as they are.
    pub fn raw(&mut self, v: &[u8]) {
        self.bytes.extend_from_slice(v);
    }

    /// Fills up to the next multiple of 16.
    pub fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(16), 0);
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

const TRUNCATED: Fault = Fault::new("the plan ends too early");

/// Takes values from the front of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the first byte on.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn take(&mut self, n: usize) -> Checked<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(n).ok_or(TRUNCATED)?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Checked<[u8; N]> {
        let (head, tail) = self.rest.split_first_chunk().ok_or(TRUNCATED)?;
        self.rest = tail;
        Ok(*head)
    }

    /// One byte.
    ///
    /// # Errors
    /// None is left.
    pub fn u8(&mut self) -> Checked<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// Two bytes.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u16(&mut self) -> Checked<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u32(&mut self) -> Checked<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A binary32 number.
    ///
    /// # Errors
    /// Fewer than four bytes are left.
    pub fn f32(&mut self) -> Checked<f32> {
        self.u32().map(f32::from_bits)
    }

    /// Eight bytes, signed.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn i64(&mut self) -> Checked<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// A flag.
    ///
    /// # Errors
    /// Neither 0 nor 1.
    pub fn bool(&mut self) -> Checked<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Fault::new("a flag is neither 0 nor 1")),
        }
    }

    /// A count of things that take at least `min_bytes` each, so that no count can ask for more
    /// memory than the file's own size.
    ///
    /// # Errors
    /// More than `limit`, or more than can follow.
    pub fn count(&mut self, min_bytes: usize, limit: usize) -> Checked<usize> {
        let n = self.u32()? as usize;
        if n > limit || n.saturating_mul(min_bytes) > self.rest.len() {
            return Err(Fault::new("a count is larger than what follows"));
        }
        Ok(n)
    }

    /// Bytes left.
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// Bytes are left.
    pub const fn end(&self) -> Checked<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(Fault::new("bytes follow the end")) }
    }
}
