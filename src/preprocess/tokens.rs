//! Texts as counts of hashed n-grams.

use super::hash::murmur3_32;
use crate::contract::{Norm, Step, Tokens};
use crate::error::{Error, ErrorCode, Result};

/// How a text becomes counts of hashed n-grams.
#[derive(Clone, Debug)]
pub(super) struct TokenHasher {
    tokens: Tokens,
    ngrams: (u32, u32),
    buckets: u32,
    signed: bool,
    lowercase: bool,
    norm: Norm,
}

impl TokenHasher {
    /// The hasher of a step `hash_tokens`.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] for another step.
    pub fn new(step: &Step) -> Result<Self> {
        match *step {
            Step::HashTokens { tokens, ngrams, buckets, signed, lowercase, norm } => {
                Ok(Self { tokens, ngrams, buckets, signed, lowercase, norm })
            }
            _ => Err(Error::new(ErrorCode::Internal, "a step without tokens hashes tokens")),
        }
    }

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
    fn texts_are_cut_as_python_cuts_them() {
        assert_eq!(words("a bc  d_1 é日, x-yz"), ["bc", "d_1", "é日", "yz"]);
        assert_eq!(characters("a \n b é"), ["a", " ", "b", " ", "é"]);
    }
}
