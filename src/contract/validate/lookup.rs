//! Fixed sets of texts and values.

use crate::contract::scalar::Scalar;
use crate::contract::valid::Cell;
use crate::sorted::{sort, sort_by};

/// Texts sorted for binary search, each with its position in the list that it came from.
///
/// Texts of up to seven bytes, which most codes have, are compared as one integer.
#[derive(Clone, Debug)]
pub(crate) struct TextSet {
    short: Vec<(u64, u32)>,
    long: Vec<(Box<str>, u32)>,
}

impl TextSet {
    /// A set of the texts; of equal texts the first counts.
    pub fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for (text, i) in texts.zip(0..) {
            match packed(text) {
                Some(key) => short.push((key, i)),
                None => long.push((text.into(), i)),
            }
        }
        sort(&mut short);
        sort(&mut long);
        short.dedup_by_key(|(key, _)| *key);
        long.dedup_by(|a, b| a.0 == b.0);
        Self { short, long }
    }

    /// Position of the text, compared byte for byte.
    pub fn position(&self, text: &str) -> Option<u32> {
        match packed(text) {
            Some(key) => {
                let at = self.short.binary_search_by_key(&key, |(k, _)| *k).ok()?;
                self.short.get(at).map(|(_, i)| *i)
            }
            None => {
                let at = self.long.binary_search_by(|(t, _)| (**t).cmp(text)).ok()?;
                self.long.get(at).map(|(_, i)| *i)
            }
        }
    }
}

/// Up to seven bytes and their number, so that `"a"` and `"a\0"` differ.
fn packed(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if bytes.len() > 7 {
        return None;
    }
    Some(bytes.iter().fold(bytes.len() as u64, |key, b| (key << 8) | u64::from(*b)))
}

/// A fixed set of values of any type. Numbers compare by value, whatever they are written as.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    texts: TextSet,
    integers: Vec<i64>,
    /// Those that are no whole number in 64 bits.
    numbers: Vec<f64>,
    booleans: [bool; 2],
}

impl Values {
    pub fn new(list: &[Scalar]) -> Self {
        let texts = TextSet::new(list.iter().filter_map(Scalar::as_text));
        let (mut integers, mut numbers, mut booleans) = (Vec::new(), Vec::new(), [false; 2]);
        for scalar in list {
            match scalar {
                Scalar::Integer(i) => integers.push(*i),
                Scalar::Number(x) => match whole(*x) {
                    Some(i) => integers.push(i),
                    None => numbers.push(*x),
                },
                Scalar::Bool(b) => {
                    let [no, yes] = &mut booleans;
                    *(if *b { yes } else { no }) = true;
                }
                Scalar::Text(_) => {}
            }
        }
        sort(&mut integers);
        sort_by(&mut numbers, f64::total_cmp);
        Self { texts, integers, numbers, booleans }
    }

    pub fn contains(&self, cell: &Cell<'_>) -> bool {
        match cell {
            Cell::Text(text) | Cell::Unseen(text) => self.texts.position(text).is_some(),
            Cell::Integer(i) => self.integers.binary_search(i).is_ok(),
            Cell::Number(x) => match whole(*x) {
                Some(i) => self.integers.binary_search(&i).is_ok(),
                None => self.numbers.binary_search_by(|v| v.total_cmp(x)).is_ok(),
            },
            Cell::Boolean(b) => {
                let [no, yes] = self.booleans;
                if *b { yes } else { no }
            }
            _ => false,
        }
    }
}

/// The number as an integer of 64 bits, if it is one; −0 is 0.
fn whole(x: f64) -> Option<i64> {
    let i = x as i64;
    (i as f64 == x && x < 9_223_372_036_854_775_808.0).then_some(i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_list() {
        let texts =
            ["JFK", "", "a", "a\0", "\0a", "São Tomé", "日本", "日本国", "1234567", "12345678"];
        let set = TextSet::new(texts.into_iter());
        for (i, text) in texts.iter().enumerate() {
            assert_eq!(set.position(text), Some(i as u32), "{text:?}");
        }
        for other in ["jfk", "JFK ", "\0", "aa", "日", "1234568", "12345679", "123456789"] {
            assert_eq!(set.position(other), None, "{other:?}");
        }
    }
}
