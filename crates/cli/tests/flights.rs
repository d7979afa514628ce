//! The flights example through every command.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, flights};
use serde_json::Value;

const BUNDLE: &str = "dist/flights-delay.driftline";
const OUTCOMES: &str = "row_id,late,p_late";

#[test]
fn golden_rows_equal_the_training_pipeline() {
    let desk = Desk::new();
    let (golden, expected) = (flights("golden.csv"), flights("golden_expected.csv"));
    desk.build_flights(&["--golden", &golden, "--expected", &expected]).good();
    let check = ["check", BUNDLE, "--input", &golden, "--expected", &expected];
    let answer = desk.run(&[&check[..], &["--json"]].concat()).good();
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    assert!(report["rows"].as_u64().unwrap() >= 100, "{report}");
    assert_eq!(report["scores"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(report["features"].as_array().unwrap().len(), 18, "{report}");
    assert!(report["largest"].as_f64().unwrap() <= 1e-6, "{report}");

    // one digit of one feature and of one score
    let text = String::from_utf8(std::fs::read(&expected).unwrap()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[3] = lines[3].replace(",475.0,", ",476.0,");
    let cells: Vec<&str> = lines[2].split(',').collect();
    let score: f64 = cells[1].parse().unwrap();
    lines[2] = lines[2].replacen(cells[1], &(score + 0.01).to_string(), 1);
    desk.write("skewed.csv", lines.join("\n"));
    let answer =
        desk.run(&["check", BUNDLE, "--input", &golden, "--expected", "skewed.csv", "--json"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(report["first"]["column"], "p_on_time");
    assert_eq!(report["first"]["line"], 3);
    let answer = desk.run(&["check", BUNDLE, "--input", &golden, "--expected", "skewed.csv"]);
    assert!(answer.out.contains("first  `p_on_time` in line 3"), "{}", answer.out);
}

#[test]
fn the_first_feature_that_differs_is_named_with_its_row_and_step() {
    let desk = Desk::new();
    desk.build_flights(&["--no-package"]).good();
    let text = std::fs::read_to_string(flights("golden_expected.csv")).unwrap();
    let golden = std::fs::read_to_string(flights("golden.csv")).unwrap();
    let seats = golden.lines().next().unwrap().split(',').position(|c| c == "plane_seats").unwrap();
    // training imputed another number of seats, and the step's column tells so
    let lines = text.lines().zip(golden.lines()).enumerate().map(|(n, (line, raw))| {
        let raw = raw.split(',').nth(seats).unwrap();
        match (n, raw.is_empty()) {
            (0, _) => format!("{line},f_plane_seats@0,f_plane_seats@1"),
            (_, true) => format!("{line},,100"),
            (_, false) => format!("{line},{raw},{raw}"),
        }
    });
    let first = golden.lines().position(|l| l.split(',').nth(seats) == Some("")).unwrap() + 1;
    desk.write("skewed.csv", lines.collect::<Vec<_>>().join("\n"));
    let check = ["check", BUNDLE, "--input", &flights("golden.csv"), "--expected", "skewed.csv"];
    let answer = desk.run(&[&check[..], &["--json"]].concat());
    assert_eq!(answer.status, 1, "{answer:?}");
    let report = &answer.lines()[0];
    assert_eq!(report["first"]["column"], "f_plane_seats@1", "{report}");
    assert_eq!(report["first"]["line"], first, "{report}");
    assert_eq!(report["first"]["step"], "impute", "{report}");
    assert_eq!(report["first"]["steps"][0]["value"], "missing", "{report}");
    assert_eq!(report["steps"].as_array().unwrap().len(), 2, "{report}");
    let text = desk.run(&check).out;
    let wanted = format!("first  `f_plane_seats@1` in line {first} after `impute`");
    assert!(text.contains(&wanted), "{text}");
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let (a, b) = (Desk::new(), Desk::new());
    let golden = flights("golden.csv");
    let first = a.build_flights(&["--golden", &golden, "--json"]).good();
    b.build_flights(&["--golden", &golden]).good();
    for file in [
        "flights-delay.driftline",
        "package/driftline_bg.wasm",
        "package/package.json",
        "package/index.d.ts",
        "package/index.d.cts",
        "package/README.md",
    ] {
        let file = format!("dist/{file}");
        assert_eq!(a.read(&file), b.read(&file), "{file}");
    }
    let report: Value = serde_json::from_str(&first.out).unwrap();
    assert_eq!(report["runtime"], "plan");
    assert!(report["identity"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(report["zones"], serde_json::json!(["America/New_York"]));
    let gzip = report["bundle"]["gzip"].as_u64().unwrap();
    assert!(gzip > 0 && gzip < report["bundle"]["bytes"].as_u64().unwrap());
}

/// Elsewhere: other folder, order and age of the files, zone, language and home, nothing else of the
/// environment. The identity is also the one that the machine had that wrote the snapshot.
#[test]
fn another_machine_builds_the_same_identity() {
    let (here, there) = (Desk::new(), Desk::new());
    here.build_flights(&["--golden", &flights("golden.csv")]).good();
    let names = ["policy.yaml", "model.onnx", "golden.csv", "contract.yaml", "baseline.json"];
    for (age, name) in names.iter().enumerate() {
        there.write(&format!("elsewhere/{name}"), std::fs::read(flights(name)).unwrap());
        let file =
            std::fs::File::options().append(true).open(there.path(&format!("elsewhere/{name}")));
        let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(86_400 * age as u64);
        file.unwrap().set_modified(then).unwrap();
    }
    // the small runtime, as `run` has it
    there.run(&["--version"]).good();
    let build = std::process::Command::new(env!("CARGO_BIN_EXE_driftline"))
        .args(["build", "model.onnx", "--contract", "contract.yaml", "--policy", "policy.yaml"])
        .args(["--baseline", "baseline.json", "--golden", "golden.csv", "-o", "../dist"])
        .current_dir(there.path("elsewhere"))
        .env_clear()
        .env("DRIFTLINE_RUNTIME", there.path("runtime"))
        .envs([("TZ", "Asia/Kathmandu"), ("LC_ALL", "tr_TR.UTF-8"), ("HOME", "/nowhere")])
        .output()
        .unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    for file in ["flights-delay.driftline", "package/driftline_bg.wasm", "package/package.json"] {
        let file = format!("dist/{file}");
        assert_eq!(here.read(&file), there.read(&file), "{file}");
    }
    let bytes = there.read("dist/flights-delay.driftline");
    insta::assert_snapshot!(driftline::bundle::Bundle::read(&bytes).unwrap().identity());
}

#[test]
fn the_package_has_types_of_this_model() {
    let desk = Desk::new();
    desk.build_flights(&["--package-version", "2.3.4"]).good();
    let package: Value = serde_json::from_slice(&desk.read("dist/package/package.json")).unwrap();
    assert_eq!(package["name"], "flights-delay");
    assert_eq!(package["version"], "2.3.4");
    let types = String::from_utf8(desk.read("dist/package/index.d.ts")).unwrap();
    assert!(!types.contains("{{"), "{types}");
    insta::assert_snapshot!(types);
    let cts = String::from_utf8(desk.read("dist/package/index.d.cts")).unwrap();
    assert!(cts.contains("./api.cjs") && !cts.contains("./api.js"));
    insta::assert_snapshot!(
        String::from_utf8(desk.read("dist/package/README.md"))
            .unwrap()
            .lines()
            .filter(|l| !l.starts_with("Identity"))
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn production_rows_are_all_decided() {
    let desk = Desk::new();
    desk.build_flights(&[]).good();
    let rows = flights("production.csv.gz");
    let predict = ["predict", BUNDLE, "--input", &rows, "--ignore", OUTCOMES];
    let answer = desk.run(&[&predict[..], &["--output", "out.jsonl"]].concat()).good();
    let decisions: Vec<Value> = String::from_utf8(desk.read("out.jsonl"))
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert!(decisions.len() >= 7000, "{}", decisions.len());
    let accepted = decisions.iter().filter(|d| d["action"] == "accept").count();
    assert!(accepted * 2 > decisions.len(), "{}", answer.err);
    assert!(answer.err.contains(" rows: "), "{}", answer.err);
    // without leaving them out, the outcomes are fields that the contract does not know
    let strict = desk.run(&["predict", BUNDLE, "--input", &rows]).good();
    assert!(strict.lines().iter().all(|d| d["action"] == "reject"));
}

#[test]
fn a_row_that_cannot_be_read_is_a_line_and_the_rest_is_decided() {
    let desk = Desk::new();
    desk.build_flights(&[]).good();
    let good = r#"{"scheduled_departure":"2013-07-01T12:30:00Z","carrier":"UA","origin":"EWR","dest":"ORD","distance":719}"#;
    let rows = format!("{good}\n{{\"carrier\":\n\n[1]\n{good}\n");
    let answer = desk.run_with(&["predict", BUNDLE, "--input", "-"], &rows);
    assert_eq!(answer.status, 2, "{answer:?}");
    let lines = answer.lines();
    assert_eq!(lines.len(), 4, "{answer:?}");
    assert_eq!(lines[0], lines[3]);
    assert_eq!(lines[0]["violations"], serde_json::json!([]));
    assert_eq!(lines[1]["line"], 2);
    assert_eq!(lines[1]["error"]["code"], "bad_input");
    assert_eq!(lines[1]["error"]["place"]["line"], 2);
    assert_eq!(lines[2]["violations"][0]["code"], "not_a_record");
}

#[test]
fn the_zone_trap_is_a_violation() {
    let desk = Desk::new();
    desk.write(
        "rows.csv",
        "scheduled_departure,carrier,origin,dest,distance\n\
         2013-07-01T08:30:00,UA,EWR,ORD,719\n\
         2013-07-01T08:30:00-04:00,UA,EWR,ORD,719\n\
         2013-07-01T08:30:00-04:00,UA,EWR,ORD,NaN\n",
    );
    let contract = flights("contract.yaml");
    let answer = desk.run(&["validate", &contract, "--input", "rows.csv"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    let lines = answer.lines();
    assert_eq!(lines[0]["violations"][0]["code"], "missing_offset");
    assert_eq!(lines[1]["violations"], serde_json::json!([]));
    assert_eq!(lines[2]["violations"][0]["code"], "wrong_type");
    let broken = desk.run(&["validate", &contract, "--input", "rows.csv", "--broken-only"]);
    assert_eq!(broken.lines().len(), 2);
}

#[test]
fn inspect_tells_parts_and_model() {
    let desk = Desk::new();
    let source = format!("source={}", flights("train.py"));
    desk.build_flights(&["--provenance", &source]).good();
    let view: Value =
        serde_json::from_str(&desk.run(&["inspect", BUNDLE, "--json"]).good().out).unwrap();
    let names: Vec<&str> = view["manifest"]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["baseline", "contract", "model", "policy", "zones/America/New_York"]);
    let references = view["manifest"]["references"].as_array().unwrap();
    assert!(references.iter().any(|r| r["role"] == "source" && r["name"] == "train.py"));
    assert_eq!(view["identity"], view["identity"].as_str().unwrap().to_lowercase());
    let text = desk.run(&["inspect", BUNDLE]).good().out;
    assert!(text.contains("zones/America/New_York") && text.contains("accepted from"), "{text}");
    let text = desk.run(&["inspect", &flights("model.onnx")]).good().out;
    assert!(text.contains("input    input float32 [batch, 18]"), "{text}");
}

#[test]
fn a_contract_that_names_other_tensors_is_refused_with_its_line() {
    let desk = Desk::new();
    let contract = std::fs::read_to_string(flights("contract.yaml")).unwrap();
    let line = contract.lines().position(|l| l.contains("scores: probabilities")).unwrap() + 1;
    desk.write("contract.yaml", contract.replace("scores: probabilities", "scores: scores"));
    let model = flights("model.onnx");
    let answer =
        desk.run(&["build", &model, "--contract", "contract.yaml", "-o", "dist", "--json"]);
    assert_eq!(answer.code(), "model_mismatch");
    assert_eq!(answer.place().0, line as u64);
}

#[test]
fn a_check_that_packages_cannot_run_is_refused_with_its_line() {
    let desk = Desk::new();
    let contract = std::fs::read_to_string(flights("contract.yaml")).unwrap();
    let before = "  - name: carrier\n";
    let line = contract.lines().position(|l| l.contains("name: carrier")).unwrap() + 1;
    let note = "  - name: note\n    type: text\n    required: false\n    missing: allow\n    \
                checks: [{ regex: { patterns: [\"^[A-Z]\"] } }]\n";
    desk.write("contract.yaml", contract.replacen(before, &format!("{note}{before}"), 1));
    let model = flights("model.onnx");
    let build = ["build", &*model, "--contract", "contract.yaml", "-o", "dist", "--json"];
    let answer = desk.run(&build);
    assert_eq!((answer.code(), answer.place().0), ("runtime_mismatch".into(), line as u64 + 4));
    desk.run(&[&build[..], &["--no-package"]].concat()).good();
}
