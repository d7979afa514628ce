//! The gate as a whole, on a small bundle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use driftline::ErrorCode;
use driftline::decision::{Action, Decision, Reason};
use driftline::gate::Gate;
use proptest::prelude::*;

fn gate() -> Gate {
    Gate::from_bundle(&common::bundle()).unwrap()
}

fn predict(gate: &mut Gate, json: &str) -> Decision {
    let reader = gate.reader().clone();
    gate.predict(reader.read_json(json).unwrap())
}

fn codes(decision: &Decision) -> Vec<(&str, &str)> {
    decision.violations.iter().map(|v| (v.input.as_ref(), v.code.as_str())).collect()
}

const GOOD: &str = r#"{"when": "2013-07-01T12:00:00Z", "x": 1.5, "n": 3, "c": "b"}"#;

#[test]
fn a_good_record_is_decided() {
    let mut gate = gate();
    let d = predict(&mut gate, GOOD);
    // 8 o'clock in New York: softmax([0, 8 − 3 + 1])
    assert_eq!((d.action, d.reason), (Action::Accept, Reason::Confident));
    assert_eq!(d.label.as_deref(), Some("yes"));
    let expected = 1.0 / (1.0 + (-6.0f64).exp());
    assert!((d.confidence.unwrap() - expected).abs() < 1e-6, "{d:?}");
    assert_eq!(d.identity.as_ref(), gate.identity());
    assert!(d.violations.is_empty());
}

#[test]
fn the_same_instant_gives_the_same_decision_whatever_its_offset() {
    let mut gate = gate();
    let at = |when: &str| format!(r#"{{"when": "{when}", "x": 1, "c": "a"}}"#);
    for (utc, local) in [
        ("2013-03-10T06:59:59Z", "2013-03-10T01:59:59-05:00"), // just before the gap
        ("2013-03-10T07:00:00Z", "2013-03-10T03:00:00-04:00"), // just after it
        ("2013-11-03T05:30:00Z", "2013-11-03T01:30:00-04:00"), // first pass of the overlap
        ("2013-11-03T06:30:00Z", "2013-11-03T01:30:00-05:00"), // second pass
        ("2013-07-01T12:00:00Z", "2013-07-01T17:30:00+05:30"),
    ] {
        assert_eq!(predict(&mut gate, &at(utc)), predict(&mut gate, &at(local)), "{utc}");
    }
    let unknown = predict(&mut gate, &at("2013-07-01T12:00:00"));
    assert_eq!(
        (unknown.action, codes(&unknown)),
        (Action::Reject, vec![("when", "missing_offset")])
    );
}

#[test]
fn every_bad_input_is_refused_by_name_and_the_gate_answers_on() {
    let mut gate = gate();
    let good = predict(&mut gate, GOOD);
    let long = "x".repeat(10_000_000);
    type Case<'a> = (String, Action, Vec<(&'a str, &'a str)>);
    let cases: Vec<Case<'_>> = vec![
        (r#"{"when": null, "c": "a"}"#.into(), Action::Reject, vec![("when", "missing_value")]),
        (r#"{"c": "a"}"#.into(), Action::Reject, vec![("when", "missing_value")]),
        (GOOD.replace("1.5", r#""12""#), Action::Reject, vec![("x", "wrong_type")]),
        (GOOD.replace("1.5", "true"), Action::Reject, vec![("x", "wrong_type")]),
        (GOOD.replace("1.5", "[1]"), Action::Reject, vec![("x", "wrong_type")]),
        (GOOD.replace("1.5", "10.001"), Action::Reject, vec![("x", "out_of_range")]),
        (GOOD.replace(": 3", ": 3.5"), Action::Reject, vec![("n", "not_integer")]),
        (GOOD.replace(r#""b""#, r#""z""#), Action::Escalate, vec![("c", "not_in_set")]),
        (GOOD.replace(r#""b""#, r#""""#), Action::Reject, vec![("c", "empty_text")]),
        (GOOD.replace(r#""b""#, &format!("{long:?}")), Action::Reject, vec![("c", "too_long")]),
        (GOOD.replace('{', r#"{"y": 1, "#), Action::Reject, vec![("y", "unknown_field")]),
        (
            GOOD.replace('{', r#"{"__proto__": {"x": 1}, "#),
            Action::Reject,
            vec![("__proto__", "unknown_field")],
        ),
        (GOOD.replace('{', r#"{"x": 1, "#), Action::Reject, vec![("x", "duplicate_field")]),
        ("[1, 2]".into(), Action::Reject, vec![("", "not_a_record")]),
        ("null".into(), Action::Reject, vec![("", "not_a_record")]),
        (
            GOOD.replace("2013-07-01T12:00:00Z", "tomorrow"),
            Action::Reject,
            vec![("when", "bad_timestamp")],
        ),
    ];
    for (json, action, expected) in &cases {
        let found = predict(&mut gate, json);
        let shown: String = json.chars().take(80).collect();
        assert_eq!((found.action, codes(&found)), (*action, expected.clone()), "{shown}");
        assert_eq!(found.label, None, "{shown}");
        assert_eq!(predict(&mut gate, GOOD), good, "after {shown}");
    }
}

#[test]
fn an_integer_that_the_model_cannot_hold_is_no_guess() {
    let mut gate = gate();
    let d = predict(&mut gate, &GOOD.replace(": 3", ": 9007199254740993"));
    assert_eq!(d.action, Action::Reject, "{d:?}");
    assert_eq!(codes(&d), [("n", "not_representable")]);
}

#[test]
fn an_escalated_record_still_shows_the_models_view() {
    let mut gate = gate();
    let d = predict(&mut gate, &GOOD.replace(r#""b""#, r#""z""#));
    assert_eq!((d.action, d.reason), (Action::Escalate, Reason::Violation));
    assert_eq!(d.predicted.as_deref(), Some("yes"));
    assert!(d.scores.is_some() && d.label.is_none());
}

#[test]
fn a_batch_decides_as_single_records_do() {
    let mut gate = gate();
    let lines = [
        GOOD,
        r#"{"when": "2013-07-01T12:00:00Z", "x": 4, "c": "a"}"#,
        r#"{"when": "2013-07-01T12:00", "c": "a"}"#,
        r#"{"when": "2013-07-01T12:00:00Z", "c": "z"}"#,
        r#"{"when": "2013-01-01T05:00:00Z", "x": 0, "n": null, "c": "b"}"#,
    ];
    let single: Vec<_> = lines.iter().map(|line| predict(&mut gate, line)).collect();
    let reader = gate.reader().clone();
    let rows: Vec<_> = lines.iter().map(|line| reader.read_json(line).unwrap()).collect();
    assert_eq!(gate.predict_many(rows).unwrap(), single);
    assert_eq!(gate.predict_many([]).unwrap(), []);
    let refused = reader.read_json("{}").unwrap();
    assert_eq!(gate.predict_many([refused]).unwrap().len(), 1, "a batch that the model never sees");
}

#[test]
fn a_contract_that_does_not_fit_the_model_is_refused() {
    for (from, to) in [
        (r#""name": "input""#, r#""name": "other""#),
        (r#"["hour", "x", "n", "c"]"#, r#"["hour", "x", "n"]"#),
        ("float32", "float64"),
        (r#""scores": "probabilities""#, r#""scores": "label""#),
        (r#"["no", "yes"]"#, r#"["no", "yes", "maybe"]"#),
    ] {
        let error = Gate::from_bundle(&common::with_contract(from, to)).unwrap_err();
        let fits = [ErrorCode::ModelMismatch, ErrorCode::PolicyInvalid, ErrorCode::ContractInvalid];
        assert!(fits.contains(&error.code()), "{to}: {error:?}");
    }
    let zone = common::with_contract("America/New_York", "Europe/Paris");
    assert_eq!(Gate::from_bundle(&zone).unwrap_err().code(), ErrorCode::UnknownZone);
    let policy = common::with_policy(r#""no": {"threshold": 0.75}, "#, "");
    assert_eq!(Gate::from_bundle(&policy).unwrap_err().code(), ErrorCode::PolicyInvalid);
}

#[test]
fn the_identity_changes_with_every_part() {
    let base = gate().identity().to_owned();
    let range = common::with_contract("\"maximum\": 10", "\"maximum\": 11");
    let policy = common::with_policy("0.75}", "0.76}");
    for other in [range, policy] {
        assert_ne!(Gate::from_bundle(&other).unwrap().identity(), base);
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|x| json!(x)),
        ".{0,12}".prop_map(Value::from),
        Just(json!("2013-07-01T12:00:00Z")),
        Just(json!("a")),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..3).prop_map(|m| json!(m)),
        ]
    })
}

proptest! {
    #[test]
    fn any_record_gets_one_decision_with_reason_and_identity(
        when in any_json(), x in any_json(), n in any_json(), c in any_json(),
    ) {
        let mut gate = gate();
        let record = serde_json::json!({"when": when, "x": x, "n": n, "c": c}).to_string();
        let first = predict(&mut gate, &record);
        prop_assert_eq!(&first, &predict(&mut gate, &record));
        prop_assert_eq!(first.identity.as_ref(), gate.identity());
        prop_assert!(first.label.is_none() || matches!(first.action, Action::Accept | Action::Default));
        if let Some(confidence) = first.confidence {
            prop_assert!((0.0..=1.0).contains(&confidence));
        }
    }
}

#[test]
fn switches_and_budget_hold_for_one_record_and_for_many() {
    let bytes = common::with_policy(
        r#""default_label": "no""#,
        r#""default_label": "no", "kill_switch": "reject", "suspended": "escalate",
            "budget": {"per_day": 3, "used_up": "default"}, "routes": [{"name": "desk"}]"#,
    );
    let mut gate = Gate::from_bundle(&bytes).unwrap();
    assert!(gate.info().needs_clock && !gate.info().needs_key);
    gate.set_clock(1.7e12);
    gate.set_killed(true);
    let killed = predict(&mut gate, GOOD);
    assert_eq!(
        (killed.action, killed.reason, killed.scores),
        (Action::Reject, Reason::Killed, None),
        "the model is not asked"
    );
    gate.set_killed(false);
    gate.set_suspended(true);
    let first = predict(&mut gate, GOOD);
    assert_eq!((first.reason, first.route.as_deref()), (Reason::Suspended, Some("desk")));
    let reader = gate.reader().clone();
    let rows = [GOOD; 3].map(|row| reader.read_json(row).unwrap());
    let many = gate.predict_many(rows).unwrap();
    let reasons: Vec<Reason> = many.iter().map(|d| d.reason).collect();
    assert_eq!(reasons, [Reason::Suspended, Reason::Suspended, Reason::BudgetUsedUp]);
    assert_eq!(many[2].overruled, Some(Reason::Suspended));
    gate.set_clock(f64::NAN);
    gate.set_suspended(false);
    assert_eq!(predict(&mut gate, GOOD).action, Action::Accept);
}
