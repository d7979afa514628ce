//! A fast hash of short keys. It decides where a key is looked for, never what is equal.

const K0: u64 = 0x9e37_79b9_7f4a_7c15;
const K1: u64 = 0xd6e8_feb8_6659_fd93;

/// Both halves of the product of 128 bits in one.
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

/// A key of up to eight bytes as a number, different for different keys of one length; of a longer
/// key the hash.
#[inline]
pub fn word(key: &[u8]) -> u64 {
    if let (Some(low), Some(high)) = (key.first_chunk::<4>(), key.last_chunk::<4>())
        && key.len() <= 8
    {
        return u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << 32;
    }
    match *key {
        [] => 0,
        [a] => u64::from(a),
        [a, b] => u64::from(a) | u64::from(b) << 8,
        [a, b, c] => u64::from(a) | u64::from(b) << 8 | u64::from(c) << 16,
        _ => long(key),
    }
}

fn long(key: &[u8]) -> u64 {
    let (chunks, _) = key.as_chunks::<8>();
    let mut state = K0 ^ key.len() as u64;
    for chunk in chunks {
        state = fold(state ^ u64::from_le_bytes(*chunk), K1);
    }
    let last = key.last_chunk::<8>().map_or(0, |c| u64::from_le_bytes(*c));
    fold(state ^ last, K1 ^ K0)
}

/// Spreads a key's word and length over 64 bits.
#[inline]
pub const fn mix(word: u64, length: usize) -> u64 {
    fold(word ^ K0, (length as u64).wrapping_mul(K0) ^ K1)
}

/// A second time, for what looks at every bit.
pub const fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
