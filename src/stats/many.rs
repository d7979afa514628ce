//! Functions of many numbers at once, whose loops are among the kernels.

pub use driftline_kernels::doubles::{atanh_tail, contrasts, exp_each};

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
