//! Decimal text to the nearest binary64, ties to even.
//!
//! The standard library does the same with a table that is 11 KB of the WebAssembly however it is
//! compressed; here whole numbers do.

use std::cmp::Ordering;

/// Digits beyond these only matter as a whole: a tie between two numbers is told by 767 at most.
const MAX_DIGITS: usize = 800;

/// Powers of ten that binary64 holds exactly.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Reads `[-+]digits[.digits][e[-+]digits]`, with digits before the point, after it, or both;
/// `None` for anything else. Infinite past what binary64 holds.
#[inline(never)]
pub(crate) fn parse(text: &str) -> Option<f64> {
    let (negative, rest) = sign(text.as_bytes());
    let (whole, rest) = digits(rest);
    let (fraction, rest) = match rest.split_first() {
        Some((b'.', rest)) => digits(rest),
        _ => (&[][..], rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = match rest.split_first() {
        None => 0,
        Some((b'e' | b'E', rest)) => exponent(rest)?,
        Some(_) => return None,
    };
    let value = nearest(whole, fraction, exponent);
    Some(if negative { -value } else { value })
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    }
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let n = text.iter().take_while(|b| b.is_ascii_digit()).count();
    text.split_at_checked(n).unwrap_or_default()
}

/// Anything past a million is as good as a million.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, text) = sign(text);
    let (digits, rest) = digits(text);
    if digits.is_empty() || !rest.is_empty() {
        return None;
    }
    let value = digits.iter().fold(0, |e, d| (e * 10 + i64::from(d - b'0')).min(1_000_000));
    Some(if negative { -value } else { value })
}

#[inline(never)]
fn nearest(whole: &[u8], fraction: &[u8], exponent: i64) -> f64 {
    // the significant digits, and what power of ten the last of them counts
    let all = || whole.iter().chain(fraction).map(|d| d - b'0');
    let skip = all().take_while(|d| *d == 0).count();
    let count = whole.len() + fraction.len() - skip;
    let power = exponent.saturating_sub(fraction.len() as i64);
    if count == 0 {
        return 0.0;
    }
    if count <= 19 {
        let value = all().fold(0u64, |v, d| v.wrapping_mul(10).wrapping_add(u64::from(d)));
        if let Some(near) = short(value, power) {
            return near;
        }
    }
    let kept = count.min(MAX_DIGITS);
    let power = power + (count - kept) as i64;
    match kept as i64 + power {
        310.. => return f64::INFINITY,
        ..=-330 => return 0.0,
        _ => {}
    }
    let mut top = Whole::default();
    for digit in all().skip(skip).take(kept) {
        top.multiply_add(10, u32::from(digit));
    }
    let mut sticky = all().skip(skip + kept).any(|d| d != 0);
    let mut bottom = Whole(vec![1]);
    let side = if power < 0 { &mut bottom } else { &mut top };
    (0..power.unsigned_abs()).for_each(|_| side.multiply_add(10, 0));

    // both as long as the other, so that the quotient is between 1/2 and 2
    let (a, b) = (top.bits(), bottom.bits());
    top.shift(b.saturating_sub(a));
    bottom.shift(a.saturating_sub(b));
    let mut quotient = 0u128;
    for _ in 0..=65 {
        quotient <<= 1;
        if top.compare(&bottom) != Ordering::Less {
            top.subtract(&bottom);
            quotient |= 1;
        }
        top.shift(1);
    }
    sticky |= top.0.iter().any(|limb| *limb != 0);
    round(quotient, a as i64 - b as i64 - 65, sticky)
}

/// At most 19 digits and a power of ten that 64 bits hold: nearly every number that is written down.
fn short(value: u64, power: i64) -> Option<f64> {
    let ten = usize::try_from(power.unsigned_abs()).ok()?;
    if value <= 1 << 53
        && let Some(ten) = EXACT.get(ten)
    {
        // both are exact, so that one operation rounds once
        let value = value as f64;
        return Some(if power < 0 { value / ten } else { value * ten });
    }
    let ten = u128::from(10u64.checked_pow(u32::try_from(ten).ok()?)?);
    let value = u128::from(value);
    if power >= 0 {
        return Some(round(value * ten, 0, false));
    }
    let shift = value.leading_zeros();
    let top = value << shift;
    Some(round(top / ten, -i64::from(shift), top % ten != 0))
}

/// `value` · 2^`power`, and less than one unit more if `sticky`; `value` has 64 bits or is exact.
fn round(value: u128, power: i64, sticky: bool) -> f64 {
    let bits = 128 - i64::from(value.leading_zeros());
    // of the first bit
    let exponent = bits - 1 + power;
    if exponent > 1023 {
        return f64::INFINITY;
    }
    // fewer digits below the smallest normal number
    let kept = 53 + (exponent + 1022).min(0);
    if kept < 0 {
        return 0.0;
    }
    let mantissa = match bits - kept {
        exact @ ..=0 => value << -exact,
        dropped => {
            let (above, half) = (value >> dropped, 1 << (dropped - 1));
            let below = value & (half - 1 + half);
            above + u128::from(below > half || below == half && (sticky || above & 1 == 1))
        }
    };
    // a mantissa's first bit, and what rounding carries over it, count the exponent up
    let biased = (exponent + 1022).max(0).unsigned_abs();
    f64::from_bits((biased << 52) + mantissa as u64)
}

/// A whole number, its lowest 32 bits first.
#[derive(Clone, Debug, Default)]
struct Whole(Vec<u32>);

impl Whole {
    fn multiply_add(&mut self, by: u32, add: u32) {
        let mut carry = u64::from(add);
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(by);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry != 0 {
            self.0.push(carry as u32);
        }
    }

    fn bits(&self) -> usize {
        self.0.last().map_or(0, |top| self.0.len() * 32 - top.leading_zeros() as usize)
    }

    fn shift(&mut self, bits: usize) {
        self.multiply_add(1 << (bits % 32), 0);
        if bits >= 32 {
            self.0.splice(0..0, std::iter::repeat_n(0, bits / 32));
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let lengths = self.0.len().cmp(&other.0.len());
        lengths.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// Takes away one that is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        let other = other.0.iter().copied().chain(std::iter::repeat(0));
        for (limb, by) in self.0.iter_mut().zip(other) {
            let (less, under) = limb.overflowing_sub(by);
            let (less, again) = less.overflowing_sub(u32::from(borrow));
            (*limb, borrow) = (less, under || again);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(text: &str) {
        let (own, std) = (parse(text).unwrap(), text.parse::<f64>().unwrap());
        assert_eq!(own.to_bits(), std.to_bits(), "{text}: {own:e}, not {std:e}");
    }

    #[test]
    fn ends_and_ties_are_those_of_the_standard_library() {
        for text in [
            "0",
            "-0",
            "0.0e5",
            "1",
            "00012.500",
            "5e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "2.2250738585072014e-308",
            "2.2250738585072011e-308",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "1e309",
            "1e-400",
            "1e999999999999",
            "1e-999999999999",
            "9007199254740993",
            "9007199254740992.999999999999999999",
            "9007199254740993.00000000000000000001",
            "18446744073709551615",
            "18446744073709551616",
            "1e23",
            "8.41e21",
            "9.5e-19",
            "123456789012345678901234567890",
            ".5",
            "5.",
            "1e+5",
            "1E5",
            "0.1",
            "0.3",
        ] {
            same(text);
            same(&format!("-{}", text.trim_start_matches('-')));
        }
        // half-way between two numbers, exactly, just above and just below
        for bits in [1u64, 2, 3, 0xf_ffff_ffff_ffff, 0x10_0000_0000_0000, 0x3ff0_0000_0000_0001] {
            let half = format!("{:.1100}", f64::from_bits(bits));
            let next = format!("{:.1100}", f64::from_bits(bits + 1));
            let sum: Vec<u8> = half.bytes().zip(next.bytes()).map(|(a, b)| a.max(b)).collect();
            same(std::str::from_utf8(&sum).unwrap());
            same(&half);
            same(&format!("{half}1"));
        }
        same(&format!("{}.{}e-500", "9".repeat(900), "7".repeat(300)));
        same(&format!("0.{}1", "0".repeat(400)));
        same(&format!("{}e-1000", "1".repeat(1_000)));
    }

    #[test]
    fn what_is_no_decimal_is_none() {
        for text in
            ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x1", "inf", "nan", "1 ", " 1", "1_0"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_is_read_back(bits in any::<u64>()) {
            let x = f64::from_bits(bits);
            prop_assume!(x.is_finite());
            for text in [format!("{x}"), format!("{x:e}"), format!("{x:.20e}"), format!("{x:.3e}")] {
                same(&text);
            }
        }

        #[test]
        fn any_digits_agree(text in "-?[0-9]{1,25}(\\.[0-9]{0,25})?(e-?[0-9]{1,3})?") {
            same(&text);
        }

        #[test]
        fn ties_of_53_bits_agree(a in 1u64 << 53..1 << 54, up in 0u32..900, power in -40i32..3) {
            // an odd number of 54 bits lies half-way
            let x = (a | 1) as f64 / 2.0;
            same(&format!("{}.5", x.trunc()));
            same(&format!("{:.60}", f64::from_bits(u64::from(up) << 52)));
            same(&format!("{}e{power}", a | 1));
        }
    }
}
