//! Expectations that are one check of a value or one rule over several.

use super::scalar;
use driftline::contract::{Anchor, Check, Of, Rule, Scalar, Severity, Skip};
use serde_json::{Map, Value as Json};

type Arguments = Map<String, Json>;

/// Arguments of expectations on two columns and on a list of them.
const PAIR: &[&str] = &["column_A", "column_B", "ignore_row_if"];
const LIST: &[&str] = &["column_list", "ignore_row_if"];

/// The check of an expectation on a column's values, with the arguments that it carries.
pub fn check(
    kind: &str,
    kwargs: &Arguments,
    severity: Severity,
) -> Option<(Check, &'static [&'static str])> {
    let name = kind.strip_prefix("expect_column_value")?;
    let one = |key: &str| texts(kwargs.get(key)?);
    let of = match kwargs.get("match_on").and_then(Json::as_str) {
        Some("all") => Of::All,
        _ => Of::Any,
    };
    // Great Expectations searches, with Python's regular expressions
    let regex = |patterns, of| Check::Regex {
        patterns,
        of,
        anchor: Anchor::Search,
        python: true,
        severity,
    };
    Some(match name {
        "s_to_match_regex" => (regex(one("regex")?, Of::All), &["regex"]),
        "s_to_not_match_regex" => (regex(one("regex")?, Of::None), &["regex"]),
        "s_to_match_regex_list" => (regex(one("regex_list")?, of), &["regex_list", "match_on"]),
        "s_to_not_match_regex_list" => (regex(one("regex_list")?, Of::None), &["regex_list"]),
        "s_to_match_like_pattern" => {
            let patterns = one("like_pattern")?;
            (Check::Like { patterns, of: Of::All, severity }, &["like_pattern"])
        }
        "s_to_match_like_pattern_list" => {
            let patterns = one("like_pattern_list")?;
            (Check::Like { patterns, of, severity }, &["like_pattern_list", "match_on"])
        }
        "s_to_not_match_like_pattern" => {
            let patterns = one("like_pattern")?;
            (Check::Like { patterns, of: Of::None, severity }, &["like_pattern"])
        }
        "s_to_not_match_like_pattern_list" => {
            let patterns = one("like_pattern_list")?;
            (Check::Like { patterns, of: Of::None, severity }, &["like_pattern_list"])
        }
        "s_to_match_strftime_format" => {
            let format = kwargs.get("strftime_format")?.as_str()?.to_owned();
            (Check::Strftime { format, severity }, &["strftime_format"])
        }
        "s_to_be_dateutil_parseable" => (Check::Date { lenient: true, severity }, &[]),
        "s_to_be_json_parseable" => (Check::Json { severity }, &[]),
        "s_to_match_json_schema" => {
            let schema = kwargs.get("json_schema")?.clone();
            (Check::JsonSchema { schema, severity }, &["json_schema"])
        }
        "s_to_be_null" => (Check::MissingOnly { severity }, &[]),
        "s_to_not_be_in_set" => {
            let values = scalars(kwargs.get("value_set")?)?;
            (Check::NotInSet { values, severity }, &["value_set"])
        }
        "_lengths_to_equal" => {
            let length = Some(u32::try_from(kwargs.get("value")?.as_f64()? as u64).ok()?);
            (Check::Length { minimum: length, maximum: length, severity }, &["value"])
        }
        "_lengths_to_be_between" => {
            let end = |name: &str, strict: &str| {
                // the library writes 3 as 3.0
                let n = kwargs.get(name)?.as_f64()?;
                let strict = kwargs.get(strict).and_then(Json::as_bool).unwrap_or(false);
                Some((u32::try_from(n as u64).ok()?, u32::from(strict)))
            };
            let minimum = end("min_value", "strict_min").map(|(n, by)| n.saturating_add(by));
            let maximum = end("max_value", "strict_max").map(|(n, by)| n.saturating_sub(by));
            let known = &["min_value", "max_value", "strict_min", "strict_max"];
            (Check::Length { minimum, maximum, severity }, known)
        }
        _ => return None,
    })
}

/// The rule of an expectation on several columns, with the arguments that it carries.
pub fn rule(
    kind: &str,
    kwargs: &Arguments,
    severity: Severity,
) -> Option<(Rule, &'static [&'static [&'static str]])> {
    let skip = match kwargs.get("ignore_row_if").and_then(Json::as_str) {
        Some("either_value_is_missing" | "any_value_is_missing") => Skip::AnyMissing,
        Some("neither" | "never") => Skip::Never,
        // the default of every expectation on several columns
        _ => Skip::AllMissing,
    };
    let column = |key: &str| kwargs.get(key).and_then(Json::as_str).map(str::to_owned);
    let pair = || Some((column("column_A")?, column("column_B")?));
    let list = || texts(kwargs.get("column_list")?);
    Some(match kind {
        "expect_column_pair_values_a_to_be_greater_than_b" => {
            let (left, right) = pair()?;
            let or_equal = kwargs.get("or_equal").and_then(Json::as_bool).unwrap_or(false);
            (Rule::Greater { left, right, or_equal, skip, severity }, &[PAIR, &["or_equal"]])
        }
        "expect_column_pair_values_to_be_equal" => {
            let (left, right) = pair()?;
            (Rule::Equal { inputs: vec![left, right], skip, severity }, &[PAIR])
        }
        "expect_column_pair_values_to_be_in_set" => {
            let (left, right) = pair()?;
            let two = |v: &Json| match scalars(v)?.as_slice() {
                [a, b] => Some((a.clone(), b.clone())),
                _ => None,
            };
            let pairs = kwargs.get("value_pairs_set")?.as_array()?.iter();
            let pairs = pairs.map(two).collect::<Option<_>>()?;
            (Rule::PairInSet { left, right, pairs, skip, severity }, &[PAIR, &["value_pairs_set"]])
        }
        "expect_multicolumn_values_to_be_equal" => {
            (Rule::Equal { inputs: list()?, skip, severity }, &[LIST])
        }
        "expect_select_column_values_to_be_unique_within_record" => {
            (Rule::Unique { inputs: list()?, skip, severity }, &[LIST])
        }
        "expect_multicolumn_sum_to_equal" => {
            let total = kwargs.get("sum_total")?.as_f64()?;
            let rule = Rule::SumEquals { inputs: list()?, total, tolerance: 0.0, skip, severity };
            (rule, &[LIST, &["sum_total"]])
        }
        _ => return None,
    })
}

/// A text, or a list of texts.
fn texts(value: &Json) -> Option<Vec<String>> {
    match value {
        Json::String(text) => Some(vec![text.clone()]),
        Json::Array(items) => items.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

fn scalars(value: &Json) -> Option<Vec<Scalar>> {
    value.as_array()?.iter().map(scalar).collect()
}
