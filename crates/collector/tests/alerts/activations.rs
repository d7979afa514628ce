//! Activations that fail, from the client to the peer.

use crate::common::{HOUR, instant};
use crate::peer::Peer;
use crate::{BRIEF, Running, SOON};
use driftline_collector::alerts::Alerts;
use tempfile::TempDir;

fn settings(peer: &Peer, more: &str) -> Alerts {
    let url = peer.url("/hook");
    toml::from_str(&format!(
        "every_seconds = 3600\n[[rules]]\nname = \"failures\"\nwhat = \"activation_failures\"\n\
         threshold = 0.05\nleast_records = 20\n{more}\n[to.ops]\nkind = \"webhook\"\nurl = \"{url}\"\n"
    ))
    .unwrap()
}

#[test]
fn failures_are_told_after_the_hold_time_and_once_and_their_end_too() {
    let (host, pass) = clock!();
    let (folder, peer) = (TempDir::new().unwrap(), Peer::start(&[]));
    let hold = "hold_minutes = 10\ncooldown_minutes = 240";
    let run = Running::start(folder.path(), settings(&peer, hold), host);
    let id = run.identity.clone();
    run.activate(&id, 3, Some("io"));
    run.activate(&id, 16, Some("self_test_failed"));
    run.look();
    assert!(peer.next(BRIEF).is_none());
    assert_eq!(run.get("/v1/alerts", &[]).1["alerts"], serde_json::json!([]), "19 are too few");

    run.activate(&id, 1, None);
    run.look();
    run.until("the hold time", |all| all[0]["state"] == "pending");
    assert!(peer.next(BRIEF).is_none());
    pass(600);
    run.look();
    let told = peer.next(SOON).unwrap().json();
    for (name, value) in [("rule", "failures"), ("state", "firing"), ("identity", &*id)] {
        assert_eq!(told[name], value, "{name}");
    }
    assert_eq!((&told["value"], &told["threshold"]), (&0.95.into(), &0.05.into()));
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("95.0% of 20 activations"), "{message}");
    assert!(message.contains("most with `self_test_failed`"), "{message}");
    assert!(message.contains(&instant(HOUR + 1)), "{message}");
    pass(600);
    run.look();
    assert!(peer.next(BRIEF).is_none(), "it is told once");

    run.activate(&id, 380, None);
    run.look();
    let end = peer.next(SOON).unwrap().json();
    assert_eq!((&end["state"], &end["id"]), (&"resolved".into(), &told["id"]));

    // it comes again within the cooldown: listed, and told when that is over
    run.activate(&id, 20, Some("io"));
    run.look();
    run.until("the hold time again", |all| all[0]["state"] == "pending");
    pass(600);
    run.look();
    run.until("it fires again", |all| all[0]["state"] == "firing");
    assert!(peer.next(BRIEF).is_none());
    pass(4 * 3_600);
    run.look();
    let again = peer.next(SOON).unwrap().json();
    assert_eq!(again["state"], "firing");
    assert_ne!(again["id"], told["id"]);
}

#[test]
fn hours_before_the_span_are_forgotten_and_the_span_ends_with_the_newest_activation() {
    let (host, pass) = clock!();
    let (folder, peer) = (TempDir::new().unwrap(), Peer::start(&[]));
    let run = Running::start(folder.path(), settings(&peer, "hours = 2"), host);
    let id = run.identity.clone();
    run.activate(&id, 20, Some("io"));
    // long after, but nothing was counted since
    pass(100 * 3_600);
    run.look();
    assert_eq!(peer.next(SOON).unwrap().json()["state"], "firing");
    run.activate(&id, 19, None);
    run.look();
    assert!(peer.next(BRIEF).is_none(), "19 can neither fire nor resolve");
    run.activate(&id, 1, None);
    run.look();
    assert_eq!(peer.next(SOON).unwrap().json()["state"], "resolved");
}

#[test]
fn a_bundle_that_is_only_deployed_is_watched_and_rules_about_others_are_not_about_it() {
    let (host, _) = clock!();
    let (folder, peer) = (TempDir::new().unwrap(), Peer::start(&[]));
    let mut alerts = settings(&peer, "suspend = true");
    let named = |name: &str, model: &str| {
        let mut rule = alerts.rules[0].clone();
        rule.name = name.to_owned();
        rule.models = [model.to_owned()].into();
        rule
    };
    let deployed = format!("sha256:{}", "01".repeat(32));
    let (own, other) = (named("own", &deployed), named("other", "another"));
    alerts.rules.extend([own, other]);
    let run = Running::start(folder.path(), alerts, host);
    let step = serde_json::json!({
        "at": instant(HOUR - 1), "channel": "stable", "sequence": 1, "action": "release",
        "identity": deployed, "previous": null, "percent": 100, "by": null, "reason": null,
    });
    let to = format!("http://{}/v1/deployments", run.address);
    assert_eq!(ureq::post(to).send(step.to_string()).unwrap().status(), 201);
    run.activate(&deployed, 20, Some("io"));
    run.look();
    let mut rules = Vec::new();
    for _ in 0..2 {
        let told = peer.next(SOON).unwrap().json();
        assert_eq!((&told["identity"], &told["name"]), (&told["name"], &deployed.clone().into()));
        rules.push(told["rule"].as_str().unwrap().to_owned());
    }
    rules.sort();
    assert_eq!(rules, ["failures", "own"]);
    assert!(peer.next(BRIEF).is_none());
}
