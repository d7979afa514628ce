use super::pbtxt::Message;
use super::*;

fn left(origin: Origin, text: &str) -> Vec<String> {
    import(origin, text, None).unwrap().not_carried.into_iter().map(|l| l.path).collect()
}

#[test]
fn what_is_no_schema_is_refused() {
    for origin in [Origin::GreatExpectations, Origin::Tfdv, Origin::Mlflow, Origin::Pandera] {
        for text in ["", "{}", "[]", "hello: {", "feature {"] {
            let error = import(origin, text, None).unwrap_err();
            assert_eq!(error.code(), ErrorCode::BadInput, "{origin:?} {text}");
        }
    }
}

/// A suite of one expectation, and one that names a column.
fn suite(kind: &str, kwargs: &str) -> String {
    let exists = r#"{"type": "expect_column_to_exist", "kwargs": {"column": "a"}}"#;
    let one = format!(r#"{{"type": "{kind}", "kwargs": {kwargs}}}"#);
    format!(r#"{{"name": "s", "expectations": [{one}, {exists}]}}"#)
}

/// The gallery's expectations about one record, with arguments as the library writes them.
const RECORD: &[(&str, &str)] = &[
    ("expect_column_to_exist", r#"{"column": "a"}"#),
    ("expect_column_type_to_be", r#"{"column": "a", "type_": "int64"}"#),
    ("expect_column_values_to_be_of_type", r#"{"column": "a", "type_": "float64", "mostly": 1.0}"#),
    ("expect_column_values_to_be_in_type_list", r#"{"column": "a", "type_list": ["int", "str"]}"#),
    ("expect_column_values_to_be_null", r#"{"column": "a"}"#),
    ("expect_column_values_to_not_be_null", r#"{"column": "a", "row_condition": null}"#),
    ("expect_column_values_to_be_in_set", r#"{"column": "a", "value_set": [1, 2, null]}"#),
    ("expect_column_values_to_not_be_in_set", r#"{"column": "a", "value_set": ["x"]}"#),
    (
        "expect_column_values_to_be_between",
        r#"{"column": "a", "min_value": 1.0, "max_value": 2, "strict_min": true}"#,
    ),
    ("expect_column_value_lengths_to_equal", r#"{"column": "a", "value": 3.0}"#),
    ("expect_column_value_lengths_to_be_between", r#"{"column": "a", "max_value": 3}"#),
    ("expect_column_values_to_match_regex", r#"{"column": "a", "regex": "^a"}"#),
    ("expect_column_values_to_not_match_regex", r#"{"column": "a", "regex": "^a"}"#),
    (
        "expect_column_values_to_match_regex_list",
        r#"{"column": "a", "regex_list": ["^a", "b$"], "match_on": "all"}"#,
    ),
    ("expect_column_values_to_not_match_regex_list", r#"{"column": "a", "regex_list": ["^a"]}"#),
    ("expect_column_values_to_match_like_pattern", r#"{"column": "a", "like_pattern": "a%"}"#),
    ("expect_column_values_to_not_match_like_pattern", r#"{"column": "a", "like_pattern": "a%"}"#),
    (
        "expect_column_values_to_match_like_pattern_list",
        r#"{"column": "a", "like_pattern_list": ["a%"], "match_on": "any"}"#,
    ),
    (
        "expect_column_values_to_not_match_like_pattern_list",
        r#"{"column": "a", "like_pattern_list": ["a%"]}"#,
    ),
    (
        "expect_column_values_to_match_strftime_format",
        r#"{"column": "a", "strftime_format": "%Y-%m-%d"}"#,
    ),
    ("expect_column_values_to_be_dateutil_parseable", r#"{"column": "a"}"#),
    ("expect_column_values_to_be_json_parseable", r#"{"column": "a"}"#),
    (
        "expect_column_values_to_match_json_schema",
        r#"{"column": "a", "json_schema": {"type": "object"}}"#,
    ),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        r#"{"column_A": "a", "column_B": "b", "or_equal": true, "mostly": 1.0}"#,
    ),
    ("expect_column_pair_values_to_be_equal", r#"{"column_A": "a", "column_B": "b"}"#),
    (
        "expect_column_pair_values_to_be_in_set",
        r#"{"column_A": "a", "column_B": "b", "value_pairs_set": [[1, 2], [2, "x"]]}"#,
    ),
    (
        "expect_multicolumn_sum_to_equal",
        r#"{"column_list": ["a", "b", "c"], "sum_total": 3, "catch_exceptions": false}"#,
    ),
    (
        "expect_multicolumn_values_to_be_equal",
        r#"{"column_list": ["a", "b", "c"], "ignore_row_if": "any_value_is_missing"}"#,
    ),
    (
        "expect_select_column_values_to_be_unique_within_record",
        r#"{"column_list": ["a", "b"], "ignore_row_if": "never"}"#,
    ),
    ("expect_table_columns_to_match_set", r#"{"column_set": ["a", "b"], "exact_match": null}"#),
    ("expect_table_columns_to_match_ordered_list", r#"{"column_list": ["a", "b"]}"#),
    ("expect_table_column_count_to_equal", r#"{"value": 2}"#),
    ("expect_table_column_count_to_be_between", r#"{"min_value": 1, "max_value": 3}"#),
];

/// Those about a window of rows.
const WINDOW: &[&str] = &[
    "expect_column_bootstrapped_ks_test_p_value_to_be_greater_than",
    "expect_column_distinct_values_to_be_in_set",
    "expect_column_kl_divergence_to_be_less_than",
    "expect_column_max_to_be_between",
    "expect_column_mean_to_be_between",
    "expect_column_most_common_value_to_be_in_set",
    "expect_column_pair_cramers_phi_value_to_be_less_than",
    "expect_column_proportion_of_unique_values_to_be_between",
    "expect_column_quantile_values_to_be_between",
    "expect_column_unique_value_count_to_be_between",
    "expect_column_value_z_scores_to_be_less_than",
    "expect_column_values_to_be_decreasing",
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_unique",
    "expect_column_values_to_not_be_outliers",
    "expect_compound_columns_to_be_unique",
    "expect_multicolumn_values_to_be_unique",
    "expect_table_row_count_to_be_between",
    "expect_table_row_count_to_equal_other_table",
];

#[test]
fn every_expectation_about_one_record_is_carried() {
    for (kind, kwargs) in RECORD {
        let imported = import(Origin::GreatExpectations, &suite(kind, kwargs), None).unwrap();
        assert_eq!(imported.not_carried, [], "{kind}");
    }
}

#[test]
fn expectations_about_many_rows_are_listed_with_the_reason() {
    for kind in WINDOW {
        for kwargs in [r#"{"column": "a"}"#, r#"{"column_list": ["a", "b"]}"#, "{}"] {
            let text = suite(kind, kwargs);
            let imported = import(Origin::GreatExpectations, &text, None).unwrap();
            let [left] = imported.not_carried.as_slice() else { panic!("{kind} {kwargs}") };
            assert_eq!(left.why, MANY, "{kind} {kwargs}");
        }
    }
    // what nobody knows is listed too
    for kind in ["expect_column_values_to_rhyme", "expect_pairs_to_dance", "expect_query_results"] {
        let text = suite(kind, r#"{"column": "a"}"#);
        assert_eq!(left(Origin::GreatExpectations, &text).len(), 1, "{kind}");
    }
}

/// How many checks of windows a suite's expectation, and a schema's clause, become.
fn checks(origin: Origin, text: &str) -> usize {
    let imported = import(origin, text, None).unwrap();
    assert_eq!(imported.window_checks.is_empty(), !imported.not_carried.is_empty(), "{text}");
    imported.window_checks.len()
}

#[test]
fn an_expectation_with_an_argument_of_another_type_is_listed() {
    let mean = "expect_column_mean_to_be_between";
    let common = "expect_column_most_common_value_to_be_in_set";
    let divergence = "expect_column_kl_divergence_to_be_less_than";
    for (count, kind, kwargs) in [
        (1, mean, r#"{"column": "a", "min_value": 1, "strict_min": true, "strict_max": null}"#),
        (0, mean, r#"{"column": "a", "min_value": 1, "strict_min": "true"}"#),
        (0, mean, r#"{"column": "a", "max_value": 1, "strict_max": 1}"#),
        (0, mean, r#"{"column": "a", "max_value": "1"}"#),
        (0, mean, r#"{"column": "a"}"#),
        (1, common, r#"{"column": "a", "value_set": ["x"], "ties_okay": true}"#),
        (0, common, r#"{"column": "a", "value_set": ["x"], "ties_okay": "yes"}"#),
        (0, common, r#"{"column": "a", "value_set": [1]}"#),
        (
            1,
            divergence,
            r#"{"column": "a", "threshold": 0.1,
                "partition_object": {"values": ["x", "y"], "weights": [0.3, 0.7]}}"#,
        ),
        (
            0,
            divergence,
            r#"{"column": "a", "threshold": 0.1,
                "partition_object": {"values": ["x", "x"], "weights": [0.3, 0.7]}}"#,
        ),
    ] {
        assert_eq!(checks(Origin::GreatExpectations, &suite(kind, kwargs)), count, "{kwargs}");
    }
}

#[test]
fn a_clause_without_a_finite_bound_is_listed() {
    let schema = |clause: &str| format!("feature {{ name: 'a' type: FLOAT {clause} }}");
    let skew = |threshold: &str| {
        let norm = "skew_comparator { jensen_shannon_divergence { threshold: ";
        schema(&format!("{norm}{threshold} }} }}"))
    };
    let share = |least: &str| schema(&format!("presence {{ min_fraction: {least} }}"));
    for (count, text) in [
        (1, skew("0.1")),
        (0, skew("nan")),
        (0, skew("inf")),
        (0, skew("'x'")),
        (1, share("0.9")),
        (0, share("nan")),
        (0, share("inf")),
    ] {
        assert_eq!(checks(Origin::Tfdv, &text), count, "{text}");
    }
}

#[test]
fn a_file_that_says_nothing_of_a_field_is_refused_with_its_clauses() {
    let text = r#"{"name": "s", "expectations": [
        {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 3}}]}"#;
    let error = import(Origin::GreatExpectations, text, None).unwrap_err();
    assert_eq!(error.code(), ErrorCode::BadInput);
    assert!(error.help().contains("expectations[0] expect_table_row_count"), "{}", error.help());
}

#[test]
fn an_expectation_under_a_condition_is_listed() {
    let kwargs = r#"{"column": "a", "row_condition": "b > 1", "condition_parser": "pandas"}"#;
    let text = suite("expect_column_values_to_not_be_null", kwargs);
    assert_eq!(left(Origin::GreatExpectations, &text).len(), 1);
}

#[test]
fn a_narrow_integer_is_bounded_by_its_width() {
    let bounds = |kwargs: &str| {
        let text = suite("expect_column_values_to_be_of_type", kwargs);
        let imported = import(Origin::GreatExpectations, &text, None).unwrap();
        let input = &imported.contract.inputs[0];
        (input.minimum.clone(), input.maximum.clone())
    };
    let int = |i: i64| Some(Scalar::Integer(i));
    assert_eq!(bounds(r#"{"column": "a", "type_": "int8"}"#), (int(-128), int(127)));
    assert_eq!(bounds(r#"{"column": "a", "type_": "UInt16"}"#), (int(0), int(65_535)));
    assert_eq!(bounds(r#"{"column": "a", "type_": "uint64"}"#), (int(0), None));
    assert_eq!(bounds(r#"{"column": "a", "type_": "int64"}"#), (None, None));
    // a clause of its own goes before
    let pandera = "schema_type: dataframe\nversion: 0.35.0\ncolumns:\n  a:\n    dtype: int32\n    \
                   greater_than: 3\n";
    let imported = import(Origin::Pandera, pandera, None).unwrap();
    assert_eq!(imported.not_carried, []);
    let input = &imported.contract.inputs[0];
    assert_eq!((&input.minimum, &input.maximum), (&int(3), &int(i32::MAX.into())));
    assert!(input.exclusive_minimum && input.checks.is_empty());
}

/// Features of all environments, of training, also of a third, and of none.
const ENVIRONMENTS: &str = r#"
    feature { name: "a" type: INT }
    feature { name: "label" type: INT not_in_environment: "SERVING" }
    feature { name: "extra" type: INT in_environment: "BATCH" }
    feature { name: "old" type: INT lifecycle_stage: DEPRECATED }
    default_environment: "TRAINING"
    default_environment: "SERVING"
"#;

#[test]
fn features_are_those_of_the_environment() {
    let names = |environment: Option<&str>| -> Vec<String> {
        let imported = import(Origin::Tfdv, ENVIRONMENTS, environment).unwrap();
        imported.contract.inputs.into_iter().map(|input| input.name).collect()
    };
    assert_eq!(names(None), ["a", "extra"]);
    assert_eq!(names(Some("SERVING")), ["a", "extra"]);
    assert_eq!(names(Some("TRAINING")), ["a", "label", "extra"]);
    assert_eq!(names(Some("BATCH")), ["extra"]);
    let error = import(Origin::Tfdv, ENVIRONMENTS, Some("STAGING")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::BadUsage);
    assert!(error.help().contains("`BATCH`"), "{}", error.help());
    // what was left out is listed with its environment
    let listed = left(Origin::Tfdv, ENVIRONMENTS);
    assert_eq!(listed.len(), 2, "{listed:?}");
    // without an environment of that name all features count
    let other = ENVIRONMENTS.replace("SERVING", "ONLINE");
    let imported = import(Origin::Tfdv, &other, None).unwrap();
    assert_eq!(imported.contract.inputs.len(), 3);
    assert!(imported.notes.iter().any(|note| note.why.contains("--environment")));
    let error = import(Origin::Pandera, "", Some("SERVING")).unwrap_err();
    assert_eq!(error.code(), ErrorCode::BadUsage);
}

#[test]
fn arguments_that_a_contract_lacks_are_listed() {
    let text = r#"{"name": "s", "expectations": [{"type": "expect_column_values_to_be_between",
        "kwargs": {"column": "a", "min_value": 1, "mostly": 0.5, "new_argument": 3}}]}"#;
    let imported = import(Origin::GreatExpectations, text, None).unwrap();
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
