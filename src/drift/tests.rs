use super::*;
use serde_json::Value;

fn vectors() -> Vec<Value> {
    let text = include_str!("../../tests/vectors/drift.json");
    let file: Value = serde_json::from_str(text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn list<T: serde::de::DeserializeOwned>(case: &Value, key: &str) -> Option<Vec<T>> {
    serde_json::from_value(case[key].clone()).unwrap()
}

fn metrics(case: &Value) -> Vec<(&'static str, Option<f64>)> {
    let a: Vec<u64> = list(case, "baseline_counts").unwrap();
    let b: Vec<u64> = list(case, "current_counts").unwrap();
    let edges: Option<Vec<f64>> = list(case, "bin_edges");
    let compared = Compared::of(&a, &b).unwrap().unwrap();
    let smoothed = Compared::jeffreys(&a, &b).unwrap().unwrap();
    let (chi2, g) = (contingency(&compared), g_test(&compared));
    let mut quantiles = Quantiles::default();
    vec![
        ("psi_raw", Some(psi(&compared))),
        ("psi_jeffreys0.5", Some(psi(&smoothed))),
        ("kl_current_baseline_nat", Some(kl_current_baseline(&compared))),
        ("js_distance_base2", Some(js_distance(&compared))),
        ("hellinger", Some(hellinger(&compared))),
        ("tvd", Some(tvd(&compared))),
        ("linf", Some(linf(&compared))),
        ("ks_binned_D", Some(ks(&compared))),
        ("wasserstein_mid", edges.as_ref().map(|e| wasserstein(&compared, e))),
        (
            "wasserstein_mid_norm_by_baseline_std",
            edges.as_ref().map(|e| wasserstein_by_deviation(&compared, e)),
        ),
        ("chi2_contingency_no_correction_stat", Some(chi2.statistic)),
        ("chi2_contingency_no_correction_p", Some(chi2.p)),
        ("chi2_contingency_no_correction_dof", Some(f64::from(chi2.dof))),
        ("g_test_contingency_stat", Some(g.statistic)),
        ("g_test_contingency_p", Some(g.p)),
        ("psi_null_expectation", Some(psi_null_expectation(&compared))),
        ("psi_null_q95", Some(psi_null_q95(&compared, &mut quantiles))),
    ]
}

#[test]
fn every_metric_equals_scipy_in_every_case() {
    let mut compared = 0;
    let cases = vectors();
    for case in &cases {
        let expected = &case["values"]["reference(scipy/numpy)"];
        for (name, found) in metrics(case) {
            let place = format!("{} {name}", case["id"]);
            match (&expected[name], found) {
                (Value::Null, None) => {}
                (Value::String(text), Some(found)) => {
                    assert_eq!((text.as_str(), found), ("Infinity", f64::INFINITY), "{place}");
                }
                (expected, Some(found)) => {
                    let expected = expected.as_f64().unwrap();
                    let error = (found - expected).abs();
                    assert!(error <= 1e-9 * expected.abs(), "{place}: {found} for {expected}");
                }
                (expected, None) => panic!("{place}: nothing for {expected}"),
            }
            compared += 1;
        }
    }
    assert_eq!(cases.len(), 51);
    println!("{} cases of {} values equal scipy to 1e-9", cases.len(), compared);
}

fn counts(of: &[u64]) -> Vec<f64> {
    of.iter().map(|count| *count as f64).collect()
}

fn judged(baseline: &[u64], current: &[u64]) -> Found {
    let current = counts(current);
    let feature = Feature { baseline, current: &current, edges: None, noise: Noise::None };
    judge(&[feature], &Criteria::default()).unwrap().remove(0)
}

#[test]
fn too_few_is_an_answer() {
    assert_eq!(judged(&[500, 500], &[20, 29]).verdict, Verdict::TooFew);
    assert_eq!(judged(&[500, 500], &[0, 0]).verdict, Verdict::TooFew);
    assert_eq!(judged(&[0, 0], &[500, 500]).verdict, Verdict::TooFew);
    assert_eq!(judged(&[500, 500], &[20, 30]).verdict, Verdict::Stable);
    assert_eq!(judged(&[500, 0], &[100, 0]).verdict, Verdict::Stable);
}

#[test]
fn few_noisy_answers_are_too_few_whatever_their_estimates() {
    // 33 answers, of which randomized response made these estimates
    let current = [60.0, 40.0, -67.0];
    let noise = Noise::RandomizedResponse { epsilon: 2.0, cells: 3 };
    let feature = Feature { baseline: &[500, 500, 500], current: &current, edges: None, noise };
    let found = judge(&[feature], &Criteria::default()).unwrap();
    assert_eq!(found[0].verdict, Verdict::TooFew);
}

#[test]
fn significance_and_effect_are_told_apart() {
    let slight = judged(&[500_000, 500_000], &[495_000, 505_000]);
    assert!(slight.p.unwrap() < 1e-9);
    assert_eq!(slight.verdict, Verdict::Slight);
    assert_eq!(judged(&[5_000, 5_000], &[4_000, 6_000]).verdict, Verdict::Drifted);
    // PSI of 0.1 at 200 records is noise: its null quantile says so
    let noisy = judged(&[20; 10], &[13, 27, 14, 26, 20, 20, 16, 24, 21, 19]);
    let distances = noisy.distances.unwrap();
    assert_eq!(noisy.verdict, Verdict::Stable);
    assert!(distances.psi_null_q95 > 0.1, "{distances:?}");
}

#[test]
fn a_rare_category_that_comes_is_seen_though_it_is_pooled() {
    // 20 of 1,000 where 10,000 had none: expected in both together, 1.8
    let found = judged(&[5_000, 3_000, 2_000, 0], &[490, 294, 196, 20]);
    assert_eq!(found.verdict, Verdict::Drifted);
    assert!(found.p.unwrap() < 1e-15, "{found:?}");
    assert!(found.test.unwrap().p > 0.1, "the pooled test alone does not see it");
}

#[test]
fn the_pooled_test_is_pearsons_where_nothing_is_pooled() {
    let (a, b) = ([5_000u64, 3_000, 2_000], [520u64, 270, 210]);
    let compared = Compared::of(&a, &b).unwrap().unwrap();
    let found = pooled(&a, &counts(&b), 3, &Noise::None).unwrap().unwrap();
    let pearson = contingency(&compared);
    assert!((found.statistic - pearson.statistic).abs() < 1e-9 * pearson.statistic);
    assert_eq!((found.dof, found.spread), (2, 1.0));
    // with no noise to speak of it is the same test, but for the prior of the shares
    let noise = Noise::RandomizedResponse { epsilon: 60.0, cells: 3 };
    let randomized = pooled(&a, &counts(&b), 3, &noise).unwrap().unwrap();
    assert!((randomized.statistic / pearson.statistic - 1.0).abs() < 1e-3, "{randomized:?}");
    let noise = Noise::Laplace { epsilon: 60.0, draws: 1 };
    let laplace = pooled(&a, &counts(&b), 3, &noise).unwrap().unwrap();
    assert!((laplace.statistic / pearson.statistic - 1.0).abs() < 1e-3, "{laplace:?}");
}

#[test]
fn a_pool_that_expects_just_five_records_is_one() {
    // 35 of 350 in each bin, of 50 records: 5 expected, however 5/50 is rounded
    let (a, b) = ([30u64; 10], [5u64; 10]);
    let found = pooled(&a, &counts(&b), 10, &Noise::None).unwrap().unwrap();
    assert_eq!(found.dof, 9);
    assert_eq!(judged(&a, &b).test.unwrap().dof, 9, "in no order");
}

#[test]
fn p_values_are_adjusted_as_benjamini_and_hochberg_have_it() {
    // scipy.stats.false_discovery_control([0.01, 0.04, 0.03, 0.5])
    let p = [Some(0.01), None, Some(0.04), Some(0.03), Some(0.5)];
    let found = benjamini_hochberg(&p);
    let third = 0.04 * 4.0 / 3.0;
    for (found, expected) in
        found.iter().zip([Some(0.04), None, Some(third), Some(third), Some(0.5)])
    {
        match (found, expected) {
            (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-12),
            (found, expected) => assert_eq!((found.is_none(), expected), (true, None)),
        }
    }
    assert!(benjamini_hochberg(&[]).is_empty());
}

#[test]
fn what_has_no_meaning_is_refused_with_its_place() {
    let path = |error: crate::Error| error.place().path.clone().unwrap_or_default();
    assert_eq!(path(Compared::of(&[1, 2], &[1]).unwrap_err()), "current_counts");
    assert_eq!(path(Compared::of(&[], &[]).unwrap_err()), "baseline_counts");
    assert_eq!(path(Compared::of(&[1 << 53, 1], &[1, 1]).unwrap_err()), "baseline_counts");
    assert_eq!(path(Compared::of(&[1, 1], &[u64::MAX, 1]).unwrap_err()), "current_counts");
    for edges in
        [&[0.0, 1.0][..], &[0.0, 1.0, 1.0], &[0.0, f64::NAN, 2.0], &[-f64::MAX, 0.0, f64::MAX]]
    {
        assert_eq!(path(check_edges(edges, 2).unwrap_err()), "bin_edges", "{edges:?}");
    }
    for noise in [
        Noise::Laplace { epsilon: 0.0, draws: 1 },
        Noise::Laplace { epsilon: f64::NAN, draws: 1 },
        Noise::RandomizedResponse { epsilon: 1.0, cells: 1 },
    ] {
        assert!(pooled(&[9, 9], &[9.0, 9.0], 0, &noise).is_err(), "{noise:?}");
    }
}
