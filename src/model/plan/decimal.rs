//! Numbers as text, exactly as C's `printf` rounds them: every binary number has a finite decimal
//! form, and that is what is cut.

use std::fmt::Write as _;

const BASE: u32 = 1_000_000_000;
/// Decimal digits of one limb.
const WIDTH: usize = 9;
/// Limbs before the point: 324 digits, where the largest binary64 number has 309.
const WHOLE: usize = 36;
/// All limbs: 1,080 digits behind the point, where the smallest number has 1,074.
const LIMBS: usize = WHOLE + 120;

/// Significant digits of [`general`].
const PRECISION: i32 = 8;

/// The magnitude of a finite number in base 10⁹.
struct Decimal([u32; LIMBS]);

impl Decimal {
    fn new(x: f64) -> Self {
        let bits = x.to_bits();
        let (biased, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        let (m, mut exponent) =
            if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
        let mut limbs = [0; LIMBS];
        limbs[WHOLE - 2] = (m / u64::from(BASE)) as u32;
        limbs[WHOLE - 1] = (m % u64::from(BASE)) as u32;
        while exponent > 0 {
            let by = exponent.min(29);
            let mut carry = 0;
            for limb in limbs.iter_mut().take(WHOLE).rev() {
                let value = (u64::from(*limb) << by) + carry;
                *limb = (value % u64::from(BASE)) as u32;
                carry = value / u64::from(BASE);
            }
            exponent -= by;
        }
        while exponent < 0 {
            // 2⁹ divides the base
            let by = (-exponent).min(9);
            let mut carry = 0;
            for limb in &mut limbs {
                let low = *limb & ((1 << by) - 1);
                *limb = (*limb >> by) + carry;
                carry = (BASE >> by) * low;
            }
            exponent += by;
        }
        Self(limbs)
    }

    fn digit(&self, at: usize) -> u32 {
        let power = 10u32.pow((WIDTH - 1 - at % WIDTH) as u32);
        self.0.get(at / WIDTH).map_or(0, |limb| limb / power % 10)
    }

    /// Whether what follows the digits before `at` rounds up: half to even.
    fn rounds_up(&self, at: usize) -> bool {
        let rest = || (at + 1..LIMBS * WIDTH).any(|i| self.digit(i) != 0);
        let odd = || at > 0 && self.digit(at - 1) % 2 == 1;
        match self.digit(at) {
            0..5 => false,
            5 => rest() || odd(),
            _ => true,
        }
    }

    /// The digits from `first` up to `end` as a number, rounded.
    fn rounded(&self, first: usize, end: usize) -> u64 {
        let head = (first..end).fold(0, |n, at| n * 10 + u64::from(self.digit(at)));
        head + u64::from(self.rounds_up(end))
    }
}

/// Writes the sign; `NaN`, `INF` or `-INF` if it is no finite number.
fn special(x: f64, out: &mut String) -> bool {
    if x.is_nan() {
        out.push_str("NaN");
        return true;
    }
    if x.is_sign_negative() {
        out.push('-');
    }
    if x.is_infinite() {
        out.push_str("INF");
    }
    x.is_infinite()
}

/// `%.8g`, as ONNX Runtime's `Cast` prints binary32 and binary64 numbers.
pub fn general(x: f64, out: &mut String) {
    if special(x, out) {
        return;
    }
    let decimal = Decimal::new(x);
    let Some(first) = (0..LIMBS * WIDTH).find(|at| decimal.digit(*at) != 0) else {
        out.push('0');
        return;
    };
    let mut exponent = (WHOLE * WIDTH) as i32 - 1 - first as i32;
    let mut head = decimal.rounded(first, first + PRECISION as usize);
    if head == 10u64.pow(PRECISION as u32) {
        head /= 10;
        exponent += 1;
    }
    let mut digits = PRECISION;
    while digits > 1 && head.is_multiple_of(10) {
        head /= 10;
        digits -= 1;
    }
    let plain = (-4..PRECISION).contains(&exponent);
    // digits behind the point
    let behind = if plain { digits - 1 - exponent } else { digits - 1 };
    let scale = 10u64.pow(behind.clamp(0, 18) as u32);
    // a String takes all that is written
    let _ = if behind > 0 {
        write!(out, "{}.{:02$}", head / scale, head % scale, behind as usize)
    } else {
        write!(out, "{}", head * 10u64.pow(behind.unsigned_abs()))
    };
    if !plain {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
    }
}

/// `%f`, with six digits behind the point, as ONNX Runtime's `CastMap` prints.
pub fn fixed(x: f64, out: &mut String) {
    if special(x, out) {
        return;
    }
    let mut decimal = Decimal::new(x);
    let point = WHOLE * WIDTH;
    let mut behind = decimal.rounded(point, point + 6);
    if behind == 1_000_000 {
        behind = 0;
        for limb in decimal.0.iter_mut().take(WHOLE).rev() {
            *limb += 1;
            if *limb < BASE {
                break;
            }
            *limb = 0;
        }
    }
    let first = (0..point - 1).find(|at| decimal.digit(*at) != 0).unwrap_or(point - 1);
    for at in first..point {
        out.push(char::from(b'0' + decimal.digit(at) as u8));
    }
    let _ = write!(out, ".{behind:06}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(print: fn(f64, &mut String), x: f64) -> String {
        let mut out = String::new();
        print(x, &mut out);
        out
    }

    /// What ONNX Runtime 1.32 printed for these numbers.
    #[test]
    fn general_is_what_onnxruntime_prints() {
        for (x, want) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (f64::from(0.1f32), "0.1"),
            (f64::from(1.0f32 / 3.0), "0.33333334"),
            (1e10, "1e+10"),
            (f64::from(123_456_789_f32), "1.2345679e+08"),
            (f64::from(1e-5f32), "9.9999997e-06"),
            (f64::from(1e-4f32), "9.9999997e-05"),
            (std::f64::consts::PI * f64::from(1e-4f32), "0.00031415926"),
            (f64::from(1e20f32), "1e+20"),
            (16_777_216.0, "16777216"),
            (100_000.0, "100000"),
            (1e8, "1e+08"),
            (1.5e9, "1.5e+09"),
            (f64::from(1e-40f32), "9.9999461e-41"),
            (f64::from(3.4e38f32), "3.4e+38"),
            (123_456_789_012_345_678.0, "1.2345679e+17"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "INF"),
            (f64::NEG_INFINITY, "-INF"),
            (f64::MAX, "1.7976931e+308"),
            (5e-324, "4.9406565e-324"),
            (99_999_999.5, "1e+08"),
        ] {
            assert_eq!(text(general, x), want, "{x:e}");
        }
    }

    /// Ties, exact in binary, go to the even digit.
    #[test]
    fn ties_round_to_even() {
        assert_eq!(text(general, 12_345_678.5), "12345678");
        assert_eq!(text(general, 12_345_679.5), "12345680");
        assert_eq!(text(fixed, 0.007_812_5), "0.007812");
        assert_eq!(text(fixed, 0.023_437_5), "0.023438");
    }

    #[test]
    fn fixed_has_six_digits_behind_the_point() {
        for (x, want) in [
            (-1.0, "-1.000000"),
            (0.0, "0.000000"),
            (8.25, "8.250000"),
            (f64::from(0.1f32), "0.100000"),
            (999.999_999_9, "1000.000000"),
            (999_999_999.999_999_9, "1000000000.000000"),
            (f64::from(f32::MAX), "340282346638528859811704183484516925440.000000"),
        ] {
            assert_eq!(text(fixed, x), want);
        }
    }

    #[test]
    fn general_agrees_with_the_standard_library() {
        let mut x = 1.234_567_890_123_456_7e-300;
        for i in 0..2000 {
            x *= -2.017_345;
            let own: f64 = text(general, x).parse().unwrap();
            let other: f64 = format!("{x:.7e}").parse().unwrap();
            assert_eq!(own, other, "{i}: {x:e}");
        }
    }
}
