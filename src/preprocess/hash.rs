//! Hashes of text.

use crate::contract::{Norm, Tokens};

/// MurmurHash3, x86, 32 bits (A. Appleby, public domain).
pub(super) fn murmur3_32(data: &[u8], seed: u32) -> u32 {
    fn mix(k: u32) -> u32 {
        k.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
    }
    let (blocks, tail) = data.as_chunks::<4>();
    let mut h = seed;
    for block in blocks {
        h ^= mix(u32::from_le_bytes(*block));
        h = h.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let rest = tail.iter().rev().fold(0u32, |k, b| (k << 8) | u32::from(*b));
    if !tail.is_empty() {
        h ^= mix(rest);
    }
    h ^= data.len() as u32;
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

/// How a text becomes counts of hashed n-grams.
#[derive(Clone, Debug)]
pub(super) struct TokenHasher {
    pub tokens: Tokens,
    pub ngrams: (u32, u32),
    pub buckets: u32,
    pub signed: bool,
    pub lowercase: bool,
    pub norm: Norm,
}

impl TokenHasher {
    /// The row of counts, as scikit-learn's `HashingVectorizer` and `FeatureHasher` with seed 0.
    pub fn row(&self, text: &str) -> Vec<f64> {
        let mut row = vec![0.0; self.buckets as usize];
        let lowered = if self.lowercase { text.to_lowercase() } else { text.to_owned() };
        let (units, between) = match self.tokens {
            Tokens::Words => (words(&lowered), " "),
            Tokens::Characters => (characters(&lowered), ""),
        };
        let mut gram = String::new();
        for n in self.ngrams.0..=self.ngrams.1 {
            for window in units.windows(n as usize) {
                gram.clear();
                for (i, unit) in window.iter().enumerate() {
                    gram.push_str(if i > 0 { between } else { "" });
                    gram.push_str(unit);
                }
                let hash = murmur3_32(gram.as_bytes(), 0).cast_signed();
                let bucket = hash.unsigned_abs() % self.buckets;
                if let Some(cell) = row.get_mut(bucket as usize) {
                    *cell += if self.signed && hash < 0 { -1.0 } else { 1.0 };
                }
            }
        }
        let length = match self.norm {
            Norm::None => 1.0,
            Norm::L1 => row.iter().map(|x: &f64| x.abs()).sum(),
            Norm::L2 => libm::sqrt(row.iter().map(|x| x * x).sum()),
        };
        if length > 0.0 {
            row.iter_mut().for_each(|x| *x /= length);
        }
        row
    }
}

/// Runs of two or more word characters, Python's `\b\w\w+\b`.
fn words(text: &str) -> Vec<&str> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.split(|c| !word(c)).filter(|w| w.chars().nth(1).is_some()).collect()
}

/// Characters; a run of two or more white space characters is one space.
fn characters(text: &str) -> Vec<&str> {
    let mut units = Vec::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let mut run = 1;
        while c.is_whitespace() && chars.next_if(|(_, next)| next.is_whitespace()).is_some() {
            run += 1;
        }
        let whole = text.get(at..at + c.len_utf8()).unwrap_or_default();
        units.push(if run > 1 { " " } else { whole });
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        assert_eq!(murmur3_32(b"", 0), 0);
        assert_eq!(murmur3_32(b"", 1), 0x514e_28b7);
        assert_eq!(murmur3_32(b"test", 0), 0xba6b_d213);
        assert_eq!(murmur3_32(b"Hello, world!", 0x9747_b28c), 0x2488_4cba);
        assert_eq!(murmur3_32("ππππππππ".as_bytes(), 0x9747_b28c), 0xd580_63c1);
    }

    #[test]
    fn texts_are_cut_as_python_cuts_them() {
        assert_eq!(words("a bc  d_1 é日, x-yz"), ["bc", "d_1", "é日", "yz"]);
        assert_eq!(characters("a \n b é"), ["a", " ", "b", " ", "é"]);
    }
}
