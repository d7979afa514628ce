//! Rows that are replayed into a collector, and into others that do not behave.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../../collector/tests/common/mod.rs"]
mod collector;
mod common;

use collector::{HOUR, Served, bundle, instant, settings};
use common::{Answer, Desk};
use driftline_collector::Config;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("tiny.driftline", bundle());
    desk
}

fn replay(desk: &Desk, to: SocketAddr, more: &[&str]) -> Answer {
    let to = format!("http://{to}");
    let mut args = vec!["replay", "tiny.driftline", "--to", &to, "--json"];
    args.extend(more);
    desk.run(&args)
}

fn told(answer: &Answer) -> Value {
    serde_json::from_str(&answer.out).unwrap_or_else(|e| panic!("{e}: {answer:?}"))
}

/// A row in the hour so many before now, of the label that the bundle predicts if `right`.
fn row(hours_ago: i64, x: u32, truth: &str) -> String {
    let at = instant(HOUR - hours_ago);
    json!({"at": at, "when": "2024-01-01T17:30:00Z", "x": x, "n": 1, "c": "a", "truth": truth})
        .to_string()
}

/// Three hours of two days, out of order.
fn three_hours() -> String {
    // at 12:30 in New York the model says yes below x = 6
    let rows =
        [row(1, 1, "yes"), row(30, 9, "no"), row(2, 1, "no"), row(1, 9, "no"), row(2, 1, "1")];
    rows.join("\n")
}

const TIMED: [&str; 6] = ["--input", "rows.jsonl", "--time", "at", "--ignore", "truth"];

fn windows(served: &Served) -> Vec<(i64, i64)> {
    let answer = served.get(&format!("/v1/models/{}/windows", served.identity)).json();
    let all = answer["windows"].as_array().unwrap().iter();
    all.map(|w| (w["start"].as_i64().unwrap(), w["records"].as_i64().unwrap())).collect()
}

/// Sums of a block's cells over all windows, by their names.
fn sums(served: &Served, kind: &str, name: &str) -> Vec<(String, i64)> {
    let model = served.get(&format!("/v1/models/{}", served.identity)).json();
    let blocks = model["registrations"][0]["summary"]["blocks"].as_array().unwrap();
    let at = blocks.iter().position(|b| b["kind"] == kind && b["name"] == name).unwrap();
    let counts = served.get(&format!("/v1/models/{}/counts?block={at}", served.identity)).json();
    let names = blocks[at]["cells"].as_array().unwrap().iter();
    let mut sums: Vec<(String, i64)> =
        names.map(|name| (name.as_str().unwrap().to_owned(), 0)).collect();
    for row in counts["counts"].as_array().unwrap() {
        for (sum, cell) in sums.iter_mut().zip(row["cells"].as_array().unwrap()) {
            sum.1 += cell.as_i64().unwrap();
        }
    }
    sums.into_iter().filter(|(_, n)| *n != 0).collect()
}

#[test]
fn rows_are_counted_in_the_hours_in_which_they_happened_whatever_their_order() {
    let (desk, served) = (desk(), Served::start(settings()));
    desk.write("rows.jsonl", three_hours());
    let told = told(&replay(&desk, served.address(), &TIMED).good());
    assert_eq!(told["rows"], 5);
    assert_eq!([&told["windows"], &told["sent"], &told["counted"]], [3, 3, 3]);
    let expected = [(HOUR - 30, 1), (HOUR - 2, 2), (HOUR - 1, 2)];
    assert_eq!(windows(&served), expected);
    assert_eq!(sums(&served, "label", ""), [("no".into(), 2), ("yes".into(), 3)]);
}

#[test]
fn outcomes_come_with_the_column_of_the_truth() {
    let (desk, served) = (desk(), Served::start(settings()));
    desk.write("rows.jsonl", three_hours());
    let args = ["--input", "rows.jsonl", "--time", "at", "--label", "truth", "--window", "day"];
    let told = told(&replay(&desk, served.address(), &args).good());
    assert_eq!([&told["rows"], &told["outcomes"], &told["windows"]], [5, 5, 2]);
    // the third row's truth is no, and it was predicted yes
    let truths = sums(&served, "outcome_truth", "");
    assert_eq!(truths.iter().map(|(_, n)| n).sum::<i64>(), 5);
    assert_eq!(truths.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [2, 1, 2], "{truths:?}");
}

#[test]
fn the_same_rows_again_change_nothing_and_other_rows_do() {
    let (desk, served) = (desk(), Served::start(settings()));
    desk.write("rows.jsonl", three_hours());
    for _ in 0..2 {
        replay(&desk, served.address(), &TIMED).good();
    }
    assert_eq!(windows(&served).iter().map(|(_, n)| n).sum::<i64>(), 5);
    desk.write("rows.jsonl", row(1, 1, "yes"));
    replay(&desk, served.address(), &TIMED).good();
    assert_eq!(windows(&served).iter().map(|(_, n)| n).sum::<i64>(), 6);
}

#[test]
fn segments_and_metrics_are_read_from_their_columns() {
    let declared = r#"{"segments": {"arm": ["a", "b"]}, "metrics": ["revenue"]}"#;
    let desk = desk();
    desk.write("declared.json", declared);
    let served = Served::start_empty(settings());
    let encoded: String = declared.bytes().fold(String::new(), |mut text, b| {
        write!(text, "%{b:02x}").unwrap();
        text
    });
    let path = format!("/v1/bundles?declared={encoded}");
    assert_eq!(served.send("POST", &path, &[], &bundle()).status, 200);
    let csv = format!(
        "when,x,n,c,at,arm,revenue\n{}",
        [("a", "2.5"), ("b", ""), ("z", "1"), ("a", "0")]
            .map(|(arm, revenue)| format!(
                "2024-01-01T17:30:00Z,1,1,a,{},{arm},{revenue}\n",
                instant(HOUR - 1)
            ))
            .concat()
    );
    desk.write("rows.csv", csv);
    let args = ["--input", "rows.csv", "--time", "at", "--declared", "declared.json"];
    let told = told(&replay(&desk, served.address(), &args).good());
    assert_eq!([&told["counted"], &told["outcomes"]], [1, 3]);
    let arms = sums(&served, "segment", "arm");
    let records: Vec<i64> =
        arms.iter().filter(|(n, _)| n.ends_with("records")).map(|(_, n)| *n).collect();
    assert_eq!(records, [2, 1, 1], "{arms:?}");
    let revenue = sums(&served, "outcome_metric", "revenue");
    assert!(revenue.iter().any(|(_, n)| *n == 3_500_000), "{revenue:?}");
}

#[test]
fn too_few_rows_are_held_back_in_mode_aggregated_and_enough_are_sent_with_noise() {
    let (desk, served) = (desk(), Served::start(settings()));
    let few: Vec<String> = (0..99).map(|_| row(1, 1, "yes")).collect();
    let enough: Vec<String> = (0..200).map(|_| row(2, 1, "yes")).collect();
    desk.write("rows.jsonl", [few, enough].concat().join("\n"));
    let mut args = TIMED.to_vec();
    args.extend(["--mode", "aggregated"]);
    let told = told(&replay(&desk, served.address(), &args).good());
    assert_eq!([&told["held_back"], &told["sent"], &told["counted"]], [1, 1, 1]);
    assert_eq!(windows(&served).len(), 1);
}

#[test]
fn in_mode_randomized_every_row_answers_once() {
    let (desk, served) = (desk(), Served::start(settings()));
    desk.write("rows.jsonl", (0..20).map(|n| row(n, 1, "yes")).collect::<Vec<_>>().join("\n"));
    let mut args = TIMED.to_vec();
    args.extend(["--mode", "randomized"]);
    let told = told(&replay(&desk, served.address(), &args).good());
    assert_eq!([&told["sent"], &told["counted"], &told["held_back"]], [20, 20, 0]);
    assert_eq!(windows(&served).iter().map(|(_, n)| n).sum::<i64>(), 20);
    args.extend(["--window", "hour"]);
    assert_eq!(replay(&desk, served.address(), &args).code(), "bad_usage");
}

#[test]
fn history_is_refused_until_the_collector_accepts_it() {
    let desk = desk();
    desk.write("rows.jsonl", row(1, 1, "yes") + "\n" + &row(4_000 * 24, 1, "yes"));
    let served = Served::start(settings());
    let answer = replay(&desk, served.address(), &TIMED);
    assert_eq!(answer.status, 1, "{answer:?}");
    let told_it = told(&answer);
    assert_eq!([&told_it["sent"], &told_it["counted"]], [2, 1]);
    assert_eq!(told_it["refused"], json!({"beacon_expired": 1}));
    assert_eq!(told_it["refusal"]["code"], "beacon_expired");
    let served = Served::start(Config { accept_days: 5_000, ..settings() });
    let told = told(&replay(&desk, served.address(), &TIMED).good());
    assert_eq!(told["counted"], 2);
}

#[test]
fn what_holds_for_every_beacon_ends_the_replay() {
    let desk = desk();
    desk.write("rows.jsonl", three_hours());
    let served = Served::start_empty(settings());
    let answer = replay(&desk, served.address(), &TIMED);
    assert_eq!(answer.code(), "unknown_identity");
    let apps = vec![collector::app("shop", "pk_shop", &[])];
    let served = Served::start(Config { apps, ..settings() });
    assert_eq!(replay(&desk, served.address(), &TIMED).code(), "unknown_key");
    let mut args = TIMED.to_vec();
    args.extend(["--key", "pk_shop"]);
    replay(&desk, served.address(), &args).good();
}

#[test]
fn a_row_without_a_time_or_a_label_is_told_with_its_line_and_the_rest_is_sent() {
    let (desk, served) = (desk(), Served::start(settings()));
    let rows = [
        row(1, 1, "yes"),
        row(1, 1, "yes").replace(&instant(HOUR - 1), "2013-06-01T10:00:00"),
        row(1, 1, "yes").replace(&instant(HOUR - 1), "1969-12-31T23:59:59Z"),
        row(1, 1, "perhaps"),
        "{".to_owned(),
        row(1, 1, "no"),
    ];
    desk.write("rows.jsonl", rows.join("\n"));
    let args = ["--input", "rows.jsonl", "--time", "at", "--label", "truth"];
    let answer = replay(&desk, served.address(), &args);
    assert_eq!(answer.status, 2, "{answer:?}");
    let told = told(&answer);
    assert_eq!([&told["rows"], &told["unreadable"], &told["outcomes"]], [6, 4, 2]);
    let errors: Vec<Value> =
        answer.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<&Value> = errors.iter().map(|e| &e["place"]["line"]).collect();
    assert_eq!(lines, [2, 3, 4]);
    assert!(errors[0]["message"].as_str().unwrap().contains("has no offset"), "{}", answer.err);
    assert_eq!(windows(&served), [(HOUR - 1, 2)]);
}

#[test]
fn wrong_usage_is_told_before_anything_is_sent() {
    let (desk, served) = (desk(), Served::start(settings()));
    desk.write("rows.csv", format!("when,x,n,c\n{},1,1,a\n", instant(HOUR)));
    for wrong in [
        vec!["--time", "nowhere"],
        vec!["--label", "nowhere"],
        vec!["--label", "a,b"],
        vec!["--time", "when", "--speed", "0"],
        vec!["--speed", "2"],
        vec!["--key", "a b"],
        vec!["--mode", "other"],
    ] {
        let mut args = vec!["--input", "rows.csv"];
        args.extend(&wrong);
        assert_eq!(replay(&desk, served.address(), &args).code(), "bad_usage", "{wrong:?}");
    }
    let args = ["replay", "tiny.driftline", "--input", "rows.csv", "--to", "127.0.0.1:1", "--json"];
    assert_eq!(desk.run(&args).code(), "bad_usage");
    assert_eq!(windows(&served), []);
}

/// Something that answers each request with the next of these texts; the bodies that it was sent.
fn stand_in(answers: Vec<&'static str>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let mut bodies = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let mut text = Vec::new();
            let mut chunk = [0; 4096];
            let body = loop {
                let read = stream.read(&mut chunk).unwrap();
                text.extend_from_slice(&chunk[..read]);
                let shown = String::from_utf8_lossy(&text).into_owned();
                let Some((head, body)) = shown.split_once("\r\n\r\n") else { continue };
                let length = head.to_ascii_lowercase();
                let length = length.lines().find_map(|l| l.strip_prefix("content-length: "));
                if body.len() >= length.unwrap().parse().unwrap() {
                    break body.to_owned();
                }
            };
            bodies.push(body);
            // an empty answer is a connection that ends
            stream.write_all(answer.as_bytes()).unwrap();
        }
        bodies
    });
    (address, thread)
}

const TAKEN: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

#[test]
fn a_collector_that_is_busy_gets_the_same_beacon_again_after_the_pause_that_it_asks_for() {
    let desk = desk();
    desk.write("rows.jsonl", row(1, 1, "yes"));
    let busy =
        "HTTP/1.1 503 Busy\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let (address, thread) = stand_in(vec![busy, "", TAKEN]);
    let begun = Instant::now();
    let told = told(&replay(&desk, address, &TIMED).good());
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!([&told["sent"], &told["counted"]], [1, 1]);
    let bodies = thread.join().unwrap();
    assert!(bodies[0] == bodies[1] && bodies[1] == bodies[2]);
}

#[test]
fn without_a_time_all_rows_are_of_this_hour() {
    let desk = desk();
    desk.write("rows.jsonl", [row(4_000, 1, "yes"), row(1, 1, "no")].join("\n"));
    let (address, thread) = stand_in(vec![TAKEN]);
    replay(&desk, address, &["--input", "rows.jsonl", "--ignore", "at,truth"]).good();
    let beacon: Value = serde_json::from_str(&thread.join().unwrap()[0]).unwrap();
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let hour = since.as_secs() / 3_600;
    assert!((hour - 1..=hour).contains(&beacon["start"].as_u64().unwrap()), "{beacon}");
    assert_eq!(
        [&beacon["hours"], &beacon["host"], &beacon["mode"]],
        [&json!(1), &json!("native"), &json!("pseudonymous")]
    );
}

#[test]
fn who_asks_for_an_hour_or_is_no_collector_ends_the_replay_at_once() {
    let desk = desk();
    desk.write("rows.jsonl", row(1, 1, "yes"));
    let begun = Instant::now();
    let later = "HTTP/1.1 429 x\r\nretry-after: 3600\r\nconnection: close\r\n\r\n\
        {\"code\": \"too_many_requests\", \"detail\": \"enough\", \"help\": \"wait\"}";
    let (address, thread) = stand_in(vec![later]);
    let answer = replay(&desk, address, &TIMED);
    assert_eq!(answer.code(), "too_many_requests");
    assert!(answer.error()["help"].as_str().unwrap().contains("3600 s"), "{answer:?}");
    thread.join().unwrap();
    // a redirect is not followed: counts go where they were sent
    let moved = "HTTP/1.1 302 x\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let (address, thread) = stand_in(vec![moved]);
    assert_eq!(replay(&desk, address, &TIMED).code(), "io");
    thread.join().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_collector_that_is_not_there_is_told() {
    let desk = desk();
    desk.write("rows.jsonl", row(1, 1, "yes"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let answer = replay(&desk, address, &TIMED);
    assert_eq!(answer.code(), "io");
    assert!(answer.error()["message"].as_str().unwrap().contains("does not answer"), "{answer:?}");
}
