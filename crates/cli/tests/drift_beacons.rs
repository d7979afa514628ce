//! Drift of what gates counted: exported beacons of every mode, and a collector's sums.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../../collector/tests/common/mod.rs"]
mod collector;
mod common;

use collector::{HOUR, Served, bundle, encoded, place_of, settings};
use common::{Answer, Desk};
use serde_json::{Value, json};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("tiny.driftline", bundle());
    desk
}

fn id(n: usize) -> String {
    format!("33333333-3333-4333-8333-{n:012}")
}

/// The baseline's shares of 300 records, but for `c`, whose values are `a` in so many of them.
fn like_the_baseline(a: u64) -> impl Fn(&str, &str) -> u64 {
    move |input, cell| match (input, cell) {
        ("c", "a") => a,
        ("c", "b") => 300 - a,
        ("n", "[0, 5]") => 300,
        ("x" | "when", cell) if cell.starts_with("[0,") || cell.starts_with("[1,") => 100,
        ("x" | "when", cell) if cell.starts_with('[') => 200,
        _ => 0,
    }
}

fn drift(desk: &Desk, current: &str) -> Answer {
    desk.run(&["drift", "--baseline", "tiny.driftline", "--current", current, "--json"])
}

fn report(answer: &Answer) -> Value {
    serde_json::from_str(&answer.out).unwrap_or_else(|e| panic!("{e}: {answer:?}"))
}

fn verdicts(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = report["features"].as_array().unwrap().iter();
    all.map(|line| (text(&line["name"]), text(&line["verdict"]))).collect()
}

fn named(list: [(&str, &str); 4]) -> Vec<(String, String)> {
    list.iter().map(|(name, verdict)| ((*name).to_owned(), (*verdict).to_owned())).collect()
}

#[test]
fn plain_beacons_are_added_up_and_a_copy_changes_nothing() {
    let desk = desk();
    let one = |n, a| encoded(&id(n), HOUR, "pseudonymous", "", &like_the_baseline(a)).unwrap();
    let lines = [one(1, 280), String::new(), one(2, 280), one(1, 280)];
    desk.write("beacons.jsonl", lines.join("\n"));
    let answer = drift(&desk, "beacons.jsonl");
    assert_eq!(answer.status, 1, "{answer:?}");
    let report = report(&answer);
    assert_eq!(report["beacons"], json!({"count": 2, "mode": "pseudonymous", "epsilon": 0}));
    assert_eq!(report["records"], 2 * collector::RECORDS);
    assert_eq!(verdicts(&report)[3], ("c".to_owned(), "drifted".to_owned()));
}

#[test]
fn a_collectors_sums_say_what_the_rows_say() {
    let (desk, served) = (desk(), Served::start(settings()));
    let rows: Vec<String> = (0..200u32)
        .map(|n| {
            let (x, c) = (1.0 + f64::from(n % 30) / 10.0, ["a", "b"][usize::from(n % 4 == 0)]);
            json!({"when": "2024-01-01T17:30:00Z", "x": x, "n": 1, "c": c}).to_string()
        })
        .collect();
    desk.write("rows.jsonl", rows.join("\n"));
    let timed: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(n, row)| {
            let at = collector::instant(HOUR - (n as i64) % 5);
            row.replacen('{', &format!("{{\"at\": \"{at}\", "), 1)
        })
        .collect();
    desk.write("timed.jsonl", timed.join("\n"));
    let to = format!("http://{}", served.address());
    let args = ["replay", "tiny.driftline", "--input", "timed.jsonl", "--time", "at", "--to", &to];
    desk.run(&args).good();
    let counts = served.get(&format!("/v1/models/{}/counts", served.identity)).body;
    desk.write("counts.json", counts);
    let of_rows = report(&drift(&desk, "rows.jsonl"));
    let of_sums = report(&drift(&desk, "counts.json"));
    assert_eq!(of_sums["beacons"], json!({"mode": "pseudonymous", "epsilon": 0}));
    assert_eq!(of_sums["records"], 200);
    for part in ["features", "estimated", "verdict", "records"] {
        assert_eq!(of_sums[part], of_rows[part], "{part}");
    }
}

#[test]
fn noise_is_seen_through_in_the_private_modes() {
    let desk = desk();
    let aggregated = |a: u64| {
        let beacons = (0..20).map(|n| {
            let more = r#", "users": 300, "bound": 1, "epsilon": 8"#;
            encoded(&id(n), HOUR, "aggregated", more, &like_the_baseline(a)).unwrap()
        });
        beacons.collect::<Vec<_>>().join("\n")
    };
    for (a, verdict) in [(150, "stable"), (260, "drifted")] {
        desk.write("beacons.jsonl", aggregated(a));
        let report = report(&drift(&desk, "beacons.jsonl"));
        assert_eq!(report["beacons"]["mode"], "aggregated");
        assert_eq!(verdicts(&report)[3].1, verdict, "{a}");
        assert!(report.get("estimated").is_none());
    }
    // one client an answer, about `c` alone
    let more = format!(r#", "feature": {}, "epsilon": 4"#, place_of("c"));
    let randomized = |a: usize| {
        let beacons = (0..1_000).map(|n| {
            let value = if n % 10 < a { "a" } else { "b" };
            let count = move |input: &str, cell: &str| u64::from(input == "c" && cell == value);
            encoded(&id(n), HOUR, "randomized", &more, &count).unwrap()
        });
        beacons.collect::<Vec<_>>().join("\n")
    };
    for (a, verdict) in [(5, "stable"), (9, "drifted")] {
        desk.write("beacons.jsonl", randomized(a));
        let report = report(&drift(&desk, "beacons.jsonl"));
        assert_eq!(report["records"], 1_000);
        let expected = [("when", "too_few"), ("x", "too_few"), ("n", "too_few"), ("c", verdict)];
        assert_eq!(verdicts(&report), named(expected), "{a}");
    }
}

#[test]
fn what_does_not_fit_is_refused_with_its_line() {
    let desk = desk();
    let plain = |n| encoded(&id(n), HOUR, "pseudonymous", "", &|_, _| 1).unwrap();
    let more = r#", "users": 300"#;
    let noisy = encoded(&id(9), HOUR, "aggregated", more, &|_, _| 1).unwrap();
    let identity = Served::start_empty(settings()).identity.clone();
    let counts = plain(3).split("\"counts\":\"").nth(1).unwrap().to_owned();
    for (name, line, code) in [
        ("no beacon", "{\"a\": 1}".to_owned(), "beacon_syntax"),
        ("cut off", plain(2)[..100].to_owned(), "beacon_syntax"),
        ("long", format!("{{\"x\": \"{}\"}}", "x".repeat(20_000)), "input_too_large"),
        (
            "another bundle",
            plain(2).replace(&identity, &format!("sha256:{}", "0".repeat(64))),
            "summary_mismatch",
        ),
        ("fewer cells", plain(2).replace(&counts, &counts[2..]), "beacon_unfit"),
        ("another mode", noisy, "bad_input"),
        ("another version", plain(2).replace("beacon/1", "beacon/2"), "format_version"),
    ] {
        desk.write("beacons.jsonl", format!("{}\n\n{line}\n", plain(1)));
        let answer = drift(&desk, "beacons.jsonl");
        assert_eq!(answer.code(), code, "{name}: {answer:?}");
        assert_eq!(answer.error()["place"]["line"], 3, "{name}: {answer:?}");
        assert_eq!(answer.error()["place"]["file"], "beacons.jsonl", "{name}");
    }
    for (name, text, code) in [
        ("no JSON", "{", "bad_input"),
        ("no counts", "{\"counts\": []}", "bad_input"),
        ("rows", "{\"x\": 1}", "bad_input"),
    ] {
        desk.write("counts.json", text);
        assert_eq!(drift(&desk, "counts.json").code(), code, "{name}");
    }
}
