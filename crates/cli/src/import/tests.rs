use super::pbtxt::Message;
use super::*;
use std::collections::BTreeSet;

fn left(origin: Origin, text: &str) -> Vec<String> {
    import(origin, text).unwrap().not_carried.into_iter().map(|l| l.path).collect()
}

#[test]
fn what_is_no_schema_is_refused() {
    for origin in [Origin::GreatExpectations, Origin::Tfdv, Origin::Mlflow, Origin::Pandera] {
        for text in ["", "{}", "[]", "hello: {", "feature {"] {
            let error = import(origin, text).unwrap_err();
            assert_eq!(error.code(), ErrorCode::BadInput, "{origin:?} {text}");
        }
    }
}

#[test]
fn every_expectation_is_carried_or_listed() {
    // one of each kind that the gallery has; none may vanish
    let kinds = [
        "expect_column_values_to_match_regex",
        "expect_column_values_to_be_unique",
        "expect_column_mean_to_be_between",
        "expect_compound_columns_to_be_unique",
        "expect_table_row_count_to_equal",
        "expect_something_new",
    ];
    let items: Vec<String> = kinds
        .iter()
        .map(|k| format!(r#"{{"type": "{k}", "kwargs": {{"column": "a"}}}}"#))
        .collect();
    let text = format!(
        r#"{{"name": "s", "expectations": [{{"type": "expect_column_values_to_be_of_type",
           "kwargs": {{"column": "a", "type_": "int64"}}}}, {}]}}"#,
        items.join(",")
    );
    let listed: BTreeSet<String> = left(Origin::GreatExpectations, &text).into_iter().collect();
    assert_eq!(listed.len(), kinds.len(), "{listed:?}");
}

#[test]
fn arguments_that_a_contract_lacks_are_listed() {
    let text = r#"{"name": "s", "expectations": [{"type": "expect_column_values_to_be_between",
        "kwargs": {"column": "a", "min_value": 1, "mostly": 0.5, "new_argument": 3}}]}"#;
    let imported = import(Origin::GreatExpectations, text).unwrap();
    assert_eq!(imported.not_carried.len(), 2);
    assert_eq!(imported.contract.inputs[0].minimum, Some(Scalar::Integer(1)));
}

#[test]
fn text_format_reads_escapes_and_nesting() {
    let m = Message::parse("# x\na: 'S\\303\\243o' b { c: -1.5, d <c: 1 }").err();
    assert!(m.is_some(), "angle brackets are not used by schemas");
    let m = Message::parse("# x\na: 'S\\303\\243o' b: { c: -1.5; } b { }").unwrap();
    assert_eq!(m.word("a"), Some("São"));
    assert_eq!(m.message("b").unwrap().word("c"), Some("-1.5"));
    assert_eq!(m.0.len(), 3);
    let error = Message::parse("a: 1\nb {\n c: \"x\n").unwrap_err();
    assert_eq!(error.place().line, Some(3));
}
