//! Any value at any field of a contract with every check and every rule: no panic, and the same
//! record always gives the same violations in the same order, also after a way through JSON.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::contract::{Contract, RawRecord, RecordReader, Validator, Value, Violation};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Six inputs of each kind of clause, and all rules over them.
fn contract() -> Contract {
    let accept = json!(["nan_as_missing", "infinity", "boolean_as_number"]);
    let mut checks = vec![
        json!({"range": {"minimum": -1, "maximum": 4000000000i64, "exclusive_maximum": true}}),
        json!({"in_set": {"values": [1, 2.5, "a", true]}}),
        json!({"not_in_set": {"values": [2, "b"], "severity": "warn"}}),
        json!({"length": {"minimum": 1, "maximum": 5}}),
        json!({"like": {"patterns": ["a%", "%_z", "\\%%"], "of": "any"}}),
        json!({"strftime": {"format": "%Y-%m-%d %H:%M:%S"}}),
        json!({"date": {}}),
        json!({"date": {"lenient": true, "severity": "escalate"}}),
        json!({"json": {}}),
        json!({"missing_only": {}}),
        json!({"types": {"types": ["integer", "text"]}}),
        json!({"charset": {"charset": "latin1"}}),
    ];
    if cfg!(all(feature = "regex", feature = "json-schema", feature = "unicode")) {
        checks.push(json!({"regex": {"patterns": ["^\\w+$"], "python": true}}));
        checks.push(json!({"json_schema": {"schema": {"type": "object"}}}));
        checks.push(json!({"nfc": {}}));
    }
    let any = |name: &str| json!({"name": name, "type": "any", "required": false, "missing": "allow", "accept": accept, "checks": checks});
    let bare = |name: &str, kind: &str| json!({"name": name, "type": kind, "required": false, "missing": "allow"});
    let mut number = bare("n", "number");
    number["accept"] = accept.clone();
    let mut integer = bare("i", "integer");
    integer["accept"] = json!(["decimal_text", "boolean_as_number", "nan_as_missing"]);
    let contract = json!({
        "format": Contract::FORMAT, "name": "t", "unknown_fields": "warn",
        "fields": {"minimum": 1, "maximum": 5},
        "inputs": [any("a"), any("b"), number, integer, bare("t", "timestamp"), bare("s", "text")],
        "rules": [
            {"greater": {"left": "n", "right": "i", "or_equal": true, "skip": "never"}},
            {"equal": {"inputs": ["a", "b"], "skip": "all_missing"}},
            {"unique": {"inputs": ["a", "b"]}},
            {"pair_in_set": {"left": "a", "right": "b", "pairs": [[1, 1], ["a", 2]]}},
            {"sum_equals": {"inputs": ["n", "i"], "total": 3, "tolerance": 0.5, "skip": "never"}},
            {"required_if": {"input": "s", "when": "i", "values": [1, 2]}},
        ],
    });
    Contract::from_json(contract.to_string().as_bytes()).unwrap_or_else(|e| panic!("{e}"))
}

fn json_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-3i64..4).prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        prop_oneof![Just("a"), Just("b"), Just("%"), Just("12"), Just("{}"), Just("1e400")]
            .prop_map(Json::from),
        "\\PC{0,8}".prop_map(Json::from),
        "-?[0-9]{1,22}".prop_map(Json::from),
        "[0-9]{1,4}[-/ .][0-9]{1,2}[-/ .T][0-9]{1,2}( [0-9:]{0,8})?(Z|\\+[0-9]{2}:?[0-9]{2})?"
            .prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

static CONTRACT: LazyLock<Contract> = LazyLock::new(contract);
static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| Validator::new(&CONTRACT).unwrap());

fn judge(record: RawRecord<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    VALIDATOR.validate(record, &mut violations);
    violations
}

proptest! {
    #[test]
    fn every_check_and_rule_judges_any_json_alike_again(
        record in prop::collection::btree_map("[abnitsx]", json_value(), 0..6)
    ) {
        let reader = RecordReader::new(&CONTRACT);
        let record = Json::Object(record.into_iter().collect());
        let text = record.to_string();
        let first = judge(reader.read_json(&text).unwrap());
        let again = judge(reader.read_json(&text).unwrap());
        prop_assert_eq!(&first, &again);
        let exported = serde_json::to_string_pretty(
            &serde_json::from_str::<Json>(&text).unwrap()
        ).unwrap();
        let back = judge(reader.read_json(&exported).unwrap());
        prop_assert_eq!(&first, &back);
        // the record as a whole, the inputs in the contract's order, then the rules
        let place = |v: &Violation| CONTRACT.input(&v.input).map_or(0, |(at, _)| at + 1);
        let inputs: Vec<usize> = first
            .iter()
            .filter(|v| v.code.as_str() != "rule_broken" && place(v) > 0)
            .map(place)
            .collect();
        prop_assert!(inputs.is_sorted(), "{:?}", first);
        for violation in &first {
            prop_assert!(violation.message.chars().count() < 300);
            prop_assert!(!violation.message.chars().any(char::is_control));
        }
    }

    #[test]
    fn every_check_and_rule_takes_values_that_json_lacks(
        numbers in prop::collection::vec(prop_oneof![
            Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), any::<f64>()], 6),
        dates in any::<u8>(),
    ) {
        let value = |at: usize, x: f64| match dates >> at & 1 {
            1 => Value::Date(x),
            _ => Value::Number(x),
        };
        let values: Vec<Value<'_>> =
            numbers.iter().enumerate().map(|(at, x)| value(at, *x)).collect();
        let record = RawRecord { values, ..RawRecord::default() };
        prop_assert_eq!(judge(record.clone()), judge(record));
    }
}

#[test]
fn the_contract_has_every_check_and_every_rule() {
    let schema: Json =
        serde_json::from_str(include_str!("../schema/contract.schema.json")).unwrap();
    let names = |kind: &str| -> BTreeSet<String> {
        let variants = schema["$defs"][kind]["oneOf"].as_array().unwrap();
        variants.iter().map(|v| v["required"][0].as_str().unwrap().to_owned()).collect()
    };
    let contract = contract();
    let rules: BTreeSet<String> = contract.rules.iter().map(|r| r.name().to_owned()).collect();
    assert_eq!(rules, names("Rule"));
    let checks: BTreeSet<String> =
        contract.inputs[0].checks.iter().map(|c| c.name().to_owned()).collect();
    let absent: BTreeSet<String> = names("Check").difference(&checks).cloned().collect();
    let features = BTreeSet::from(["regex", "json_schema", "nfc"].map(str::to_owned));
    assert!(absent.is_subset(&features), "{absent:?}");
}
