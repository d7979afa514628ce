//! Scales that no baseline gives: powers of two for numbers and durations, p-values.

/// Octaves of a number's size on each side of zero: |x| from 2^−16 to 2^32; smaller ones are with
/// zero, larger ones in the last.
const OCTAVES: i32 = 48;
const LOWEST: i32 = -16;

/// Cells of a number: the negative octaves from the largest down, zero, the positive ones.
pub(super) const VALUE_CELLS: usize = 2 * OCTAVES as usize + 1;

/// Octaves of a duration in microseconds: below 1, [1, 2), … [2^22, 2^23) and above, which is from
/// 8.4 seconds.
pub(super) const LATENCY_CELLS: usize = 25;

/// Upper ends of the bins of a p-value, `(lower, upper]`.
pub(super) const NOVELTY_ENDS: [f64; 13] =
    [0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// ⌊log2 |x|⌋ of a finite number; far below all octaves for zero and subnormal ones.
fn octave(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

/// The cell of a finite number.
pub(super) fn value_cell(x: f64) -> usize {
    let size = octave(x) - LOWEST;
    if size < 0 {
        return OCTAVES as usize;
    }
    let size = size.min(OCTAVES - 1);
    (if x < 0.0 { OCTAVES - 1 - size } else { OCTAVES + 1 + size }) as usize
}

pub(super) fn value_name(cell: usize) -> String {
    let n = cell as i32 - OCTAVES;
    let sign = if n < 0 { "-" } else { "" };
    match n.abs() {
        0 => "0".to_owned(),
        _ if cell == VALUE_CELLS => "none".to_owned(),
        size => format!("{sign}2^{}", LOWEST + size - 1),
    }
}

/// The cell of a duration in microseconds; `None` for what is none.
pub(super) fn latency_cell(us: f64) -> Option<usize> {
    if !us.is_finite() || us < 0.0 {
        return None;
    }
    Some((octave(us) + 1).clamp(0, LATENCY_CELLS as i32 - 1) as usize)
}

pub(super) fn latency_name(cell: usize) -> String {
    match cell {
        0 => "below 1 us".to_owned(),
        n => format!("from {} us", 1u32 << (n - 1)),
    }
}

/// The cell of a p-value in (0, 1].
pub(super) fn novelty_cell(p: f64) -> usize {
    NOVELTY_ENDS.iter().position(|end| p <= *end).unwrap_or(NOVELTY_ENDS.len() - 1)
}

/// A number in [0, 1] as a bin of so many.
pub(super) fn unit_bin(x: f64, bins: usize) -> usize {
    ((x * bins as f64) as usize).min(bins - 1)
}

/// A number in millionths, rounded to the nearest, halves up; for numbers from 0 to 2^32.
pub(super) fn millionths(x: f64) -> u64 {
    (x * 1e6 + 0.5) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_and_their_names_agree() {
        for (x, name) in [
            (0.0, "0"),
            (1e-9, "0"),
            (1.0, "2^0"),
            (1.99, "2^0"),
            (2.0, "2^1"),
            (-3.0, "-2^1"),
            (1e300, "2^31"),
            (-1e300, "-2^31"),
            (1.0 / 65_536.0, "2^-16"),
        ] {
            assert_eq!(value_name(value_cell(x)), name, "{x}");
        }
        assert_eq!(value_name(VALUE_CELLS), "none");
        for (us, name) in
            [(0.0, "below 1 us"), (1.0, "from 1 us"), (7.9, "from 4 us"), (1e12, "from 8388608 us")]
        {
            assert_eq!(latency_name(latency_cell(us).unwrap()), name, "{us}");
        }
        assert_eq!(latency_cell(f64::NAN), None);
        assert_eq!((novelty_cell(0.001), novelty_cell(0.0011), novelty_cell(1.0)), (0, 1, 12));
        assert_eq!((unit_bin(1.0, 20), unit_bin(0.05, 20), unit_bin(0.0, 20)), (19, 1, 0));
        assert_eq!((millionths(0.123_456_7), millionths(1.0)), (123_457, 1_000_000));
    }
}
