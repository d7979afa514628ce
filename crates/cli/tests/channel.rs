//! Channels from the command line: what each step does, what is refused, and that a kill at any point
//! leaves the old channel or the new one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Answer, Desk};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A private key as `openssl genpkey -algorithm ed25519` writes it, and its public half.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
/// Of another pair.
const STRANGER: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----END PUBLIC KEY-----\n";

/// A desk with a key and three bundles of different policies.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("release.key", KEY).write("release.key.pub", PUBLIC).write("other.pub", STRANGER);
    for (name, threshold) in [("a", 0.61), ("b", 0.62), ("c", 0.63)] {
        let policy = format!(
            "format: driftline.policy/1\nlabels:\n  on_time: {{threshold: {threshold}}}\n  late: \
             {{threshold: 0.69}}\ndefault_label: on_time\n"
        );
        desk.write(&format!("{name}.yaml"), policy);
        let (model, contract) = (common::flights("model.onnx"), common::flights("contract.yaml"));
        let args = ["build", &model, "--contract", &contract, "--policy", &format!("{name}.yaml")];
        desk.run(&[&args[..], &["--no-package", "-o", name]].concat()).good();
    }
    desk
}

fn bundle(name: &str) -> String {
    format!("{name}/flights-delay.driftline")
}

/// Takes a step at a second of a day.
fn step(desk: &Desk, second: u32, args: &[&str]) -> Answer {
    let at = format!("2020-11-23T12:00:{second:02}Z");
    let common = ["--key", "release.key", "--at", &at, "--json"];
    desk.run(&[&args[..1], &["stable.json"], &args[1..], &common].concat())
}

fn release(desk: &Desk, second: u32, name: &str) -> Answer {
    step(desk, second, &["release", &bundle(name), "--url", &format!("bundles/{name}")])
}

fn history(desk: &Desk, key: &str) -> Answer {
    desk.run(&["history", "stable.json", "--trust", key, "--json"])
}

fn channel(desk: &Desk) -> Value {
    history(desk, "release.key.pub").good().lines().remove(0)
}

#[test]
fn a_release_is_tried_promoted_and_taken_back() {
    let desk = desk();
    let first = release(&desk, 1, "a").good().lines().remove(0);
    assert_eq!((first["channel"].as_str(), first["sequence"].as_u64()), (Some("stable"), Some(1)));
    let canary = ["canary", &bundle("b"), "--url", "bundles/b", "--percent", "10"];
    step(&desk, 2, &canary).good();
    step(&desk, 3, &["canary", "--percent", "50"]).good();
    step(&desk, 4, &["promote", "--by", "anna"]).good();
    step(&desk, 5, &["rollback", "--reason", "wrong prices"]).good();
    step(&desk, 6, &["kill", "--reason", "all wrong"]).good();
    assert_eq!(channel(&desk)["killed"], "all wrong");
    step(&desk, 7, &["resume"]).good();
    let renewed = ["renew", "--expires", "2027-01-01T00:00:00+01:00", "--telemetry", "off"];
    step(&desk, 8, &[&renewed[..], &["--minimum-runtime", "0.1.0"]].concat()).good();
    let channel = channel(&desk);
    assert_eq!(channel["live"], first["live"]);
    assert_eq!(channel["expires"], "2026-12-31T23:00:00Z");
    assert_eq!(channel["telemetry"]["off"], true);
    // one switch leaves the other as it is
    let rated = step(&desk, 9, &["renew", "--rate-milli", "500"]).good();
    assert_eq!(rated.lines()[0]["sequence"], 9);
    let both = serde_json::json!({ "off": true, "rate_milli": 500 });
    assert_eq!(self::channel(&desk)["telemetry"], both);
    let told: Vec<String> = channel["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["sequence"], entry["action"].as_str().unwrap()))
        .collect();
    let expected = [
        "1 release",
        "2 canary",
        "3 canary",
        "4 promote",
        "5 rollback",
        "6 kill",
        "7 resume",
        "8 renew",
    ];
    assert_eq!(told, expected);
    assert_eq!(channel["history"][3]["by"], "anna");
    assert_eq!(channel["history"][4]["reason"], "wrong prices");
    // people read it too
    let text = desk.run(&["history", "stable.json", "--trust", "release.key.pub"]).good().out;
    assert!(text.contains("rollback") && text.contains("beacons off"), "{text}");
}

#[test]
fn what_is_refused_has_a_code_and_changes_nothing() {
    let desk = desk();
    assert_eq!(step(&desk, 1, &["promote"]).code(), "channel_step");
    release(&desk, 2, "a").good();
    let before = desk.read("stable.json");
    for (args, code) in [
        (vec!["promote"], "channel_step"),
        (vec!["rollback"], "channel_step"),
        (vec!["resume"], "channel_step"),
        (vec!["canary", "--percent", "5"], "channel_step"),
        (vec!["canary", "--percent", "100"], "bad_usage"),
        (vec!["release", "a/flights-delay.driftline", "--url", "x"], "channel_step"),
        (vec!["release", "a.yaml", "--url", "x"], "bundle_syntax"),
        (vec!["release", "b/flights-delay.driftline", "--url", ""], "channel_invalid"),
        (vec!["kill", "--expires", "2020-01-01T00:00:00Z"], "channel_expired"),
        (vec!["renew", "--expires", "soon"], "bad_usage"),
        (vec!["renew", "--minimum-runtime", "1.0"], "channel_invalid"),
    ] {
        assert_eq!(step(&desk, 3, &args).code(), code, "{args:?}");
    }
    assert_eq!(step(&desk, 1, &["kill"]).code(), "channel_step");
    assert_eq!(desk.read("stable.json"), before);
}

#[test]
fn a_channel_that_somebody_else_wrote_is_not_edited() {
    let desk = desk();
    release(&desk, 1, "a").good();
    assert_eq!(history(&desk, "other.pub").code(), "key_unknown");
    let text = String::from_utf8(desk.read("stable.json")).unwrap();
    for (name, altered) in [
        ("signature_invalid", text.replace("bundles/a", "bundles/x")),
        ("channel_invalid", text.replace("statement", "statements")),
        ("channel_invalid", text[..text.len() / 2].to_owned()),
    ] {
        desk.write("stable.json", &altered);
        assert_eq!(history(&desk, "release.key.pub").code(), name);
        assert_eq!(release(&desk, 2, "b").code(), name);
        assert_eq!(desk.read("stable.json"), altered.as_bytes());
    }
}

#[test]
fn a_key_is_followed_by_the_one_that_it_names() {
    let desk = desk();
    release(&desk, 1, "a").good();
    for name in ["new.key", "third.key"] {
        desk.run(&["keygen", "-o", name]).good();
    }
    let rotate = |key: &str, to: &str, file: &str| {
        desk.run(&["rotate", "--key", key, "--to", to, "-o", file]).good();
    };
    rotate("release.key", "new.key.pub", "second.json");
    rotate("new.key", "third.key.pub", "third.json");
    let step = |second: u32, verb: &str, key: &str, more: &[&str]| {
        let at = format!("2020-11-23T12:01:{second:02}Z");
        desk.run(&[&[verb, "stable.json", "--at", &at, "--json", "--key", key], more].concat())
    };
    // the new key alone may not edit, and a rotation that cannot be checked is not carried
    assert_eq!(step(1, "renew", "new.key", &["--rotation", "second.json"]).code(), "key_unknown");
    let trust = ["--trust", "release.key.pub"];
    let unchecked = [&trust[..], &["--rotation", "third.json"]].concat();
    assert_eq!(step(1, "renew", "third.key", &unchecked).code(), "key_unknown");
    let no_rotation =
        step(1, "renew", "new.key", &[&trust[..], &["--rotation", "a.yaml"]].concat());
    assert_eq!(no_rotation.code(), "bad_input");
    step(1, "renew", "new.key", &[&trust[..], &["--rotation", "second.json"]].concat()).good();
    for pinned in ["release.key.pub", "new.key.pub"] {
        assert_eq!(history(&desk, pinned).good().lines()[0]["sequence"], 2);
    }
    assert_eq!(history(&desk, "third.key.pub").code(), "key_unknown");
    // it stays in the file with later steps, and is followed over two changes
    let more = ["--trust", "new.key.pub", "--rotation", "third.json"];
    step(2, "kill", "third.key", &more).good();
    step(3, "resume", "third.key", &[]).good();
    for pinned in ["release.key.pub", "new.key.pub", "third.key.pub"] {
        assert_eq!(history(&desk, pinned).good().lines()[0]["sequence"], 4);
    }
    assert_eq!(history(&desk, "other.pub").code(), "key_unknown");
    // what is altered in a rotation is told, and nothing of the file believed
    let text = String::from_utf8(desk.read("stable.json")).unwrap();
    desk.write("altered.json", text.replace("successor", "succeeded"));
    let told = desk.run(&["history", "altered.json", "--trust", "release.key.pub", "--json"]);
    assert_eq!(told.code(), "signature_invalid");
    step(4, "renew", "third.key", &["--forget-rotations"]).good();
    assert_eq!(history(&desk, "release.key.pub").code(), "key_unknown");
    assert_eq!(history(&desk, "third.key.pub").good().lines()[0]["sequence"], 5);
}

/// Where the process may be ended, and whether the channel is the new one then.
const POINTS: [(&str, bool); 7] = [
    ("locked", false),
    ("created", false),
    ("half-written", false),
    ("written", false),
    ("synced", false),
    ("renamed", true),
    ("folder-synced", true),
];

fn aborted(desk: &Desk, point: &str, args: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_driftline"))
        .args(args)
        .current_dir(desk.path("."))
        .env("DRIFTLINE_TEST_ABORT_AT", point)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), None, "{point} was not reached");
}

#[test]
fn a_kill_at_any_point_leaves_the_old_channel_or_the_new_one() {
    let desk = desk();
    release(&desk, 1, "a").good();
    let file = bundle("b");
    for (point, new) in POINTS {
        let before = channel(&desk);
        let bundle = if before["live"]["url"] == "b" { bundle("a") } else { file.clone() };
        let url = if before["live"]["url"] == "b" { "a" } else { "b" };
        let args = ["release", "stable.json", &bundle, "--url", url, "--key", "release.key"];
        aborted(&desk, point, &args);
        let after = channel(&desk);
        let expected = before["sequence"].as_u64().unwrap() + u64::from(new);
        assert_eq!(after["sequence"], expected, "{point}");
        assert_eq!(after["live"]["url"] == url, new, "{point}");
        // what was left behind is in nobody's way
        desk.run(&["kill", "stable.json", "--key", "release.key"]).good();
        desk.run(&["resume", "stable.json", "--key", "release.key"]).good();
        assert_eq!(channel(&desk)["sequence"], expected + 2, "{point}");
    }
    // the first release of all: no channel, or a whole one
    for (point, new) in POINTS {
        std::fs::remove_file(desk.path("stable.json")).unwrap();
        let args = ["release", "stable.json", &file, "--url", "b", "--key", "release.key"];
        aborted(&desk, point, &args);
        assert_eq!(desk.path("stable.json").exists(), new, "{point}");
        if !new {
            desk.run(&args).good();
        }
        assert_eq!(channel(&desk)["sequence"], 1, "{point}");
    }
}

#[test]
fn sigkill_at_a_hundred_moments_leaves_a_whole_channel() {
    let desk = desk();
    release(&desk, 1, "a").good();
    let mut steps = 0;
    for nth in 0u64..100 {
        let before = channel(&desk);
        let step = if before["killed"].is_null() { "kill" } else { "resume" };
        let mut child = Command::new(env!("CARGO_BIN_EXE_driftline"))
            .args([step, "stable.json", "--key", "release.key"])
            .current_dir(desk.path("."))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(nth * 300));
        let _ = child.kill();
        child.wait().unwrap();
        // reading verifies the signature
        let after = channel(&desk);
        let taken = after["sequence"].as_u64().unwrap() - before["sequence"].as_u64().unwrap();
        assert!(taken <= 1);
        assert_eq!(before["killed"] != after["killed"], taken == 1);
        steps += taken;
    }
    println!("{steps} of 100 killed steps were taken");
    assert!((1..100).contains(&steps), "{steps}: all were killed before or after the step");
}

#[test]
fn two_editors_at_once_take_turns_or_are_told() {
    let desk = desk();
    release(&desk, 1, "a").good();
    let editors: Vec<_> = (0..24)
        .map(|_| {
            Command::new(env!("CARGO_BIN_EXE_driftline"))
                .args(["renew", "stable.json", "--key", "release.key", "--json"])
                .current_dir(desk.path("."))
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut done = 0;
    for editor in editors {
        let output = editor.wait_with_output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            done += 1;
        } else {
            assert!(error.contains("somebody else edits"), "{error}");
        }
    }
    assert!(done >= 1);
    assert_eq!(channel(&desk)["sequence"], 1 + done);
}

#[test]
fn the_collector_is_told_and_may_fail_without_harm() {
    let desk = desk();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut heard = Vec::new();
        for status in ["201 Created", "503 Service Unavailable"] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            let mut buffer = [0; 4096];
            while !request.contains("\r\n\r\n{") || !request.ends_with('}') {
                let read = stream.read(&mut buffer).unwrap();
                request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
            )
            .unwrap();
            heard.push(request);
        }
        heard
    });
    let told = ["--collector", &address, "--token", "a token of an admin"];
    let args = ["release", &bundle("a"), "--url", "bundles/a"];
    step(&desk, 1, &[&args[..], &told].concat()).good();
    let failed = step(&desk, 2, &[&["kill"][..], &told].concat());
    assert_eq!(failed.status, 1, "{failed:?}");
    assert_eq!(channel(&desk)["sequence"], 2);
    let heard = server.join().unwrap();
    assert!(heard[0].starts_with("POST /v1/deployments HTTP/1.1"), "{}", heard[0]);
    assert!(heard[0].contains("authorization: Bearer a token of an admin"), "{}", heard[0]);
    let body: Value = serde_json::from_str(heard[0].split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["action"], "release");
    assert_eq!((body["percent"].as_u64(), body["previous"].is_null()), (Some(100), true));
}

/// A collector that may edit the channel, until it is dropped.
struct Collector {
    child: std::process::Child,
    address: String,
}

impl Collector {
    fn start(desk: &Desk) -> Self {
        let settings = "[deployments]\napply = true\n[deployments.rules]\nevery_seconds = 1\n\
            activations_at_least = 5\n[[deployments.channels]]\nname = \"stable\"\n\
            file = \"stable.json\"\nkey = \"release.key\"\n";
        desk.write("settings.toml", settings);
        let mut child = Command::new(env!("CARGO_BIN_EXE_driftline"))
            .args(["collect", "--listen", "127.0.0.1:0", "--json", "--data", "counts"])
            .args(["--config", "settings.toml"])
            .current_dir(desk.path("."))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        Self { child, address: told["listening"].as_str().unwrap().to_owned() }
    }

    fn send(&self, method: &str, path: &str, body: &str) -> String {
        let host = self.address.strip_prefix("http://").unwrap();
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        let length = body.len();
        let head = "connection: close\r\nhost: x\r\ncontent-length";
        write!(stream, "{method} {path} HTTP/1.1\r\n{head}: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_rule_of_the_collector_takes_a_failing_canary_back() {
    let desk = desk();
    let collector = Collector::start(&desk);
    let told = ["--collector", &collector.address];
    let args = ["release", &bundle("a"), "--url", "bundles/a"];
    step(&desk, 1, &[&args[..], &told].concat()).good();
    let args = ["canary", &bundle("b"), "--url", "bundles/b", "--percent", "10"];
    step(&desk, 2, &[&args[..], &told].concat()).good();
    let canary = channel(&desk)["canary"]["bundle"]["identity"].clone();
    let failed = serde_json::json!({
        "channel": "stable", "identity": canary, "outcome": "failed", "code": "self_test_failed",
    });
    for _ in 0..5 {
        let answer = collector.send("POST", "/v1/activations", &failed.to_string());
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    }
    let mut tries = 0;
    while channel(&desk)["canary"].is_object() {
        tries += 1;
        assert!(tries < 200, "the rule did not speak");
        std::thread::sleep(Duration::from_millis(50));
    }
    let after = channel(&desk);
    assert_eq!((after["sequence"].as_u64(), &after["live"]["url"]), (Some(3), &"bundles/a".into()));
    let last = &after["history"][2];
    assert_eq!((&last["action"], &last["by"]), (&"rollback".into(), &"rule".into()));
    assert!(last["reason"].as_str().unwrap().contains("100.0% of 5 activations failed"), "{last}");
    // the next step finds the sequence that the collector used
    step_now(&desk, &["renew"], &told);
    let listed = collector.send("GET", "/v1/deployments", "");
    let body: Value = serde_json::from_str(listed.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let actions: Vec<&str> = body["deployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["release", "canary", "rule", "rollback", "renew"]);
}

/// A batch of so many equal and other answers of the canary.
fn batch(desk: &Desk, nth: u64, same: i64, other: i64) -> String {
    let now = channel(desk);
    let mut agreement = vec![0; 20];
    (agreement[18], agreement[19]) = (other, same);
    let counts = serde_json::json!({
        "format": "driftline.shadow/1", "live": now["live"]["identity"],
        "candidate": now["canary"]["bundle"]["identity"], "records": same + other, "failed": 0,
        "labels": ["late"], "agreement": [agreement], "unanswered": 0,
        "actions": [[same + other, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        "differences": vec![0; 16], "micros": { "live": vec![0; 20], "candidate": vec![0; 20] },
        "truth": { "both": 0, "live": 0, "candidate": 0, "neither": 0 },
    });
    let id = format!("00000000-0000-4000-8000-{nth:012x}");
    serde_json::json!({ "id": id, "channel": "stable", "counts": counts }).to_string()
}

#[test]
fn a_canary_is_promoted_when_the_fleet_s_counts_say_so() {
    let desk = desk();
    let collector = Collector::start(&desk);
    let told = ["--collector", &collector.address];
    step(&desk, 1, &[&["release", &bundle("a"), "--url", "bundles/a"][..], &told].concat()).good();
    let blessed = ["promote", "--shadow", &collector.address, "--least", "0.9"];
    let none = step(&desk, 2, &blessed);
    assert!(none.error()["message"].as_str().unwrap().contains("no canary"), "{none:?}");
    let args = ["canary", &bundle("b"), "--url", "bundles/b", "--percent", "10"];
    step(&desk, 2, &[&args[..], &told].concat()).good();
    let refused = |part: &str| {
        let before = desk.read("stable.json");
        let answer = step(&desk, 3, &blessed);
        assert_eq!(answer.code(), "channel_step");
        assert!(answer.error()["message"].as_str().unwrap().contains(part), "{answer:?}");
        assert_eq!(desk.read("stable.json"), before);
    };
    refused("no counts of it");
    let send = |nth: u64, same: i64, other: i64| {
        let answer = collector.send("POST", "/v1/shadow", &batch(&desk, nth, same, other));
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    };
    send(1, 20, 1);
    refused("the verdict is `wait`, agreement 0.9524 over 21 records");
    for nth in 2..20 {
        send(nth, 60, 0);
    }
    let bad = step(&desk, 3, &["promote", "--shadow", &collector.address, "--least", "2"]);
    assert_eq!(bad.code(), "io");
    assert!(bad.error()["message"].as_str().unwrap().contains("`least`"), "{bad:?}");
    let gone = step(&desk, 3, &["promote", "--shadow", "http://127.0.0.1:9"]);
    assert_eq!(gone.code(), "io");
    assert!(channel(&desk)["canary"].is_object());
    step(&desk, 3, &blessed).good();
    assert_eq!(channel(&desk)["live"]["url"], "bundles/b");
}

fn step_now(desk: &Desk, args: &[&str], more: &[&str]) {
    let common = ["--key", "release.key", "--json"];
    desk.run(&[&args[..1], &["stable.json"], &args[1..], &common, more].concat()).good();
}
