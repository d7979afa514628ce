//! The most frequent keys of a stream, each count too low by a known bound at most.
//!
//! J. Misra and D. Gries, *Finding repeated elements* (1982), in the form that merges: P. Agarwal et
//! al., *Mergeable summaries* (PODS 2012), §2. The error is at most the weight of the whole stream
//! divided by the number of counters plus one.

use driftline::limits::MAX_PROFILE_FREQUENT;
use std::collections::HashMap;

/// Counters of the most frequent keys.
#[derive(Clone, Debug, Default)]
pub struct Frequent {
    counts: HashMap<Box<[u8]>, u64>,
    error: u64,
}

impl Frequent {
    /// Adds keys, each at most once in `batch`, with their counts.
    pub fn add<'a>(&mut self, batch: impl Iterator<Item = (&'a [u8], u64)>) {
        let mut batch: Vec<(&[u8], u64)> = batch.collect();
        // most keys of a column of identifiers are cut here, before any is stored
        let cut = excess(batch.iter().map(|(_, n)| *n));
        self.error += cut;
        batch.retain(|(_, n)| *n > cut);
        for (key, n) in batch {
            match self.counts.get_mut(key) {
                Some(count) => *count += n - cut,
                None => {
                    self.counts.insert(key.into(), n - cut);
                }
            }
        }
        self.trim();
    }

    /// Adds the keys of another.
    pub fn merge(&mut self, other: Self) {
        self.error += other.error;
        for (key, n) in other.counts {
            *self.counts.entry(key).or_default() += n;
        }
        self.trim();
    }

    fn trim(&mut self) {
        let cut = excess(self.counts.values().copied());
        if cut > 0 {
            self.error += cut;
            self.counts.retain(|_, n| {
                *n = n.saturating_sub(cut);
                *n > 0
            });
        }
    }

    /// How much too low a count may be.
    pub fn error(&self) -> u64 {
        self.error
    }

    /// Keys and counts, the most frequent first; a count is low by at most [`Frequent::error`].
    pub fn sorted(&self) -> Vec<(&[u8], u64)> {
        let mut all: Vec<(&[u8], u64)> = self.counts.iter().map(|(k, n)| (&**k, *n)).collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all
    }
}

/// The largest count that there is no counter for, 0 if there are counters enough.
fn excess(counts: impl Iterator<Item = u64>) -> u64 {
    let mut counts: Vec<u64> = counts.collect();
    if counts.len() <= MAX_PROFILE_FREQUENT {
        return 0;
    }
    let (_, cut, _) = counts.select_nth_unstable_by(MAX_PROFILE_FREQUENT, |a, b| b.cmp(a));
    *cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_low_by_no_more_than_the_bound() {
        // key i comes about 1/i of the time among very many
        let mut frequent = Frequent::default();
        let mut truth: HashMap<u64, u64> = HashMap::new();
        let mut total = 0;
        for round in 0..200u64 {
            let batch: Vec<([u8; 8], u64)> = (1..4_000u64)
                .map(|i| (if i > 300 { i + round * 4_000 } else { i }, 1_000 / i + 1))
                .map(|(key, n)| {
                    *truth.entry(key).or_default() += n;
                    total += n;
                    (key.to_le_bytes(), n)
                })
                .collect();
            frequent.add(batch.iter().map(|(k, n)| (&k[..], *n)));
        }
        assert!(frequent.error() > 0);
        assert!(frequent.error() <= total / (MAX_PROFILE_FREQUENT as u64 + 1));
        let found = frequent.sorted();
        assert!(found.len() <= MAX_PROFILE_FREQUENT);
        for (key, n) in &found {
            let exact = truth[&u64::from_le_bytes((*key).try_into().unwrap())];
            assert!(*n <= exact && exact <= n + frequent.error());
        }
        for (key, n) in &truth {
            let kept = found.iter().any(|(k, _)| *k == key.to_le_bytes());
            assert!(kept || *n <= frequent.error());
        }
        assert_eq!(found[0].0, 1u64.to_le_bytes());
    }
}
