//! Checks, rules, relaxations and demands on the fields.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::ErrorCode;
use driftline::contract::{
    Cell, Contract, RecordReader, Severity, ValidRecord, Validator, Value, Violation,
};

fn contract(yaml: &str) -> Contract {
    let text = format!("{{format: driftline.contract/1, name: t, {yaml}}}");
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{yaml}: {e}"))
}

fn check<'a>(yaml: &str, json: &'a str) -> (ValidRecord<'a>, Vec<Violation>) {
    let contract = contract(yaml);
    let mut violations = Vec::new();
    let record = RecordReader::new(&contract).read_json(json).unwrap();
    (Validator::new(&contract).unwrap().validate(record, &mut violations), violations)
}

/// Codes of the violations that each value of one input gives, `None` for none.
#[track_caller]
fn judged(input: &str, cases: &[(&str, Option<&str>)]) {
    for (value, code) in cases {
        let json = format!("{{\"x\": {value}}}");
        let (_, violations) = check(&format!("inputs: [{{name: x, {input}}}]"), &json);
        let found: Vec<&str> = violations.iter().map(|v| v.code.as_str()).collect();
        let wanted: Vec<&str> = code.iter().copied().collect();
        assert_eq!(found, wanted, "{input}: {value}: {violations:?}");
    }
}

#[track_caller]
fn refused(yaml: &str, path: &str) {
    let error = contract(yaml).check().unwrap_err();
    assert_eq!(error.code(), ErrorCode::ContractInvalid, "{error}");
    assert_eq!(error.place().path.as_deref(), Some(path), "{error}");
}

#[test]
fn ranges_and_sets_have_a_severity_each() {
    let input = "type: number, minimum: 0, checks: [{range: {maximum: 10, exclusive_maximum: true, severity: warn}},
        {in_set: {values: [1, 2.5, 10, 20], severity: escalate}}, {not_in_set: {values: [20]}}]";
    judged(
        input,
        &[
            ("1", None),
            ("2.5", None),
            ("1.0", None),
            ("-1", Some("out_of_range")),
            ("3", Some("not_in_set")),
            ("10", Some("out_of_range")),
        ],
    );
    let (record, violations) = check(&format!("inputs: [{{name: x, {input}}}]"), "{\"x\": 20}");
    let found: Vec<_> = violations.iter().map(|v| (v.code.as_str(), v.severity)).collect();
    assert_eq!(found, [("out_of_range", Severity::Warn), ("forbidden_value", Severity::Reject)]);
    assert_eq!(record.cells, [Cell::Invalid]);
    let (record, _) = check(&format!("inputs: [{{name: x, {input}}}]"), "{\"x\": 10}");
    assert_eq!(record.cells, [Cell::Number(10.0)], "a warning leaves the value");
    judged(
        "type: timestamp, checks: [{range: {minimum: '2024-01-01T00:00:00Z'}}]",
        &[("\"2024-01-01T00:00:00Z\"", None), ("\"2023-12-31T23:59:59Z\"", Some("out_of_range"))],
    );
}

#[test]
fn texts_are_checked_by_length_form_and_characters() {
    judged(
        "type: text, checks: [{length: {minimum: 2, maximum: 3}}]",
        &[("\"é\"", Some("too_short")), ("\"日本語\"", None), ("\"abcd\"", Some("too_long"))],
    );
    judged(
        "type: text, checks: [{like: {patterns: ['a%', '%z'], of: any}}]",
        &[("\"ab\"", None), ("\"z\"", None), ("\"b\"", Some("pattern_mismatch"))],
    );
    judged(
        "type: text, checks: [{strftime: {format: '%Y-%m-%d %H:%M:%S'}}]",
        &[("\"2024-01-01 00:00:00\"", None), ("\"2024-02-30 00:00:00\"", Some("bad_format"))],
    );
    judged(
        "type: text, checks: [{date: {}}]",
        &[("\"2024-02-29\"", None), ("\"May 5\"", Some("bad_format"))],
    );
    judged(
        "type: text, checks: [{date: {lenient: true}}]",
        &[("\"May 5\"", None), ("\"noon\"", Some("bad_format"))],
    );
    judged(
        "type: text, checks: [{json: {}}]",
        &[("\"[1]\"", None), ("\"[1\"", Some("bad_format"))],
    );
    judged(
        "type: text, checks: [{charset: {charset: ascii}}]",
        &[("\"a\"", None), ("\"é\"", Some("bad_character"))],
    );
    judged(
        "type: text, checks: [{charset: {charset: latin1}}]",
        &[("\"é\"", None), ("\"日\"", Some("bad_character"))],
    );
    judged(
        "type: text, checks: [{charset: {charset: printable}}]",
        &[("\"日\"", None), ("\"\\u0007\"", Some("bad_character"))],
    );
}

#[cfg(feature = "regex")]
#[test]
fn texts_match_expressions() {
    judged(
        "type: text, checks: [{regex: {patterns: ['[A-Z]{2}']}}]",
        &[("\"xABx\"", None), ("\"ab\"", Some("pattern_mismatch"))],
    );
    judged(
        "type: text, checks: [{regex: {patterns: ['[A-Z]{2}'], anchor: full}}]",
        &[("\"AB\"", None), ("\"ABC\"", Some("pattern_mismatch"))],
    );
    judged(
        "type: text, checks: [{regex: {patterns: ['a', 'b'], of: none}}]",
        &[("\"c\"", None), ("\"cb\"", Some("pattern_mismatch"))],
    );
    judged(
        "type: text, checks: [{regex: {patterns: ['a', 'b'], of: all}}]",
        &[("\"ba\"", None), ("\"b\"", Some("pattern_mismatch"))],
    );
    refused(
        "inputs: [{name: x, type: text, checks: [{json: {}}, {regex: {patterns: ['^(?=a)']}}]}]",
        "inputs[0].checks[1].regex",
    );
}

#[cfg(feature = "unicode")]
#[test]
fn texts_have_a_normal_form() {
    judged(
        "type: text, checks: [{nfc: {}}]",
        &[("\"S\\u00e3o\"", None), ("\"Sa\\u0303o\"", Some("bad_character"))],
    );
}

#[cfg(feature = "json-schema")]
#[test]
fn texts_are_json_of_a_schema() {
    judged(
        "type: text, checks: [{json_schema: {schema: {type: object, required: [a], properties: {a: {type: integer}}}}}]",
        &[
            ("\"{\\\"a\\\": 1}\"", None),
            ("\"{\\\"a\\\": 1.5}\"", Some("bad_format")),
            ("\"{\"", Some("bad_format")),
        ],
    );
    refused(
        "inputs: [{name: x, type: text, checks: [{json_schema: {schema: {type: 7}}}]}]",
        "inputs[0].checks[0].json_schema",
    );
}

#[test]
fn a_contract_that_needs_more_than_this_runtime_has_is_refused() {
    for (check, built) in [
        ("{regex: {patterns: [a]}}", cfg!(feature = "regex")),
        ("{nfc: {}}", cfg!(feature = "unicode")),
        ("{json_schema: {schema: {}}}", cfg!(feature = "json-schema")),
    ] {
        let answer =
            contract(&format!("inputs: [{{name: x, type: text, checks: [{check}]}}]")).check();
        let code = answer.err().map(|e| e.code());
        assert_eq!(code, if built { None } else { Some(ErrorCode::RuntimeMismatch) }, "{check}");
    }
}

#[test]
fn types_are_told_apart_as_their_source_did() {
    judged(
        "type: any, checks: [{types: {types: [integer, text]}}]",
        &[
            ("1", None),
            ("\"1\"", None),
            ("1.0", Some("wrong_type")),
            ("true", Some("wrong_type")),
            ("[1]", Some("wrong_type")),
        ],
    );
    judged(
        "type: number, checks: [{types: {types: [number]}}]",
        &[("1.0", None), ("1", Some("wrong_type"))],
    );
    judged(
        "type: any",
        &[
            ("1", None),
            ("[1]", None),
            ("{\"a\": 1}", None),
            ("\"\"", None),
            ("1e999", Some("not_finite")),
            ("null", Some("missing_value")),
        ],
    );
    judged(
        "type: any, missing: allow, checks: [{missing_only: {}}]",
        &[("null", None), ("0", Some("not_missing")), ("\"\"", Some("not_missing"))],
    );
}

#[test]
fn what_else_is_taken_is_declared() {
    let one = |input: &str, value: Value<'static>| {
        let contract = contract(&format!("inputs: [{{name: x, {input}}}]"));
        let mut violations = Vec::new();
        let record = RecordReader::new(&contract).read_pairs([("x".into(), value)]);
        let mut record = Validator::new(&contract).unwrap().validate(record, &mut violations);
        (record.cells.remove(0), violations.first().map(|v| v.code))
    };
    let nan = "type: number, missing: allow, accept: [nan_as_missing]";
    assert_eq!(one(nan, Value::Number(f64::NAN)), (Cell::Missing, None));
    assert_eq!(one(nan, Value::Number(f64::INFINITY)).1, Some(ErrorCode::NotFinite));
    let infinity = "type: number, minimum: 0, accept: [infinity]";
    assert_eq!(one(infinity, Value::Number(f64::INFINITY)), (Cell::Number(f64::INFINITY), None));
    assert_eq!(one(infinity, Value::Number(f64::NEG_INFINITY)).1, Some(ErrorCode::OutOfRange));
    assert_eq!(one(infinity, Value::Number(f64::NAN)).1, Some(ErrorCode::NotFinite));
    let boolean = "type: number, accept: [boolean_as_number]";
    assert_eq!(one(boolean, Value::Bool(true)), (Cell::Number(1.0), None));
    let decimal = "type: integer, accept: [decimal_text]";
    let text = |t: &'static str| one(decimal, Value::Text(t.into()));
    assert_eq!(text("9007199254740993"), (Cell::Integer((1 << 53) + 1), None));
    assert_eq!(text("-9223372036854775808"), (Cell::Integer(i64::MIN), None));
    assert_eq!(text("9223372036854775808").1, Some(ErrorCode::NotRepresentable));
    for bad in ["", "-", "+1", "01", "1.0", " 1", "1e3", "0x1", "١", "1_000"] {
        assert_eq!(text(bad).1, Some(ErrorCode::WrongType), "{bad}");
    }
}

const PAIR: &str = "inputs: [
  {name: a, type: number, missing: allow, required: false},
  {name: b, type: integer, missing: allow, required: false},
  {name: c, type: category, values: [x, z], missing: allow, required: false},
  {name: d, type: text, missing: allow, required: false}]";

/// Whether the rule holds on each record.
#[track_caller]
fn rule(rule: &str, cases: &[(&str, bool)]) {
    for (json, holds) in cases {
        let (_, violations) = check(&format!("{PAIR}, rules: [{{{rule}}}]"), json);
        assert_eq!(violations.is_empty(), *holds, "{rule}: {json}: {violations:?}");
    }
}

#[test]
fn pairs_compare() {
    rule(
        "greater: {left: a, right: b}",
        &[
            (r#"{"a": 2, "b": 1}"#, true),
            (r#"{"a": 1.5, "b": 1}"#, true),
            (r#"{"a": 1, "b": 1}"#, false),
            (r#"{"a": 1, "b": 2}"#, false),
            (r#"{"a": null, "b": 2}"#, true),
            ("{}", true),
        ],
    );
    rule(
        "greater: {left: a, right: b, or_equal: true, skip: all_missing}",
        &[(r#"{"a": 1, "b": 1}"#, true), (r#"{"a": 1}"#, false), ("{}", true)],
    );
    rule("greater: {left: a, right: b, skip: never}", &[("{}", false)]);
    // 2^53 and 2^53 + 1 are not taken for equal
    rule(
        "equal: {inputs: [a, b]}",
        &[
            (r#"{"a": 9007199254740992, "b": 9007199254740993}"#, false),
            (r#"{"a": 2.0, "b": 2}"#, true),
        ],
    );
    rule(
        "equal: {inputs: [c, d]}",
        &[(r#"{"c": "x", "d": "x"}"#, true), (r#"{"c": "x", "d": "z"}"#, false)],
    );
    rule(
        "unique: {inputs: [a, b]}",
        &[(r#"{"a": 1, "b": 1}"#, false), (r#"{"a": 1, "b": 2}"#, true)],
    );
    rule(
        "pair_in_set: {left: c, right: b, pairs: [[x, 1], [z, 2]]}",
        &[
            (r#"{"c": "x", "b": 1}"#, true),
            (r#"{"c": "x", "b": 2}"#, false),
            (r#"{"c": "x"}"#, true),
        ],
    );
    rule(
        "sum_equals: {inputs: [a, b], total: 3}",
        &[(r#"{"a": 2, "b": 1}"#, true), (r#"{"a": 2.5, "b": 1}"#, false)],
    );
    rule(
        "sum_equals: {inputs: [a, b], total: 3, tolerance: 0.5}",
        &[(r#"{"a": 2.5, "b": 1}"#, true)],
    );
}

#[test]
fn what_is_required_may_depend() {
    rule(
        "required_if: {input: d, when: c, values: [x]}",
        &[
            (r#"{"c": "x"}"#, false),
            (r#"{"c": "z"}"#, true),
            (r#"{"c": "x", "d": "t"}"#, true),
            ("{}", true),
        ],
    );
    rule("required_if: {input: d, when: a}", &[(r#"{"a": 0}"#, false), ("{}", true)]);
    let (_, violations) = check(
        &format!("{PAIR}, rules: [{{required_if: {{input: d, when: a, severity: escalate}}}}]"),
        r#"{"a": 1}"#,
    );
    let v = &violations[0];
    assert_eq!((v.code, &*v.input, v.severity), (ErrorCode::MissingValue, "d", Severity::Escalate));
    // an input that broke a clause of its own is reported once
    let (_, violations) = check(
        &format!("{PAIR}, rules: [{{greater: {{left: a, right: b}}}}]"),
        r#"{"a": "2", "b": 1}"#,
    );
    assert_eq!(violations.len(), 1);
}

#[test]
fn fields_are_counted_and_ordered() {
    let yaml = |fields: &str| format!("unknown_fields: ignore, fields: {{{fields}}}, {PAIR}");
    let codes = |fields: &str, json: &str| -> Vec<&'static str> {
        check(&yaml(fields), json).1.iter().map(|v| v.code.as_str()).collect()
    };
    assert_eq!(codes("minimum: 2, maximum: 3", r#"{"a": 1, "zz": 2}"#), Vec::<&str>::new());
    assert_eq!(codes("minimum: 2", r#"{"a": 1}"#), ["field_count"]);
    assert_eq!(codes("maximum: 1", r#"{"a": 1, "zz": 2}"#), ["field_count"]);
    assert_eq!(codes("ordered: true", r#"{"a": 1, "zz": 0, "d": "t"}"#), Vec::<&str>::new());
    assert_eq!(codes("ordered: true", r#"{"d": "t", "a": 1}"#), ["field_order"]);
}

#[test]
fn clauses_that_cannot_act_are_refused() {
    refused(
        "inputs: [{name: x, type: number, checks: [{length: {minimum: 1}}]}]",
        "inputs[0].checks[0].length",
    );
    refused(
        "inputs: [{name: x, type: number, checks: [{range: {}}]}]",
        "inputs[0].checks[0].range",
    );
    refused(
        "inputs: [{name: x, type: number, checks: [{range: {minimum: 2, maximum: 1}}]}]",
        "inputs[0].checks[0].range.minimum",
    );
    refused(
        "inputs: [{name: x, type: number, checks: [{range: {minimum: low}}]}]",
        "inputs[0].checks[0].range",
    );
    refused(
        "inputs: [{name: x, type: number, checks: [{in_set: {values: []}}]}]",
        "inputs[0].checks[0].in_set.values",
    );
    refused(
        "inputs: [{name: x, type: number, checks: [{in_set: {values: [1, 1.0]}}]}]",
        "inputs[0].checks[0].in_set.values[1]",
    );
    refused(
        "inputs: [{name: x, type: text, checks: [{strftime: {format: '%Q'}}]}]",
        "inputs[0].checks[0].strftime",
    );
    refused(
        "inputs: [{name: x, type: text, checks: [{missing_only: {}}]}]",
        "inputs[0].checks[0].missing_only",
    );
    refused("inputs: [{name: x, type: text, accept: [infinity]}]", "inputs[0].accept[0]");
    refused(
        "inputs: [{name: x, type: number, accept: [infinity]}], features: [{name: f, from: x}]",
        "inputs[0].accept[0]",
    );
    refused(
        "inputs: [{name: x, type: integer, accept: [decimal_text, decimal_text]}]",
        "inputs[0].accept[1]",
    );
    refused(&format!("{PAIR}, rules: [{{greater: {{left: a, right: e}}}}]"), "rules[0].greater");
    refused(&format!("{PAIR}, rules: [{{greater: {{left: a, right: a}}}}]"), "rules[0].greater");
    refused(
        "inputs: [{name: a, type: boolean}, {name: b, type: boolean}], rules: [{greater: {left: a, right: b}}]",
        "rules[0].greater",
    );
    refused(
        "inputs: [{name: a, type: array, dtype: uint8, shape: [1]}, {name: b, type: any}], rules: [{equal: {inputs: [a, b]}}]",
        "rules[0].equal",
    );
    refused(&format!("{PAIR}, rules: [{{equal: {{inputs: [a, c]}}}}]"), "rules[0].equal");
    refused(
        &format!("{PAIR}, rules: [{{sum_equals: {{inputs: [a, c], total: 1}}}}]"),
        "rules[0].sum_equals",
    );
    refused(
        "inputs: [{name: a, type: text}, {name: b, type: text}], rules: [{required_if: {input: a, when: b}}]",
        "rules[0].required_if",
    );
    refused(
        "inputs: [{name: a, type: any}], features: [{name: a, from: a}], tensors: [{name: t, dtype: float32, features: [a]}]",
        "tensors[0].features[0]",
    );
    refused("inputs: [{name: a, type: any}], fields: {minimum: 2, maximum: 1}", "fields.minimum");
}

#[test]
fn clauses_survive_canonical_json() {
    let contract = contract(&format!(
        "{PAIR}, fields: {{ordered: true}}, rules: [{{pair_in_set: {{left: c, right: b, pairs: [[x, 1]]}}}}]"
    ));
    let json = contract.to_json().unwrap();
    assert_eq!(Contract::from_json(&json).unwrap(), contract);
}

#[test]
fn a_contract_says_what_its_runtime_must_have() {
    let contract = contract(
        "inputs: [{name: a, type: text, checks: [{nfc: {}}, {regex: {patterns: ['^a']}}, {like: {patterns: ['a%']}}]}]",
    );
    assert_eq!(contract.requires(), ["regex", "unicode"]);
    let plain = self::contract("inputs: [{name: a, type: number, minimum: 0}]");
    assert_eq!(plain.requires(), Vec::<&str>::new());
}

#[cfg(feature = "unicode")]
#[test]
fn a_category_in_another_normal_form_is_no_unseen_one() {
    // é as one character, and as two
    let input = "type: category, values: [caf\u{e9}], unseen: warn, checks: [{nfc: {}}]";
    let (_, violations) =
        check(&format!("inputs: [{{name: x, {input}}}]"), "{\"x\": \"cafe\u{301}\"}");
    let codes: Vec<&str> = violations.iter().map(|v| v.code.as_str()).collect();
    assert_eq!(codes, ["not_in_set", "bad_character"]);
    let (_, violations) =
        check(&format!("inputs: [{{name: x, {input}}}]"), "{\"x\": \"caf\u{e9}\"}");
    assert_eq!(violations, []);
}

#[test]
fn texts_are_ordered_by_code_point() {
    let rules = "inputs: [{name: a, type: text}, {name: b, type: text}], rules: [{greater: {left: a, right: b}}]";
    for (json, holds) in [
        (r#"{"a": "2024-02-01", "b": "2024-01-31"}"#, true),
        (r#"{"a": "10", "b": "9"}"#, false),
        (r#"{"a": "a", "b": "Z"}"#, true),
    ] {
        assert_eq!(check(rules, json).1.is_empty(), holds, "{json}");
    }
}
