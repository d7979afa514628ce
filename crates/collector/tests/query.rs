//! Parameters that a path does not know, and values that do not fit, at every path that is read.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Answer, HOUR, Served, beacon, instant, settings};
use driftline_collector::Config;
use driftline_collector::config::Tokens;
use std::collections::BTreeSet;

const SPAN: &[&str] = &["from", "to"];

/// Every path that takes GET but the page, whose parameters are its own; and what each takes.
const PATHS: [(&str, &[&str]); 16] = [
    ("/v1/models", &[]),
    ("/v1/models/{identity}", &[]),
    ("/v1/models/{identity}/windows", SPAN),
    ("/v1/models/{identity}/counts", &["from", "to", "block"]),
    ("/v1/models/{identity}/drift", SPAN),
    ("/v1/models/{identity}/report", &["from", "to", "grain", "segment", "layout"]),
    ("/v1/compare", &["a", "b", "from", "to"]),
    ("/v1/alerts", &["identity", "state"]),
    ("/v1/status", &["identity", "key"]),
    ("/v1/deployments", &["name", "channel", "identity", "from", "to", "at"]),
    (
        "/v1/shadow",
        &["channel", "live", "candidate", "from", "to", "by", "least", "margin", "level"],
    ),
    ("/metrics", &[]),
    ("/healthz", &[]),
    ("/readyz", &[]),
    ("/icon.svg", &[]),
    ("/assets/{name}", &[]),
];

/// A collector with a dashboard, whose files are there whatever the command was built with.
fn served() -> (Served, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    for name in ["index.html", "icon.svg", "assets/a-1.js"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let dashboard = Some(folder.path().to_owned());
    let served = Served::start(Config { dashboard, ..settings() });
    let one = beacon("11111111-1111-4111-8111-111111111111", HOUR);
    assert_eq!(served.post(&one).status, 204);
    (served, folder)
}

fn filled(path: &str, served: &Served) -> String {
    path.replace("{identity}", &served.identity).replace("{name}", "a-1.js")
}

/// A query that the path answers, of all parameters that go together.
fn good(path: &str, served: &Served) -> String {
    let span = format!("from={}&to={}", instant(HOUR), instant(HOUR + 1));
    let identity = &served.identity;
    match path.rsplit('/').next().unwrap() {
        "windows" | "drift" => span,
        "counts" => format!("{span}&block=1"),
        "report" => format!("{span}&grain=hour"),
        "compare" => format!("a={identity}&b={identity}&{span}"),
        "alerts" => format!("identity={identity}&state=firing"),
        "status" => format!("identity={identity}"),
        "shadow" => format!("channel=c&live={identity}&{span}&by=agreement&least=0.9&level=0.01"),
        "deployments" => format!("name=m&channel=c&identity={identity}&{span}"),
        _ => String::new(),
    }
}

fn refused(answer: &Answer, name: &str, asked: &str) {
    assert_eq!(answer.status, 400, "{asked}: {}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{asked}");
    let problem = answer.json();
    assert_eq!(problem["code"], "bad_usage", "{asked}");
    assert_eq!(problem["type"], "urn:driftline:code:bad_usage", "{asked}");
    assert_eq!(problem["status"], 400, "{asked}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("`{name}`")), "{asked}: {detail}");
    assert!(problem["help"].as_str().unwrap().contains("docs/collector.md"), "{asked}");
}

#[test]
fn the_table_has_every_path_that_is_read() {
    let source = include_str!("../src/routes/mod.rs");
    let read: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".route(\"")?.split_once("\", "))
        .filter(|(path, methods)| methods.contains("get(") && *path != "/")
        .map(|(path, _)| path)
        .collect();
    assert_eq!(read, PATHS.iter().map(|(path, _)| *path).collect());
}

#[test]
fn a_parameter_that_a_path_does_not_know_is_named_at_every_path() {
    let (served, _folder) = served();
    for (path, takes) in PATHS {
        let (at, good) = (filled(path, &served), good(path, &served));
        let whole = served.get(&format!("{at}?{good}"));
        assert_eq!(whole.status, 200, "{path}?{good}: {}", whole.body);
        for wrong in ["bogus=1", "bogus", "bogus=%FF", "From=1"] {
            let asked = format!("{at}?{good}&{wrong}");
            let answer = served.get(&asked);
            refused(&answer, wrong.split('=').next().unwrap(), &asked);
            for name in takes {
                assert!(answer.body.contains(&format!("`{name}`")), "{asked}: {}", answer.body);
            }
        }
        assert_eq!(served.send("HEAD", &format!("{at}?bogus=1"), &[], b"").status, 400, "{path}");
    }
    assert_eq!(served.get("/?view=alerts&whatever=%FF").status, 200, "the page reads its own");
}

#[test]
fn a_parameter_that_comes_twice_or_broken_is_named_at_every_path() {
    let (served, _folder) = served();
    let mut asked = 0;
    for (path, takes) in PATHS {
        let (at, good) = (filled(path, &served), good(path, &served));
        for name in takes {
            let others: Vec<&str> =
                good.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).collect();
            let others = others.join("&");
            for wrong in [
                (*name).to_owned(),
                format!("{name}=%FF"),
                format!("{name}=%4"),
                format!("{name}=1&{name}=1"),
            ] {
                let query = format!("{at}?{others}&{wrong}");
                refused(&served.get(&query), name, &query);
                asked += 1;
            }
        }
    }
    assert!(asked > 100, "{asked}");
}

#[test]
fn a_value_that_does_not_fit_is_named() {
    let (served, _folder) = served();
    for (path, takes) in PATHS {
        let (at, good) = (filled(path, &served), good(path, &served));
        for name in takes {
            let wrong: &[&str] = match *name {
                "from" | "to" | "at" => {
                    &["", "yesterday", "2013-06-01", "1e9", "2013-06-01T00:00:00+01:00"]
                }
                "block" => &["", "-1", "%2B1", "x", "1.0", "4294967296"],
                "grain" => &["", "minute", "Day"],
                "state" => &["", "over", "FIRING"],
                _ => continue,
            };
            let others: Vec<&str> =
                good.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).collect();
            for value in wrong {
                let query = format!("{at}?{}&{name}={value}", others.join("&"));
                refused(&served.get(&query), name, &query);
            }
        }
    }
}

#[test]
fn what_is_needed_or_does_not_go_together_is_named() {
    let (served, _folder) = served();
    let at = instant(HOUR);
    for (query, name) in [
        ("/v1/compare".to_owned(), "a"),
        ("/v1/compare?a=x".to_owned(), "b"),
        ("/v1/status".to_owned(), "identity"),
        (format!("/v1/deployments?at={at}&from={at}"), "from"),
        (format!("/v1/deployments?at={at}&name=m"), "name"),
        ("/v1/models/%FF".to_owned(), "identity"),
        ("/v1/models/%FF/windows".to_owned(), "identity"),
        ("/v1/models/%FF/counts".to_owned(), "identity"),
        ("/v1/models/%FF/drift".to_owned(), "identity"),
        ("/v1/models/%FF/report".to_owned(), "identity"),
    ] {
        refused(&served.get(&query), name, &query);
    }
    let bundle = common::bundle();
    for (query, name) in [("declare=1", "declare"), ("importance=%F", "importance")] {
        let answer = served.send("POST", &format!("/v1/bundles?{query}"), &[], &bundle);
        refused(&answer, name, query);
    }
}

#[test]
fn who_may_not_read_learns_nothing_of_the_parameters() {
    let tokens = Tokens { read: Some("r".repeat(16)), admin: Some("a".repeat(16)) };
    let served = Served::start(Config { tokens, ..settings() });
    for (path, _) in PATHS.iter().filter(|(path, _)| path.starts_with("/v1/models")) {
        let answer = served.get(&format!("{}?bogus=1", filled(path, &served)));
        assert_eq!(answer.status, 401, "{path}");
    }
}
