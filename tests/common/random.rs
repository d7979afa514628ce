//! Numbers of a fixed seed, by SplitMix64 (Steele, Lea and Flood 2014).
#![allow(dead_code, reason = "each test and benchmark uses a part")]
#![allow(clippy::indexing_slicing)]

/// The generator's state.
pub struct SplitMix64(pub u64);

impl SplitMix64 {
    /// 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// A source of bytes for what draws.
pub fn seeded(state: u64) -> impl FnMut(&mut [u8]) -> driftline::Result<()> {
    let mut numbers = SplitMix64(state);
    move |buffer| {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&numbers.word().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
