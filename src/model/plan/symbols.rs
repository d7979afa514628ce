//! Text while predicting: a number for each distinct string.

use super::codec::Reader;
use super::fault::{Checked, Fault};
use crate::limits::MAX_TEXT_BYTES;
use std::collections::BTreeMap;

/// The plan's strings, sorted and distinct: the symbol of a string is its index.
#[derive(Clone, Debug, Default)]
pub struct StringTable {
    text: String,
    ends: Vec<u32>,
}

impl StringTable {
    /// Reads `count` strings, each its length and its UTF-8 bytes.
    ///
    /// # Errors
    /// Text that is not UTF-8, too long, or not in ascending order.
    pub fn read(reader: &mut Reader<'_>, count: usize) -> Checked<Self> {
        let mut table = Self { text: String::new(), ends: Vec::with_capacity(count) };
        for i in 0..count {
            let len = reader.u32()? as usize;
            let text = (len <= MAX_TEXT_BYTES)
                .then_some(reader.take(len)?)
                .and_then(|b| std::str::from_utf8(b).ok())
                .ok_or(Fault::new("a string is too long or no UTF-8"))?;
            if i > 0 && table.get(i as u32 - 1).is_none_or(|previous| previous >= text) {
                return Err(Fault::new("the strings are not in ascending order"));
            }
            table.text.push_str(text);
            table.ends.push(table.text.len() as u32);
        }
        Ok(table)
    }

    /// How many strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a symbol.
    pub fn get(&self, symbol: u32) -> Option<&str> {
        let i = symbol as usize;
        let end = *self.ends.get(i)? as usize;
        let start = match i.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// The symbol of a text.
    pub fn find(&self, text: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle as u32)?.cmp(text) {
                std::cmp::Ordering::Equal => return Some(middle as u32),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// The plan's strings and those that only this call brought.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    table: StringTable,
    extra: Vec<String>,
    index: BTreeMap<String, u32>,
}

impl Symbols {
    /// Begins with the plan's strings.
    pub const fn new(table: StringTable) -> Self {
        Self { table, extra: Vec::new(), index: BTreeMap::new() }
    }

    /// Forgets what the last call brought.
    pub fn clear(&mut self) {
        self.extra.clear();
        self.index.clear();
    }

    /// The symbol of a text; a new one if it was never seen.
    pub fn intern(&mut self, text: &str) -> u32 {
        if let Some(symbol) = self.table.find(text) {
            return symbol;
        }
        if let Some(symbol) = self.index.get(text) {
            return *symbol;
        }
        let symbol = (self.table.len() + self.extra.len()) as u32;
        self.extra.push(text.to_owned());
        self.index.insert(text.to_owned(), symbol);
        symbol
    }

    /// The text of a symbol; empty for one that was never given out.
    pub fn text(&self, symbol: u32) -> &str {
        let i = symbol as usize;
        self.table
            .get(symbol)
            .or_else(|| self.extra.get(i.checked_sub(self.table.len())?).map(String::as_str))
            .unwrap_or_default()
    }
}
