//! Many exponentials at once.

use core::f64::consts::LOG2_E;

/// ln 2 in two parts, of which the first has 26 digits, so that its product with a whole number is
/// exact.
const LN_2: [f64; 2] = [0.693_147_167_563_438_4, 1.299_650_689_388_988_9e-8];

/// Adding it rounds to a whole number, which is then in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Where eˣ is no longer a normal double.
const LOWEST: f64 = -708.0;
const HIGHEST: f64 = 709.0;

/// Puts eˣ in the place of each x, within 2 ulp: 0 below −708, e⁷⁰⁹ above 709, NaN for NaN.
///
/// Without branches and tables, so that compilers work on several at once: x = k ln 2 + r with a
/// whole k and |r| ≤ ln 2/2, and Taylor's series of eʳ, whose rest after r¹³ is below 10⁻¹⁷.
pub fn exp_each(xs: &mut [f64]) {
    for x in xs {
        let inside = x.clamp(LOWEST, HIGHEST);
        let shifted = inside * LOG2_E + ROUND;
        let k = shifted - ROUND;
        let r = inside - k * LN_2[0] - k * LN_2[1];
        let mut tail = 1.0 / 6_227_020_800.0;
        for factorial in [
            479_001_600.0,
            39_916_800.0,
            3_628_800.0,
            362_880.0,
            40_320.0,
            5_040.0,
            720.0,
            120.0,
            24.0,
            6.0,
            2.0,
        ] {
            tail = tail * r + 1.0 / factorial;
        }
        let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1_023 << 52));
        let value = (1.0 + (r + r * r * tail)) * power;
        *x = if *x < LOWEST { 0.0 } else { value };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(x: f64) -> f64 {
        let mut xs = [x];
        exp_each(&mut xs);
        xs[0]
    }

    #[test]
    fn the_ends_are_as_they_are_said_to_be() {
        assert_eq!(one(0.0), 1.0);
        assert_eq!(one(-0.0), 1.0);
        assert_eq!(one(f64::NEG_INFINITY), 0.0);
        assert_eq!(one(-708.1), 0.0);
        assert!(one(LOWEST) > 0.0);
        assert_eq!(one(f64::INFINITY), one(HIGHEST));
        assert!(one(HIGHEST).is_finite());
        assert!(one(f64::NAN).is_nan());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn it_is_within_two_ulp_of_libm(x in -708.0f64..709.0, small in -1.0f64..1.0) {
            for x in [x, small] {
                let (value, expected) = (one(x), libm::exp(x));
                let ulp = value.to_bits().abs_diff(expected.to_bits());
                prop_assert!(ulp <= 2, "{x}: {value} for {expected}");
            }
        }
    }
}
