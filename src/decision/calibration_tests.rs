use super::*;
use crate::decision::samples::outputs;
use proptest::prelude::*;

fn calibration(text: &str) -> Calibration {
    serde_json::from_str(text).unwrap()
}

fn apply(text: &str, outputs: &Outputs, scores: &[f64]) -> Vec<f64> {
    let calibration = calibration(text);
    calibration.check(outputs).unwrap();
    let mut scores = scores.to_vec();
    calibration.ready(outputs).apply(&mut scores);
    scores
}

fn close(found: &[f64], expected: &[f64]) {
    let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(found.len() == expected.len() && near, "{found:?}, {expected:?} expected");
}

#[test]
fn each_map_is_its_formula() {
    let two = outputs(OutputKind::Binary, &["no", "yes"]);
    let three = outputs(OutputKind::Multiclass, &["a", "b", "c"]);
    let temperature = r#"{"method":"temperature","temperature":2.0}"#;
    close(&apply(temperature, &two, &[0.2, 0.8]), &[1.0 / 3.0, 2.0 / 3.0]);
    let roots = [0.04f64.sqrt(), 0.16f64.sqrt(), 0.8f64.sqrt()];
    let sum: f64 = roots.iter().sum();
    close(&apply(temperature, &three, &[0.04, 0.16, 0.8]), &roots.map(|r| r / sum));
    // logit 0.8 = ln 4; twice that less ln 2 is ln 8
    let platt =
        format!(r#"{{"method":"platt","labels":{{"yes":[2.0,{}]}}}}"#, -std::f64::consts::LN_2);
    close(&apply(&platt, &two, &[0.2, 0.8]), &[1.0 / 9.0, 8.0 / 9.0]);
    // 0.8^2 / 0.2 = 3.2
    let beta = r#"{"method":"beta","labels":{"yes":[2.0,1.0,0.0]}}"#;
    close(&apply(beta, &two, &[0.2, 0.8]), &[1.0 / 4.2, 3.2 / 4.2]);
    let isotonic = r#"{"method":"isotonic","labels":{"yes":[0.2,0.1,0.6,0.5,0.8,0.5]}}"#;
    for (score, expected) in [(0.0, 0.1), (0.2, 0.1), (0.4, 0.3), (0.7, 0.5), (1.0, 0.5)] {
        close(&apply(isotonic, &two, &[1.0 - score, score]), &[1.0 - expected, expected]);
    }
}

#[test]
fn one_against_the_rest_is_normalised_for_one_answer_and_not_for_several() {
    let maps = r#"{"method":"isotonic","labels":{"a":[0,0,1,0.5],"b":[0,0,1,1],"c":[0,0,1,1]}}"#;
    let scores = [0.4, 0.4, 0.2];
    let several = apply(maps, &outputs(OutputKind::Multilabel, &["a", "b", "c"]), &scores);
    close(&several, &[0.2, 0.4, 0.2]);
    let one = apply(maps, &outputs(OutputKind::Multiclass, &["a", "b", "c"]), &scores);
    close(&one, &[0.25, 0.5, 0.25]);
    let none = r#"{"method":"isotonic","labels":{"a":[0,0],"b":[0,0],"c":[0,0]}}"#;
    let even = apply(none, &outputs(OutputKind::Multiclass, &["a", "b", "c"]), &scores);
    close(&even, &[1.0 / 3.0; 3]);
}

#[test]
fn maps_that_are_not_finite_monotone_or_whole_are_refused_with_their_path() {
    let two = outputs(OutputKind::Binary, &["no", "yes"]);
    for (text, path) in [
        (r#"{"method":"temperature"}"#, "calibration.temperature"),
        (r#"{"method":"temperature","temperature":0}"#, "calibration.temperature"),
        (
            r#"{"method":"temperature","temperature":1,"labels":{"yes":[1,0]}}"#,
            "calibration.labels",
        ),
        (r#"{"method":"platt","temperature":1,"labels":{"yes":[1,0]}}"#, "calibration.temperature"),
        (r#"{"method":"platt"}"#, "calibration.labels"),
        (r#"{"method":"platt","labels":{"no":[1,0]}}"#, "calibration.labels.no"),
        (r#"{"method":"platt","labels":{"yes":[1]}}"#, "calibration.labels.yes"),
        (r#"{"method":"platt","labels":{"yes":[-1,0]}}"#, "calibration.labels.yes"),
        (r#"{"method":"beta","labels":{"yes":[1,-1,0]}}"#, "calibration.labels.yes"),
        (r#"{"method":"isotonic","labels":{"yes":[]}}"#, "calibration.labels.yes"),
        (r#"{"method":"isotonic","labels":{"yes":[0,0,1]}}"#, "calibration.labels.yes"),
        (r#"{"method":"isotonic","labels":{"yes":[0,0,0,1]}}"#, "calibration.labels.yes"),
        (r#"{"method":"isotonic","labels":{"yes":[0,0.5,1,0.4]}}"#, "calibration.labels.yes"),
        (r#"{"method":"isotonic","labels":{"yes":[0,0.5,1,1.4]}}"#, "calibration.labels.yes"),
    ] {
        let error = calibration(text).check(&two).unwrap_err();
        assert_eq!(
            (error.code(), error.place().path.as_deref()),
            (ErrorCode::PolicyInvalid, Some(path)),
            "{text}"
        );
    }
    let mut map = calibration(r#"{"method":"platt","labels":{"yes":[1,0]}}"#);
    map.labels.insert("yes".into(), vec![f64::NAN, 0.0]);
    assert!(map.check(&two).is_err());
    let number = outputs(OutputKind::Regression, &[]);
    assert!(calibration(r#"{"method":"temperature","temperature":1}"#).check(&number).is_err());
}

fn any_map() -> impl Strategy<Value = (CalibrationMethod, Vec<f64>)> {
    let up = 0.0f64..8.0;
    let points = prop::collection::btree_map(0u32..=1000, 0.0f64..=1.0, 1..20).prop_map(|points| {
        let mut probabilities: Vec<f64> = points.values().copied().collect();
        probabilities.sort_by(f64::total_cmp);
        let scores = points.keys().map(|s| f64::from(*s) / 1000.0);
        scores.zip(probabilities).flat_map(|(s, p)| [s, p]).collect()
    });
    prop_oneof![
        (up.clone(), -9.0f64..9.0).prop_map(|(a, b)| (CalibrationMethod::Platt, vec![a, b])),
        (up.clone(), up, -9.0f64..9.0)
            .prop_map(|(a, b, c)| (CalibrationMethod::Beta, vec![a, b, c])),
        points.prop_map(|p| (CalibrationMethod::Isotonic, p)),
    ]
}

proptest! {
    #[test]
    fn maps_give_probabilities_and_keep_the_order(
        (method, map) in any_map(), a in 0.0f64..=1.0, b in 0.0f64..=1.0,
    ) {
        let (low, high) = (apply_map(method, &map, a.min(b)), apply_map(method, &map, a.max(b)));
        prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
        prop_assert!(low <= high + 1e-12, "{} {}", low, high);
    }

    #[test]
    fn one_answer_stays_a_distribution(
        a in 0.0f64..=1.0, b in 0.0f64..=1.0, t in 0.05f64..20.0,
    ) {
        let text = format!(r#"{{"method":"temperature","temperature":{t}}}"#);
        let (low, high) = (a.min(b), a.max(b));
        let scores = [low, high - low, 1.0 - high];
        let out = apply(&text, &outputs(OutputKind::Multiclass, &["a", "b", "c"]), &scores);
        prop_assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
