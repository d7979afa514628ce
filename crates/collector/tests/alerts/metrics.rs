//! Figures by `/metrics` and by OTLP, and the dashboard that draws them.

use crate::common::{HOUR, app, settings};
use crate::peer::{Does, Peer};
use crate::{BRIEF, KEY, Running, SOON, alerts};
use driftline_collector::Config;
use driftline_collector::export::{Export, Pusher};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DASHBOARD: &str = include_str!("../../../../deploy/grafana/driftline.json");

fn metrics(run: &Running, sound: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let mut answer = ureq::get(format!("http://{}/metrics", run.address)).call().unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
        let text = answer.body_mut().read_to_string().unwrap();
        if sound(&text) {
            return text;
        }
        assert!(begun.elapsed() < SOON, "{text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Names that begin as ours do.
fn names(text: &str) -> BTreeSet<&str> {
    let part = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
    text.split(part).filter(|word| word.starts_with("driftline_")).collect()
}

#[test]
fn every_figure_of_the_dashboard_is_one_that_the_collector_prints() {
    let (host, _) = clock!();
    let (folder, peer) = (TempDir::new().unwrap(), Peer::start(&[]));
    let run = Running::start(folder.path(), crate::webhook(&peer), host);
    for n in 0..30 {
        run.beacon(n, true);
    }
    run.look();
    assert!(peer.next(SOON).is_some());
    let printed = metrics(&run, |text| {
        // the peer has the notice before the collector has its answer
        [
            "driftline_alert_firing{",
            "driftline_input_verdict{",
            "driftline_notices_waiting{to=\"ops\"} 0",
        ]
        .iter()
        .all(|figure| text.contains(figure))
    });
    let wanted = names(DASHBOARD);
    assert!(wanted.len() > 20, "{wanted:?}");
    let told = names(&printed);
    let missing: Vec<_> = wanted.difference(&told).collect();
    assert!(missing.is_empty(), "{missing:?} in {printed}");
    let of_model = format!("{{model=\"tiny\",identity=\"{}\",mode=\"pseudonymous\"", run.identity);
    for (line, value) in [
        ("driftline_beacons_total{answer=\"counted\"}".to_owned(), "30"),
        ("driftline_records_total".to_owned(), "630"),
        (format!("driftline_input_verdict{of_model},input=\"x\"}}"), "3"),
        (format!("driftline_window_beacons{of_model}}}"), "30"),
        ("driftline_alerts_firing{severity=\"critical\"}".to_owned(), "1"),
        ("driftline_notices_waiting{to=\"ops\"}".to_owned(), "0"),
        ("driftline_queue_beacons".to_owned(), "0"),
    ] {
        let sound = printed.lines().any(|found| found == format!("{line} {value}"));
        assert!(sound, "{line} {value}: {printed}");
    }
}

#[test]
fn beacons_are_counted_by_their_answer() {
    let (host, _) = clock!();
    let folder = TempDir::new().unwrap();
    let run = Running::start(folder.path(), alerts(""), host);
    run.beacon(1, false);
    run.beacon(1, false);
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    for _ in 0..3 {
        agent.post(format!("http://{}/v1/beacons", run.address)).send("{").unwrap();
    }
    let text = metrics(&run, |_| true);
    for (answer, count) in [("counted", 1), ("duplicate", 1), ("beacon_syntax", 3)] {
        let line = format!("driftline_beacons_total{{answer=\"{answer}\"}} {count}\n");
        assert!(text.contains(&line), "{line}: {text}");
    }
    let of = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split(' ').next_back().unwrap().parse::<f64>().unwrap()
    };
    assert!(of("driftline_commit_seconds_total ") > 0.0);
    assert!(of("driftline_store_bytes{file=\"main\"}") > 0.0);
    assert_eq!(of("driftline_commit_beacons_total "), 2.0);
}

#[test]
fn figures_are_for_those_with_a_token() {
    let (host, _) = clock!();
    let folder = TempDir::new().unwrap();
    let mut config = settings();
    config.apps = vec![app("shop", "pk_shop", &[])];
    config.tokens.read = Some("r".repeat(16));
    let run = Running::with(folder.path(), config, host);
    assert_eq!(run.get("/metrics", &[]).0, 401);
}

#[test]
fn figures_are_pushed_by_otlp_and_a_push_that_fails_is_made_up_for() {
    let (host, pass) = clock!();
    let folder = TempDir::new().unwrap();
    let peer = Peer::start(&[Does::Answer(200, ""), Does::Answer(503, "retry-after: 30")]);
    let export: Export = toml::from_str(&format!(
        "[otlp]\nendpoint = \"{}\"\nevery_seconds = 3600\nheaders.authorization = {{ env = \"KEY\" }}\n",
        peer.url("/otlp/")
    ))
    .unwrap();
    let config = Config { alerts: alerts(""), export, ..settings() };
    let run = Running::with(folder.path(), config, host);
    run.beacon(1, false);
    let variable = |name: &str| (name == "KEY").then(|| KEY.to_owned());
    let pusher = Pusher::start(&run.collector, &variable).unwrap();
    pusher.push();
    let heard = peer.next(SOON).unwrap();
    assert_eq!(heard.path, "/otlp/v1/metrics");
    assert_eq!(heard.header("content-type"), Some("application/json"));
    assert_eq!(heard.header("authorization"), Some(KEY));
    let body = heard.json();
    let scope = &body["resourceMetrics"][0]["scopeMetrics"][0];
    let metric = |name: &str| {
        let all = scope["metrics"].as_array().unwrap();
        all.iter().find(|metric| metric["name"] == name).unwrap().clone()
    };
    let beacons = metric("driftline_beacons");
    assert_eq!(beacons["sum"]["isMonotonic"], true);
    assert_eq!(beacons["sum"]["aggregationTemporality"], 2);
    let point = &beacons["sum"]["dataPoints"][0];
    assert_eq!(point["asDouble"], 1.0);
    assert_eq!(point["startTimeUnixNano"], format!("{}000000000", HOUR * 3_600 + 60));
    assert_eq!(point["attributes"][0]["value"]["stringValue"], "counted");

    pass(60);
    pusher.push();
    assert!(peer.next(SOON).is_some());
    // the receiver asked for half a minute
    std::thread::sleep(BRIEF);
    run.beacon(2, false);
    pusher.push();
    assert!(peer.next(BRIEF).is_none());
    pass(30);
    pusher.push();
    let body = peer.next(SOON).unwrap().body;
    assert!(body.contains("\"asDouble\":2.0"), "{body}");
}
