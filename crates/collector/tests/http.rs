//! The HTTP interface over real sockets: what is taken, what is refused and how, and that hostile
//! clients hold nothing up.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Answer, HOUR, Served, beacon, settings};
use driftline_collector::Config;
use driftline_collector::config::Tokens;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn a_beacon_is_answered_once_it_is_counted_and_a_copy_changes_nothing() {
    let served = Served::start(settings());
    let one = beacon("11111111-1111-4111-8111-111111111111", HOUR);
    assert_eq!(served.post(&one).status, 204);
    assert_eq!(served.post(&one).status, 204);
    let models = served.get("/v1/models").json();
    assert_eq!(models["models"][0]["beacons"], 1);
    assert_eq!(models["models"][0]["records"], common::RECORDS);
}

#[test]
fn every_refusal_is_a_problem_with_a_code() {
    let served = Served::start(settings());
    let id = "11111111-1111-4111-8111-111111111111";
    let unknown = beacon(id, HOUR).replace(&served.identity, &format!("sha256:{}", "0".repeat(64)));
    let cases: [(&str, Answer, u16, &str); 6] = [
        ("malformed", served.post("{"), 400, "beacon_syntax"),
        ("empty", served.post(""), 400, "beacon_syntax"),
        ("old", served.post(&beacon(id, HOUR - 9 * 24)), 422, "beacon_expired"),
        ("future", served.post(&beacon(id, HOUR + 2)), 422, "beacon_expired"),
        ("unknown", served.post(&unknown), 404, "unknown_identity"),
        ("nowhere", served.get("/v1/nowhere"), 404, "not_found"),
    ];
    for (name, answer, status, code) in cases {
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        assert_eq!(answer.json()["code"], code, "{name}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
        assert!(!answer.json()["help"].as_str().unwrap().is_empty(), "{name}");
    }
    assert_eq!(served.get("/v1/beacons").status, 405);
}

#[test]
fn windows_are_taken_for_as_many_days_as_the_settings_say() {
    let served = Served::start(Config { accept_days: 5_000, ..settings() });
    let at =
        |n: u32, days: i64| beacon(&format!("11111111-1111-4111-8111-{n:012}"), HOUR - days * 24);
    for days in [9, 4_000, 5_000] {
        assert_eq!(served.post(&at(0, days)).status, 204, "{days}");
    }
    let refused = served.post(&at(1, 5_001));
    assert_eq!((refused.status, &refused.json()["code"]), (422, &"beacon_expired".into()));
}

#[test]
fn every_answer_has_the_headers_that_keep_it_from_being_misused() {
    let served = Served::start(settings());
    for answer in [served.get("/healthz"), served.get("/nowhere"), served.post("{")] {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'none'"));
    }
}

#[test]
fn the_page_is_served_with_its_policy_and_its_assets_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    std::fs::write(folder.path().join("index.html"), "<!doctype html>page").unwrap();
    std::fs::write(folder.path().join("assets/index-1.js"), "1").unwrap();
    let dashboard = Some(folder.path().to_owned());
    let tokens = Tokens { read: Some("r".repeat(16)), admin: Some("a".repeat(16)) };
    let served = Served::start(Config { dashboard, tokens, ..settings() });
    // the page itself holds nothing; what it asks for wants the token
    let page = served.get("/");
    assert_eq!((page.status, page.body.as_str()), (200, "<!doctype html>page"));
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(served.get("/v1/models").status, 401);

    let asset = served.get("/assets/index-1.js");
    assert_eq!(asset.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(asset.header("cache-control").unwrap().contains("immutable"));
    let etag = page.header("etag").unwrap();
    let again = served.send("GET", "/", &[("if-none-match", etag)], b"");
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    for path in ["/assets/none.js", "/assets/..%2findex.html", "/index.html", "/assets/"] {
        assert_eq!(served.get(path).status, 404, "{path}");
    }
}

#[test]
fn the_collector_says_that_it_is_ready() {
    let served = Served::start(settings());
    assert_eq!(served.get("/healthz").body, "ok\n");
    assert_eq!(served.get("/readyz").body, "ready\n");
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let served = Served::start(settings());
    let mut stream = served.connect();
    write!(stream, "POST /v1/beacons HTTP/1.1\r\nhost: x\r\ncontent-length: 10485760\r\n\r\n")
        .unwrap();
    let answer = Answer::read(&mut stream);
    assert_eq!((answer.status, &answer.json()["code"]), (413, &"input_too_large".into()));
    // without a length it is the bytes that count
    let mut stream = served.connect();
    write!(stream, "POST /v1/beacons HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        .unwrap();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    for _ in 0..8 {
        // the other side may have closed already
        let _ = stream.write_all(chunk.as_bytes());
    }
    assert_eq!(Answer::read(&mut stream).status, 413);
}

#[test]
fn a_compressed_body_is_not_unpacked() {
    let served = Served::start(settings());
    let answer =
        served.send("POST", "/v1/beacons", &[("content-encoding", "gzip")], b"\x1f\x8b\x08");
    assert_eq!(answer.status, 415);
}

#[test]
fn a_client_that_sends_its_head_slowly_is_cut_off_and_others_are_served() {
    let served = Served::start(settings());
    let mut slow: Vec<TcpStream> = (0..50).map(|_| served.connect()).collect();
    for stream in &mut slow {
        write!(stream, "POST /v1/beacons HTTP/1.1\r\nhost: x\r\nx-a").unwrap();
    }
    assert_eq!(served.get("/healthz").status, 200);
    let begun = Instant::now();
    let mut rest = Vec::new();
    slow[0].set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // hyper closes, with or without an answer
    let _ = slow[0].read_to_end(&mut rest);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(!rest.starts_with(b"HTTP/1.1 2"));
}

#[test]
fn a_sender_past_its_share_is_told_when_to_come_again_and_others_are_not() {
    let mut settings = settings();
    settings.caps.other_beacons = 3;
    settings.client_address_header = Some("x-client".into());
    let served = Served::start(settings);
    let send = |n: u32, client: &str| {
        let body = beacon(&format!("11111111-1111-4111-8111-{n:012}"), HOUR);
        served.send("POST", "/v1/beacons", &[("x-client", client)], body.as_bytes())
    };
    for n in 0..3 {
        assert_eq!(send(n, "192.0.2.1").status, 204);
    }
    let refused = send(3, "192.0.2.1");
    assert_eq!((refused.status, &refused.json()["code"]), (429, &"too_many_requests".into()));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3_600).contains(&wait));
    assert_eq!(send(3, "192.0.2.2").status, 204);
}

#[test]
fn forged_floods_move_no_more_than_the_documented_share() {
    let mut settings = settings();
    settings.caps.records = 10 * common::RECORDS.unsigned_abs();
    let served = Served::start(settings);
    let answers: Vec<u16> = (0..40)
        .map(|n| served.post(&beacon(&format!("11111111-1111-4111-8111-{n:012}"), HOUR)).status)
        .collect();
    assert_eq!(answers.iter().filter(|status| **status == 204).count(), 10);
    let records = &served.get("/v1/models").json()["models"][0]["records"];
    assert_eq!(records, &serde_json::json!(10 * common::RECORDS));
}

#[test]
fn a_page_may_send_from_an_origin_that_its_app_names_only() {
    let mut settings = settings();
    settings.apps = vec![common::app("shop", "pk-shop", &["https://shop.example"])];
    let served = Served::start(settings);
    let keyed = |key: &str| {
        let body = common::beacon_with_key("11111111-1111-4111-8111-111111111111", HOUR, Some(key));
        move |origin: &str| (body.clone(), origin.to_owned())
    };
    let send = |(body, origin): (String, String)| {
        let headers = [("origin", origin.as_str()), ("content-type", "text/plain;charset=UTF-8")];
        served.send("POST", "/v1/beacons", &headers, body.as_bytes())
    };
    let refused = send(keyed("pk-shop")("https://evil.example"));
    assert_eq!((refused.status, &refused.json()["code"]), (403, &"forbidden_origin".into()));
    let refused = send(keyed("pk-none")("https://shop.example"));
    assert_eq!((refused.status, &refused.json()["code"]), (403, &"unknown_key".into()));
    let taken = send(keyed("pk-shop")("https://shop.example"));
    assert_eq!(taken.status, 204);
    assert_eq!(taken.header("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(taken.header("access-control-allow-credentials"), None);
}

#[test]
fn a_preflight_lets_json_pass() {
    let served = Served::start(settings());
    let asked = [("origin", "https://shop.example"), ("access-control-request-method", "POST")];
    let answer = served.send("OPTIONS", "/v1/beacons", &asked, b"");
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("content-type"));
}

#[test]
fn counts_and_bundles_need_their_tokens() {
    let mut settings = settings();
    settings.tokens.read = Some("a token to read counts".into());
    settings.tokens.admin = Some("a token to change all".into());
    let served = Served::start(settings);
    let get =
        |token: &str| served.send("GET", "/v1/models", &[("authorization", token)], b"").status;
    assert_eq!(served.get("/v1/models").status, 401);
    assert_eq!(get("Bearer a token to read counts"), 200);
    assert_eq!(get("Bearer a token to chance all"), 401);
    let register = |token: &str| {
        let headers = [("authorization", token)];
        served.send("POST", "/v1/bundles", &headers, &common::bundle()).status
    };
    assert_eq!(register("Bearer a token to read counts"), 401);
    assert_eq!(register("Bearer a token to change all"), 200);
}

#[test]
fn beacons_that_came_too_early_are_counted_when_their_bundle_is_registered() {
    let mut settings = settings();
    settings.unknown_identities = driftline_collector::config::Unknown::Park;
    let served = Served::start_empty(settings);
    let one = beacon("11111111-1111-4111-8111-111111111111", HOUR);
    assert_eq!(served.post(&one).status, 202);
    assert_eq!(served.post(&one).status, 202);
    let answer = served.send("POST", "/v1/bundles", &[], &common::bundle());
    assert_eq!((answer.status, &answer.json()["parked"]["counted"]), (200, &1.into()));
    assert_eq!(served.get("/v1/models").json()["models"][0]["beacons"], 1);
    assert_eq!(served.post(&one).status, 204);
    assert_eq!(served.get("/v1/models").json()["models"][0]["beacons"], 1);
}

#[test]
fn a_span_of_time_is_half_open() {
    let served = Served::start(settings());
    for (n, hour) in [HOUR - 1, HOUR].into_iter().enumerate() {
        let id = format!("11111111-1111-4111-8111-{n:012}");
        assert_eq!(served.post(&beacon(&id, hour)).status, 204);
    }
    let path = format!("/v1/models/{}", served.identity);
    let ask = |span: &str| served.get(&format!("{path}/windows?{span}"));
    let starts = |span: &str| ask(span).json()["windows"].as_array().unwrap().len();
    let [before, at] = [HOUR - 1, HOUR].map(common::instant);
    assert_eq!(starts(""), 2);
    assert_eq!(starts(&format!("from={at}")), 1);
    assert_eq!(starts(&format!("to={at}")), 1);
    assert_eq!(starts(&format!("from={before}&to={before}")), 0);
    assert_eq!(ask("from=yesterday").status, 400);
    assert_eq!(ask("form=yesterday").status, 400);
    let counts = served.get(&format!("{path}/counts?from={at}&block=0")).json();
    assert_eq!(counts["counts"][0]["cells"], serde_json::json!([common::RECORDS]));
    assert_eq!(served.get("/v1/models/sha256:none/counts").status, 404);
}

/// Verdicts by input of the only layout and the only way of noise.
fn verdicts(served: &Served) -> Vec<(String, String)> {
    let answer = served.get(&format!("/v1/models/{}/drift", served.identity)).json();
    let groups = answer["layouts"][0]["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1, "{answer}");
    let inputs = groups[0]["inputs"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    inputs.map(|input| (text(&input["name"]), text(&input["verdict"]))).collect()
}

fn told(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn a_report_says_what_it_is_asked_or_why_not() {
    let served = Served::start(settings());
    for (n, hour) in [HOUR - 30, HOUR].into_iter().enumerate() {
        let id = format!("11111111-1111-4111-8111-{n:012}");
        assert_eq!(served.post(&beacon(&id, hour)).status, 204);
    }
    let path = format!("/v1/models/{}/report", served.identity);
    let report = served.get(&path).json();
    assert_eq!(report["grain"], "day");
    assert_eq!(report["groups"][0]["windows"].as_array().unwrap().len(), 2);
    assert_eq!(report["groups"][0]["total"]["beacons"], 2);
    let x = &report["groups"][0]["windows"][0]["inputs"][1];
    assert_eq!((&x["name"], &x["verdict"]), (&"x".into(), &"too_few".into()));
    assert_eq!(report["baseline"]["inputs"][1]["edges"], serde_json::json!([1.0, 2.0, 4.0]));
    let from = common::instant(HOUR);
    let report = served.get(&format!("{path}?grain=hour&from={from}")).json();
    assert_eq!(report["groups"][0]["windows"][0]["start"], from);
    assert_eq!(report["from"], from);
    for (asked, status, code) in [
        ("grain=minute", 400, "bad_usage"),
        ("segment=country:US", 422, "bad_usage"),
        ("layout=00", 422, "bad_usage"),
        ("from=yesterday", 400, "bad_usage"),
    ] {
        let answer = served.get(&format!("{path}?{asked}"));
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)));
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    assert_eq!(served.get("/v1/models/sha256:none/report").status, 404);
}

#[test]
fn importance_of_inputs_goes_with_a_bundle() {
    let served = Served::start(settings());
    let bundle = common::bundle();
    let put = |importance: &str| {
        let path = format!("/v1/bundles?importance={importance}");
        served.send("POST", &path, &[], &bundle)
    };
    assert_eq!(put("%7B%22x%22%3A3%7D").status, 200);
    let path = format!("/v1/models/{}/report", served.identity);
    let importance = |at: usize| {
        let report = served.get(&path).json();
        report["baseline"]["inputs"][at]["importance"].clone()
    };
    assert_eq!((importance(1), importance(0)), (3.0.into(), serde_json::Value::Null));
    // registering again without it changes nothing
    assert_eq!(served.send("POST", "/v1/bundles", &[], &bundle).status, 200);
    assert_eq!(importance(1), 3.0);
    for wrong in ["%7B%22z%22%3A3%7D", "%7B%22x%22%3A-1%7D", "3", "%7B%22x%22%3A1e999%7D"] {
        assert_eq!(put(wrong).status, 422, "{wrong}");
    }
    assert_eq!(importance(1), 3.0);
}

/// As the baseline, but for `x`, which moved from its first bin to its second.
fn moved(input: &str, cell: &str) -> u64 {
    match (input, cell) {
        ("when", "[0.0, 12.0)") => 100,
        ("when", "[12.0, 24.0]") => 200,
        ("x", "[2.0, 4.0]") | ("n", "[0.0, 5.0]") => 300,
        ("c", "a" | "b") => 150,
        _ => 0,
    }
}

#[test]
fn what_moved_is_told_from_plain_counts() {
    let served = Served::start(settings());
    let id = |n: u32| format!("11111111-1111-4111-8111-{n:012}");
    for n in 0..3 {
        let body = common::encoded(&id(n), HOUR, "pseudonymous", "", &moved).unwrap();
        assert_eq!(served.post(&body).status, 204);
    }
    let stable = told(&[("when", "stable"), ("x", "drifted"), ("n", "stable"), ("c", "stable")]);
    assert_eq!(verdicts(&served), stable);
    assert_eq!(served.get("/v1/models/sha256:none/drift").status, 404);
}

#[test]
fn what_moved_is_seen_through_the_noise() {
    let served = Served::start(settings());
    let many = |input: &str, cell: &str| 30 * moved(input, cell);
    for n in 0..5 {
        let id = format!("11111111-1111-4111-8111-{n:012}");
        let more = r#", "users": 5000, "bound": 1"#;
        let body = common::encoded(&id, HOUR, "aggregated", more, &many).unwrap();
        assert_eq!(served.post(&body).status, 204);
    }
    let stable = told(&[("when", "stable"), ("x", "drifted"), ("n", "stable"), ("c", "stable")]);
    assert_eq!(verdicts(&served), stable);
}

#[test]
fn what_moved_is_seen_in_answers_of_clients() {
    let mut settings = settings();
    settings.caps.randomized_beacons = 10_000;
    let served = Served::start(settings);
    let place = common::place_of("x");
    for n in 0..600 {
        let id = format!("11111111-1111-4111-8111-{n:012}");
        let more = format!(r#", "feature": {place}"#);
        let body = common::encoded(&id, HOUR, "randomized", &more, &moved).unwrap();
        assert_eq!(served.post(&body).status, 204);
    }
    assert_eq!(verdicts(&served), told(&[("x", "drifted")]));
}

#[test]
fn an_end_waits_for_what_is_in_flight() {
    let served = Served::start(settings());
    let body = beacon("11111111-1111-4111-8111-111111111111", HOUR);
    let mut stream = served.connect();
    let (first, second) = body.split_at(10);
    let length = body.len();
    write!(
        stream,
        "POST /v1/beacons HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{first}"
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let ended = served.end();
    std::thread::sleep(Duration::from_millis(100));
    stream.write_all(second.as_bytes()).unwrap();
    assert_eq!(Answer::read(&mut stream).status, 204);
    ended.join().unwrap();
}

#[test]
fn an_end_is_not_held_off_by_clients_that_hold_every_connection() {
    let mut settings = settings();
    settings.connections = 3;
    let served = Served::start(settings);
    let mut held: Vec<TcpStream> = (0..5).map(|_| served.connect()).collect();
    for stream in &mut held {
        write!(stream, "POST /v1/beacons HTTP/1.1\r\nhost: x\r\nx-a").unwrap();
    }
    std::thread::sleep(Duration::from_millis(100));
    let begun = Instant::now();
    served.end().join().unwrap();
    // the heads that are open may take until they are cut off, and no longer
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn a_body_that_comes_too_slowly_is_answered_and_not_counted() {
    let served = Served::start(settings());
    let mut stream = served.connect();
    let body = beacon("11111111-1111-4111-8111-111111111111", HOUR);
    let length = body.len();
    write!(stream, "POST /v1/beacons HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{{")
        .unwrap();
    let begun = Instant::now();
    assert_eq!(Answer::read(&mut stream).status, 408);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(served.get("/v1/models").json()["models"][0]["beacons"], 0);
}

#[test]
fn a_head_over_the_limit_is_refused() {
    let served = Served::start(settings());
    let mut stream = served.connect();
    let head = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: {}", "a".repeat(64 << 10));
    // the other side may have closed already
    let _ = stream.write_all(head.as_bytes());
    let answer = Answer::try_read(&mut stream);
    assert!(answer.is_none_or(|answer| answer.status == 431));
    assert_eq!(served.get("/healthz").status, 200);
}

#[test]
fn json_that_nests_without_end_is_refused() {
    let served = Served::start(settings());
    for open in ["[", "{\"a\":"] {
        let body = open.repeat(16 * 1024 / open.len());
        let answer = served.post(&body);
        assert_eq!((answer.status, &answer.json()["code"]), (400, &"beacon_syntax".into()));
    }
}

#[test]
fn a_store_that_fails_is_no_store_that_is_busy() {
    let served = Served::start(settings());
    let file = rusqlite::Connection::open(served.file()).unwrap();
    file.execute_batch("ALTER TABLE fresh RENAME TO gone").unwrap();
    let one = beacon("11111111-1111-4111-8111-111111111111", HOUR);
    let answer = served.post(&one);
    assert_eq!((answer.status, &answer.json()["code"]), (500, &"store_failed".into()));
    assert_eq!(answer.header("retry-after"), None);
    file.execute_batch("ALTER TABLE gone RENAME TO fresh").unwrap();
    // nothing of what failed was kept
    assert_eq!(served.get("/v1/models").json()["models"][0]["beacons"], 0);
    assert_eq!(served.post(&one).status, 204);
    assert_eq!(served.get("/v1/models").json()["models"][0]["beacons"], 1);
}
