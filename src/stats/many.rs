//! Functions of many numbers at once, whose loops are among the kernels.

pub use driftline_kernels::doubles::{LANES, atanh_tail, contrasts, erfcx_each, exp_each, sum};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOWEST: f64 = -708.0;
    const HIGHEST: f64 = 709.0;

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

    #[test]
    fn the_scaled_tail_is_that_of_libm() {
        // beyond 26 libm's has fewer digits
        for step in 0..=26_000 {
            let x = f64::from(step) / 1_000.0;
            let mut found = [x];
            erfcx_each(&mut found);
            let expected = libm::erfc(x);
            let found = found[0] * libm::exp(-x * x);
            // x² is rounded, and its exponential multiplies that
            let within = 1e-15 + x * x * f64::EPSILON;
            assert!((found - expected).abs() <= within * expected, "{x}: {found} for {expected}");
        }
    }

    #[test]
    fn sums_of_whole_numbers_are_exact_in_any_order() {
        let xs: Vec<f64> = (0..1_003).map(f64::from).collect();
        for n in [0, 1, 7, 8, 9, 20, 1_003] {
            assert_eq!(sum(&xs[..n]), xs[..n].iter().sum::<f64>() + 0.0);
        }
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
