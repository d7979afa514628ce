//! Exact draws of integers and of Bernoulli variables from random bytes; no floats, so that no
//! rounding changes a probability.
//!
//! Bernoulli(exp(−γ)) is algorithm 1 of Canonne, Kamath and Steinke, "The Discrete Gaussian for
//! Differential Privacy", 2020.

use crate::error::{Error, ErrorCode, Result};

/// Bytes from a cryptographic source, which the host passes in.
pub trait Random {
    /// Fills the buffer.
    ///
    /// # Errors
    /// [`ErrorCode::NoRandomness`] if the source gives none.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()>;
}

impl<F: FnMut(&mut [u8]) -> Result<()>> Random for F {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        self(buffer)
    }
}

/// Bytes that are asked of the source at once.
const CHUNK: usize = 256;

/// Tries of one draw. Each ends with a probability of at least 1/60 for what driftline draws, so
/// that a sound source passes this once in more than 10^400 draws; a source that repeats itself is
/// refused and does not hang.
const MAX_TRIES: usize = 65_536;

/// Draws from a source.
pub struct Draw<'a> {
    source: &'a mut dyn Random,
    bytes: [u8; CHUNK],
    at: usize,
}

impl std::fmt::Debug for Draw<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Draw")
    }
}

impl<'a> Draw<'a> {
    /// Nothing is asked of the source before the first draw.
    pub fn new(source: &'a mut dyn Random) -> Self {
        Self { source, bytes: [0; CHUNK], at: CHUNK }
    }

    fn word(&mut self) -> Result<u64> {
        if self.at + 8 > CHUNK {
            self.source.fill(&mut self.bytes)?;
            self.at = 0;
        }
        let word = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>());
        self.at += 8;
        word.map(|bytes| u64::from_le_bytes(*bytes)).ok_or_else(exhausted)
    }

    /// A whole number in `[0, n)`, all alike.
    ///
    /// # Errors
    /// A source that fails; `n` of 0.
    pub fn below(&mut self, n: u64) -> Result<u64> {
        let Some(rest) = 0u64.wrapping_sub(n).checked_rem(n) else { return Err(exhausted()) };
        for _ in 0..MAX_TRIES {
            let word = self.word()?;
            // the first `2^64 mod n` words would make small numbers likelier
            if word >= rest {
                return Ok(word % n);
            }
        }
        Err(exhausted())
    }

    /// True with the probability `part / whole`.
    ///
    /// # Errors
    /// A source that fails; `whole` of 0.
    pub fn chance(&mut self, part: u64, whole: u64) -> Result<bool> {
        Ok(self.below(whole)? < part)
    }

    /// True with the probability exp(−`part` / `whole`).
    ///
    /// # Errors
    /// A source that fails; `whole` of 0, or so large that its multiples pass 64 bits.
    pub fn exp_minus(&mut self, part: u64, whole: u64) -> Result<bool> {
        let Some(times) = part.checked_div(whole) else { return Err(exhausted()) };
        for _ in 0..times {
            if !self.exp_minus_fraction(1, 1)? {
                return Ok(false);
            }
        }
        self.exp_minus_fraction(part % whole, whole)
    }

    /// The same for `part` ≤ `whole`.
    fn exp_minus_fraction(&mut self, part: u64, whole: u64) -> Result<bool> {
        for n in 1..MAX_TRIES as u64 {
            let whole = whole.checked_mul(n).ok_or_else(exhausted)?;
            if !self.chance(part, whole)? {
                return Ok(n % 2 == 1);
            }
        }
        Err(exhausted())
    }

    /// How often in a row [`Draw::exp_minus`] is true.
    pub(super) fn successes(&mut self, part: u64, whole: u64) -> Result<u64> {
        for times in 0..MAX_TRIES as u64 {
            if !self.exp_minus(part, whole)? {
                return Ok(times);
            }
        }
        Err(exhausted())
    }

    /// Repeats what answers `None` until it answers something.
    pub(super) fn until<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<Option<T>>,
    ) -> Result<T> {
        for _ in 0..MAX_TRIES {
            if let Some(found) = attempt(self)? {
                return Ok(found);
            }
        }
        Err(exhausted())
    }
}

#[cold]
fn exhausted() -> Error {
    Error::new(ErrorCode::NoRandomness, "the random bytes cannot be drawn from")
}
