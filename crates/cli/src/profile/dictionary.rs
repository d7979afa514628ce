//! Distinct keys with their counts, up to a bound.

use super::hash::{mix, word};
use driftline::limits::MAX_PROFILE_VALUE_BYTES;

/// Slots that are looked at before the table counts as full: keys that are made to collide must
/// not make a profile slow.
const MAX_PROBES: usize = 128;

/// A table of keys and counts, open addressing with linear probing.
#[derive(Clone, Debug)]
pub struct Dictionary {
    /// Index of an entry plus one, 0 where there is none; a power of two, half of it used at most.
    slots: Vec<u32>,
    entries: Vec<Entry>,
    keys: Vec<u8>,
    most: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The key itself up to eight bytes, else its hash.
    word: u64,
    length: u32,
    at: u32,
    count: u64,
}

impl Dictionary {
    /// A table for at most `most` keys.
    pub fn new(most: usize) -> Self {
        Self { slots: Vec::new(), entries: Vec::new(), keys: Vec::new(), most }
    }

    /// How many keys there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Counts the key; `false`, and nothing is counted, if it is new and there is no room.
    #[inline]
    pub fn add(&mut self, key: &[u8], weight: u64) -> bool {
        let word = word(key);
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = mix(word, key.len()) as usize & mask;
        for _ in 0..MAX_PROBES {
            let Some(slot) = self.slots.get(at) else { break };
            let Some(entry) = (*slot as usize).checked_sub(1).and_then(|i| self.entries.get_mut(i))
            else {
                return self.insert(key, word, weight);
            };
            if entry.word == word && entry.length as usize == key.len() {
                let from = entry.at as usize;
                if key.len() <= 8 || self.keys.get(from..from + key.len()) == Some(key) {
                    entry.count += weight;
                    return true;
                }
            }
            at = (at + 1) & mask;
        }
        // not found within reach: an empty table, or one crowded just here
        self.slots.is_empty() && self.insert(key, word, weight)
    }

    #[cold]
    fn insert(&mut self, key: &[u8], word: u64, weight: u64) -> bool {
        let full = self.entries.len() >= self.most
            || (self.keys.len() + key.len() > MAX_PROFILE_VALUE_BYTES && !self.entries.is_empty());
        let (Ok(at), Ok(length), false) =
            (u32::try_from(self.keys.len()), u32::try_from(key.len()), full)
        else {
            return false;
        };
        self.keys.extend_from_slice(key);
        self.entries.push(Entry { word, length, at, count: weight });
        if self.entries.len() * 2 > self.slots.len() {
            let size = (self.slots.len() * 4).max(64);
            self.slots.clear();
            self.slots.resize(size, 0);
            for i in 0..self.entries.len() {
                self.place(i);
            }
        } else {
            self.place(self.entries.len() - 1);
        }
        true
    }

    fn place(&mut self, index: usize) {
        let Some(entry) = self.entries.get(index) else { return };
        let mask = self.slots.len() - 1;
        let mut at = mix(entry.word, entry.length as usize) as usize & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == 0 {
                *slot = index as u32 + 1;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// Keys, their hashes and counts, in the order in which the keys came.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u64, u64)> {
        self.entries.iter().map(|e| {
            let from = e.at as usize;
            let key = self.keys.get(from..from + e.length as usize).unwrap_or_default();
            (key, mix(e.word, e.length as usize), e.count)
        })
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        self.slots.fill(0);
        self.entries.clear();
        self.keys.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn counts_are_those_of_a_map() {
        let mut table = Dictionary::new(4_096);
        let mut map: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        let mut state = 7u64;
        for _ in 0..200_000 {
            state = mix(state, 1);
            // lengths 0 to 12, so that keys differ by length alone too
            let length = (state >> 20) as usize % 13;
            let key: Vec<u8> = (0..length).map(|i| (state >> (i % 3)) as u8 & 1).collect();
            assert!(table.add(&key, 1));
            *map.entry(key).or_default() += 1;
        }
        let found: BTreeMap<Vec<u8>, u64> = table.iter().map(|(k, _, n)| (k.into(), n)).collect();
        assert_eq!(found, map);
        assert_eq!(table.len(), map.len());
    }

    #[test]
    fn a_full_table_refuses_new_keys_and_counts_old_ones() {
        let mut table = Dictionary::new(100);
        for i in 0..100u32 {
            assert!(table.add(&i.to_le_bytes(), 1));
        }
        assert!(!table.add(&100u32.to_le_bytes(), 1));
        assert!(table.add(&99u32.to_le_bytes(), 2));
        assert_eq!(table.iter().map(|(_, _, n)| n).sum::<u64>(), 102);
        table.clear();
        assert!(table.add(b"x", 1) && table.len() == 1);
    }

    #[test]
    fn long_keys_fill_the_bytes_before_the_entries() {
        let mut table = Dictionary::new(4_096);
        let fits = (0..4_096u32)
            .take_while(|i| {
                let mut key = vec![b'x'; 1_000];
                key.extend(i.to_le_bytes());
                table.add(&key, 1)
            })
            .count();
        assert_eq!(fits, MAX_PROFILE_VALUE_BYTES / 1_004);
        let mut empty = Dictionary::new(10);
        assert!(empty.add(&vec![0; MAX_PROFILE_VALUE_BYTES * 2], 1), "one key always fits");
    }
}
