//! Text while predicting: a number for each distinct string.

use super::codec::Reader;
use super::fault::{Checked, Fault};
use crate::limits::{MAX_CALL_TEXT_BYTES, MAX_TEXT_BYTES};

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
            table.push(text);
        }
        Ok(table)
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
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

/// The plan's strings and those that only this call brought or made.
///
/// A call's text lies in one piece of memory that is emptied, not freed, by the next call: a gate
/// that predicts for months holds what its largest call took. The index is a crit-bit tree, in which
/// no choice of texts makes a search longer than the text itself.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    table: StringTable,
    call: StringTable,
    index: Vec<Branch>,
    root: Option<Link>,
    made: String,
}

/// Where two groups of texts first differ.
#[derive(Clone, Copy, Debug)]
struct Branch {
    /// Number of the first bit that differs.
    bit: usize,
    /// Where it is 0, and where it is 1.
    next: [Link; 2],
}

#[derive(Clone, Copy, Debug)]
enum Link {
    Branch(u32),
    Text(u32),
}

/// Bits of one byte: one that says that there is a byte, and its own.
const BITS: usize = 9;

fn spread(text: &str, at: usize) -> usize {
    text.as_bytes().get(at).map_or(0, |byte| 1 << 8 | usize::from(*byte))
}

fn bit(text: &str, bit: usize) -> usize {
    spread(text, bit / BITS) >> (BITS - 1 - bit % BITS) & 1
}

/// Number of the first bit in which two texts differ.
fn difference(a: &str, b: &str) -> Option<usize> {
    let at = (0..a.len().max(b.len())).find(|at| spread(a, *at) != spread(b, *at))?;
    let bits = spread(a, at) ^ spread(b, at);
    Some(at * BITS + BITS - 1 - bits.ilog2() as usize)
}

impl Symbols {
    /// Begins with the plan's strings.
    pub fn new(table: StringTable) -> Self {
        Self { table, ..Self::default() }
    }

    /// Forgets what the last call brought, and keeps the memory.
    pub fn clear(&mut self) {
        self.call.text.clear();
        self.call.ends.clear();
        self.index.clear();
        self.root = None;
    }

    /// The plan's symbol of a text; a new one if only this call has it.
    ///
    /// # Errors
    /// Past the limit of text in one call.
    pub fn intern(&mut self, text: &str) -> Checked<u32> {
        if let Some(symbol) = self.table.find(text) {
            return Ok(symbol);
        }
        let first = self.table.len() as u32;
        let Some(root) = self.root else {
            self.root = Some(self.add(text)?);
            return Ok(first);
        };
        let nearest = self.descend(root, text, usize::MAX).0;
        let Link::Text(nearest) = nearest else { return Err(DAMAGED) };
        let Some(bit_at) = difference(text, self.call.get(nearest).unwrap_or_default()) else {
            return Ok(first + nearest);
        };
        let new = self.add(text)?;
        let (below, above) = self.descend(root, text, bit_at);
        let side = bit(text, bit_at);
        let next = if side == 0 { [new, below] } else { [below, new] };
        let link = Link::Branch(self.index.len() as u32);
        self.index.push(Branch { bit: bit_at, next });
        match above.and_then(|(branch, side)| self.index.get_mut(branch)?.next.get_mut(side)) {
            Some(place) => *place = link,
            None => self.root = Some(link),
        }
        Ok(first + self.call.len() as u32 - 1)
    }

    /// Follows a text's bits up to number `end`; the branch that was left, and its side.
    fn descend(&self, root: Link, text: &str, end: usize) -> (Link, Option<(usize, usize)>) {
        let (mut link, mut above) = (root, None);
        while let Link::Branch(i) = link
            && let Some(branch) = self.index.get(i as usize)
            && branch.bit < end
        {
            let side = bit(text, branch.bit);
            let Some(next) = branch.next.get(side) else { break };
            above = Some((i as usize, side));
            link = *next;
        }
        (link, above)
    }

    fn add(&mut self, text: &str) -> Checked<Link> {
        if self.call.text.len().saturating_add(text.len()) > MAX_CALL_TEXT_BYTES {
            return Err(Fault::large("the texts of one call take too much memory"));
        }
        self.call.push(text);
        Ok(Link::Text(self.call.len() as u32 - 1))
    }

    /// The symbol of what `write` makes of a symbol's text.
    ///
    /// # Errors
    /// As [`Self::intern`].
    pub fn derive(&mut self, symbol: u32, write: impl FnOnce(&str, &mut String)) -> Checked<u32> {
        let mut made = std::mem::take(&mut self.made);
        made.clear();
        write(self.text(symbol), &mut made);
        let symbol = self.intern(&made);
        self.made = made;
        symbol
    }

    /// The plan's symbol of a text, if the plan has it.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.table.find(text)
    }

    /// The text of a symbol; empty for one that was never given out.
    pub fn text(&self, symbol: u32) -> &str {
        let own = || self.call.get(symbol.checked_sub(self.table.len() as u32)?);
        self.table.get(symbol).or_else(own).unwrap_or_default()
    }
}

const DAMAGED: Fault = Fault::new("the index of texts is damaged");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn table(texts: &[&str]) -> StringTable {
        let mut table = StringTable::default();
        texts.iter().for_each(|text| table.push(text));
        table
    }

    #[test]
    fn a_text_has_one_symbol_until_the_next_call() {
        let mut symbols = Symbols::new(table(&["a", "b"]));
        let texts = ["b", "", "a\0", "a", "aa", "\0", "ü", "", "aa", "a\0\0"];
        let seen: Vec<u32> = texts.iter().map(|t| symbols.intern(t).unwrap()).collect();
        assert_eq!(seen, [1, 2, 3, 0, 4, 5, 6, 2, 4, 7]);
        for (text, symbol) in texts.iter().zip(&seen) {
            assert_eq!(symbols.text(*symbol), *text);
        }
        symbols.clear();
        assert_eq!(symbols.text(4), "");
        assert_eq!(symbols.intern("new").unwrap(), 2);
    }

    #[test]
    fn calls_do_not_add_up() {
        let mut symbols = Symbols::default();
        let mut most = (0, 0, 0);
        for call in 0..1000 {
            symbols.clear();
            for i in 0..50 {
                symbols.intern(&format!("text {}", 100_000 + call * 50 + i)).unwrap();
            }
            let held = (
                symbols.call.text.capacity(),
                symbols.call.ends.capacity(),
                symbols.index.capacity(),
            );
            if call == 0 {
                most = held;
            }
            assert_eq!(held, most, "call {call}");
        }
    }

    #[test]
    fn texts_that_share_their_beginnings_stay_quick() {
        let mut symbols = Symbols::default();
        let long = "a".repeat(3000);
        for n in 0..=long.len() {
            assert_eq!(symbols.intern(&long[..n]).unwrap() as usize, n);
        }
        assert_eq!(symbols.intern(&long[..1234]).unwrap(), 1234);
    }

    proptest! {
        #[test]
        fn the_index_is_a_map(texts in proptest::collection::vec("[ab\0ü]{0,6}", 0..80)) {
            let mut symbols = Symbols::new(table(&["", "ab", "b"]));
            let mut known = BTreeMap::from([("", 0), ("ab", 1), ("b", 2)]);
            for text in &texts {
                let next = known.len() as u32;
                let want = *known.entry(text.as_str()).or_insert(next);
                prop_assert_eq!(symbols.intern(text).unwrap(), want);
            }
            for (text, symbol) in &known {
                prop_assert_eq!(symbols.text(*symbol), *text);
            }
        }
    }
}
