//! The recorded verdicts of Great Expectations, pandera and MLflow in `tests/vectors`, against
//! contracts that say what each library's semantics are: they judge the same values the same way.
//! What is left out is counted by reason, and nothing else may be left out.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod recorded;

use driftline::ErrorCode;
use driftline::contract::{Contract, RecordReader, Validator};
use recorded::{Counts, Recorded, each, vectors};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The clauses that an import writes for one input.
fn input(peer: &str, flavour: &str, case: &Json) -> Json {
    let c = &case["constraint"];
    let nullable = flavour != "nullable_false";
    let mut input = json!({
        "name": "x", "type": "any", "required": false,
        "missing": if nullable { "allow" } else { "reject" },
        "accept": ["nan_as_missing", "infinity"],
    });
    let as_number = |v: &Json| match v {
        Json::Bool(b) => json!(u8::from(*b)),
        other => other.clone(),
    };
    let listed = || -> Vec<Json> {
        c["values"].as_array().unwrap().iter().filter(|v| !v.is_null()).map(as_number).collect()
    };
    let check = match c["kind"].as_str().unwrap() {
        "range" => {
            input["accept"] = json!(["nan_as_missing", "infinity", "boolean_as_number"]);
            let mut range = json!({});
            for end in ["min", "max"] {
                if !c[end].is_null() {
                    range[format!("{end}imum")] = c[end].clone();
                    range[format!("exclusive_{end}imum")] = c[format!("strict_{end}")].clone();
                }
            }
            json!({ "range": range })
        }
        "range_datetime" => {
            input["type"] = json!("timestamp");
            input["accept"] = json!(["nan_as_missing"]);
            let end = |e: &str| {
                let text = c[e].as_str().unwrap();
                if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() }
            };
            json!({"range": {"minimum": end("min"), "maximum": end("max")}})
        }
        "in_set" if listed().is_empty() => json!({"missing_only": {}}),
        "in_set" => {
            input["accept"] = json!(["nan_as_missing", "infinity", "boolean_as_number"]);
            json!({"in_set": {"values": listed()}})
        }
        "not_in_set" => json!({"not_in_set": {"values": listed()}}),
        "regex" => {
            let anchor =
                if peer == "pandera" && flavour != "str_contains" { "start" } else { "search" };
            json!({"regex": {"patterns": [c["pattern"]], "anchor": anchor, "python": true}})
        }
        "length" => {
            let mut length = json!({});
            for end in ["min", "max"] {
                if !c[end].is_null() {
                    length[format!("{end}imum")] = c[end].clone();
                }
            }
            json!({ "length": length })
        }
        "not_null" => {
            input["missing"] = json!("reject");
            return input;
        }
        "null" => json!({"missing_only": {}}),
        "strftime" => json!({"strftime": {"format": c["format"]}}),
        "dateutil_parseable" => json!({"date": {"lenient": true}}),
        "type" => {
            let wanted = c["type"].as_str().unwrap();
            if (peer, wanted) == ("mlflow", "float64") {
                input["type"] = json!("number");
                return input;
            }
            json!({"types": {"types": [match wanted {
                "int64" => "integer",
                "float64" => "number",
                "boolean" => "boolean",
                "datetime" => "date",
                _ => "text",
            }]}})
        }
        other => panic!("no clause for {other}"),
    };
    input["checks"] = json!([check]);
    input
}

/// The contract that an import writes for the case.
fn contract(peer: &str, flavour: &str, case: &Json) -> Json {
    let c = &case["constraint"];
    let kind = c["kind"].as_str().unwrap();
    let head = |inputs: Vec<Json>, rules: Vec<Json>, unknown: &str| json!({"format": Contract::FORMAT, "name": "t", "unknown_fields": unknown, "inputs": inputs, "rules": rules});
    let column = |name: &Json| json!({"name": name, "type": "any", "required": false, "missing": "allow", "accept": ["nan_as_missing", "infinity"]});
    let skip = match (flavour, c["ignore"].as_str()) {
        ("df_check_ignore_na_false", _) => "never",
        ("", Some("neither")) => "never",
        ("", Some("either_value_is_missing")) => "any_missing",
        _ => "all_missing",
    };
    let pair = || vec![column(&c["A"]), column(&c["B"])];
    let names = json!([c["A"], c["B"]]);
    match kind {
        "a_gt_b" => head(
            pair(),
            vec![
                json!({"greater": {"left": c["A"], "right": c["B"], "or_equal": c["or_equal"], "skip": skip}}),
            ],
            "reject",
        ),
        "a_eq_b" => head(pair(), vec![json!({"equal": {"inputs": names, "skip": skip}})], "reject"),
        "pair_in_set" => head(
            pair(),
            vec![
                json!({"pair_in_set": {"left": c["A"], "right": c["B"], "pairs": c["pairs"], "skip": skip}}),
            ],
            "reject",
        ),
        "sum_equals" => head(
            pair(),
            vec![json!({"sum_equals": {"inputs": names, "total": c["total"], "skip": skip}})],
            "reject",
        ),
        "unique_within_record" => {
            head(pair(), vec![json!({"unique": {"inputs": names, "skip": skip}})], "reject")
        }
        "columns" => {
            let required = c["required"].as_array().unwrap();
            let inputs =
                required.iter().map(|n| json!({"name": n, "type": "any", "missing": "allow"}));
            head(
                inputs.collect(),
                vec![],
                if flavour == "strict_true" { "reject" } else { "ignore" },
            )
        }
        _ => head(vec![input(peer, flavour, case)], vec![], "reject"),
    }
}

/// Whether the contract takes the value; the error's code if the contract itself is refused.
fn judge(contract: &Json, recorded: &Recorded<'_>) -> Result<bool, ErrorCode> {
    let contract = Contract::from_json(contract.to_string().as_bytes()).map_err(|e| e.code())?;
    let validator = Validator::new(&contract).map_err(|e| e.code())?;
    let mut violations = Vec::new();
    let record = RecordReader::new(&contract).read_pairs(recorded.pairs());
    validator.validate(record, &mut violations);
    Ok(violations.is_empty())
}

/// A look-ahead, which no linear-time engine has: the contract is refused.
fn looks_ahead(recorded: &Recorded<'_>) -> bool {
    recorded.kind() == "regex" && recorded.constraint()["pattern"].as_str().unwrap().contains("(?=")
}

#[test]
fn contracts_judge_as_the_libraries_did() {
    let mut counts = Counts::default();
    each(&vectors(), |recorded| {
        if let Some(why) = recorded.left_out() {
            return counts.leave(why);
        }
        if !cfg!(feature = "regex") && recorded.kind() == "regex" {
            return counts.leave("this build has no regular expressions");
        }
        let ours = judge(&contract(recorded.peer, recorded.flavour, recorded.case), recorded);
        if looks_ahead(recorded) {
            assert_eq!(ours, Err(ErrorCode::ContractInvalid), "{}", recorded.name());
            return counts.leave("clause: look-around is refused when the contract is read");
        }
        // a contract that contradicts itself takes nothing
        counts.compare(recorded, ours.unwrap_or(false), "");
    });
    counts.close("verdicts of the libraries and of contracts with their semantics");
    assert!(counts.agreed() > 600);
}

#[test]
fn our_own_contracts_differ_only_where_nothing_is_coerced() {
    let (mut counts, mut stricter) = (Counts::default(), BTreeMap::<&str, usize>::new());
    each(&vectors(), |recorded| {
        let regex = recorded.kind() == "regex";
        let rows = recorded.dtype().starts_with("rows");
        if recorded.peer != "great_expectations" || (!cfg!(feature = "regex") && regex) || rows {
            return;
        }
        if let Some(why) = recorded.left_out() {
            return counts.leave(why);
        }
        if looks_ahead(recorded) {
            return counts.leave("clause: look-around is refused when the contract is read");
        }
        let mut ours = contract(recorded.peer, "", recorded.case);
        // what an import relaxes, a contract of one's own does not
        ours["inputs"][0].as_object_mut().unwrap().remove("accept");
        let takes = judge(&ours, recorded).unwrap_or(false);
        let input = recorded.input;
        if takes == recorded.passed() {
            return counts.compare(recorded, takes, "");
        }
        assert!(!takes, "{}: {input} is taken, they refuse it", recorded.name());
        let why = match input {
            Json::Object(o) if o["$"] == "NaN" || o["$"] == "NaT" => "NaN is no missing value",
            Json::Object(_) => "infinity is no value",
            Json::Bool(_) => "booleans are no numbers",
            Json::Number(_) if recorded.constraint()["values"] == json!([true, false]) => {
                "numbers are no booleans"
            }
            other => panic!("{}: {other} is refused, they take it", recorded.name()),
        };
        *stricter.entry(why).or_default() += 1;
    });
    counts.close(&format!("our own contracts, stricter by design {stricter:?}"));
    assert!(counts.agreed() > 150);
}
