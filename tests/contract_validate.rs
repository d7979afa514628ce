//! Every kind of bad input gives its documented violation: never a panic, never a guess, and after
//! it the next record is judged as before.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::contract::{
    Cell, Contract, RawRecord, RecordReader, Severity, Validator, Value, Violation,
};
use driftline::tensor::TensorData;
use driftline::{ErrorCode, limits};
use proptest::prelude::*;
use serde_json::Value as Json;
use std::borrow::Cow;

const CONTRACT: &str = r#"{
  "format": "driftline.contract/1", "name": "flights",
  "inputs": [
    {"name": "departure", "type": "timestamp", "minimum": "2013-01-01T00:00:00Z"},
    {"name": "carrier", "type": "category", "values": ["AA", "UA", "São Tomé"], "unseen": "escalate"},
    {"name": "dest", "type": "category", "values": ["ATL", "BOS"], "unseen": "encode"},
    {"name": "distance", "type": "number", "minimum": 0, "exclusive_minimum": true, "maximum": 5500},
    {"name": "seats", "type": "integer", "minimum": 1, "missing": "allow"},
    {"name": "temp", "type": "number", "maximum": 130, "severity": "warn", "missing": "escalate", "required": false},
    {"name": "international", "type": "boolean"},
    {"name": "note", "type": "text", "min_length": 2, "max_length": 5, "required": false, "missing": "allow"}
  ],
  "features": [{"name": "dest", "from": "dest", "steps": [{"ordinal": {"unseen": -1}}]}],
  "tensors": [{"name": "x", "dtype": "float32", "features": ["dest"]}]
}"#;

const GOOD: &str = r#"{"departure": "2013-07-01T08:30:00-04:00", "carrier": "UA", "dest": "BOS",
  "distance": 187, "seats": 120, "temp": 71.06, "international": false, "note": "abc"}"#;

struct Gate {
    reader: RecordReader,
    validator: Validator,
}

impl Gate {
    fn new() -> Self {
        let contract = Contract::from_json(CONTRACT.as_bytes()).unwrap();
        Self { reader: RecordReader::new(&contract), validator: Validator::new(&contract).unwrap() }
    }

    fn check<'a>(&self, record: RawRecord<'a>) -> (Vec<Cell<'a>>, Vec<Violation>) {
        let mut violations = Vec::new();
        let cells = self.validator.validate(record, &mut violations).cells;
        (cells, violations)
    }

    fn check_json<'a>(&self, text: &'a str) -> (Vec<Cell<'a>>, Vec<Violation>) {
        self.check(self.reader.read_json(text).unwrap())
    }

    /// The good record with one field replaced; its cell and its violations.
    fn with<'a>(&self, name: &str, value: Value<'a>) -> (Cell<'a>, Vec<Violation>) {
        let mut record: RawRecord<'a> = self.reader.read_json(GOOD).unwrap();
        let at = self.reader.input_index(name).unwrap();
        record.values[at] = value;
        let (mut cells, violations) = self.check(record);
        assert!(violations.iter().all(|v| &*v.input == name), "{violations:?}");
        assert!(self.check_json(GOOD).1.is_empty(), "the gate still answers");
        (cells.swap_remove(at), violations)
    }

    #[track_caller]
    fn refuses(&self, name: &str, value: Value<'_>, code: ErrorCode) {
        let shown = format!("{value:?}");
        let (cell, violations) = self.with(name, value);
        assert_eq!(violations.len(), 1, "{shown}: {violations:?}");
        assert_eq!(violations[0].code, code, "{shown}: {violations:?}");
        assert_eq!(violations[0].severity, Severity::Reject, "{shown}");
        assert!(matches!(cell, Cell::Invalid | Cell::Missing), "{shown}: {cell:?}");
    }

    #[track_caller]
    fn takes(&self, name: &str, value: Value<'_>, cell: &Cell<'_>) {
        let shown = format!("{value:?}");
        let (found, violations) = self.with(name, value);
        assert_eq!((&found, violations.as_slice()), (cell, [].as_slice()), "{shown}");
    }
}

fn text(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text))
}

#[test]
fn a_good_record_has_no_violations() {
    let gate = Gate::new();
    let (cells, violations) = gate.check_json(GOOD);
    assert_eq!(violations, []);
    assert_eq!(
        cells[1..5],
        [Cell::Category(1), Cell::Category(1), Cell::Number(187.0), Cell::Integer(120)]
    );
    assert!(matches!(cells[0], Cell::Timestamp(t) if t.seconds == 1_372_681_800));
}

#[test]
fn nan_and_infinity_are_not_finite() {
    let gate = Gate::new();
    for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        gate.refuses("distance", Value::Number(x), ErrorCode::NotFinite);
        gate.refuses("temp", Value::Number(x), ErrorCode::NotFinite);
        gate.refuses("seats", Value::Number(x), ErrorCode::NotFinite);
        gate.refuses("departure", Value::Date(x), ErrorCode::BadTimestamp);
    }
    let (_, violations) = gate.check_json(&GOOD.replace("187", "1e999"));
    assert_eq!(violations[0].code, ErrorCode::NotFinite);
}

#[test]
fn null_and_absent_are_two_things() {
    let gate = Gate::new();
    gate.refuses("distance", Value::Null, ErrorCode::MissingValue);
    gate.refuses("distance", Value::Absent, ErrorCode::MissingValue);
    gate.takes("seats", Value::Null, &Cell::Missing);
    // the value may be missing, the key may not
    gate.refuses("seats", Value::Absent, ErrorCode::MissingValue);
    gate.takes("note", Value::Absent, &Cell::Missing);
    for missing in [Value::Null, Value::Absent] {
        let (cell, violations) = gate.with("temp", missing);
        assert_eq!((cell, violations[0].severity), (Cell::Missing, Severity::Escalate));
    }
}

#[test]
fn nothing_is_converted_from_another_type() {
    let gate = Gate::new();
    for (name, value) in [
        ("distance", text("12")),
        ("distance", text("")),
        ("distance", Value::Bool(true)),
        ("distance", Value::List(vec![Value::Integer(12)])),
        ("distance", Value::Date(12.0)),
        ("distance", Value::Object(vec![("valueOf".into(), Value::Integer(12))])),
        ("distance", Value::Other("function")),
        ("distance", Value::Typed(TensorData::Float32(vec![1.0]))),
        ("seats", text("12")),
        ("seats", Value::Bool(true)),
        ("international", Value::Integer(1)),
        ("international", Value::Number(0.0)),
        ("international", text("false")),
        ("carrier", Value::Integer(7)),
        ("carrier", Value::List(vec![text("UA")])),
        ("note", Value::Integer(12)),
        ("note", Value::Typed(TensorData::Uint8(b"abc".to_vec()))),
        ("departure", Value::Integer(1_372_681_800)),
        ("departure", Value::Number(1_372_681_800_000.0)),
    ] {
        gate.refuses(name, value, ErrorCode::WrongType);
    }
    gate.refuses("distance", Value::Unreadable, ErrorCode::UnreadableField);
}

#[test]
fn integers_are_exact_or_refused() {
    let gate = Gate::new();
    gate.takes("seats", Value::Number(120.0), &Cell::Integer(120));
    gate.refuses("seats", Value::Number(120.5), ErrorCode::NotInteger);
    gate.refuses("seats", Value::Number(5e-324), ErrorCode::NotInteger);
    gate.takes("seats", Value::Number(9_007_199_254_740_991.0), &Cell::Integer((1 << 53) - 1));
    // 2^53 + 1 reaches a JavaScript number as 2^53
    gate.refuses("seats", Value::Number(9_007_199_254_740_992.0), ErrorCode::UnsafeInteger);
    gate.refuses("seats", Value::Number(1e300), ErrorCode::UnsafeInteger);
    gate.takes("seats", Value::Integer((1 << 53) + 1), &Cell::Integer((1 << 53) + 1));
    gate.refuses("seats", Value::Integer(0), ErrorCode::OutOfRange);
    let (_, violations) = gate.check_json(&GOOD.replace("120", "9223372036854775808"));
    assert_eq!(violations[0].code, ErrorCode::NotRepresentable);
    gate.takes("temp", Value::Integer(-(1 << 53)), &Cell::Number(-9_007_199_254_740_992.0));
    gate.refuses("temp", Value::Integer(-(1 << 53) - 1), ErrorCode::NotRepresentable);
    let (_, violations) = gate.check_json(&GOOD.replace("187", "9007199254740993"));
    assert_eq!(violations[0].code, ErrorCode::NotRepresentable);
}

#[test]
fn ranges_end_where_the_contract_says() {
    let gate = Gate::new();
    gate.refuses("distance", Value::Number(0.0), ErrorCode::OutOfRange);
    gate.refuses("distance", Value::Number(-0.0), ErrorCode::OutOfRange);
    gate.takes("distance", Value::Number(5e-324), &Cell::Number(5e-324));
    gate.takes("distance", Value::Integer(5_500), &Cell::Number(5_500.0));
    gate.refuses("distance", Value::Number(5_500.000_000_000_001), ErrorCode::OutOfRange);
    gate.refuses("departure", text("2012-12-31T23:59:59.999999999Z"), ErrorCode::OutOfRange);
    let (cell, violations) = gate.with("temp", Value::Number(131.0));
    assert_eq!(cell, Cell::Number(131.0), "a warning leaves the value");
    assert_eq!(
        (violations[0].code, violations[0].severity),
        (ErrorCode::OutOfRange, Severity::Warn)
    );
    assert_eq!(violations[0].message, "`131.0` lies outside (−∞, 130]");
}

#[test]
fn categories_are_compared_byte_for_byte() {
    let gate = Gate::new();
    for other in ["aa", "AA ", " AA", "AA\0", "Sao Tome", "Sa\u{303}o Tome\u{301}", "nan", "null"] {
        let (cell, violations) = gate.with("carrier", text(other));
        assert_eq!(cell, Cell::Unseen(other.into()));
        assert_eq!(
            (violations[0].code, violations[0].severity),
            (ErrorCode::NotInSet, Severity::Escalate)
        );
    }
    gate.takes("carrier", text("São Tomé"), &Cell::Category(2));
    gate.takes("dest", text("XXX"), &Cell::Unseen("XXX".into()));
    gate.refuses("dest", text(""), ErrorCode::EmptyText);
}

#[test]
fn texts_have_a_length() {
    let gate = Gate::new();
    gate.refuses("note", text(""), ErrorCode::EmptyText);
    gate.refuses("note", text("a"), ErrorCode::TooShort);
    gate.takes("note", text("日本語日本"), &Cell::Text("日本語日本".into()));
    gate.refuses("note", text("abcdef"), ErrorCode::TooLong);
    let huge = "x".repeat(10 << 20);
    for name in ["note", "carrier", "dest", "departure"] {
        let (_, violations) = gate.with(name, text(&huge));
        assert_eq!(violations[0].code, ErrorCode::TooLong);
        assert!(violations[0].message.len() < 100);
    }
    let (_, violations) = gate.with("distance", text(&huge));
    assert_eq!(violations[0].code, ErrorCode::WrongType);
    assert!(violations[0].message.chars().count() < 100);
    let in_json = GOOD.replace("abc", &huge);
    assert_eq!(gate.check_json(&in_json).1[0].code, ErrorCode::TooLong);
}

#[test]
fn timestamps_need_an_offset_and_mean_one_instant() {
    let gate = Gate::new();
    gate.refuses("departure", text("2013-07-01T08:30:00"), ErrorCode::MissingOffset);
    gate.refuses("departure", text("2013-07-01 08:30:00-04:00"), ErrorCode::BadTimestamp);
    gate.refuses("departure", text("2013-07-01"), ErrorCode::BadTimestamp);
    gate.refuses("departure", text("2016-12-31T23:59:60Z"), ErrorCode::BadTimestamp);
    gate.refuses(
        "departure",
        text("2013-07-01T08:30:00-04:00[America/New_York]"),
        ErrorCode::BadTimestamp,
    );
    gate.refuses("departure", text("9999-12-31T23:59:59Z"), ErrorCode::OutOfRange);
    gate.refuses("departure", Value::Date(0.5), ErrorCode::BadTimestamp);
    gate.refuses("departure", Value::Date(8.64e15), ErrorCode::OutOfRange);
    let (utc, _) = gate.with("departure", text("2013-11-03T05:30:00Z"));
    let (local, _) = gate.with("departure", text("2013-11-03T01:30:00-04:00"));
    let (date, _) = gate.with("departure", Value::Date(1_383_456_600_000.0));
    assert_eq!(utc, local);
    assert_eq!(utc, date);
}

#[test]
fn the_record_as_a_whole_comes_first_then_inputs_in_the_contracts_order() {
    let gate = Gate::new();
    let (cells, violations) = gate.check_json(
        r#"{"note": 1, "distance": "12", "__proto__": {"distance": 1}, "zz\u001b[0m": 1,
            "departure": 1, "departure": 2, "constructor": null}"#,
    );
    let found: Vec<(&str, &str)> =
        violations.iter().map(|v| (v.code.as_str(), &*v.input)).collect();
    assert_eq!(
        found,
        [
            ("unknown_field", "__proto__"),
            ("unknown_field", r"zz\u{1b}[0m"),
            ("unknown_field", "constructor"),
            ("duplicate_field", "departure"),
            ("missing_value", "carrier"),
            ("missing_value", "dest"),
            ("wrong_type", "distance"),
            ("missing_value", "seats"),
            ("missing_value", "temp"),
            ("missing_value", "international"),
            ("wrong_type", "note"),
        ]
    );
    assert_eq!(cells.len(), 8);
    for text in ["[]", "null", "12", "\"x\"", "true"] {
        let (_, violations) = gate.check_json(text);
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].code, ErrorCode::NotARecord);
    }
    let many = (0..100).map(|i| (format!("f{i}").into(), Value::Null));
    let (_, violations) = gate.check(gate.reader.read_pairs(many));
    let unknown = violations.iter().filter(|v| v.code == ErrorCode::UnknownField).count();
    assert_eq!(unknown, limits::MAX_UNKNOWN_LISTED + 1);
}

#[test]
fn unknown_fields_follow_the_contract() {
    for (rule, expected) in [("warn", vec![Severity::Warn]), ("ignore", vec![])] {
        let json = CONTRACT.replacen('{', &format!("{{\"unknown_fields\": \"{rule}\","), 1);
        let contract = Contract::from_json(json.as_bytes()).unwrap();
        let reader = RecordReader::new(&contract);
        let text = GOOD.replacen('{', "{\"extra\": 1,", 1);
        let mut violations = Vec::new();
        Validator::new(&contract)
            .unwrap()
            .validate(reader.read_json(&text).unwrap(), &mut violations);
        assert_eq!(violations.iter().map(|v| v.severity).collect::<Vec<_>>(), expected);
    }
}

fn any_value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        Just(Value::Absent),
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Number),
        any::<f64>().prop_map(Value::Date),
        any::<i32>().prop_map(|ms| Value::Date(f64::from(ms))),
        ".{0,12}".prop_map(|t| Value::Text(t.into())),
        "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?(Z|[+-][0-2][0-9]:[0-6][0-9])?"
            .prop_map(|t| Value::Text(t.into())),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(|b| Value::Typed(TensorData::Uint8(b))),
        prop::collection::vec(any::<f32>(), 0..4).prop_map(|f| Value::Typed(TensorData::Float32(f))),
        Just(Value::Other("symbol")),
        Just(Value::Unreadable),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec((".{0,4}".prop_map(Cow::from), inner), 0..4)
                .prop_map(Value::Object),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_anywhere_is_judged_alike_twice(values in prop::collection::vec(any_value(), 0..10)) {
        let gate = Gate::new();
        let record = RawRecord { values, ..RawRecord::default() };
        let (cells, violations) = gate.check(record.clone());
        let (again, repeated) = gate.check(record);
        prop_assert_eq!(cells.len(), 8);
        prop_assert_eq!(&violations, &repeated);
        prop_assert_eq!(format!("{cells:?}"), format!("{again:?}"));
        for v in &violations {
            prop_assert_eq!(v.code.kind(), driftline::error::CodeKind::Violation);
            prop_assert!(v.message.chars().count() < 250);
            prop_assert!(!v.message.chars().any(char::is_control));
        }
        for (cell, name) in cells.iter().zip(gate.reader.names()) {
            if matches!(cell, Cell::Invalid) {
                prop_assert!(violations.iter().any(|v| &*v.input == name));
            }
            if let Cell::Number(x) = cell {
                prop_assert!(x.is_finite());
            }
        }
    }

    #[test]
    fn a_record_is_judged_alike_after_a_way_through_json(
        departure in prop_oneof![Just("2013-07-01T08:30:00-04:00"), Just("2012-01-01T00:00:00Z"), Just("x")],
        carrier in prop_oneof![Just("UA"), Just("São Tomé"), Just("ZZ"), Just("")],
        dest in "[A-Z]{3}|BOS|\\PC{1,3}",
        distance in prop_oneof![any::<f64>().prop_filter("finite", |x| x.is_finite()), 0.0f64..6000.0],
        seats in prop_oneof![Just(Json::Null), any::<i64>().prop_map(Json::from)],
        temp in prop_oneof![Just(Json::Null), (-50.0f64..200.0).prop_map(Json::from)],
        note in prop_oneof![Just(Json::Null), "\\PC{0,6}".prop_map(Json::from)],
    ) {
        let gate = Gate::new();
        let first = serde_json::json!({"departure": departure, "carrier": carrier, "dest": dest,
            "distance": distance, "seats": seats, "temp": temp, "international": true, "note": note})
            .to_string();
        let (cells, violations) = gate.check_json(&first);
        let again: Json = serde_json::from_str(&first).unwrap();
        let second = serde_json::to_string_pretty(&again).unwrap();
        let (repeated, others) = gate.check_json(&second);
        prop_assert_eq!(&violations, &others);
        prop_assert_eq!(&cells, &repeated);
        // and so is the contract itself
        let contract = Contract::from_json(CONTRACT.as_bytes()).unwrap();
        let back = Contract::from_json(&contract.to_json().unwrap()).unwrap();
        let mut third = Vec::new();
        Validator::new(&back).unwrap().validate(RecordReader::new(&back).read_json(&first).unwrap(), &mut third);
        prop_assert_eq!(&violations, &third);
    }

    #[test]
    fn any_json_text_is_read_or_refused(text in r#"\{("(note|seats|temp|x)":([0-9.eE+-]{0,6}|"[^"]{0,5}"|null|\[[0-9,]{0,4}\]),?){0,4}\}?"#) {
        let gate = Gate::new();
        if let Ok(record) = gate.reader.read_json(&text) {
            gate.check(record);
        }
    }
}
