//! Signed counts as bytes: zigzag, then seven bits a byte, low ones first. Most cells are small, and
//! many are zero.

/// The bytes of `cells`.
pub fn pack(cells: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(cells.len() * 2);
    for cell in cells {
        let mut rest = ((cell << 1) ^ (cell >> 63)).cast_unsigned();
        while rest >= 0x80 {
            bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
    }
    bytes
}

/// The cells of what [`pack`] wrote; `None` if it is damaged.
pub fn unpack(bytes: &[u8]) -> Option<Vec<i64>> {
    let mut cells = Vec::with_capacity(bytes.len());
    let (mut value, mut shift) = (0u64, 0u32);
    for byte in bytes {
        let bits = u64::from(byte & 0x7f);
        if shift > 63 || (shift == 63 && bits > 1) {
            return None;
        }
        value |= bits << shift;
        if byte & 0x80 != 0 {
            shift += 7;
            continue;
        }
        cells.push((value >> 1).cast_signed() ^ -((value & 1).cast_signed()));
        (value, shift) = (0, 0);
    }
    (shift == 0).then_some(cells)
}

/// Adds `more` cell by cell; `false`, with `cells` as they were, if the lengths differ or a sum would
/// leave the range.
#[must_use]
pub fn add(cells: &mut [i64], more: &[i64]) -> bool {
    if cells.len() != more.len() || cells.iter().zip(more).any(|(a, b)| a.checked_add(*b).is_none())
    {
        return false;
    }
    for (cell, other) in cells.iter_mut().zip(more) {
        *cell += other;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back(cells in prop::collection::vec(any::<i64>(), 0..50)) {
            prop_assert_eq!(unpack(&pack(&cells)), Some(cells));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn bytes_that_end_within_a_cell_are_refused() {
        assert_eq!(unpack(&[0x80]), None);
        assert_eq!(unpack(&[0xff; 11]), None);
    }

    #[test]
    fn a_sum_beyond_the_range_changes_nothing() {
        let mut cells = [1, i64::MAX];
        assert!(!add(&mut cells, &[1, 1]));
        assert!(!add(&mut cells, &[1]));
        assert_eq!(cells, [1, i64::MAX]);
    }
}
