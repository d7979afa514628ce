use super::*;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/vectors/policy.json")).unwrap()
}

fn close(found: f64, expected: f64, what: &Value) {
    let error = (found - expected).abs();
    assert!(error <= 1e-10 * expected.abs() || error <= 1e-15, "{found} for {what}");
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap()
}

fn count(case: &Value, key: &str) -> u64 {
    case[key].as_u64().unwrap()
}

#[test]
fn bounds_equal_scipy() {
    let vectors = vectors();
    let cases = vectors["clopper_pearson_upper"].as_array().unwrap();
    assert!(cases.len() >= 27);
    for case in cases {
        let (errors, n) = (count(case, "errors"), count(case, "n"));
        let upper = clopper_pearson_upper(errors, n, number(case, "delta"));
        close(upper, number(case, "upper"), case);
    }
}

#[test]
fn binomial_tails_equal_scipy() {
    for case in vectors()["ltt_p"].as_array().unwrap() {
        let p = binomial_cdf(count(case, "errors"), count(case, "n"), number(case, "alpha"));
        close(p, number(case, "p"), case);
    }
}

#[test]
fn chi_square_tails_equal_scipy() {
    for case in vectors()["chi2_sf"].as_array().unwrap() {
        close(chi2_sf(number(case, "x"), number(case, "df")), number(case, "p"), case);
    }
}

#[test]
fn rows_without_an_error_are_the_fewest_that_certify() {
    for case in vectors()["min_n_zero_errors"].as_array().unwrap() {
        let (alpha, delta) = (number(case, "alpha"), number(case, "delta"));
        let n = zero_error_rows(alpha, delta);
        assert_eq!(n, count(case, "n"), "{case}");
        assert!(binomial_cdf(0, n, alpha) <= delta && binomial_cdf(0, n - 1, alpha) > delta);
    }
}

#[test]
fn ends_and_nonsense_are_answered() {
    assert_eq!(binomial_cdf(5, 5, 0.5), 1.0);
    assert_eq!(binomial_cdf(0, 5, 1.0), 0.0);
    assert_eq!(binomial_cdf(0, 5, 0.0), 1.0);
    assert_eq!(clopper_pearson_upper(0, 0, 0.05), 1.0);
    assert_eq!(clopper_pearson_upper(7, 7, 0.05), 1.0);
    assert_eq!(chi2_sf(f64::INFINITY, 3.0), 0.0);
    assert!(chi2_sf(-1.0, 3.0).is_nan() && chi2_sf(1.0, 0.0).is_nan());
    assert!(regularized_beta(0.5, 0.0, 1.0).is_nan());
}

#[test]
fn the_cdf_is_the_sum_of_its_terms() {
    for n in [1u64, 7, 40] {
        for p in [0.003, 0.05, 0.5, 0.93] {
            let mut sum = 0.0;
            let mut term = libm::pow(1.0 - p, n as f64);
            for k in 0..n {
                sum += term;
                assert!((binomial_cdf(k, n, p) - sum).abs() < 1e-12, "{k} of {n} at {p}");
                term *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
            }
        }
    }
}

#[test]
fn whole_degrees_of_freedom_equal_scipy_and_the_general_function() {
    for case in vectors()["chi2_sf"].as_array().unwrap() {
        let df = number(case, "df");
        if df.fract() == 0.0 {
            close(chi2_sf_whole(number(case, "x"), df as u32), number(case, "p"), case);
        }
    }
    for df in (1..60).chain([199, 200, 201, 1_000]) {
        for x in [1e-6, 0.3, 1.0, 7.5, 40.0, 300.0, 1_390.0, 1_410.0, 3_000.0] {
            let (found, expected) = (chi2_sf_whole(x, df), chi2_sf(x, f64::from(df)));
            let error = (found - expected).abs();
            assert!(error <= 1e-11 * expected + 1e-300, "{found} {expected}, x {x}, df {df}");
        }
    }
    assert_eq!((chi2_sf_whole(3.0, 0), chi2_sf_whole(0.0, 3)), (1.0, 1.0));
    assert!(chi2_sf_whole(f64::NAN, 3).is_nan());
}

#[test]
fn upper_quantiles_equal_scipy() {
    // scipy.stats.chi2.isf(p, df)
    for (p, df, expected) in [
        (0.05, 1, 3.841458820694124),
        (0.05, 2, 5.991464547107979),
        (0.05, 19, 30.14352720564616),
        (0.05, 500, 553.1268089342569),
        (0.001, 3, 16.26623619623813),
        (0.95, 10, 3.940299136119),
    ] {
        let found = chi2_upper_quantile(p, df);
        assert!((found - expected).abs() <= 1e-9 * expected, "{found} for {p}, {df}");
    }
    assert_eq!(chi2_upper_quantile(0.05, 0), 0.0);
    assert!(chi2_upper_quantile(0.0, 3).is_nan() && chi2_upper_quantile(1.0, 3).is_nan());
}
