//! Cutting text into words: runs of characters of one class, as simple regular expressions find them.

use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};

/// A set of characters: any of ASCII's, and all others or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Bit `c` of 128 for the ASCII character `c`.
    pub ascii: u128,
    /// Every character beyond ASCII.
    pub others: bool,
}

impl Class {
    /// Letters, digits and the underscore of ASCII: `\w`.
    pub const WORD: Self = Self { ascii: 0x07ff_fffe_87ff_fffe_03ff_0000_0000_0000, others: false };

    /// Whether a character belongs to it.
    pub fn has(&self, c: char) -> bool {
        u8::try_from(c).ok().filter(u8::is_ascii).map_or(self.others, |c| self.ascii >> c & 1 == 1)
    }

    /// Whether every character of this class is one of the other.
    pub const fn is_within(&self, other: &Self) -> bool {
        self.ascii & !other.ascii == 0 && (!self.others || other.others)
    }
}

/// What is a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Its characters.
    pub class: Class,
    /// How many it has at least; not 0.
    pub least: u32,
    /// How many it has at most; a longer run is cut.
    pub most: u32,
    /// It begins and ends where [`Class::WORD`] does, and is not cut.
    pub bounded: bool,
}

impl Words {
    pub(super) fn write(&self, writer: &mut Writer) {
        writer.raw(&self.class.ascii.to_le_bytes());
        writer.bool(self.class.others);
        writer.u32(self.least);
        writer.u32(self.most);
        writer.bool(self.bounded);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let mut ascii = 0;
        for (i, byte) in reader.take(size_of::<u128>())?.iter().enumerate() {
            ascii |= u128::from(*byte) << (8 * i);
        }
        let class = Class { ascii, others: reader.bool()? };
        let words =
            Self { class, least: reader.u32()?, most: reader.u32()?, bounded: reader.bool()? };
        ensure(words.least > 0 && words.least <= words.most, "no word has such a length")?;
        ensure(
            !words.bounded || class.is_within(&Class::WORD),
            "only words of letters have such bounds",
        )?;
        Ok(words)
    }

    /// The next word of a text, and what follows it; `before` is the character before the text.
    pub fn next<'t>(&self, text: &'t str, before: &mut Option<char>) -> Option<(&'t str, &'t str)> {
        let mut rest = text;
        loop {
            let skipped = rest.find(|c: char| self.class.has(c))?;
            let (gap, from) = rest.split_at(skipped);
            *before = gap.chars().next_back().or(*before);
            let end = from.find(|c: char| !self.class.has(c)).unwrap_or(from.len());
            let (run, after) = from.split_at(end);
            let last = run.chars().next_back();
            let count = run.chars().count();
            let fits = count >= self.least as usize;
            if self.bounded {
                let outside = |c: Option<char>| c.is_none_or(|c| !Class::WORD.has(c));
                let alone = outside(*before) && outside(after.chars().next());
                *before = last;
                if fits && count <= self.most as usize && alone {
                    return Some((run, after));
                }
            } else if fits {
                let cut =
                    run.char_indices().nth(self.most as usize).map_or(run.len(), |(at, _)| at);
                let (word, after) = from.split_at_checked(cut)?;
                *before = word.chars().next_back();
                return Some((word, after));
            } else {
                *before = last;
            }
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(words: Words, mut text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        let mut before = None;
        while let Some((word, rest)) = words.next(text, &mut before) {
            found.push(word);
            text = rest;
        }
        found
    }

    #[test]
    fn runs_of_a_class_are_words() {
        let word = Words { class: Class::WORD, least: 1, most: u32::MAX, bounded: false };
        assert_eq!(cut(word, "a b_c, d9é!"), ["a", "b_c", "d9"]);
        assert_eq!(cut(Words { least: 2, ..word }, "a b_c, d9é!"), ["b_c", "d9"]);
        let each = Words { most: 1, ..word };
        assert_eq!(cut(each, "ab c"), ["a", "b", "c"]);
        assert_eq!(cut(Words { least: 2, most: 2, ..word }, "abcde fg"), ["ab", "cd", "fg"]);
        assert_eq!(cut(word, ""), [""; 0]);
        let all = Class { ascii: u128::MAX, others: true };
        assert_eq!(cut(Words { class: all, ..each }, "é a"), ["é", " ", "a"]);
    }

    #[test]
    fn bounded_words_stand_alone() {
        let lower = (b'a'..=b'z').fold(0, |bits, c| bits | 1u128 << c);
        let class = Class { ascii: lower, others: false };
        let words = Words { class, least: 2, most: 3, bounded: true };
        assert_eq!(cut(words, "ab abc abcd a xY1 é-ab9 éab"), ["ab", "abc", "ab"]);
    }
}
