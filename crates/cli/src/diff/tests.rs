//! Single changes each with its verdict, and the promise that no tightened clause is compatible.

use super::{Verdict, Version, diff};
use driftline::contract::{Contract, RawRecord, Severity, Validator, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn base() -> Json {
    json!({
        "format": "driftline.contract/1", "name": "trips",
        "inputs": [
            {"name": "at", "type": "timestamp", "minimum": "2013-01-01T00:00:00Z"},
            {"name": "carrier", "type": "category", "values": ["AA", "UA"], "unseen": "escalate"},
            {"name": "distance", "type": "number", "unit": "mi", "minimum": 0,
             "exclusive_minimum": true, "maximum": 5500},
            {"name": "seats", "type": "integer", "minimum": 1, "maximum": 900,
             "required": false, "missing": "allow"},
            {"name": "note", "type": "text", "max_length": 20,
             "checks": [{"length": {"minimum": 2}}, {"not_in_set": {"values": ["xx"]}},
                        {"regex": {"patterns": ["a"], "severity": "warn"}}]},
        ],
        "rules": [{"greater": {"left": "distance", "right": "seats"}},
                  {"required_if": {"input": "seats", "when": "carrier", "values": ["AA"]}}],
        "features": [
            {"name": "hour", "from": "at",
             "steps": [{"calendar": {"part": "hour", "zone": "America/New_York"}}]},
            {"name": "carrier", "from": "carrier", "steps": [{"ordinal": {"unseen": -1}}]},
        ],
        "tensors": [{"name": "x", "dtype": "float32", "features": ["hour", "carrier"]}],
        "outputs": {"kind": "binary", "labels": ["on_time", "late"], "scores": "p"},
    })
}

fn version(json: &Json) -> Version {
    let contract = Contract::from_json(json.to_string().as_bytes());
    Version { contract: contract.unwrap_or_else(|e| panic!("{e}: {json}")), bundle: None }
}

/// The base with one value set, or taken away where it is null.
fn edited(pointer: &str, value: Json) -> Json {
    let mut json = base();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}")) {
        Json::Object(map) if value.is_null() => {
            map.remove(key).unwrap();
        }
        Json::Object(map) => {
            map.insert(key.to_owned(), value);
        }
        Json::Array(list) if value.is_null() => {
            list.remove(key.parse().unwrap());
        }
        Json::Array(list) if key == "-" => list.push(value),
        Json::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer}"),
    }
    json
}

#[test]
fn each_single_change_has_its_verdict() {
    use Verdict::{Major, Minor, None, Patch};
    let cases: &[(&str, Json, &str, Verdict)] = &[
        ("/name", json!("journeys"), "name", Patch),
        ("/description", json!("words"), "description", Patch),
        ("/unknown_fields", json!("ignore"), "unknown_fields", Minor),
        ("/inputs/0/minimum", json!("2012-12-31T19:00:00-05:00"), "inputs.at.minimum", Patch),
        ("/inputs/0/minimum", json!("2013-01-01T00:00:01Z"), "inputs.at.minimum", Major),
        ("/inputs/0/maximum", json!("2014-01-01T00:00:00Z"), "inputs.at.maximum", Major),
        ("/inputs/0/minimum", Json::Null, "inputs.at.minimum", Minor),
        ("/inputs/1/values", json!(["AA", "UA", "WN"]), "inputs.carrier.values", Major),
        ("/inputs/1/values", json!(["AA"]), "inputs.carrier.values", Major),
        ("/inputs/1/unseen", json!("encode"), "inputs.carrier.unseen", Minor),
        ("/inputs/1/unseen", json!("reject"), "inputs.carrier.unseen", Major),
        ("/inputs/2/unit", json!("km"), "inputs.distance.unit", Major),
        ("/inputs/2/unit", Json::Null, "inputs.distance.unit", Patch),
        ("/inputs/2/maximum", json!(5000), "inputs.distance.maximum", Major),
        ("/inputs/2/maximum", json!(5500.5), "inputs.distance.maximum", Minor),
        ("/inputs/2/maximum", json!(5500.0), "inputs.distance.maximum", Patch),
        ("/inputs/2/exclusive_maximum", json!(true), "inputs.distance.maximum", Major),
        ("/inputs/2/exclusive_minimum", Json::Null, "inputs.distance.minimum", Minor),
        ("/inputs/2/severity", json!("warn"), "inputs.distance.severity", Minor),
        ("/inputs/2/values", json!([1, 2]), "inputs.distance.values", Major),
        ("/inputs/2/description", json!("words"), "inputs.distance.description", Patch),
        ("/inputs/2/accept", json!(["boolean_as_number"]), "inputs.distance.accept", Minor),
        ("/inputs/2/missing", json!("escalate"), "inputs.distance.missing", Minor),
        ("/inputs/3/type", json!("number"), "inputs.seats.type", Minor),
        ("/inputs/3/required", Json::Null, "inputs.seats.required", Major),
        ("/inputs/3/minimum", json!(2), "inputs.seats.minimum", Major),
        ("/inputs/4/max_length", json!(19), "inputs.note.length", Major),
        ("/inputs/4/max_length", Json::Null, "inputs.note.length", Minor),
        ("/inputs/4/allow_empty", json!(true), "inputs.note.allow_empty", Minor),
        (
            "/inputs/4/checks/0",
            json!({"length": {"minimum": 3}}),
            "inputs.note.checks.length",
            Major,
        ),
        (
            "/inputs/4/checks/0",
            json!({"length": {"minimum": 1}}),
            "inputs.note.checks.length",
            Minor,
        ),
        ("/inputs/4/checks/0", Json::Null, "inputs.note.checks.length", Minor),
        (
            "/inputs/4/checks/1",
            json!({"not_in_set": {"values": ["xx", "y"]}}),
            "inputs.note.checks.not_in_set",
            Major,
        ),
        (
            "/inputs/4/checks/2",
            json!({"regex": {"patterns": ["b"], "severity": "warn"}}),
            "inputs.note.checks.regex",
            Minor,
        ),
        (
            "/inputs/4/checks/2",
            json!({"regex": {"patterns": ["a"], "severity": "escalate"}}),
            "inputs.note.checks.regex",
            Major,
        ),
        ("/inputs/4/checks/-", json!({"json": {}}), "inputs.note.checks.json", Major),
        ("/inputs/-", json!({"name": "new", "type": "number"}), "inputs.new", Major),
        (
            "/inputs/-",
            json!({"name": "new", "type": "number", "required": false}),
            "inputs.new",
            Major,
        ),
        (
            "/inputs/-",
            json!({"name": "new", "type": "number", "required": false,
          "missing": "allow"}),
            "inputs.new",
            Minor,
        ),
        ("/inputs/4", Json::Null, "inputs.note", Major),
        ("/fields", json!({"ordered": true}), "fields.ordered", Major),
        ("/fields", json!({"maximum": 5}), "fields.maximum", Major),
        ("/rules/0", Json::Null, "rules.greater(distance, seats)", Minor),
        (
            "/rules/0",
            json!({"greater": {"left": "distance", "right": "seats", "or_equal": true}}),
            "rules.greater(distance, seats)",
            Minor,
        ),
        (
            "/rules/0",
            json!({"greater": {"left": "distance", "right": "seats", "skip": "never"}}),
            "rules.greater(distance, seats)",
            Major,
        ),
        (
            "/rules/1",
            json!({"required_if": {"input": "seats", "when": "carrier"}}),
            "rules.required_if(seats, carrier)",
            Major,
        ),
        (
            "/rules/-",
            json!({"unique": {"inputs": ["carrier", "note"], "severity": "warn"}}),
            "rules.unique(carrier, note)",
            Minor,
        ),
        ("/features/0/steps/0/calendar/zone", json!("UTC"), "features.hour", Major),
        ("/tensors/0/features", json!(["carrier", "hour"]), "tensors", Major),
        ("/tensors/0/dtype", json!("float64"), "tensors", Major),
        ("/outputs/labels", json!(["late", "on_time"]), "outputs.labels", Major),
        ("/outputs/scores", json!("q"), "outputs.scores", Patch),
        ("/outputs/label", json!("l"), "outputs.label", Patch),
    ];
    let a = version(&base());
    for (pointer, value, path, verdict) in cases {
        let found = diff(&a, &version(&edited(pointer, value.clone())));
        assert_eq!(found.verdict(), *verdict, "{pointer} {value}: {found:?}");
        assert!(found.all.iter().any(|c| c.path == *path), "{pointer} {value}: {found:?}");
    }
    assert_eq!(diff(&a, &version(&base())).verdict(), None);
}

#[test]
fn a_change_the_other_way_round_has_the_other_verdict() {
    let a = version(&base());
    for (pointer, value) in [
        ("/inputs/2/maximum", json!(5000)),
        ("/inputs/1/unseen", json!("reject")),
        ("/inputs/4/checks/-", json!({"json": {}})),
        ("/rules/-", json!({"unique": {"inputs": ["carrier", "note"]}})),
        ("/fields", json!({"maximum": 5})),
    ] {
        let b = version(&edited(pointer, value));
        assert_eq!(diff(&a, &b).verdict(), Verdict::Major, "{pointer}");
        assert_eq!(diff(&b, &a).verdict(), Verdict::Minor, "{pointer}");
    }
}

#[test]
fn the_order_of_inputs_and_of_categories_counts_where_something_hangs_on_it() {
    let a = version(&base());
    let mut swapped = base();
    swapped["inputs"].as_array_mut().unwrap().swap(0, 4);
    assert_eq!(diff(&a, &version(&swapped)).verdict(), Verdict::Patch);
    // the codes of the categories are their places
    let b = version(&edited("/inputs/1/values", json!(["UA", "AA"])));
    let found = diff(&a, &b);
    assert!(found.all.iter().any(|c| c.path == "features.carrier"), "{found:?}");
    assert_eq!(found.verdict(), Verdict::Major);
}

#[test]
fn a_category_may_become_a_text_that_takes_all_of_it() {
    let of = |input: Json| {
        version(&json!({"format": "driftline.contract/1", "name": "t", "inputs": [input]}))
    };
    let a = of(json!({"name": "c", "type": "category", "values": ["AA", "日本国"]}));
    for (text, verdict) in [
        (json!({"name": "c", "type": "text"}), Verdict::Minor),
        (json!({"name": "c", "type": "text", "max_length": 3}), Verdict::Minor),
        (json!({"name": "c", "type": "text", "max_length": 2}), Verdict::Major),
        (json!({"name": "c", "type": "any"}), Verdict::Minor),
        (json!({"name": "c", "type": "boolean"}), Verdict::Major),
    ] {
        assert_eq!(diff(&a, &of(text.clone())).verdict(), verdict, "{text}");
    }
}

#[test]
fn arrays_are_compared_by_element_and_shape() {
    let of = |dtype: &str, shape: Json, maximum: i64| {
        version(&json!({"format": "driftline.contract/1", "name": "t", "inputs": [
            {"name": "x", "type": "array", "dtype": dtype, "shape": shape, "minimum": 0,
             "maximum": maximum}]}))
    };
    let a = of("uint8", json!([null, 8, 3]), 255);
    for (b, verdict) in [
        (of("uint8", json!([null, 8, 3]), 255), Verdict::None),
        (of("uint8", json!([null, null, 3]), 255), Verdict::Minor),
        (of("uint8", json!([8, 8, 3]), 255), Verdict::Major),
        (of("uint8", json!([null, 8]), 255), Verdict::Major),
        (of("float32", json!([null, 8, 3]), 255), Verdict::Major),
        (of("uint8", json!([null, 8, 3]), 254), Verdict::Major),
    ] {
        assert_eq!(diff(&a, &b).verdict(), verdict, "{b:?}");
    }
}

/// One input of any type with any clauses.
fn input() -> impl Strategy<Value = Json> {
    let severity = prop::sample::select(vec!["reject", "escalate", "warn"]);
    let end = || prop::option::of(-3i64..6);
    let presence = (any::<bool>(), prop::sample::select(vec!["reject", "escalate", "allow"]));
    let range = (end(), any::<bool>(), end(), any::<bool>());
    let set = prop::option::of(prop::collection::btree_set(0usize..4, 1..4));
    let number = (prop::sample::select(vec!["number", "integer"]), range, set.clone());
    let number = number.prop_map(|(kind, (low, open_low, high, open_high), set)| {
        let mut json = json!({"type": kind});
        if let Some(low) = low {
            json["minimum"] = json!(low);
            json["exclusive_minimum"] = json!(open_low);
        }
        if let Some(high) = high {
            json["maximum"] = json!(high);
            json["exclusive_maximum"] = json!(open_high);
        }
        if let Some(set) = set {
            json["values"] = json!(set);
        }
        json
    });
    let unseen = prop::sample::select(vec!["reject", "escalate", "warn", "encode"]);
    let texts = ["a", "bb", "日本", "dddd"];
    let words = move |set: std::collections::BTreeSet<usize>| {
        set.into_iter().map(|i| texts[i]).collect::<Vec<_>>()
    };
    let category = (prop::collection::btree_set(0usize..4, 1..4), unseen).prop_map(
        move |(set, unseen)| json!({"type": "category", "values": words(set), "unseen": unseen}),
    );
    let length = || prop::option::of(0u32..4);
    let check = prop::option::of((0usize..4, severity.clone()));
    let text = (length(), length(), any::<bool>(), set, check).prop_map(
        move |(low, high, empty, set, check)| {
            let mut json = json!({"type": "text", "allow_empty": empty});
            low.into_iter().for_each(|n| json["min_length"] = json!(n));
            high.into_iter().for_each(|n| json["max_length"] = json!(n));
            set.into_iter().for_each(|s| json["values"] = json!(words(s)));
            if let Some((i, severity)) = check {
                let body = json!({"values": [texts[i]], "severity": severity});
                json["checks"] = json!([{"not_in_set": body}]);
            }
            json
        },
    );
    let any = Just(json!({"type": "any"}));
    (prop_oneof![4 => number, 3 => category, 3 => text, 1 => any], presence, severity).prop_map(
        |(mut json, (required, missing), severity)| {
            json["name"] = json!("x");
            json["required"] = json!(required);
            json["missing"] = json!(missing);
            json["severity"] = json!(severity);
            json
        },
    )
}

fn contract() -> impl Strategy<Value = Json> {
    let unknown = prop::sample::select(vec!["reject", "warn", "ignore"]);
    (input(), prop::option::of(input()), unknown).prop_map(|(x, y, unknown)| {
        let mut inputs = vec![x];
        if let Some(mut y) = y {
            y["name"] = json!("y");
            inputs.push(y);
        }
        json!({"format": "driftline.contract/1", "name": "t", "unknown_fields": unknown,
               "inputs": inputs})
    })
}

/// Every record of two fields over a few values.
fn records() -> Vec<[Value<'static>; 2]> {
    let mut values = vec![Value::Absent, Value::Null, Value::Bool(true)];
    values.extend((-4..7).map(Value::Integer));
    values.extend([-0.5, 0.5, 2.0, 3.5, 1e18].map(Value::Number));
    values.push(Value::Integer((1 << 53) + 1));
    values.extend(["", "a", "bb", "日本", "dddd", "zz"].map(|t| Value::Text(t.into())));
    let pairs = values.iter().flat_map(|x| values.iter().map(|y| [x.clone(), y.clone()]));
    pairs.collect()
}

/// The gravest that the contract says of the record.
fn gravest(contract: &Contract, [x, y]: &[Value<'static>; 2]) -> Option<Severity> {
    let reader = driftline::contract::RecordReader::new(contract);
    let fields = [("x", x), ("y", y)].into_iter().filter(|(_, v)| **v != Value::Absent);
    let record: RawRecord<'_> = reader.read_pairs(fields.map(|(name, v)| (name.into(), v.clone())));
    let mut violations = Vec::new();
    Validator::new(contract).unwrap().validate(record, &mut violations);
    violations.iter().map(|v| v.severity).max()
}

/// The first contract with some clauses of the second.
fn blend(a: &Json, other: &Json, take: &[bool]) -> Json {
    let mut take = take.iter().copied();
    let mut blended = a.clone();
    if take.next() == Some(true) {
        blended["unknown_fields"] = other["unknown_fields"].clone();
    }
    for i in 0..2 {
        let (Some(from), Some(to)) = (other["inputs"].get(i), blended["inputs"].get_mut(i)) else {
            continue;
        };
        let (from, to) = (from.as_object().unwrap(), to.as_object_mut().unwrap());
        let keys: Vec<String> = from.keys().chain(to.keys()).cloned().collect();
        for key in keys {
            if key != "name" && take.next() == Some(true) {
                match from.get(&key) {
                    Some(value) => to.insert(key, value.clone()),
                    None => to.remove(&key),
                };
            }
        }
    }
    if take.next_back() == Some(true) {
        blended["inputs"] = other["inputs"].clone();
    }
    blended
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_refuses_a_record_that_was_taken_is_major(
        a in contract(),
        other in contract(),
        take in prop::collection::vec(prop::bool::weighted(0.15), 40),
    ) {
        let b = blend(&a, &other, &take);
        let read = |json: &Json| Contract::from_json(json.to_string().as_bytes());
        let (Ok(a), Ok(b)) = (read(&a), read(&b)) else { return Ok(()) };
        let (a, b) = (Version { contract: a, bundle: None }, Version { contract: b, bundle: None });
        prop_assert_eq!(diff(&a, &a).verdict(), Verdict::None);
        let found = diff(&a, &b);
        if found.verdict() < Verdict::Major {
            for record in records() {
                let before = gravest(&a.contract, &record);
                if before.is_none_or(|s| s == Severity::Warn) {
                    let after = gravest(&b.contract, &record);
                    prop_assert!(
                        after.is_none_or(|s| s == Severity::Warn),
                        "{:?} is {:?} now: {:?}", record, after, found
                    );
                }
            }
        }
    }
}
