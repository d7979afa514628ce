//! Numeric transforms, all of `libm`, so that every host gives the same bits.

use crate::contract::Distribution;

/// Yeo and Johnson, *A new family of power transformations* (2000), eq. 2.1.
pub(super) fn yeo_johnson(x: f64, lambda: f64) -> f64 {
    if x >= 0.0 {
        if lambda == 0.0 { libm::log1p(x) } else { (libm::pow(x + 1.0, lambda) - 1.0) / lambda }
    } else if lambda == 2.0 {
        -libm::log1p(-x)
    } else {
        -(libm::pow(1.0 - x, 2.0 - lambda) - 1.0) / (2.0 - lambda)
    }
}

/// Box and Cox, *An analysis of transformations* (1964), eq. 1; NaN unless x is above 0.
pub(super) fn box_cox(x: f64, lambda: f64) -> f64 {
    if x <= 0.0 {
        f64::NAN
    } else if lambda == 0.0 {
        libm::log(x)
    } else {
        (libm::pow(x, lambda) - 1.0) / lambda
    }
}

/// Number of the bin: how many inner edges are not above x.
pub(super) fn bin(x: f64, edges: &[f64]) -> i64 {
    let inner = edges.get(1..edges.len().saturating_sub(1)).unwrap_or_default();
    inner.partition_point(|edge| *edge <= x) as i64
}

/// Place of x among the quantiles, as scikit-learn's `QuantileTransformer._transform_col`: the
/// mean of the interpolations from below and from above, so that ties get their middle.
pub(super) fn quantile(x: f64, quantiles: &[f64], output: Distribution) -> f64 {
    /// How near to an end counts as beyond it, scikit-learn's `BOUNDS_THRESHOLD`.
    const NEAR: f64 = 1e-7;
    let (Some(low), Some(high)) = (quantiles.first(), quantiles.last()) else {
        return f64::NAN;
    };
    let (below, above) = match output {
        Distribution::Uniform => (x == *low, x == *high),
        Distribution::Normal => (x - NEAR < *low, x + NEAR > *high),
    };
    let place = if below {
        0.0
    } else if above {
        1.0
    } else {
        let from_below = quantiles.partition_point(|q| *q <= x);
        let from_above = quantiles.partition_point(|q| *q < x);
        0.5 * (interpolate(x, quantiles, from_below.checked_sub(1))
            + interpolate(x, quantiles, from_above.checked_sub(1)))
    };
    match output {
        Distribution::Uniform => place,
        Distribution::Normal => {
            let least = NEAR - f64::EPSILON;
            normal_quantile(place.clamp(least, 1.0 - least))
        }
    }
}

/// Probability at x between the quantile at `at` and the next; probabilities are evenly spaced.
fn interpolate(x: f64, quantiles: &[f64], at: Option<usize>) -> f64 {
    let steps = (quantiles.len() - 1) as f64;
    let Some(at) = at else {
        return 0.0;
    };
    match (quantiles.get(at), quantiles.get(at + 1)) {
        (Some(a), Some(b)) if b > a => (at as f64 + (x - a) / (b - a)) / steps,
        (Some(_), _) => at as f64 / steps,
        (None, _) => 1.0,
    }
}

/// The x below which a normal variable lies with probability p, for p in (0, 1): Acklam's rational
/// approximation (relative error 1.15e-9), refined by one step of Halley's method.
fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 5] =
        [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0];
    let polynomial = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = libm::sqrt(-2.0 * libm::log(p));
        polynomial(&C, q) / polynomial(&D, q)
    };
    let x = if p < 0.02425 {
        tail(p)
    } else if p > 1.0 - 0.02425 {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        q * polynomial(&A, q * q) / polynomial(&B, q * q)
    };
    let error = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2) - p;
    let step = error * libm::sqrt(2.0 * std::f64::consts::PI) * libm::exp(x * x / 2.0);
    x - step / (1.0 + x * step / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // scipy.stats: norm.ppf, yeojohnson, boxcox
        for (p, x) in [
            (0.5, 0.0),
            (0.975, 1.959963984540054),
            (0.01, -2.3263478740408408),
            (1e-7, -5.199337582192816),
        ] {
            assert!((normal_quantile(p) - x).abs() < 1e-12, "{p}: {}", normal_quantile(p));
        }
        assert!((yeo_johnson(3.0, 0.5) - 2.0).abs() < 1e-15);
        assert!((yeo_johnson(-3.0, 2.0) + 1.3862943611198906).abs() < 1e-15);
        assert!((yeo_johnson(-3.0, 0.5) + 14.0 / 3.0).abs() < 1e-14);
        assert!((box_cox(4.0, 0.5) - 2.0).abs() < 1e-15);
        assert!(box_cox(0.0, 0.0).is_nan());
    }

    #[test]
    fn bins_and_quantiles_at_their_ends() {
        let edges = [0.0, 1.0, 2.0, 3.0];
        for (x, n) in [(-5.0, 0), (0.0, 0), (0.99, 0), (1.0, 1), (2.0, 2), (3.0, 2), (9.0, 2)] {
            assert_eq!(bin(x, &edges), n, "{x}");
        }
        let q = [0.0, 1.0, 1.0, 2.0, 4.0];
        let place = |x| quantile(x, &q, Distribution::Uniform);
        for (x, p) in [
            (-1.0, 0.0),
            (0.0, 0.0),
            (0.5, 0.125),
            (1.0, 0.375),
            (1.5, 0.625),
            (3.0, 0.875),
            (4.0, 1.0),
            (9.0, 1.0),
        ] {
            assert!((place(x) - p).abs() < 1e-15, "{x}: {}", place(x));
        }
        let normal = quantile(9.0, &q, Distribution::Normal);
        assert!((normal - 5.199337582605575).abs() < 1e-6, "{normal}");
    }
}
