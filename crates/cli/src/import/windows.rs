//! Clauses about many rows, as checks of the collector's windows.

use super::pbtxt::Message;
use driftline::summary::{Against, Aggregate, WindowCheck};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

const BOUNDS: [&str; 4] = ["min_value", "max_value", "strict_min", "strict_max"];

/// What every expectation may have, and says nothing here.
const SILENT: [&str; 5] = ["column", "catch_exceptions", "result_format", "batch_id", "meta"];

/// A check without bounds.
fn of(input: Option<&str>, of: Aggregate, path: &str) -> WindowCheck {
    WindowCheck {
        input: input.map(str::to_owned),
        of,
        minimum: None,
        maximum: None,
        strict_minimum: false,
        strict_maximum: false,
        source: Some(path.to_owned()),
    }
}

/// The checks that an expectation of Great Expectations stands for; none if it is of another kind or
/// has arguments that no check has.
pub(super) fn expectation(
    kind: &str,
    kwargs: &Map<String, Json>,
    path: &str,
) -> Option<Vec<WindowCheck>> {
    let column = kwargs.get("column").and_then(Json::as_str);
    let known = |names: &[&str]| {
        let silent = |name: &str| SILENT.contains(&name) || names.contains(&name);
        kwargs.iter().all(|(name, value)| silent(name) || value.is_null())
    };
    let between = |aggregate| {
        let mut check = of(column, aggregate, path);
        check.minimum = finite(kwargs.get("min_value"))?;
        check.maximum = finite(kwargs.get("max_value"))?;
        check.strict_minimum = flag(kwargs.get("strict_min"))?;
        check.strict_maximum = flag(kwargs.get("strict_max"))?;
        let bounded = check.minimum.is_some() || check.maximum.is_some();
        (known(&BOUNDS) && bounded).then(|| vec![check])
    };
    match kind {
        "expect_table_row_count_to_equal" => {
            let value = finite(kwargs.get("value"))??;
            let mut check = of(None, Aggregate::RowCount {}, path);
            (check.minimum, check.maximum) = (Some(value), Some(value));
            known(&["value"]).then(|| vec![check])
        }
        "expect_table_row_count_to_be_between" => between(Aggregate::RowCount {}),
        _ if column.is_none() => None,
        "expect_column_mean_to_be_between" => between(Aggregate::Mean {}),
        "expect_column_median_to_be_between" => between(Aggregate::Median {}),
        "expect_column_min_to_be_between" => between(Aggregate::Minimum {}),
        "expect_column_max_to_be_between" => between(Aggregate::Maximum {}),
        "expect_column_sum_to_be_between" => between(Aggregate::Sum {}),
        "expect_column_unique_value_count_to_be_between" => between(Aggregate::UniqueCount {}),
        "expect_column_proportion_of_unique_values_to_be_between" => {
            between(Aggregate::UniqueShare {})
        }
        "expect_column_proportion_of_non_null_values_to_be_between" => {
            between(Aggregate::NonNullShare {})
        }
        "expect_column_quantile_values_to_be_between" => {
            known(&["quantile_ranges", "allow_relative_error"])
                .then(|| quantiles(column, kwargs, path))?
        }
        "expect_column_most_common_value_to_be_in_set" => {
            let values = texts(kwargs.get("value_set")?)?;
            let ties_okay = flag(kwargs.get("ties_okay"))?;
            let aggregate = Aggregate::MostCommon { values, ties_okay };
            known(&["value_set", "ties_okay"]).then(|| vec![of(column, aggregate, path)])
        }
        "expect_column_kl_divergence_to_be_less_than" => {
            let partition = kwargs.get("partition_object")?;
            let names = texts(partition.get("values")?)?;
            let weights = partition.get("weights")?.as_array()?;
            let weights = weights.iter().map(Json::as_f64).collect::<Option<Vec<_>>>()?;
            if names.len() != weights.len() {
                return None;
            }
            let listed = names.len();
            let expected: BTreeMap<String, f64> = names.into_iter().zip(weights).collect();
            if expected.len() < listed {
                return None;
            }
            let mut check = of(column, Aggregate::KlDivergence { expected }, path);
            check.maximum = Some(finite(kwargs.get("threshold"))??);
            known(&["partition_object", "threshold"]).then(|| vec![check])
        }
        _ => None,
    }
}

/// The inner `None` is no number given; the outer one something else than a finite number.
fn finite(value: Option<&Json>) -> Option<Option<f64>> {
    match value {
        None | Some(Json::Null) => Some(None),
        Some(value) => value.as_f64().filter(|x| x.is_finite()).map(Some),
    }
}

/// Not given is no; something else than a boolean is none.
fn flag(value: Option<&Json>) -> Option<bool> {
    match value {
        None | Some(Json::Null) => Some(false),
        Some(value) => value.as_bool(),
    }
}

/// A number as TensorFlow Data Validation writes it; NaN and infinity are no bounds.
fn number(word: &str) -> Option<f64> {
    word.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn texts(list: &Json) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

fn quantiles(
    column: Option<&str>,
    kwargs: &Map<String, Json>,
    path: &str,
) -> Option<Vec<WindowCheck>> {
    let ranges = kwargs.get("quantile_ranges")?;
    let levels = ranges.get("quantiles")?.as_array()?;
    let values = ranges.get("value_ranges")?.as_array()?;
    if levels.len() != values.len() {
        return None;
    }
    let one = |(level, range): (&Json, &Json)| {
        let mut check = of(column, Aggregate::Quantile { level: level.as_f64()? }, path);
        let [low, high] = range.as_array()?.as_slice() else { return None };
        (check.minimum, check.maximum) = (finite(Some(low))?, finite(Some(high))?);
        Some(check)
    };
    let bounded = |check: &WindowCheck| check.minimum.is_some() || check.maximum.is_some();
    let all: Option<Vec<_>> = levels.iter().zip(values).map(one).collect();
    Some(all?.into_iter().filter(bounded).collect())
}

/// `presence` of a feature of TensorFlow Data Validation, where one row does not decide it.
pub(super) fn presence(name: &str, clause: &Message, path: &str) -> Option<Vec<WindowCheck>> {
    let given = |key| clause.word(key).map_or(Some(0.0), number);
    let (count, share) = (given("min_count")?, given("min_fraction")?);
    let mut check = of(Some(name), Aggregate::NonNullShare {}, path);
    // one record with a value is a share above 0
    (check.minimum, check.strict_minimum) = (Some(share), share == 0.0);
    let simple = clause.0.iter().all(|(key, _)| key == "min_fraction" || key == "min_count");
    (simple && count <= 1.0 && count + share > 0.0).then(|| vec![check])
}

/// `skew_comparator` against the training data, or `drift_comparator` against the window before.
pub(super) fn comparator(
    name: &str,
    clause: &Message,
    against: Against,
    path: &str,
) -> Option<Vec<WindowCheck>> {
    let mut all = Vec::new();
    for (key, _) in &clause.0 {
        let aggregate = match key.as_str() {
            "infinity_norm" => Aggregate::Linf { against },
            "jensen_shannon_divergence" => Aggregate::JensenShannon { against },
            _ => return None,
        };
        let mut check = of(Some(name), aggregate, path);
        check.maximum = Some(number(clause.message(key)?.word("threshold")?)?);
        all.push(check);
    }
    (!all.is_empty()).then_some(all)
}
