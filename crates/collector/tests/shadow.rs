//! Counts of candidates over HTTP: added up once each, by pair of bundles, with their verdict.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Answer, HOUR, Served, app, instant, settings};
use driftline_collector::Config;
use driftline_collector::config::Caps;
use driftline_collector::deployments::Deployments;
use serde_json::{Value, json};

fn identity(nth: u8) -> String {
    format!("sha256:{}", format!("{nth:02x}").repeat(32))
}

fn id(nth: u64) -> String {
    format!("00000000-0000-4000-8000-{nth:012x}")
}

/// So many equal answers and so many others.
fn counts(same: i64, other: i64) -> Value {
    let mut agreement = vec![0; 20];
    (agreement[18], agreement[19]) = (other, same);
    let mut actions = vec![vec![0; 4]; 4];
    actions[0][0] = same + other;
    json!({
        "format": "driftline.shadow/1", "live": identity(1), "candidate": identity(2),
        "records": same + other, "failed": 0, "labels": ["late"], "agreement": [agreement],
        "unanswered": 0, "actions": actions, "differences": vec![0; 16],
        "micros": { "live": vec![0; 20], "candidate": vec![0; 20] },
        "truth": { "both": 0, "live": 0, "candidate": 0, "neither": 0 },
    })
}

fn batch(nth: u64, counts: Value) -> Value {
    json!({ "id": id(nth), "channel": "stable", "counts": counts })
}

fn code(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}

fn send(served: &Served, body: &Value) -> Answer {
    served.send("POST", "/v1/shadow", &[], body.to_string().as_bytes())
}

fn deployed(config: Config) -> Served {
    let served = Served::start(config);
    for (sequence, action, nth) in [(1, "release", 1), (2, "canary", 2)] {
        let step = json!({
            "at": instant(HOUR - 10 + sequence), "channel": "stable", "sequence": sequence,
            "action": action, "identity": identity(nth), "percent": 10,
        });
        let answer = served.send("POST", "/v1/deployments", &[], step.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    served
}

#[test]
fn batches_of_a_fleet_add_up_to_one_verdict() {
    let served = deployed(settings());
    for nth in 0..30 {
        let answer = send(&served, &batch(nth, counts(20, 0)));
        assert_eq!(answer.status, 204, "{}", answer.body);
        // nobody alone has enough to tell
        let verdict = &served.get("/v1/shadow").json()["shadows"][0]["verdict"];
        if nth == 0 {
            assert_eq!(verdict["promote"], "wait");
        }
    }
    let found = served.get("/v1/shadow").json();
    let one = &found["shadows"][0];
    assert_eq!(one["counts"]["records"], 600);
    assert_eq!(one["counts"]["agreement"][0][19], 600);
    assert_eq!((&one["batches"], &one["channel"]), (&json!(30), &json!("stable")));
    assert_eq!((&one["from"], &one["to"]), (&json!(instant(HOUR)), &json!(instant(HOUR + 1))));
    assert_eq!(
        (&one["verdict"]["promote"], &one["verdict"]["estimate"]),
        (&json!("yes"), &json!(1.0))
    );
    // the same batches once more are the same batches
    for nth in 0..30 {
        assert_eq!(send(&served, &batch(nth, counts(20, 0))).status, 204);
    }
    assert_eq!(served.get("/v1/shadow").json(), found);
    // a candidate that differs is refused by the evidence
    assert_eq!(send(&served, &batch(99, counts(0, 200))).status, 204);
    let verdict = &served.get("/v1/shadow?least=0.9").json()["shadows"][0]["verdict"];
    assert_eq!((&verdict["promote"], &verdict["estimate"]), (&json!("no"), &json!(0.75)));
    let by_truth =
        &served.get("/v1/shadow?by=accuracy&margin=0.02").json()["shadows"][0]["verdict"];
    assert_eq!((&by_truth["promote"], &by_truth["records"]), (&json!("wait"), &json!(0.0)));
}

#[test]
fn a_question_is_about_the_pair_and_the_time_that_it_names() {
    let served = deployed(settings());
    assert_eq!(send(&served, &batch(1, counts(3, 1))).status, 204);
    let all = |words: &str| served.get(&format!("/v1/shadow?{words}")).json()["shadows"].clone();
    let none = json!([]);
    for words in [
        format!("candidate={}", identity(2)),
        format!("live={}&channel=stable", identity(1)),
        format!("from={}&to={}", instant(HOUR), instant(HOUR + 1)),
    ] {
        assert_eq!(all(&words)[0]["counts"]["records"], 4, "{words}");
    }
    for words in [
        format!("candidate={}", identity(1)),
        "channel=beta".to_owned(),
        format!("to={}", instant(HOUR)),
        format!("from={}", instant(HOUR + 1)),
    ] {
        assert_eq!(all(&words), none, "{words}");
    }
    for words in [
        "level=0",
        "level=nan",
        "least=1",
        "by=taste",
        "least=0.9&margin=0.1",
        "by=accuracy&least=0.9",
    ] {
        let answer = served.get(&format!("/v1/shadow?{words}"));
        assert_eq!((answer.status, code(&answer).as_str()), (400, "bad_usage"), "{words}");
    }
}

#[test]
fn what_is_refused_has_a_code_and_adds_nothing() {
    let apps = vec![app("shop", "pk", &[]), app("edge", "ek", &[])];
    let caps = Caps { records: 1_000, ..Caps::default() };
    let deployments = Deployments { shadow_app: Some("edge".into()), ..Deployments::default() };
    let served = deployed(Config { apps, caps, deployments, ..settings() });
    let good = |nth: u64| {
        let mut body = batch(nth, counts(3, 1));
        body["key"] = "ek".into();
        body
    };
    let with = |path: &str, value: Value| {
        let mut body = good(1);
        *body.pointer_mut(path).unwrap() = value;
        let answer = send(&served, &body);
        (answer.status, code(&answer))
    };
    let refused = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(with("/key", "pk".into()), refused(403, "unknown_key"));
    assert_eq!(with("/key", "nobody".into()), refused(403, "unknown_key"));
    assert_eq!(with("/id", "1".into()), refused(400, "bad_input"));
    assert_eq!(with("/channel", "a/b".into()), refused(400, "bad_input"));
    assert_eq!(with("/counts/records", 5.into()), refused(400, "bad_input"));
    assert_eq!(with("/counts/failed", (-1).into()), refused(400, "bad_input"));
    assert_eq!(with("/counts/live", "sha256:1".into()), refused(400, "bad_input"));
    assert_eq!(with("/counts/candidate", identity(9).into()), refused(404, "unknown_identity"));
    let mut many = good(1);
    many["counts"] = counts(2_000, 0);
    assert_eq!(send(&served, &many).status, 429);
    let long = served.send("POST", "/v1/shadow", &[], &vec![b' '; 300_000]);
    assert_eq!((long.status, code(&long).as_str()), (413, "input_too_large"));
    assert_eq!(served.get("/v1/shadow").json()["shadows"], json!([]));
    assert_eq!(send(&served, &good(1)).status, 204);
    assert_eq!(served.get("/v1/shadow").json()["shadows"][0]["counts"]["records"], 4);
}
