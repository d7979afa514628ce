use super::dvc::{File, is_plain, single};
use super::mlflow::Differing;
use super::*;
use std::path::PathBuf;

fn peers(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name)
}

/// The folder in which DVC wrote its files, with what can be made again.
pub fn work_tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let params = std::fs::read(peers("dvc/params.yaml")).unwrap();
    // the stage's command: the digest of the data, and an empty object
    let model = b"6fb44ce5c92a4f706c8134cf1f657839\n";
    write("params.yaml", &params);
    write("models/model.onnx", model);
    write("models/dir/model.onnx", model);
    write("models/dir/params.yaml", &params);
    write("metrics.json", b"{}\n");
    for name in ["dvc.lock", "train.csv.dvc", "dvc.yaml"] {
        let to = folder.path().join(name);
        std::fs::write(to, std::fs::read(peers("dvc").join(name)).unwrap()).unwrap();
    }
    folder
}

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("dvc.lock");
    File::read(&path)?.examined(&path)
}

#[test]
fn what_dvc_wrote_is_computed_again() {
    let folder = work_tree();
    let lock = lock(folder.path()).unwrap();
    let of = |path: &str| lock.tracked.iter().find(|t| t.path == path).unwrap();
    // another program computed the md5s, and sha256sum the rest
    assert_eq!(of("models/dir").digest, "md5:85327b854ee53b53fec59c763f5fb50f.dir");
    assert!(of("models/dir").sha256.is_some());
    let empty_object = "sha256:ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356";
    assert_eq!(of("metrics.json").sha256.as_deref(), Some(empty_object));
    assert!(of("data/train.csv").input && of("data/train.csv").sha256.is_none());
    assert_eq!(lock.params["params.yaml"]["threshold"], 0.5);
    let data = File::read(&folder.path().join("train.csv.dvc")).unwrap();
    assert_eq!(data.tracked[0].digest, "md5:6fb44ce5c92a4f706c8134cf1f657839");
    assert_eq!((data.tracked[0].size, data.tracked[0].legacy), (Some(200_853), false));
}

#[test]
fn data_that_is_not_as_dvc_says_is_refused_by_name() {
    let cases = [
        ("models/model.onnx", "x", "models/model.onnx"),
        ("models/dir/params.yaml", "threshold: 0.6\n", "models/dir"),
        ("models/dir/more", "", "models/dir"),
        ("metrics.json", "[]\n", "metrics.json"),
    ];
    for (path, text, named) in cases {
        let folder = work_tree();
        std::fs::write(folder.path().join(path), text).unwrap();
        let error = lock(folder.path()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ProvenanceMismatch, "{path}");
        assert!(error.message().starts_with(&format!("`{named}` has the digest md5:")), "{error}");
    }
    let folder = work_tree();
    let path = folder.path().join("dvc.lock");
    let text = std::fs::read_to_string(&path).unwrap().replace("nfiles: 2", "nfiles: 3");
    std::fs::write(&path, text).unwrap();
    let error = lock(folder.path()).unwrap_err();
    assert!(error.message().contains("the number of files 2, `dvc.lock` says 3"), "{error}");
}

#[test]
fn older_digests_read_line_ends_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "a\r\nb\r\r\nc\r").unwrap();
    let content = single(&path).unwrap();
    std::fs::write(&path, "a\nb\r\nc\r").unwrap();
    assert_eq!(content.legacy_md5.as_ref(), Some(&single(&path).unwrap().md5));
    std::fs::write(&path, "a\r\nb\r\r\nc\r").unwrap();
    let legacy = content.legacy_md5.unwrap();
    let file = folder.path().join("t.csv.dvc");
    std::fs::write(&file, format!("outs:\n- path: t.csv\n  md5: {legacy}\n")).unwrap();
    assert!(File::read(&file).unwrap().examined(&file).unwrap().tracked[0].sha256.is_some());
    // with `hash: md5` the bytes count as they are
    std::fs::write(&file, format!("outs:\n- path: t.csv\n  md5: {legacy}\n  hash: md5\n")).unwrap();
    let error = File::read(&file).unwrap().examined(&file).unwrap_err();
    assert_eq!(error.code(), ErrorCode::ProvenanceMismatch);
    std::fs::write(&path, "a\0\r\n").unwrap();
    assert_eq!(single(&path).unwrap().legacy_md5, None, "no text");
}

#[test]
fn nothing_outside_the_folder_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("secret"), "x").unwrap();
    let file = folder.path().join("inner/a.dvc");
    for path in ["../secret", folder.path().join("secret").to_str().unwrap()] {
        std::fs::write(&file, format!("outs:\n- path: {path}\n  md5: aa\n  hash: md5\n")).unwrap();
        let read = File::read(&file).unwrap().examined(&file).unwrap();
        assert_eq!(read.tracked[0].sha256, None, "{path}");
        assert!(!is_plain(path));
    }
    std::fs::write(&file, "outs:\n- path: x\n").unwrap();
    assert_eq!(File::read(&file).unwrap_err().code(), ErrorCode::BadInput);
    std::fs::write(&file, "deps: []\n").unwrap();
    assert_eq!(File::read(&file).unwrap_err().code(), ErrorCode::BadInput);
}

#[test]
fn every_difference_between_signature_and_contract_is_named() {
    let contract: Contract = serde_json::from_value(serde_json::json!({
        "format": "driftline.contract/1", "name": "m",
        "inputs": [
            {"name": "account_id", "type": "integer"},
            {"name": "age", "type": "number"},
            {"name": "amount", "type": "number", "required": false, "missing": "allow"},
            {"name": "country", "type": "category", "values": ["DE"]},
            {"name": "channel", "type": "text", "required": false},
            {"name": "opened", "type": "timestamp"},
            {"name": "closed", "type": "timestamp"},
            {"name": "is_new", "type": "boolean"},
            {"name": "extra", "type": "array", "dtype": "float32", "shape": [2, null]},
        ],
    }))
    .unwrap();
    let run = Run::read(&peers("MLmodel"), &contract).unwrap();
    assert_eq!(run.model_uuid.as_deref(), Some("8dc724863be44d92abff300d05d0b326"));
    assert_eq!((run.run_id.as_ref(), run.columns), (None, Some(9)));
    let found: Vec<(&str, Differing, &str, &str)> = run
        .differences
        .iter()
        .map(|d| {
            let of = |said: &Option<String>| said.as_deref().unwrap_or("-").to_owned();
            (&*d.input, d.what, of(&d.signature).leak() as &str, of(&d.contract).leak() as &str)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("age", Differing::Type, "long", "number"),
            ("channel", Differing::Required, "required", "may be absent"),
            ("closed", Differing::Type, "string", "timestamp"),
            ("email", Differing::Name, "string", "-"),
            ("extra", Differing::Name, "-", "array float32 [2, ?]"),
        ]
    );
}

#[test]
fn licences_are_those_of_spdx() {
    for good in [
        "MIT",
        "Apache-2.0 OR MIT",
        "(GPL-2.0-only WITH Classpath-exception-2.0)",
        "LicenseRef-Ours",
    ] {
        assert_eq!(licence::check(good).unwrap(), good);
    }
    for bad in ["", "mit", "Apache 2.0", "MIT/Apache-2.0", "MIT AND", "Free", "GPL-3.0-only WITH X"]
    {
        assert_eq!(licence::check(bad).unwrap_err().code(), ErrorCode::BadUsage, "{bad}");
    }
}

#[test]
fn a_part_of_another_format_is_refused() {
    let good = br#"{"format":"driftline.provenance/1"}"#;
    assert_eq!(Provenance::from_json(good).unwrap().author, None);
    for (bytes, code) in [
        (&br#"{"format":"driftline.provenance/2"}"#[..], ErrorCode::FormatVersion),
        (br#"{"format":"driftline.provenance/1","x":1}"#, ErrorCode::BundlePart),
        (b"{", ErrorCode::BundlePart),
    ] {
        assert_eq!(Provenance::from_json(bytes).unwrap_err().code(), code);
    }
}

fn schema_is_current<T: JsonSchema>(name: &str) {
    let expected = serde_json::to_value(schemars::schema_for!(T)).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema").join(name);
    if std::env::var_os("DRIFTLINE_UPDATE").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&expected).unwrap() + "\n").unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let found: serde_json::Value = serde_json::from_str(&found).unwrap_or_default();
    assert!(found == expected, "{name} is stale: run with DRIFTLINE_UPDATE=1");
}

#[test]
fn schemas_are_current() {
    schema_is_current::<Provenance>("provenance.schema.json");
    schema_is_current::<Card>("model-card.schema.json");
    schema_is_current::<crate::signature::SignatureFile>("signatures.schema.json");
    schema_is_current::<crate::signature::Statement>("signature.schema.json");
    schema_is_current::<crate::signature::Rotation>("rotation.schema.json");
}
