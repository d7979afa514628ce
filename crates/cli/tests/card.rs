//! A bundle told to others: the model card and the bill of materials.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, repository};
use serde_json::Value;

const BUNDLE: &str = "dist/flights-delay.driftline";
const CARD: &str = "\
intended_use: [Warn travellers of late arrivals]
users: [The desk]
out_of_scope: [Crew planning]
limits: [Data of 2013 alone]
tradeoffs: [Fewer answers where errors cost more]
ethics: [No person is judged]
training_data: [Departures of 2013]
metrics: [{name: accuracy, value: 0.83, slice: July, lower: 0.82, upper: 0.84}]
contacts: [{name: Desk <1>, email: desk@example.org}]
more: {Costs: None}
";

fn desk() -> Desk {
    let desk = Desk::new();
    let peer =
        |name: &str| std::fs::read(repository().join("crates/cli/tests/peers").join(name)).unwrap();
    desk.write("card.yaml", CARD)
        .write("work/metrics.json", "{}\n")
        .write("work/dvc.lock", peer("dvc/dvc.lock"))
        .write("work/MLmodel", peer("MLmodel"))
        .write("work/requirements.txt", "numpy==1.26.4\ntorch==2.0+cpu\npandas>=2\n");
    let args = ["--no-package", "--author", "Ada", "--created", "2013-06-03T00:00:00Z"];
    let more = ["--licence", "MIT OR Apache-2.0", "--card", "card.yaml", "--provenance"];
    let files = ["work/dvc.lock", "work/MLmodel", "work/requirements.txt"];
    desk.build_flights(&[&args[..], &more, &files].concat()).good();
    desk
}

#[test]
fn the_card_is_one_page_without_scripts() {
    let desk = desk();
    desk.run(&["inspect", BUNDLE, "--html", "-o", "card.html"]).good();
    let page = String::from_utf8(desk.read("card.html")).unwrap();
    for text in [
        "<h1>flights-delay</h1>",
        "Warn travellers of late arrivals",
        "Desk &lt;1&gt; &lt;desk@example.org&gt;",
        "<td>0.82 to 0.84</td>",
        "MIT OR Apache-2.0",
        "<th scope=\"row\">models/dir</th>",
        "md5:85327b854ee53b53fec59c763f5fb50f.dir",
        "<h2>MLflow&#39;s signature against the contract</h2>",
        "<td>not pinned</td>",
        "<h2>Fields of a record</h2>",
        "color-scheme: light dark",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("<script") && !page.contains("Desk <1>"));
    // a bundle of which nothing more is known has a card too
    desk.build_flights(&["--no-package"]).good();
    let page = desk.run(&["inspect", BUNDLE, "--html"]).good().out;
    assert!(page.contains("<h2>Parts</h2>") && !page.contains("Where it comes from"));
    assert_eq!(desk.run(&["inspect", BUNDLE, "-o", "x", "--json"]).code(), "bad_usage");
}

/// Digests, versions and sizes go, since every build of the example may change them.
fn normal(value: Value) -> Value {
    match value {
        Value::String(text) => {
            let hex = |t: &str| t.bytes().all(|b| b.is_ascii_hexdigit());
            let digits = text.strip_prefix("sha256:").unwrap_or(&text);
            if digits.len() == 64 && hex(digits) {
                return text.replace(digits, &"0".repeat(64)).into();
            }
            if text.starts_with("urn:uuid:") && text.len() == 45 {
                return "urn:uuid:00000000-0000-8000-8000-000000000000".into();
            }
            text.into()
        }
        Value::Array(items) => items.into_iter().map(normal).collect(),
        Value::Object(map) => map.into_iter().map(|(k, v)| (k, normal(v))).collect(),
        other => other,
    }
}

/// `tests/vectors/bom.json` is what CycloneDX's own validator took; `check_bom.py` beside it asks
/// that again.
#[test]
fn the_bill_of_materials_is_the_one_that_was_validated() {
    let desk = desk();
    let bom = || -> Value {
        serde_json::from_str(&desk.run(&["inspect", BUNDLE, "--bom"]).good().out).unwrap()
    };
    assert_eq!(bom(), bom());
    let found = normal(bom());
    let path = repository().join("tests/vectors/bom.json");
    if std::env::var_os("DRIFTLINE_UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&found).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
    }
    let expected: Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap_or_default()).unwrap_or_default();
    assert!(found == expected, "stale: run with DRIFTLINE_UPDATE=1, then check_bom.py\n{found:#}");
    let model = &bom()["metadata"]["component"];
    assert_eq!(model["type"], "machine-learning-model");
    assert_eq!(model["licenses"][0]["expression"], "MIT OR Apache-2.0");
}
