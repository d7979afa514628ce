//! The JSON Schemas in `schema/` are those of the types. With `DRIFTLINE_UPDATE=1` in the
//! environment they are written anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use schemars::JsonSchema;
use std::path::Path;

fn compare<T: JsonSchema>(name: &str) {
    let expected = serde_json::to_value(schemars::schema_for!(T)).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name);
    if std::env::var_os("DRIFTLINE_UPDATE").is_some() {
        let text = serde_json::to_string_pretty(&expected).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let found: serde_json::Value = serde_json::from_str(&found).unwrap_or_default();
    assert!(found == expected, "{} is stale: run with DRIFTLINE_UPDATE=1", path.display());
}

#[test]
fn contract_schema_is_current() {
    compare::<driftline::contract::Contract>("contract.schema.json");
}

#[test]
fn policy_schema_is_current() {
    compare::<driftline::decision::Policy>("policy.schema.json");
}

#[test]
fn baseline_schema_is_current() {
    compare::<driftline::summary::Baseline>("baseline.schema.json");
}

#[test]
fn manifest_schema_is_current() {
    compare::<driftline::bundle::Manifest>("bundle-manifest.schema.json");
}

#[test]
fn decision_schema_is_current() {
    compare::<driftline::decision::Decision>("decision.schema.json");
}

#[test]
fn beacon_schema_is_current() {
    compare::<driftline::beacon::Envelope>("beacon.schema.json");
}
