//! Contradictions of a contract are refused when it is loaded, each with the clause's path.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::ErrorCode;
use driftline::contract::{Contract, InputType, Scalar};

const FLIGHTS: &str = r"
format: driftline.contract/1
name: flights
inputs:
  - {name: departure, type: timestamp}
  - {name: dest, type: category, values: [ATL, BOS, LAX], unseen: encode}
  - {name: distance, type: number, minimum: 0, exclusive_minimum: true, maximum: 5500, unit: '[mi_i]'}
  - {name: plane_year, type: integer, minimum: 1950, maximum: 2013, missing: impute}
  - {name: note, type: text, max_length: 10}
features:
  - {name: hour, from: departure, steps: [{calendar: {part: hour, zone: America/New_York}}]}
  - {name: dest, from: dest, steps: [{ordinal: {unseen: -1}}]}
  - {name: distance, from: distance}
  - {name: year, from: plane_year, steps: [{impute: {value: 2001, strategy: median}}]}
  - {name: year_missing, from: plane_year, steps: [{missing_indicator: {}}]}
tensors:
  - {name: x, dtype: float32, features: [hour, dest, distance, year, year_missing]}
outputs: {kind: binary, labels: [on_time, late], scores: probabilities}
";

fn parse(yaml: &str) -> Contract {
    serde_saphyr::from_str(yaml).unwrap()
}

/// Replaces one piece of the flights contract and expects the fault at the path.
#[track_caller]
fn refused(from: &str, to: &str, path: &str) {
    assert!(FLIGHTS.contains(from), "the contract has no {from}");
    let error = parse(&FLIGHTS.replacen(from, to, 1)).check().unwrap_err();
    assert_eq!(error.code(), ErrorCode::ContractInvalid, "{error}");
    assert_eq!(error.place().path.as_deref(), Some(path), "{error}");
    assert!(!error.message().ends_with('.'), "{error}");
}

#[test]
fn the_sample_is_sound_and_its_json_canonical() {
    let contract = parse(FLIGHTS);
    contract.check().unwrap();
    let json = contract.to_json().unwrap();
    let again = Contract::from_json(&json).unwrap();
    assert_eq!(again, contract);
    assert_eq!(again.to_json().unwrap(), json);
    let text = String::from_utf8(json).unwrap();
    assert!(!text.contains("\"required\""), "defaults are left out: {text}");
    assert!(!text.contains("severity"), "defaults are left out: {text}");
    assert_eq!(contract.zones().into_iter().collect::<Vec<_>>(), ["America/New_York"]);
    assert_eq!(contract.input("dest").unwrap().1.kind, InputType::Category);
}

#[test]
fn other_formats_are_told_apart_from_damage() {
    let future = br#"{"format": "driftline.contract/2", "name": "x", "gizmos": []}"#;
    assert_eq!(Contract::from_json(future).unwrap_err().code(), ErrorCode::FormatVersion);
    let error =
        Contract::from_json(b"{\"format\":\"driftline.contract/1\",\n\"nam\":1}").unwrap_err();
    assert_eq!(error.code(), ErrorCode::ContractSyntax);
    assert_eq!(error.message(), "the field `nam` is not known here");
    let error = Contract::from_json(b"{\"format\":\n1,}").unwrap_err();
    assert_eq!((error.code(), error.place().line), (ErrorCode::ContractSyntax, Some(2)));
    assert_eq!(Contract::from_json(b"\xff").unwrap_err().code(), ErrorCode::ContractSyntax);
    assert_eq!(Contract::from_json(b"").unwrap_err().code(), ErrorCode::ContractSyntax);
}

#[test]
fn integers_beyond_2_pow_53_keep_their_value() {
    let contract = parse(
        "{format: driftline.contract/1, name: n, inputs: [{name: id, type: integer, maximum: 9007199254740993}]}",
    );
    let again = Contract::from_json(&contract.to_json().unwrap()).unwrap();
    assert_eq!(again.inputs[0].maximum, Some(Scalar::Integer(9_007_199_254_740_993)));
}

#[test]
fn names_are_refused() {
    refused("{name: note,", "{name: dest,", "inputs[4].name");
    refused("{name: note,", "{name: __proto__,", "inputs[4].name");
    refused("{name: note,", "{name: constructor,", "inputs[4].name");
    refused("{name: note,", "{name: '',", "inputs[4].name");
    refused("{name: note,", "{name: \"a\\nb\",", "inputs[4].name");
    refused("{name: note,", "{name: \"a\\u202eb\",", "inputs[4].name");
    refused("{name: note,", &format!("{{name: {},", "n".repeat(257)), "inputs[4].name");
    refused("name: year_missing", "name: year", "features[4].name");
    refused("labels: [on_time, late]", "labels: [late, late]", "outputs.labels[1]");
}

#[test]
fn ranges_that_hold_nothing_are_refused() {
    refused("minimum: 1950", "minimum: 2014", "inputs[3].minimum");
    refused("minimum: 1950", "minimum: 1950.5", "inputs[3].minimum");
    refused("minimum: 0,", "minimum: 5500,", "inputs[2].minimum");
    refused(
        "minimum: 1950",
        "minimum: 2012, exclusive_minimum: true, exclusive_maximum: true",
        "inputs[3].minimum",
    );
    refused("maximum: 5500", "maximum: '5500'", "inputs[2].maximum");
    refused(
        "minimum: 0, exclusive_minimum: true,",
        "exclusive_minimum: true,",
        "inputs[2].exclusive_minimum",
    );
    refused("type: timestamp", "type: timestamp, minimum: 2013-01-01", "inputs[0].minimum");
    refused(
        "type: timestamp",
        "type: timestamp, minimum: '2013-01-02T00:00:00Z', maximum: '2013-01-01T00:00:00Z'",
        "inputs[0].minimum",
    );
}

#[test]
fn clauses_of_other_types_are_refused() {
    refused("max_length: 10", "minimum: 1", "inputs[4].minimum");
    refused("max_length: 10", "unseen: warn", "inputs[4].unseen");
    refused("unit: '[mi_i]'", "min_length: 1", "inputs[2].min_length");
    refused("type: timestamp", "type: timestamp, values: [a]", "inputs[0].values");
    refused("max_length: 10", "min_length: 11, max_length: 10", "inputs[4].min_length");
    refused("max_length: 10", "max_length: 0", "inputs[4].max_length");
    refused("max_length: 10", "min_length: 1, allow_empty: true", "inputs[4].allow_empty");
}

#[test]
fn lists_of_values_are_checked() {
    refused("values: [ATL, BOS, LAX]", "values: [ATL, BOS, ATL]", "inputs[1].values[2]");
    refused("values: [ATL, BOS, LAX]", "values: [ATL, 7]", "inputs[1].values[1]");
    refused("values: [ATL, BOS, LAX]", "values: []", "inputs[1].values");
    refused(" values: [ATL, BOS, LAX],", "", "inputs[1].values");
    refused("minimum: 1950,", "minimum: 1950, values: [1900],", "inputs[3].values[0]");
    refused("max_length: 10", "max_length: 2, values: [abc]", "inputs[4].values[0]");
}

#[test]
fn missing_values_need_a_step_and_steps_need_missing_values() {
    refused("missing: impute", "missing: reject", "features[3].steps[0].impute");
    refused("[{impute: {value: 2001, strategy: median}}]", "[]", "features[3].steps");
    refused(
        "{name: note, type: text,",
        "{name: note, type: text, missing: impute,",
        "inputs[4].missing",
    );
    refused("value: 2001", "value: 2014", "features[3].steps[0].impute.value");
    refused("value: 2001", "value: old", "features[3].steps[0].impute.value");
    let sentinel = FLIGHTS.replace("{value: 2001, strategy: median}", "{value: -1}");
    parse(&sentinel).check().unwrap();
    let optional = FLIGHTS.replace("type: text,", "type: text, missing: allow,");
    parse(&optional).check().unwrap();
}

#[test]
fn unseen_categories_need_a_code_and_codes_need_categories() {
    refused("{ordinal: {unseen: -1}}", "{ordinal: {}}", "features[1].steps[0].ordinal.unseen");
    refused(
        "{unseen: -1}",
        "{unseen: -1, categories: [ATL, JFK]}",
        "features[1].steps[0].ordinal.categories[1]",
    );
    refused("unseen: -1", "unseen: -1, missing: -2", "features[1].steps[0].ordinal.missing");
    refused("unseen: -1", "unseen: .inf", "features[1].steps[0].ordinal.unseen");
    refused("steps: [{ordinal: {unseen: -1}}]", "steps: []", "tensors[0].features[1]");
    // values that the encoder leaves out are unseen to it
    let closed = FLIGHTS.replace(", unseen: encode", "");
    parse(&closed).check().unwrap();
    let error =
        parse(&closed.replace("{unseen: -1}", "{categories: [ATL, BOS]}")).check().unwrap_err();
    assert_eq!(error.place().path.as_deref(), Some("features[1].steps[0].ordinal.unseen"));
    assert!(error.message().contains("`LAX`"), "{error}");
}

#[test]
fn steps_take_only_what_they_can() {
    refused("from: departure, ", "from: distance, ", "features[0].steps[0].calendar");
    refused(
        "zone: America/New_York",
        "zone: '../etc/passwd'",
        "features[0].steps[0].calendar.zone",
    );
    refused("from: distance}", "from: dist}", "features[2].from");
    refused(
        "from: distance}",
        "from: distance, steps: [{standard_scale: {mean: 1, scale: 0}}]}",
        "features[2].steps[0].standard_scale.scale",
    );
    refused(
        "from: distance}",
        "from: distance, steps: [{min_max_scale: {minimum: 1, maximum: 1}}]}",
        "features[2].steps[0].min_max_scale.minimum",
    );
    refused("from: distance}", "from: distance, steps: [{clip: {}}]}", "features[2].steps[0].clip");
    refused(
        "from: distance}",
        "from: distance, steps: [{cyclic: {period: 0}}]}",
        "features[2].steps[0].cyclic.period",
    );
    refused(
        "from: distance}",
        "from: distance, steps: [{cyclic: {period: 7}}, {log1p: {}}]}",
        "features[2].steps[1].log1p",
    );
}

#[test]
fn tensors_and_outputs_fit() {
    refused("features: [hour,", "features: [hours,", "tensors[0].features[0]");
    refused("features: [hour, dest,", "features: [hour,", "features[1]");
    refused("dtype: float32", "dtype: int64", "tensors[0].features[2]");
    refused("dtype: float32", "dtype: string", "tensors[0].features[0]");
    refused("kind: binary", "kind: regression", "outputs.labels");
    refused("labels: [on_time, late]", "labels: [late]", "outputs.labels");
    refused("scores: probabilities", "scores: p, label: p", "outputs.label");
}

#[test]
fn unknown_clauses_are_syntax_errors() {
    for wrong in ["max_lenght: 10", "max_length: -1", "max_length: ten"] {
        let text = FLIGHTS.replace("max_length: 10", wrong);
        assert!(serde_saphyr::from_str::<Contract>(&text).is_err(), "{wrong}");
    }
    let step = FLIGHTS.replace("{missing_indicator: {}}", "{missing_indicator: {x: 1}}");
    assert!(serde_saphyr::from_str::<Contract>(&step).is_err());
}
