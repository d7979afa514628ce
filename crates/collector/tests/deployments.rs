//! Deployments and activations over HTTP: what was live when, what is refused, and what the rules do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Answer, HOUR, Served, app, beacon, instant, settings};
use driftline_collector::config::{Caps, Tokens};
use driftline_collector::deployments::{ChannelFile, Deployments, Rules, look};
use driftline_collector::{Config, register};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};

fn identity(nth: u8) -> String {
    format!("sha256:{}", format!("{nth:02x}").repeat(32))
}

fn step(sequence: i64, at: i64, action: &str, nth: u8) -> Value {
    json!({
        "at": instant(at), "channel": "stable", "sequence": sequence, "action": action,
        "identity": identity(nth), "previous": null, "percent": 100, "by": "anna", "reason": null,
    })
}

fn put(served: &Served, body: &Value) -> Answer {
    served.send("POST", "/v1/deployments", &[], body.to_string().as_bytes())
}

fn tell(served: &Served, body: &Value) -> Answer {
    served.send("POST", "/v1/activations", &[], body.to_string().as_bytes())
}

fn activation(nth: u8, code: Option<&str>) -> Value {
    let mut body =
        json!({ "channel": "stable", "identity": identity(nth), "outcome": "activated" });
    if let Some(code) = code {
        body["outcome"] = "failed".into();
        body["code"] = code.into();
    }
    body
}

#[test]
fn what_was_live_at_any_instant_is_known() {
    let served = Served::start(settings());
    for (sequence, at, action, nth) in [
        (1, HOUR - 50, "release", 1),
        (2, HOUR - 40, "canary", 2),
        (3, HOUR - 30, "promote", 2),
        (4, HOUR - 20, "kill", 2),
        (5, HOUR - 10, "rollback", 1),
    ] {
        assert_eq!(put(&served, &step(sequence, at, action, nth)).status, 201, "{action}");
    }
    let live = |at: i64| {
        let found = served.get(&format!("/v1/deployments?at={}", instant(at))).json();
        let one = &found["live"][0];
        (one["identity"].clone(), one["canary"]["identity"].clone(), one["killed"].clone())
    };
    let of = |nth: u8| Value::from(identity(nth));
    assert_eq!(live(HOUR - 51), (Value::Null, Value::Null, Value::Null));
    assert_eq!(live(HOUR - 50), (of(1), Value::Null, false.into()));
    assert_eq!(live(HOUR - 31), (of(1), of(2), false.into()));
    assert_eq!(live(HOUR - 30), (of(2), Value::Null, false.into()));
    assert_eq!(live(HOUR - 20), (of(2), Value::Null, true.into()));
    assert_eq!(live(HOUR), (of(1), Value::Null, true.into()));
    // the same step again is the same step; another one under its sequence is not
    assert_eq!(put(&served, &step(5, HOUR - 10, "rollback", 1)).status, 200);
    assert_eq!(put(&served, &step(5, HOUR - 10, "rollback", 3)).status, 409);
    let span = format!("from={}&to={}", instant(HOUR - 40), instant(HOUR - 20));
    let some = served.get(&format!("/v1/deployments?{span}&identity={}", identity(2))).json();
    let actions: Vec<&Value> =
        some["deployments"].as_array().unwrap().iter().map(|one| &one["action"]).collect();
    assert_eq!(actions, ["canary", "promote"]);
    assert_eq!(some["deployments"][0]["at"], instant(HOUR - 40));
}

#[test]
fn activations_are_counted_by_the_hour_and_nothing_else_is_kept() {
    let served = Served::start(settings());
    put(&served, &step(1, HOUR - 1, "release", 1));
    for _ in 0..3 {
        let answer = tell(&served, &activation(1, None));
        assert_eq!(answer.status, 204, "{}", answer.body);
    }
    assert_eq!(tell(&served, &activation(1, Some("self_test_failed"))).status, 204);
    assert_eq!(tell(&served, &activation(1, Some("self_test_failed"))).status, 204);
    assert_eq!(tell(&served, &activation(1, Some("io"))).status, 204);
    let found = served.get("/v1/deployments").json();
    assert_eq!(
        found["activations"],
        json!([{
            "hour": instant(HOUR), "channel": "stable", "identity": identity(1), "activated": 3,
            "failed": [{ "code": "io", "count": 1 }, { "code": "self_test_failed", "count": 2 }],
        }])
    );
}

#[test]
fn what_is_refused_has_a_code_and_counts_nothing() {
    let apps = vec![app("shop", "pk", &["https://shop.example"])];
    let tokens = Tokens { read: Some("r".repeat(16)), admin: Some("a".repeat(16)) };
    let caps = Caps { randomized_beacons: 3, ..Caps::default() };
    let served = Served::start(Config { apps, tokens, caps, ..settings() });
    let admin = format!("Bearer {}", "a".repeat(16));
    let read = format!("Bearer {}", "r".repeat(16));
    let good = step(1, HOUR, "release", 1).to_string();
    let as_who = |who: &str, body: &str| {
        served.send("POST", "/v1/deployments", &[("authorization", who)], body.as_bytes())
    };
    assert_eq!(as_who("Bearer nobody", &good).status, 401);
    assert_eq!(as_who(&read, &good).status, 401);
    assert_eq!(served.get("/v1/deployments").status, 401);
    for (name, from, to) in [
        ("an instant that is none", instant(HOUR), "yesterday".to_owned()),
        ("an action that is none", "release".into(), "launch".into()),
        ("an identity that is none", identity(1), "sha256:1".into()),
        ("a name with a slash", "stable".into(), "a/b".into()),
        ("a share above 100", "\"percent\":100".into(), "\"percent\":101".into()),
        ("a sequence of 0", "\"sequence\":1".into(), "\"sequence\":0".into()),
        ("a member of nobody's", "\"by\"".into(), "\"bye\"".into()),
    ] {
        let answer = as_who(&admin, &good.replace(&from, &to));
        assert_eq!((answer.status, &answer.json()["code"]), (400, &"bad_input".into()), "{name}");
    }
    assert_eq!(as_who(&admin, &good).status, 201);
    let mut one = activation(1, None);
    assert_eq!(tell(&served, &one).json()["code"], "unknown_key");
    one["key"] = "pk".into();
    let origin = [("origin", "https://evil.example")];
    let body = one.to_string();
    let evil = served.send("POST", "/v1/activations", &origin, body.as_bytes());
    assert_eq!(evil.json()["code"], "forbidden_origin");
    let keyed = |change: &dyn Fn(&mut Value)| {
        let mut body = one.clone();
        change(&mut body);
        tell(&served, &body)
    };
    for (name, answer, status) in [
        ("a code without a failure", keyed(&|b| b["code"] = "io".into()), 400),
        ("a failure without a code", keyed(&|b| b["outcome"] = "failed".into()), 400),
        ("an unknown identity", keyed(&|b| b["identity"] = identity(9).into()), 404),
        ("too large a body", keyed(&|b| b["channel"] = "x".repeat(20_000).into()), 413),
    ] {
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
    }
    let unknown = keyed(&|b| {
        b["outcome"] = "failed".into();
        b["code"] = "no_such_code".into();
    });
    assert_eq!(unknown.json()["code"], "unknown_code");
    // one of three was used up by the identity that nobody knows
    assert_eq!([tell(&served, &one).status, tell(&served, &one).status], [204, 204]);
    let enough = tell(&served, &one);
    assert_eq!((enough.status, enough.header("retry-after").is_some()), (429, true));
    let found = served.send("GET", "/v1/deployments", &[("authorization", &read)], b"").json();
    assert_eq!(found["activations"][0]["activated"], 2);
}

static ROLLED: AtomicI64 = AtomicI64::new(0);

/// A canary with so many activations.
fn seed(served: &Served, failures: u64, successes: u64) {
    put(served, &step(1, HOUR - 3, "release", 1));
    put(served, &step(2, HOUR - 2, "canary", 2));
    for _ in 0..failures {
        tell(served, &activation(2, Some("self_test_failed")));
    }
    for _ in 0..successes {
        tell(served, &activation(2, None));
    }
}

fn last(served: &Served) -> Value {
    served.get("/v1/deployments").json()["deployments"].as_array().unwrap().last().unwrap().clone()
}

#[test]
fn a_rule_proposes_once_and_applies_only_if_it_may() {
    let served = Served::start(settings());
    seed(&served, 3, 96);
    let collector = served.collector();
    assert_eq!(look(&collector).unwrap(), 0, "99 activations are too few");
    tell(&served, &activation(2, None));
    assert_eq!(look(&collector).unwrap(), 1);
    let rule = last(&served);
    assert_eq!((&rule["action"], &rule["identity"]), (&"rule".into(), &identity(1).into()));
    assert_eq!(rule["previous"], identity(2));
    let reason = rule["reason"].as_str().unwrap();
    assert!(reason.contains("3.0% of 100") && reason.contains("not applied"), "{reason}");
    assert_eq!(look(&collector).unwrap(), 0, "a rule speaks once");

    let file = ChannelFile { name: "stable".into(), file: "s.json".into(), key: "k".into() };
    let apply = Deployments {
        apply: true,
        channels: vec![file],
        roll_back: Some(|file, key, identity, at, reason| {
            assert_eq!((file.to_str(), key.to_str()), (Some("s.json"), Some("k")));
            assert!(identity.starts_with("sha256:0202") && reason.contains("3.0%"));
            ROLLED.store(at, Ordering::SeqCst);
            Ok(3)
        }),
        ..Deployments::default()
    };
    let served = Served::start(Config { deployments: apply, ..settings() });
    seed(&served, 3, 97);
    assert_eq!(look(&served.collector()).unwrap(), 1);
    assert!(ROLLED.load(Ordering::SeqCst) > 0);
    let done = last(&served);
    assert_eq!((&done["action"], &done["sequence"]), (&"rollback".into(), &3.into()));
    let live = served.get(&format!("/v1/deployments?at={}", instant(HOUR + 1))).json();
    assert_eq!(live["live"][0]["identity"], identity(1));
    assert!(live["live"][0]["canary"].is_null());
}

#[test]
fn an_error_above_the_certified_one_is_found_from_answers() {
    let registration = register::read(&common::bundle(), None).unwrap();
    let identity = registration.identity.clone();
    let rules = Rules { max_error: Some(0.25), ..Rules::default() };
    let settings =
        Config { deployments: Deployments { rules, ..Deployments::default() }, ..settings() };
    let served = Served::start(settings);
    let mut first = step(1, HOUR - 3, "release", 1);
    put(&served, &first);
    first["identity"] = identity.clone().into();
    first["sequence"] = 2.into();
    first["at"] = instant(HOUR - 2).into();
    put(&served, &first);
    // each beacon says that of the accepted answers one was wrong and one was right
    for nth in 0..40 {
        let id = format!("11111111-1111-4111-8111-{nth:012}");
        assert_eq!(served.post(&beacon(&id, HOUR)).status, 204);
        let spoke = look(&served.collector()).unwrap();
        if spoke == 1 {
            let reason = last(&served)["reason"].as_str().unwrap().to_owned();
            assert!(nth > 3, "after {nth} answers: {reason}");
            assert!(reason.contains("accepted answers were wrong"), "{reason}");
            return;
        }
    }
    panic!("half of the answers were wrong, and no rule spoke");
}
