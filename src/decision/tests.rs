use super::*;
use crate::decision::LabelSets;
use crate::error::ErrorCode;
use proptest::prelude::*;

fn outputs(kind: OutputKind, labels: &[&str]) -> Outputs {
    Outputs {
        kind,
        labels: labels.iter().map(|l| (*l).to_owned()).collect(),
        scores: "probabilities".into(),
        label: None,
        unit: None,
    }
}

fn policy(text: &str) -> Policy {
    Policy::from_json(text.as_bytes()).unwrap()
}

fn flights() -> Decider {
    let policy = policy(
        r#"{"format":"driftline.policy/1","default_label":"on_time","labels":{
            "on_time":{"threshold":0.8,"below":"escalate"},"late":{"threshold":0.7,"below":"default"}}}"#,
    );
    Decider::new(&policy, &outputs(OutputKind::Binary, &["on_time", "late"]), "sha256:00").unwrap()
}

fn violation(severity: Severity) -> Violation {
    Violation { code: ErrorCode::OutOfRange, input: "x".into(), severity, message: String::new() }
}

fn decide(scores: &[f64]) -> Decision {
    flights().decide(Outcome::Scores(scores), Vec::new())
}

#[test]
fn a_score_at_the_threshold_is_accepted_and_one_below_is_not() {
    let at = decide(&[0.8, 0.2]);
    assert_eq!(
        (at.action, at.reason, at.label.as_deref()),
        (Action::Accept, Reason::Confident, Some("on_time"))
    );
    let below = decide(&[0.8f64.next_down(), 0.2]);
    assert_eq!(
        (below.action, below.reason, below.label),
        (Action::Escalate, Reason::LowConfidence, None)
    );
    assert_eq!(below.predicted.as_deref(), Some("on_time"));
}

#[test]
fn a_default_answers_the_lower_risk_label_and_says_what_the_model_said() {
    let d = decide(&[0.4, 0.6]);
    assert_eq!(
        (d.action, d.label.as_deref(), d.predicted.as_deref()),
        (Action::Default, Some("on_time"), Some("late"))
    );
}

#[test]
fn of_equal_scores_the_first_label_wins() {
    assert_eq!(decide(&[0.5, 0.5]).predicted.as_deref(), Some("on_time"));
}

#[test]
fn one_score_is_that_of_the_second_label() {
    let d = decide(&[0.75]);
    assert_eq!(d.predicted.as_deref(), Some("late"));
    assert_eq!(d.scores.unwrap().values(), [0.25, 0.75]);
}

#[test]
fn scores_that_are_no_probabilities_are_never_an_answer() {
    for bad in [[f64::NAN, 0.5], [0.5, f64::INFINITY], [-0.1, 1.1], [3.0, -2.0]] {
        let d = decide(&bad);
        assert_eq!(
            (d.action, d.reason, d.label, d.scores),
            (Action::Escalate, Reason::BadScores, None, None)
        );
    }
    assert_eq!(decide(&[0.2, 0.3, 0.5]).reason, Reason::BadScores);
    assert_eq!(decide(&[]).reason, Reason::BadScores);
}

#[test]
fn the_gravest_violation_decides() {
    let d = flights();
    let with = |v: Vec<Violation>| d.decide(Outcome::Scores(&[0.9, 0.1]), v);
    assert_eq!(with(vec![violation(Severity::Warn)]).action, Action::Accept);
    let escalated = with(vec![violation(Severity::Warn), violation(Severity::Escalate)]);
    assert_eq!((escalated.action, escalated.reason), (Action::Escalate, Reason::Violation));
    assert_eq!(
        escalated.predicted.as_deref(),
        Some("on_time"),
        "the reviewer sees the model's view"
    );
    let refused = with(vec![violation(Severity::Reject), violation(Severity::Escalate)]);
    assert_eq!((refused.action, refused.scores), (Action::Reject, None));
}

#[test]
fn a_failed_model_escalates() {
    let d = flights().decide(Outcome::Failed, Vec::new());
    assert_eq!((d.action, d.reason), (Action::Escalate, Reason::ModelFailed));
}

#[test]
fn a_number_is_held_to_its_bounds() {
    let policy = policy(
        r#"{"format":"driftline.policy/1","value":{"minimum":0,"maximum":10,"outside":"default","default_value":5}}"#,
    );
    let d = Decider::new(&policy, &outputs(OutputKind::Regression, &[]), "sha256:00").unwrap();
    let at = |x: f64| d.decide(Outcome::Scores(&[x]), Vec::new());
    assert_eq!((at(10.0).action, at(10.0).value), (Action::Accept, Some(10.0)));
    assert_eq!((at(10.5).action, at(10.5).value), (Action::Default, Some(5.0)));
    assert_eq!(at(f64::NAN).reason, Reason::BadScores);
}

#[test]
fn thresholds_are_compared_with_calibrated_scores() {
    let policy = policy(
        r#"{"format":"driftline.policy/1","calibration":{"method":"isotonic","labels":{"late":[0,0,1,0.5]}},
            "labels":{"on_time":{"threshold":0.75},"late":{"threshold":0.5}}}"#,
    );
    let d = Decider::new(&policy, &outputs(OutputKind::Binary, &["on_time", "late"]), "x").unwrap();
    let d = d.decide(Outcome::Scores(&[0.5, 0.5]), Vec::new());
    assert_eq!((d.action, d.confidence), (Action::Accept, Some(0.75)));
    assert_eq!(d.scores.unwrap().values(), [0.75, 0.25]);
}

#[test]
fn without_a_threshold_no_confidence_is_enough() {
    let text = r#"{"format":"driftline.policy/1","labels":{
        "on_time":{"threshold":null},"late":{"threshold":0.7}}}"#;
    let d = Decider::new(&policy(text), &outputs(OutputKind::Binary, &["on_time", "late"]), "x")
        .unwrap();
    let d = d.decide(Outcome::Scores(&[1.0, 0.0]), Vec::new());
    assert_eq!((d.action, d.reason), (Action::Escalate, Reason::NoThreshold));
    let forgotten = text.replace(r#""threshold":null"#, "");
    let error = Policy::from_json(forgotten.as_bytes()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::PolicySyntax, "a threshold is said, not left out");
}

#[test]
fn an_escalated_record_carries_the_labels_it_may_have() {
    let policy = policy(
        r#"{"format":"driftline.policy/1","label_sets":{"coverage":0.9,"minimum_score":0.2},
            "labels":{"a":{"threshold":0.9},"b":{"threshold":0.9},"c":{"threshold":0.9}}}"#,
    );
    let outputs = outputs(OutputKind::Multiclass, &["a", "b", "c"]);
    let d = Decider::new(&policy, &outputs, "x").unwrap();
    let set = |scores: &[f64]| {
        let set = d.decide(Outcome::Scores(scores), Vec::new()).label_set;
        set.map(|set| set.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(set(&[0.2, 0.1, 0.7]).as_deref(), Some("a c"));
    assert_eq!(set(&[0.0, 0.05, 0.95]), None, "an accepted record needs no reviewer");
    let mut strict = policy.clone();
    strict.label_sets = Some(LabelSets { coverage: 0.5, minimum_score: 0.99 });
    let d = Decider::new(&strict, &outputs, "x").unwrap();
    let d = d.decide(Outcome::Scores(&[0.5, 0.3, 0.2]), Vec::new());
    assert_eq!(d.label_set.unwrap().len(), 1, "never empty");
}

#[test]
fn a_number_is_accepted_where_its_interval_is_narrow_enough() {
    let policy = policy(
        r#"{"format":"driftline.policy/1","value":{"interval":{"coverage":0.9,"edges":[10,20],
            "half_widths":[1.5,4,null],"tolerance":2}}}"#,
    );
    let d = Decider::new(&policy, &outputs(OutputKind::Regression, &[]), "x").unwrap();
    let at = |x: f64| {
        let d = d.decide(Outcome::Scores(&[x]), Vec::new());
        (d.reason, d.interval)
    };
    assert_eq!(at(9.5), (Reason::WithinBounds, Some([8.0, 11.0])));
    assert_eq!(at(10.0), (Reason::WideInterval, Some([6.0, 14.0])));
    assert_eq!(at(20.0), (Reason::WideInterval, None));
    for bad in [
        r#"{"coverage":1,"half_widths":[1]}"#,
        r#"{"coverage":0.9,"half_widths":[]}"#,
        r#"{"coverage":0.9,"half_widths":[-1]}"#,
        r#"{"coverage":0.9,"edges":[2,1],"half_widths":[1,1,1]}"#,
    ] {
        let text = format!(r#"{{"format":"driftline.policy/1","value":{{"interval":{bad}}}}}"#);
        let policy = Policy::from_json(text.as_bytes()).unwrap();
        assert!(policy.check(&outputs(OutputKind::Regression, &[])).is_err(), "{bad}");
    }
    let never = Policy::from_json(br#"{"format":"driftline.policy/1","value":{"never":true}}"#);
    let d = Decider::new(&never.unwrap(), &outputs(OutputKind::Ranking, &[]), "x").unwrap();
    assert_eq!(d.decide(Outcome::Scores(&[1.0]), Vec::new()).reason, Reason::NoThreshold);
}

#[test]
fn policies_that_do_not_fit_are_refused_with_their_path() {
    let binary = outputs(OutputKind::Binary, &["a", "b"]);
    let cases = [
        (r#""labels":{"a":{"threshold":0.5}}"#, "labels"),
        (r#""labels":{"a":{"threshold":0.5},"b":{"threshold":1.5}}"#, "labels.b.threshold"),
        (
            r#""labels":{"a":{"threshold":0.5},"b":{"threshold":0.5},"c":{"threshold":0.5}}"#,
            "labels.c",
        ),
        (
            r#""labels":{"a":{"threshold":0.5,"below":"default"},"b":{"threshold":0.5}}"#,
            "default_label",
        ),
        (
            r#""labels":{"a":{"threshold":0.5},"b":{"threshold":0.5}},"default_label":"c""#,
            "default_label",
        ),
        (r#""labels":{"a":{"threshold":0.5},"b":{"threshold":0.5}},"value":{}"#, "value"),
    ];
    for (body, path) in cases {
        let error = policy(&format!(r#"{{"format":"driftline.policy/1",{body}}}"#))
            .check(&binary)
            .unwrap_err();
        assert_eq!(
            (error.code(), error.place().path.as_deref()),
            (ErrorCode::PolicyInvalid, Some(path)),
            "{body}"
        );
    }
    let old = policy(r#"{"format":"driftline.policy/0"}"#).check(&binary).unwrap_err();
    assert_eq!(old.code(), ErrorCode::FormatVersion);
    let typo = Policy::from_json(br#"{"format":"driftline.policy/1","treshold":1}"#).unwrap_err();
    assert_eq!(typo.code(), ErrorCode::PolicySyntax);
}

#[test]
fn decisions_serialise_in_one_order() {
    let expected = concat!(
        r#"{"action":"accept","reason":"confident","label":"on_time","value":null,"#,
        r#""predicted":"on_time","confidence":0.875,"scores":{"on_time":0.875,"late":0.125},"#,
        r#""violations":[],"identity":"sha256:00"}"#
    );
    assert_eq!(serde_json::to_string(&decide(&[0.875, 0.125])).unwrap(), expected);
}

proptest! {
    #[test]
    fn accepted_means_that_the_threshold_is_reached(p in 0.0f64..=1.0) {
        let d = decide(&[1.0 - p, p]);
        let threshold = if d.predicted.as_deref() == Some("late") { 0.7 } else { 0.8 };
        prop_assert_eq!(d.action == Action::Accept, d.confidence.unwrap() >= threshold);
        prop_assert_eq!(d.label.is_some(), matches!(d.action, Action::Accept | Action::Default));
    }
}
