use super::*;
use serde_json::Value;

fn close(found: f64, expected: f64, error: f64, what: &str) {
    assert!((found - expected).abs() <= error, "{what}: {found} for {expected} ± {error}");
}

/// The confidence that the edge ships: 20 bins and a sum in millionths, by predicted label.
fn confidence(side: &Value) -> Confidence {
    let counts: Vec<u64> = serde_json::from_value(side["counts"].clone()).unwrap();
    Confidence { counts, sum: side["sum_millionths"].as_f64().unwrap() / 1e6 }
}

#[test]
fn estimates_lie_within_nannymls_sampling_error_of_its_own() {
    let text = include_str!("../../tests/vectors/cbpe.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let cases = file["cases"].as_array().unwrap();
    for case in cases {
        let labels = [confidence(&case["negative"]), confidence(&case["positive"])];
        let found = estimate(&labels, 1).unwrap();
        for (name, found) in [
            ("accuracy", found.accuracy),
            ("f1", found.f1.unwrap()),
            ("roc_auc", found.roc_auc.unwrap()),
        ] {
            let of = |key: &str| case["nannyml"][name][key].as_f64().unwrap();
            close(found.value, of("value"), of("sampling_error"), name);
            let realised = case["realised"][name].as_f64().unwrap();
            println!(
                "{name}: {:.4} ± {:.4}, NannyML {:.4} ± {:.4}, realised {realised:.4}",
                found.value,
                found.standard_error,
                of("value"),
                of("sampling_error")
            );
            close(found.value, realised, 3.0 * found.standard_error, name);
            // NannyML's error is that of the reference data, ours that of this window
            let ratio = found.standard_error / of("sampling_error");
            assert!((0.5..2.0).contains(&ratio), "{name} {ratio}");
        }
    }
    assert!(cases.len() >= 4);
}

#[test]
fn standard_errors_cover_what_nannymls_published_chunks_realised() {
    let text = include_str!("../../tests/vectors/nannyml_cbpe.json");
    let chunks: Vec<Value> = serde_json::from_str(text).unwrap();
    assert_eq!(chunks.len(), 4);
    for chunk in chunks {
        let of = |key: &str| chunk[key].as_f64().unwrap();
        // 5,000 answers whose confidences all lie around the estimated accuracy
        let mut counts = vec![0; 20];
        counts[(of("accuracy|value") * 20.0) as usize] = 5_000;
        let one = Confidence { counts, sum: of("accuracy|value") * 5_000.0 };
        let found = estimate(&[one], 0).unwrap().accuracy;
        close(found.value, of("accuracy|value"), 1e-9, "accuracy");
        close(found.value, of("accuracy|realized"), 3.0 * found.standard_error, "realised");
        close(found.standard_error, of("accuracy|sampling_error"), 1e-3, "sampling error");
    }
}

#[test]
fn what_comes_true_is_counted_from_the_matrix() {
    // truths in rows, predictions in columns
    let found = realised(&[vec![50, 10], vec![20, 40]], 1).unwrap();
    assert!((found.accuracy.value - 0.75).abs() < 1e-12);
    assert!((found.f1.unwrap().value - 80.0 / 110.0).abs() < 1e-12);
    // five of each truth without an answer: right in none, missed in both
    let found = realised(&[vec![90, 10, 5], vec![20, 30, 5]], 1).unwrap();
    assert!((found.accuracy.value - 0.75).abs() < 1e-12);
    assert!((found.f1.unwrap().value - 60.0 / 95.0).abs() < 1e-12);
    assert!(realised(&[vec![0, 0], vec![0, 0]], 1).is_none());
    assert!(realised(&[vec![5, 1, 1], vec![1, 5, 1], vec![1, 1, 5]], 1).unwrap().f1.is_none());
}

#[test]
fn no_estimate_without_answers_or_of_impossible_sums() {
    let of = |counts: &[u64], sum: f64| Confidence { counts: counts.to_vec(), sum };
    assert!(estimate(&[], 0).is_none());
    assert!(estimate(&[of(&[0, 0], 0.0)], 0).is_none());
    assert!(estimate(&[of(&[1, 1], 2.5)], 0).is_none());
    assert!(estimate(&[of(&[1, 1], f64::NAN)], 0).is_none());
    assert!(estimate(&[of(&[1, 1], -0.5)], 0).is_none());
    // all sure, all negative: no positive to draw a curve of
    let sure = estimate(&[of(&[0, 10], 10.0), of(&[0, 0], 0.0)], 1).unwrap();
    assert!(sure.f1.is_none() || sure.f1.unwrap().value == 0.0);
    for three in [0, 1, 2] {
        let labels = [of(&[1, 9], 8.0), of(&[2, 8], 7.0), of(&[3, 7], 6.5)];
        let found = estimate(&labels, three).unwrap();
        assert!(found.f1.is_none() && found.roc_auc.is_none());
    }
}

#[test]
fn calibration_that_slipped_is_seen() {
    // as often right as was said, in 20 bins of 100 answers
    let said = |at: u64| (100 * (2 * at + 1) / 40).min(100);
    let good: Vec<(u64, u64)> = (0..20).map(|at| (100 - said(at), said(at))).collect();
    let middles: Vec<f64> = (0..20).map(|at| (f64::from(at) + 0.5) / 20.0).collect();
    let found = calibration_drift(&good, &middles).unwrap();
    assert!(found.z.abs() < 1.0 && found.error < 0.01, "{found:?}");
    let bad: Vec<(u64, u64)> =
        good.iter().map(|(wrong, right)| (wrong + right / 5, right - right / 5)).collect();
    let found = calibration_drift(&bad, &middles).unwrap();
    assert!(found.z > 5.0 && found.gap > 0.05, "{found:?}");
    assert!(calibration_drift(&[(0, 0)], &[0.5]).is_none());
    assert!(calibration_drift(&[(1, 1)], &[]).is_none());
    assert_eq!(calibration_drift(&[(0, 9)], &[1.0]).unwrap().z, 0.0);
    // all answers near the upper end of a bin: its middle would call 990 right of 1000 too many
    let sharp = Confidence { counts: [vec![0; 19], vec![1_000]].concat(), sum: 990.0 };
    let mut answers = vec![(0, 0); 20];
    answers[19] = (10, 990);
    assert!(calibration_drift(&answers, &sharp.means()).unwrap().z.abs() < 1e-9);
    assert!(calibration_drift(&answers, &middles).unwrap().z < -2.0);
}

#[test]
fn what_moved_is_named_in_order() {
    let compared = Compared::of(&[400, 300, 200, 100], &[300, 300, 200, 200]).unwrap().unwrap();
    let found = moved(&compared, 5);
    assert_eq!(found.iter().map(|m| m.bin).collect::<Vec<_>>(), [3, 0]);
    assert!((found.iter().map(|m| m.part).sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(found[0].residual > 6.0 && found[1].residual < -4.0, "{found:?}");
    assert_eq!(moved(&compared, 1).len(), 1);
}

#[test]
fn segments_that_explain_come_first_and_thin_ones_not_at_all() {
    let of = |hits, records, other_hits, other_records| Segment {
        hits,
        records,
        other_hits,
        other_records,
    };
    let segments = [
        of(10, 1_000, 90, 9_000),
        of(80, 1_000, 20, 9_000),
        of(1, 2, 99, 9_998),
        of(60, 3_000, 40, 7_000),
        of(5, 3, 1, 1),
    ];
    let found = explaining(&segments, 0.05, 1.0);
    assert_eq!(found.iter().map(|risk| risk.segment).collect::<Vec<_>>(), [1, 3]);
    assert!((found[0].ratio - 36.0).abs() < 2.0 && found[0].support == 0.8, "{found:?}");
}

#[test]
fn effects_are_weighted_by_importance() {
    let effects = [Some(0.1), Some(0.3), None];
    assert_eq!(weighted_effect(&effects, &[1.0, 1.0, 5.0]), Some(0.2));
    assert_eq!(weighted_effect(&effects, &[1.0, 0.0, 5.0]), Some(0.1));
    assert_eq!(weighted_effect(&effects, &[0.0, -1.0, 5.0]), None);
    assert_eq!(weighted_effect(&effects, &[f64::NAN, 2.0, 5.0]), Some(0.3));
}
