use super::*;
use crate::contract::Severity;
use crate::decision::{Counts, Decision, Policy};
use crate::error::ErrorCode;
use crate::limits::MAX_TRACKED_IDENTIFIERS;

const INPUTS: &str = r#"[{"name":"id","type":"text"},{"name":"amount","type":"number"},
    {"name":"at","type":"timestamp"},{"name":"kind","type":"category","values":["a","b"]}]"#;

fn decider_of(kind: &str, labels: &str, policy: &str) -> Result<Decider> {
    let contract = format!(
        r#"{{"format":"driftline.contract/1","name":"t","inputs":{INPUTS},
            "outputs":{{"kind":"{kind}","labels":{labels},"scores":"s"}}}}"#
    );
    let contract = Contract::from_json(contract.as_bytes()).unwrap();
    let text = format!(r#"{{"format":"driftline.policy/1",{policy}}}"#);
    let policy = Policy::from_json(text.as_bytes()).unwrap();
    Decider::new(&policy, contract.outputs.as_ref().unwrap(), "sha256:00")?.watching(&contract)
}

const LABELS: &str = r#""labels":{"no":{"threshold":0.8},"yes":{"threshold":0.8}}"#;

fn binary(policy: &str) -> Decider {
    let policy = format!(r#"{LABELS},"default_label":"no",{policy}"#);
    decider_of("binary", r#"["no","yes"]"#, &policy).unwrap()
}

fn cells(id: &str, amount: f64) -> Vec<Cell<'_>> {
    vec![Cell::Text(id.into()), Cell::Number(amount), Cell::Missing, Cell::Category(1)]
}

/// A decision on the second label's score.
fn one(d: &Decider, state: &mut State, id: &str, score: f64) -> Decision {
    let seen = d.see(&cells(id, 50.0), state);
    let mut decision = d.decide(Outcome::Scores(&[score]), Vec::new());
    d.settle(&mut decision, &seen, state);
    decision
}

fn keyed() -> State {
    State { key: Some([7; 32]), ..State::default() }
}

fn at(state: &mut State, hours: f64) {
    state.now_ms = hours * 3_600_000.0;
}

fn violation() -> Violation {
    Violation {
        code: ErrorCode::OutOfRange,
        input: "x".into(),
        severity: Severity::Escalate,
        message: String::new(),
    }
}

const EVERYTHING: &str = r#"
    "kill_switch":"reject","suspended":"default","on_error":"escalate",
    "rules":[{"name":"large","when":[{"input":"amount","at_least":100}],"action":"default","default_label":"yes"}],
    "assertions":[{"name":"b_is_never","check":"implies","action":"escalate",
        "when":[{"input":"kind","is":["b"]}],"then":[{"input":"id","is":["fine"]}]}]"#;

#[test]
fn of_all_that_holds_the_first_of_the_table_decides() {
    let d = binary(EVERYTHING);
    let outcomes: [(&[f64], &str); 4] = [
        (&[], "model_failed"),
        (&[f64::NAN], "bad_scores"),
        (&[0.6], "low_confidence"),
        (&[0.9], "confident"),
    ];
    for case in 0..32u32 {
        let [killed, broken, assertion, rule, suspended] =
            [1, 2, 4, 8, 16].map(|bit| case & bit > 0);
        for (scores, said) in outcomes {
            let sound = !matches!(said, "model_failed" | "bad_scores");
            // the table of docs/decisions.md
            let expected = [
                ("killed", killed),
                ("violation", broken),
                ("model_failed", said == "model_failed"),
                ("bad_scores", said == "bad_scores"),
                ("assertion", sound && assertion),
                ("rule", rule),
                ("low_confidence", said == "low_confidence"),
                ("suspended", suspended),
                ("confident", true),
            ];
            let expected = expected.iter().find(|(_, holds)| *holds).unwrap().0;
            let mut state = keyed();
            (state.killed, state.suspended) = (killed, suspended);
            let violations = if broken { vec![violation()] } else { Vec::new() };
            let cells =
                cells(if assertion { "no" } else { "fine" }, if rule { 100.0 } else { 1.0 });
            let decision = if killed {
                d.killed(violations, &mut state)
            } else {
                let seen = d.see(&cells, &state);
                let outcome =
                    if scores.is_empty() { Outcome::Failed } else { Outcome::Scores(scores) };
                let mut decision = d.decide(outcome, violations);
                d.settle(&mut decision, &seen, &mut state);
                decision
            };
            assert_eq!(decision.reason.as_str(), expected, "{case:05b} {said}: {decision:?}");
        }
    }
}

#[test]
fn a_rule_answers_its_own_default_and_says_its_name() {
    let d = binary(EVERYTHING);
    let mut state = keyed();
    let seen = d.see(&cells("fine", 100.0), &state);
    let mut decision = d.decide(Outcome::Scores(&[0.1]), Vec::new());
    d.settle(&mut decision, &seen, &mut state);
    assert_eq!(
        (decision.action, decision.label.as_deref(), decision.rule.as_deref(), decision.overruled),
        (Action::Default, Some("yes"), Some("large"), Some(Reason::Confident))
    );
    let outside = d.see(&cells("fine", 100f64.next_down()), &state);
    let mut decision = d.decide(Outcome::Scores(&[0.1]), Vec::new());
    d.settle(&mut decision, &outside, &mut state);
    assert_eq!((decision.reason, decision.rule), (Reason::Confident, None));
}

#[test]
fn a_suspended_gate_withholds_accepts_alone() {
    let d = binary(r#""suspended":"default""#);
    let mut state = State { suspended: true, ..State::default() };
    let accepted = one(&d, &mut state, "x", 0.9);
    assert_eq!(
        (
            accepted.action,
            accepted.reason,
            accepted.label.as_deref(),
            accepted.predicted.as_deref()
        ),
        (Action::Default, Reason::Suspended, Some("no"), Some("yes"))
    );
    assert_eq!(one(&d, &mut state, "x", 0.6).reason, Reason::LowConfidence);
    state.suspended = false;
    assert_eq!(one(&d, &mut state, "x", 0.9).action, Action::Accept);
}

#[test]
fn a_killed_gate_decides_all_alike_and_still_names_violations() {
    let d = binary(r#""kill_switch":"default""#);
    let decision = d.killed(vec![violation()], &mut State::default());
    assert_eq!(
        (decision.action, decision.reason, decision.label.as_deref(), decision.violations.len()),
        (Action::Default, Reason::Killed, Some("no"), 1)
    );
}

#[test]
fn what_goes_beyond_the_days_budget_is_declared() {
    for (used_up, action, label) in [
        ("accept", Action::Accept, Some("yes")),
        ("default", Action::Default, Some("no")),
        ("reject", Action::Reject, None),
    ] {
        let d = binary(&format!(r#""budget":{{"per_day":2,"used_up":"{used_up}"}}"#));
        assert!(d.needs_clock());
        let mut state = State::default();
        at(&mut state, 1000.0 * 24.0 + 23.9);
        for _ in 0..2 {
            assert_eq!(one(&d, &mut state, "x", 0.6).action, Action::Escalate);
        }
        assert_eq!(one(&d, &mut state, "x", 0.9).action, Action::Accept, "takes no budget");
        let beyond = one(&d, &mut state, "x", 0.6);
        assert_eq!(
            (beyond.action, beyond.reason, beyond.overruled, beyond.label.as_deref()),
            (action, Reason::BudgetUsedUp, Some(Reason::LowConfidence), label)
        );
        at(&mut state, 1001.0 * 24.0);
        assert_eq!(one(&d, &mut state, "x", 0.6).action, Action::Escalate, "a new day");
        one(&d, &mut state, "x", 0.6);
        at(&mut state, 1000.0 * 24.0);
        assert_eq!(one(&d, &mut state, "x", 0.6).reason, Reason::BudgetUsedUp, "no second budget");
    }
}

#[test]
fn a_used_up_budget_accepts_no_answer_that_is_unsound() {
    let d = binary(r#""budget":{"per_day":0,"used_up":"accept"}"#);
    for (outcome, violations) in
        [(Outcome::Failed, vec![]), (Outcome::Scores(&[0.9]), vec![violation()])]
    {
        let mut decision = d.decide(outcome, violations);
        d.settle(&mut decision, &Seen::default(), &mut State::default());
        assert_eq!((decision.action, decision.label), (Action::Reject, None));
    }
}

#[test]
fn the_budgets_day_begins_where_the_policy_says() {
    let d = binary(r#""budget":{"per_day":1,"used_up":"reject","utc_offset_minutes":-300}"#);
    let mut state = State::default();
    at(&mut state, 24_000.0);
    one(&d, &mut state, "x", 0.6);
    at(&mut state, 24_000.0 + 4.99);
    assert_eq!(one(&d, &mut state, "x", 0.6).action, Action::Reject);
    at(&mut state, 24_000.0 + 5.0);
    assert_eq!(one(&d, &mut state, "x", 0.6).action, Action::Escalate);
}

const FLICKER: &str = r#""assertions":[{"name":"steady","check":"flicker","identifier":["id"],
    "within_seconds":3600,"action":"escalate"}]"#;

#[test]
fn flicker_is_a_way_back_within_the_window() {
    let d = binary(FLICKER);
    assert!(d.needs_key() && d.needs_clock());
    let mut state = keyed();
    let mut answer = |hours: f64, id: &str, score: f64| {
        at(&mut state, hours);
        one(&d, &mut state, id, score).reason.as_str()
    };
    assert_eq!(answer(0.0, "p", 0.9), "confident");
    assert_eq!(answer(0.2, "p", 0.1), "confident", "one change is none");
    assert_eq!(answer(0.3, "q", 0.9), "confident", "another identifier");
    assert_eq!(answer(0.9, "p", 0.9), "assertion");
    assert_eq!(answer(3.0, "p", 0.1), "confident", "too long after");
    let counts = state.counts();
    assert_eq!(counts, [Counts { checked: 5, broken: 1 }]);
}

#[test]
fn an_identifier_keeps_its_value() {
    let d = binary(
        r#""assertions":[{"name":"same","check":"consistent","identifier":["id","kind"],"of":"amount"}]"#,
    );
    let mut state = keyed();
    let mut see = |id: &str, amount: f64| {
        let seen = d.see(&cells(id, amount), &state);
        let mut decision = d.decide(Outcome::Scores(&[0.9]), Vec::new());
        d.settle(&mut decision, &seen, &mut state);
        assert_eq!(decision.action, Action::Accept, "without an action it is only counted");
        decision.assertions.len()
    };
    assert_eq!([see("p", 1.0), see("p", 1.0), see("q", 2.0), see("p", 2.0)], [0, 0, 0, 1]);
}

#[test]
fn histories_are_bounded_and_hold_no_identifier() {
    let d = binary(FLICKER);
    let mut state = keyed();
    for i in 0..3 * MAX_TRACKED_IDENTIFIERS {
        at(&mut state, i as f64);
        one(&d, &mut state, &format!("person-{i}"), 0.9);
    }
    let text = format!("{state:?}");
    assert_eq!(text.matches("last_time").count(), MAX_TRACKED_IDENTIFIERS);
    assert!(!text.contains("person"));
    let mut other = State { key: Some([8; 32]), ..State::default() };
    let keys = |state: &State| d.see(&cells("person-1", 1.0), state).tracks;
    assert_ne!(keys(&state), keys(&other), "the hash depends on the key");
    other.key = None;
    one(&d, &mut other, "p", 0.9);
    assert_eq!(other.counts(), [], "nothing is remembered without a key");
}

#[test]
fn routes_are_taken_by_reason_and_label_and_time_out_as_declared() {
    let d = binary(
        r#""routes":[
            {"name":"bad","reasons":["model_failed","bad_scores"]},
            {"name":"yes_desk","labels":["yes"],"due_minutes":30,"unanswered":"default"},
            {"name":"rest"}]"#,
    );
    let mut state = State::default();
    let mut failed = d.decide(Outcome::Failed, Vec::new());
    d.settle(&mut failed, &Seen::default(), &mut state);
    assert_eq!(failed.route.as_deref(), Some("bad"));
    assert!(!d.time_out(&mut failed), "it goes on waiting");
    assert_eq!(one(&d, &mut state, "x", 0.3).route.as_deref(), Some("rest"));
    assert_eq!(one(&d, &mut state, "x", 0.9).route, None, "nobody is asked");
    let mut due = one(&d, &mut state, "x", 0.6);
    assert_eq!(due.route.as_deref(), Some("yes_desk"));
    assert!(d.time_out(&mut due));
    assert_eq!(
        (due.action, due.reason, due.label.as_deref(), due.overruled),
        (Action::Default, Reason::TimedOut, Some("no"), Some(Reason::LowConfidence))
    );
    assert!(!d.time_out(&mut due), "only once");
}

#[test]
fn of_several_labels_the_gravest_fallback_decides() {
    let d = decider_of(
        "multilabel",
        r#"["a","b","c"]"#,
        r#""default_labels":["c"],"labels":{"a":{"threshold":0.7,"below":"default"},
            "b":{"threshold":0.9,"below":"escalate"},"c":{"threshold":0.6,"below":"default"}}"#,
    )
    .unwrap();
    let decide = |scores: &[f64]| d.decide(Outcome::Scores(scores), Vec::new());
    let names = |list: &[Arc<str>]| list.iter().map(|l| l.to_string()).collect::<Vec<_>>();
    let sure = decide(&[0.9, 0.05, 0.8]);
    assert_eq!((sure.action, sure.confidence), (Action::Accept, Some(0.8)));
    assert_eq!(names(&sure.labels.unwrap()), ["a", "c"]);
    let default = decide(&[0.6, 0.95, 0.5]);
    assert_eq!((default.action, default.reason), (Action::Default, Reason::LowConfidence));
    assert_eq!(names(&default.labels.unwrap()), ["b", "c"], "the uncertain ones by default");
    assert_eq!(names(&default.uncertain), ["a", "c"]);
    let asked = decide(&[0.6, 0.8, 0.9]);
    assert_eq!(
        (asked.action, asked.labels, names(&asked.uncertain).len()),
        (Action::Escalate, None, 2)
    );
    assert_eq!(decide(&[0.6, 0.8]).reason, Reason::BadScores);
    assert_eq!(decide(&[0.6, 0.8, 1.2]).reason, Reason::BadScores);
    let failed = d.decide(Outcome::Failed, vec![violation()]);
    assert_eq!((failed.action, failed.labels), (Action::Escalate, None));
}

#[test]
fn a_score_of_a_ranking_and_a_regressions_number_have_rules_of_their_own() {
    for kind in ["ranking", "regression"] {
        let d = decider_of(
            kind,
            "[]",
            r#""value":{"minimum":0,"default_value":1},"rules":[{"name":"huge","action":"default",
                "default_value":9,"when":[{"answer":"value","at_least":10}]}]"#,
        )
        .unwrap();
        let decide = |x: f64| {
            let mut decision = d.decide(Outcome::Scores(&[x]), Vec::new());
            d.settle(&mut decision, &Seen::default(), &mut State::default());
            (decision.reason.as_str(), decision.value, decision.predicted_value)
        };
        assert_eq!(decide(5.0), ("within_bounds", Some(5.0), Some(5.0)));
        assert_eq!(decide(10.0), ("rule", Some(9.0), Some(10.0)));
        assert_eq!(decide(-1.0), ("out_of_bounds", None, Some(-1.0)));
    }
}

#[test]
fn every_reason_of_the_precedence_stands_there_once() {
    for reason in Reason::ALL {
        let times = PRECEDENCE.iter().filter(|r| *r == reason).count();
        let after = matches!(reason, Reason::BudgetUsedUp | Reason::TimedOut);
        assert_eq!(times, usize::from(!after), "{}", reason.as_str());
    }
}

#[test]
fn terms_that_do_not_fit_are_refused_with_their_path() {
    let cases = [
        (r#""rules":[{"name":"r","when":[],"action":"reject"}]"#, "rules[0]"),
        (
            r#""rules":[{"name":"r","when":[{"input":"no","missing":true}],"action":"reject"}]"#,
            "rules[0].when[0]",
        ),
        (
            r#""rules":[{"name":"r","when":[{"input":"id","below":3}],"action":"reject"}]"#,
            "rules[0].when[0]",
        ),
        (
            r#""rules":[{"name":"r","when":[{"input":"amount","is":["a"]}],"action":"reject"}]"#,
            "rules[0].when[0]",
        ),
        (
            r#""rules":[{"name":"r","when":[{"input":"amount"}],"action":"reject"}]"#,
            "rules[0].when[0]",
        ),
        (
            r#""rules":[{"name":"r","when":[{"answer":"value","below":3}],"action":"reject"}]"#,
            "rules[0].when[0]",
        ),
        (
            r#""rules":[{"name":"r","when":[{"answer":"predicted","is":["maybe"]}],"action":"reject"}]"#,
            "rules[0].when[0]",
        ),
        (
            r#""rules":[{"name":"r","when":[{"input":"amount","below":3}],"action":"reject","route":"x"}]"#,
            "rules[0]",
        ),
        (
            r#""rules":[{"name":"r","when":[{"input":"amount","below":3}],"action":"default","default_value":3}]"#,
            "rules[0]",
        ),
        (r#""routes":[{"name":"a"},{"name":"a"}]"#, "routes"),
        (r#""routes":[{"name":"a","reasons":["tired"]}]"#, "routes[0]"),
        (r#""routes":[{"name":"a","unanswered":"reject"}]"#, "routes[0]"),
        (r#""assertions":[{"name":"a","check":"flicker"}]"#, "assertions[0]"),
        (
            r#""assertions":[{"name":"a","check":"flicker","identifier":["id"],"time":"amount"}]"#,
            "assertions[0]",
        ),
        (
            r#""assertions":[{"name":"a","check":"implies","when":[{"input":"id","missing":true}]}]"#,
            "assertions[0]",
        ),
        (
            r#""budget":{"per_day":1,"used_up":"reject","utc_offset_minutes":1441}"#,
            "budget.utc_offset_minutes",
        ),
        (r#""default_labels":["no"]"#, "default_labels"),
    ];
    for (body, path) in cases {
        let policy = format!("{LABELS},{body}");
        let error = decider_of("binary", r#"["no","yes"]"#, &policy).unwrap_err();
        assert_eq!(
            (error.code(), error.place().path.as_deref()),
            (ErrorCode::PolicyInvalid, Some(path)),
            "{body}: {error}"
        );
    }
    for body in [
        r#""kill_switch":"default""#,
        r#""suspended":"default""#,
        r#""budget":{"per_day":1,"used_up":"default"}"#,
        r#""routes":[{"name":"a","due_minutes":1,"unanswered":"default"}]"#,
    ] {
        let policy = format!("{LABELS},{body}");
        let error = decider_of("binary", r#"["no","yes"]"#, &policy).unwrap_err();
        assert_eq!(error.place().path.as_deref(), Some("default_label"), "{body}");
    }
}
