//! Keys, signatures and what `verify` finds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Answer, Desk};
use serde_json::Value;

const BUNDLE: &str = "dist/flights-delay.driftline";
const WASM: &str = "dist/package/driftline_bg.wasm";

fn report(answer: &Answer) -> Value {
    serde_json::from_str(&answer.out).unwrap_or_else(|e| panic!("{e}: {answer:?}"))
}

/// The findings that differ: what, stated, found or note.
fn differing(report: &Value) -> Vec<(String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["status"] == "differs")
        .map(|f| (text(&f["what"]), text(&f["stated"]), text(&f["found"])))
        .collect()
}

#[test]
fn a_signed_bundle_holds_for_its_key_alone() {
    let desk = Desk::new();
    desk.build_flights(&[]).good();
    for key in ["a.key", "b.key"] {
        desk.run(&["keygen", "-o", key]).good();
    }
    assert_eq!(desk.run(&["keygen", "-o", "a.key", "--json"]).code(), "io");
    let verify = |more: &[&str]| {
        let answer = desk.run(&[&["verify", BUNDLE, "--json"], more].concat());
        (answer.status, report(&answer))
    };
    let (status, unsigned) = verify(&[]);
    assert_eq!((status, &unsigned["holds"]), (0, &true.into()), "{unsigned}");
    let (status, unsigned) = verify(&["--key", "a.key.pub"]);
    assert_eq!((status, &unsigned["signature_code"]), (1, &"signature_missing".into()));

    let sign = ["sign", BUNDLE, "--sequence", "7", "--expires", "2013-06-03T02:00:00+02:00"];
    desk.run(&[&sign[..], &["--key", "a.key", "--created", "2013-01-01T00:00:00Z"]].concat())
        .good();
    let first = desk.read("dist/flights-delay.driftline.sig");
    desk.run(&[&sign[..], &["--key", "a.key", "--created", "2013-01-01T00:00:00Z"]].concat())
        .good();
    assert_eq!(desk.read("dist/flights-delay.driftline.sig"), first, "signing has no randomness");
    let at = ["--at", "2013-06-02T00:00:00Z"];
    let (status, signed) = verify(&[&at[..], &["--key", "a.key.pub", "--minimum", "7"]].concat());
    assert_eq!(status, 0, "{signed}");
    assert_eq!(signed["statement"]["expires"], "2013-06-03T00:00:00Z");
    assert_eq!(signed["statement"]["identity"], signed["identity"]);
    for (more, code) in [
        (&["--key", "b.key.pub", "--at", "2013-06-02T00:00:00Z"][..], "key_unknown"),
        (&["--key", "a.key.pub", "--at", "2013-06-03T00:00:00Z"], "signature_expired"),
        (&["--key", "a.key.pub"], "signature_expired"),
        (&["--key", "a.key.pub", "--at", "2013-06-02T00:00:00Z", "--minimum", "8"], "downgrade"),
    ] {
        let (status, found) = verify(more);
        assert_eq!((status, &found["signature_code"]), (1, &code.into()), "{found}");
    }

    // the newer key by way of the older one, and both at once
    desk.run(&["rotate", "--key", "a.key", "--to", "b.key.pub", "-o", "rotation.json"]).good();
    let newer =
        ["sign", BUNDLE, "--key", "b.key", "--sequence", "8", "--rotation", "rotation.json"];
    let both = report(&desk.run(&[&newer[..], &["--json"]].concat()).good());
    assert_eq!((&both["signatures"], &both["rotations"]), (&2.into(), &1.into()));
    let (status, rotated) = verify(&["--key", "a.key.pub", "--minimum", "8"]);
    assert_eq!((status, &rotated["statement"]["sequence"]), (0, &8.into()), "{rotated}");

    // a signature file of an earlier build does not keep a later one from being signed
    desk.run(&["sign", WASM, "--key", "b.key", "-o", "dist/flights-delay.driftline.sig"]).good();
    let (status, last) = verify(&["--key", "b.key.pub"]);
    assert_eq!((status, &last["statement"]["sequence"]), (0, &0.into()), "{last}");
    assert_eq!(desk.run(&["sign", BUNDLE, "--key", "a.key.pub", "--json"]).code(), "bad_input");
}

#[test]
fn a_wasm_is_signed_with_its_runtime() {
    let desk = Desk::new();
    desk.build_flights(&[]).good();
    desk.run(&["keygen", "-o", "a.key"]).good();
    desk.run(&["sign", WASM, "--key", "a.key"]).good();
    let verify = ["verify", WASM, "--key", "a.key.pub", "--json"];
    desk.run(&verify).good();
    // an empty section put before the bundle's leaves the bundle and its identity as they were
    let wasm = desk.read(WASM);
    let other = [&wasm[..8], &[0, 2, 1, b'x'], &wasm[8..]].concat();
    desk.write(WASM, other);
    let found = report(&desk.run(&verify));
    assert_eq!(found["signature_code"], "signature_invalid", "{found}");
    desk.write(WASM, wasm);
    desk.run(&["sign", BUNDLE, "--key", "a.key", "-o", "dist/package/driftline_bg.wasm.sig"])
        .good();
    // the statement about the bundle alone took the place of the one about the file
    let found = report(&desk.run(&verify));
    assert_eq!(found["signature_code"], "signature_invalid", "{found}");
}

#[test]
fn a_changed_part_is_named_with_both_digests() {
    let desk = Desk::new();
    desk.build_flights(&["--no-package"]).good();
    let good = desk.read(BUNDLE);
    let before = report(&desk.run(&["verify", BUNDLE, "--json"]).good());
    for finding in before["findings"].as_array().unwrap() {
        let Some(name) = finding["what"].as_str().unwrap().strip_prefix("part ") else { continue };
        assert_eq!(finding["stated"], finding["found"], "{name}");
    }
    let mut altered = good.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    desk.write(BUNDLE, &altered);
    let answer = desk.run(&["verify", BUNDLE, "--json"]);
    assert_eq!(answer.status, 1);
    let found = report(&answer);
    let [(what, stated, computed)] = &differing(&found)[..] else { panic!("{found}") };
    assert_eq!(what, "part `zones/America/New_York`");
    assert!(stated.starts_with("sha256:") && computed.starts_with("sha256:"));
    assert_ne!(stated, computed);
    assert_eq!(found["identity"], before["identity"], "the manifest is as it was");
    let text = desk.run(&["verify", BUNDLE]).out;
    assert!(text.contains("DIFFERS  part `zones/America/New_York`  stated sha256:"), "{text}");

    for (bytes, what) in [
        (&good[..good.len() - 1], "part `zones/America/New_York`"),
        (&[&good[..], b"x"].concat(), "bundle"),
        (b"text", "manifest"),
    ] {
        desk.write(BUNDLE, bytes);
        let answer = desk.run(&["verify", BUNDLE, "--json"]);
        assert_eq!(answer.status, 1, "{answer:?}");
        assert_eq!(differing(&report(&answer))[0].0, what);
    }
}

/// The folder in which DVC wrote `tests/peers/dvc`, made again, with MLflow's file beside it.
fn work_tree(desk: &Desk) {
    let peer = |name: &str| {
        std::fs::read(common::repository().join("crates/cli/tests/peers").join(name)).unwrap()
    };
    let model = b"6fb44ce5c92a4f706c8134cf1f657839\n";
    desk.write("work/params.yaml", peer("dvc/params.yaml"))
        .write("work/models/model.onnx", model)
        // of two files of one name the one with the digest counts
        .write("work/served/model.onnx", std::fs::read(common::flights("model.onnx")).unwrap())
        .write("work/models/dir/model.onnx", model)
        .write("work/models/dir/params.yaml", peer("dvc/params.yaml"))
        .write("work/metrics.json", "{}\n")
        .write("work/dvc.lock", peer("dvc/dvc.lock"))
        .write("work/data/train.csv.dvc", peer("dvc/train.csv.dvc"))
        .write("work/run/MLmodel", peer("MLmodel"))
        .write("work/requirements.txt", "numpy==1.26.4\nonnx==1.16.1\n");
}

fn git(desk: &Desk, args: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .arg("-C")
        .arg(desk.path("work"))
        .args(["-c", "user.name=T", "-c", "user.email=t@example.org"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const PROVENANCE: &[&str] = &[
    "--no-package",
    "--author",
    "Ada",
    "--created",
    "2013-06-03T00:00:00Z",
    "--licence",
    "MIT OR Apache-2.0",
    "--card",
    "card.yaml",
    "--provenance",
    "work/dvc.lock",
    "work/data/train.csv.dvc",
    "work/run/MLmodel",
    "work/requirements.txt",
    "git=work",
];

const CARD: &str = "intended_use: [Warn of late arrivals]\nlimits: [Two years old]\nmetrics:\n\
                    - {name: accuracy, value: 0.83, slice: July, lower: 0.82, upper: 0.84}\n\
                    contacts: [{name: Desk <1>, email: desk@example.org}]\nmore: {Costs: None}\n";

#[test]
fn where_a_bundle_comes_from_is_computed_again_and_each_tampering_named() {
    let desk = Desk::new();
    work_tree(&desk);
    desk.write("card.yaml", CARD);
    git(&desk, &["init", "-q"]);
    git(&desk, &["add", "-A"]);
    git(&desk, &["commit", "-q", "-m", "first"]);
    let commit = git(&desk, &["rev-parse", "HEAD"]);
    let built = report(&desk.build_flights(&[PROVENANCE, &["--json"]].concat()).good());
    assert!(built["signature_differences"].as_array().unwrap().len() > 9, "{built}");

    let run = || desk.run(&["verify", BUNDLE, "--against", "work", "--json"]);
    let good = run().good();
    let found = report(&good);
    let status = |what: &str| {
        let all = found["findings"].as_array().unwrap();
        let of = all.iter().find(|f| f["what"] == what);
        of.unwrap_or_else(|| panic!("no `{what}` in {found:#}"))["status"].clone()
    };
    for what in [
        "part `provenance`",
        "git commit",
        "git work tree",
        "dvc `dvc.lock`",
        "dvc `train.csv.dvc`",
        "data `models/dir`",
        "data `models/model.onnx`",
        "data `metrics.json`",
        "parameter `threshold` of `params.yaml`",
        "mlflow `MLmodel`",
        "mlflow `MLmodel` signature",
        "environment `requirements.txt`",
    ] {
        assert_eq!(status(what), "holds", "{what}");
    }
    // what is not there is told, and is no failure
    assert_eq!(status("data `data/train.csv`"), "unreachable");
    assert_eq!(status("data `train.csv`"), "unreachable");
    assert_eq!(status("contract `contract.yaml`"), "unreachable");

    let cases: [(&str, &str, &str, &[&str]); 9] = [
        ("models/model.onnx", "6fb4", "7fb4", &["data `models/model.onnx`", "git work tree"]),
        ("models/dir/params.yaml", "0.5", "0.6", &["data `models/dir`", "git work tree"]),
        ("params.yaml", "0.5", "0.6", &["parameter `threshold` of `params.yaml`", "git work tree"]),
        (
            "dvc.lock",
            "9a7fc01b",
            "9a7fc01c",
            &["dvc `dvc.lock`", "`models/model.onnx` in `dvc.lock`", "git work tree"],
        ),
        (
            "dvc.lock",
            "threshold: 0.5",
            "threshold: 0.4",
            &["dvc `dvc.lock`", "parameter `threshold` in `dvc.lock`", "git work tree"],
        ),
        (
            "data/train.csv.dvc",
            "size: 200853",
            "size: 200854",
            &["dvc `train.csv.dvc`", "`train.csv` in `train.csv.dvc`", "git work tree"],
        ),
        (
            "run/MLmodel",
            "8dc72486",
            "8dc72487",
            &["mlflow `MLmodel`", "mlflow `MLmodel` model_uuid", "git work tree"],
        ),
        (
            "run/MLmodel",
            "\"type\": \"boolean\", \"name\": \"is_new\"",
            "\"type\": \"long\", \"name\": \"is_new\"",
            &["mlflow `MLmodel`", "mlflow `MLmodel` signature, name of `is_new`", "git work tree"],
        ),
        (
            "requirements.txt",
            "1.26.4",
            "1.26.5",
            &[
                "environment `requirements.txt`",
                "package `numpy` of `requirements.txt`",
                "git work tree",
            ],
        ),
    ];
    for (file, from, to, wanted) in cases {
        let name = format!("work/{file}");
        let before = String::from_utf8(desk.read(&name)).unwrap();
        assert!(before.contains(from), "{file}");
        desk.write(&name, before.replacen(from, to, 1));
        let answer = run();
        assert_eq!(answer.status, 1, "{file}: {answer:?}");
        let found = report(&answer);
        let differing = differing(&found);
        for what in wanted {
            let hit = differing.iter().find(|(w, ..)| w == what);
            let (_, stated, found) =
                hit.unwrap_or_else(|| panic!("{file}: no `{what}` in {differing:#?}"));
            assert!(!stated.is_empty() && !found.is_empty() && stated != found, "{file}: {what}");
        }
        for (what, ..) in &differing {
            assert!(wanted.contains(&&**what), "{file}: `{what}` is not the one that was changed");
        }
        desk.write(&name, before);
    }
    run().good();

    // DVC's cache stands in for the directory
    let list = std::fs::read(
        common::repository().join("crates/cli/tests/peers/dvc/models_dir_manifest.dir.json"),
    );
    let cached = "work/.dvc/cache/files/md5/85/327b854ee53b53fec59c763f5fb50f.dir";
    desk.write(cached, list.unwrap());
    std::fs::rename(desk.path("work/models/dir"), desk.path("away")).unwrap();
    let answer = run();
    let of =
        |answer: &Answer| differing(&report(answer)).into_iter().map(|f| f.0).collect::<Vec<_>>();
    assert_eq!(of(&answer), ["git work tree"], "{answer:?}");
    desk.write(cached, "[]");
    assert!(of(&run()).contains(&"data `models/dir`".to_owned()));
    std::fs::rename(desk.path("away"), desk.path("work/models/dir")).unwrap();

    // another history
    std::fs::remove_dir_all(desk.path("work/.git")).unwrap();
    let answer = run().good();
    assert!(answer.out.contains(&commit), "{answer:?}");
    git(&desk, &["init", "-q"]);
    assert_eq!(of(&run()), ["git commit"]);
}

#[test]
fn provenance_is_only_what_was_given() {
    let desk = Desk::new();
    desk.build_flights(&["--no-package"]).good();
    let manifest = report(&desk.run(&["inspect", BUNDLE, "--json"]).good());
    let parts = manifest["manifest"]["parts"].as_array().unwrap();
    assert!(parts.iter().all(|p| p["name"] != "provenance"), "{manifest}");

    work_tree(&desk);
    desk.write("work/metrics.json", "[]\n").write("card.yaml", CARD);
    for (args, code) in [
        (&["--provenance", "work/dvc.lock"][..], "provenance_mismatch"),
        (&["--provenance", "git=work"], "bad_input"),
        (&["--licence", "Free"], "bad_usage"),
        (&["--created", "yesterday"], "bad_usage"),
        (&["--author", ""], "bad_usage"),
        (&["--card", "work/params.yaml"], "bad_input"),
        (&["--card", "no.yaml"], "io"),
    ] {
        let answer = desk.build_flights(&[args, &["--json"]].concat());
        assert_eq!(answer.code(), code, "{args:?}");
    }
    desk.write("card.yaml", "metrics:\n- {name: accuracy, value: .nan}\n");
    let answer = desk.build_flights(&["--card", "card.yaml", "--json"]);
    assert_eq!(answer.code(), "bad_input");
}

#[test]
fn golden_rows_are_computed_again() {
    let desk = Desk::new();
    let golden = common::flights("golden.csv");
    desk.build_flights(&["--no-package", "--golden", &golden]).good();
    let found = report(&desk.run(&["verify", BUNDLE, "--json"]).good());
    assert_eq!(found["self_test"]["bound"], 0, "{found}");
    assert_eq!(found["self_test"]["largest"], 0.0, "{found}");
    assert_eq!(found["self_test"]["rows"], 200, "{found}");
    let expected = common::flights("golden_expected.csv");
    let check = ["check", BUNDLE, "--input", &golden, "--expected", &expected, "--json"];
    assert_eq!(desk.run(&check).good().lines()[0]["self_test"]["rows"], 200);

    // a bundle whose golden scores are another model's, in one digit of one row
    let bytes = desk.read(BUNDLE);
    let bundle = driftline::bundle::Bundle::read(&bytes).unwrap();
    let mut writer = driftline::bundle::BundleWriter::new(
        bundle.manifest().name.clone(),
        bundle.manifest().runtime.kind,
    );
    for part in &bundle.manifest().parts {
        let mut body = bundle.part(&part.name).unwrap().to_vec();
        if part.name == "golden" {
            let mut json: Value = serde_json::from_slice(&body).unwrap();
            let score = json["rows"][4]["scores"][0].as_f64().unwrap();
            json["rows"][4]["scores"][0] = (f64::from_bits(score.to_bits() + 1)).into();
            body = serde_json::to_vec(&json).unwrap();
        }
        writer.part(&part.name, &part.media_type, body).unwrap();
    }
    desk.write(BUNDLE, writer.finish().unwrap().0);
    let answer = desk.run(&["verify", BUNDLE, "--json"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    let found = report(&answer);
    assert_eq!(found["self_test"]["first"][0], 5, "{found}");
    assert_eq!(differing(&found)[0].0, "golden rows");
    let answer = desk.run(&check);
    assert_eq!(answer.status, 1, "{answer:?}");
}
