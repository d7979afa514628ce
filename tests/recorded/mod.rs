//! The verdicts of Great Expectations, pandera and MLflow that `tests/vectors/validation.json`
//! records, one value at a time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::contract::{HUGE_INTEGER, Value, parse_rfc3339};
use driftline::tensor::TensorData;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write as _;

/// One recorded verdict.
pub struct Recorded<'a> {
    pub id: &'a str,
    pub peer: &'a str,
    /// How the library was asked, if in several ways.
    pub flavour: &'a str,
    pub verdict: &'a str,
    /// What the same library said of the same value when it was asked not to convert.
    plain: Option<&'a str>,
    pub case: &'a Json,
    pub input: &'a Json,
}

impl Recorded<'_> {
    pub fn constraint(&self) -> &Json {
        &self.case["constraint"]
    }

    pub fn kind(&self) -> &str {
        self.constraint()["kind"].as_str().unwrap()
    }

    pub fn dtype(&self) -> &str {
        self.case["dtype"].as_str().unwrap_or("")
    }

    /// The type that a constraint of kind `type` wants.
    pub fn wanted(&self) -> &str {
        self.constraint()["type"].as_str().unwrap_or("")
    }

    /// Whether the library was asked to convert values.
    pub fn coerces(&self) -> bool {
        self.flavour == "coerce" || self.flavour.starts_with("json")
    }

    /// Whether the library took the value. One that raised on it did not.
    pub fn passed(&self) -> bool {
        passed(self.verdict)
    }

    pub fn name(&self) -> String {
        let way = if self.flavour.is_empty() { "" } else { " " };
        format!("{} {}{way}{}", self.id, self.peer, self.flavour)
    }

    /// Library and way of asking, under which verdicts are counted.
    pub fn semantics(&self) -> String {
        format!("{} {}", self.peer, self.flavour)
    }

    /// Why no contract can be held to the verdict: there is none, it is a defect of the library,
    /// or it is about a column and not about the value.
    pub fn left_out(&self) -> Option<&'static str> {
        if matches!(self.verdict, "not_built_in" | "not_expressible") {
            return Some("no verdict: the library has no such check");
        }
        if self.kind() == "range_datetime" && self.verdict.starts_with("error:") {
            return Some("no verdict: the library raises on every date of the column");
        }
        if self.kind() == "localize_then_valid" {
            return Some("conversion: local times are given a zone");
        }
        let converted = self.coerces() && self.plain.is_some_and(|plain| !passed(plain));
        if converted && self.passed() {
            return Some(
                "conversion: the library itself refuses the value when it may not convert",
            );
        }
        if (self.id, self.peer) == ("V036", "great_expectations") && self.input.is_number() {
            return self.passed().then_some("defect: the pattern is applied to str(number)");
        }
        if self.input["$"] == "Infinity" && self.flavour.starts_with("json") {
            return Some("no verdict: JSON has no infinity");
        }
        if self.input.as_u64().is_some_and(|u| u > i64::MAX as u64) {
            return Some("value: integers beyond 64 bits with a sign are refused here");
        }
        if self.kind() != "type" {
            return None;
        }
        let narrow = |t: &str| matches!(t, "float32" | "int32" | "uint32" | "uint64");
        if (narrow(self.dtype()) || narrow(self.wanted())) && !self.passed() {
            return Some("column: its width is no property of a value");
        }
        if self.dtype() == "object" {
            if (self.peer, self.wanted()) == ("mlflow", "string") && !self.input.is_string() {
                let looked = self.input.is_null() || !self.passed();
                return (!looked).then_some("defect: MLflow does not look into columns of objects");
            }
            if (self.peer, self.wanted()) == ("pandera", "boolean") && !self.passed() {
                return Some("column: one of objects is judged by its dtype");
            }
        }
        None
    }

    /// The record that the value stands for: the value under `x`, or a row of named ones.
    pub fn pairs(&self) -> Vec<(Cow<'_, str>, Value<'_>)> {
        match self.input {
            Json::Object(fields) if !fields.contains_key("$") => {
                let pairs = fields.iter();
                pairs.map(|(k, v)| (k.as_str().into(), value(v, self.dtype()))).collect()
            }
            one => vec![("x".into(), value(one, self.dtype()))],
        }
    }
}

fn passed(verdict: &str) -> bool {
    verdict.starts_with("pass") || verdict == "ignored_missing"
}

/// A recorded value as the column's type held it.
fn value<'a>(json: &'a Json, dtype: &str) -> Value<'a> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::String(text) if dtype.contains("datetime64") => {
            let mut text = text.clone();
            if text.len() == 10 {
                text.push_str("T00:00:00");
            }
            if text.len() == 19 {
                text.push('Z');
            }
            Value::Date(parse_rfc3339(&text).unwrap().seconds as f64 * 1e3)
        }
        Json::String(text) => Value::Text(Cow::Borrowed(text)),
        Json::Number(n) => match n.as_i64() {
            Some(i) if dtype.contains("float") => Value::Number(i as f64),
            Some(i) => Value::Integer(i),
            None if n.is_u64() => Value::Other(HUGE_INTEGER),
            None => Value::Number(n.as_f64().unwrap()),
        },
        Json::Object(o) => match o["$"].as_str().unwrap() {
            "NaN" => Value::Number(f64::NAN),
            "NaT" => Value::Date(f64::NAN),
            "Infinity" => Value::Number(f64::INFINITY),
            _ => Value::Number(f64::NEG_INFINITY),
        },
        Json::Array(_) => Value::Typed(TensorData::Uint8(Vec::new())),
    }
}

/// The file, with its 90 cases.
pub fn vectors() -> Json {
    let vectors: Json = serde_json::from_str(include_str!("../vectors/validation.json")).unwrap();
    assert_eq!(vectors["cases"].as_array().unwrap().len(), 90);
    vectors
}

/// Every recorded verdict, in the file's order.
pub fn each(vectors: &Json, mut visit: impl FnMut(&Recorded<'_>)) {
    for case in vectors["cases"].as_array().unwrap() {
        for entry in case["values"].as_array().unwrap() {
            for (peer, verdicts) in entry["verdicts"].as_object().unwrap() {
                let one = |flavour: &'static str| verdicts.get(flavour).and_then(Json::as_str);
                let plain = one("strict").or_else(|| one("required"));
                let flavours: Vec<(&str, &str)> = match verdicts {
                    Json::String(verdict) => vec![("", verdict)],
                    other => {
                        let flavours = other.as_object().unwrap().iter();
                        flavours.map(|(f, v)| (f.as_str(), v.as_str().unwrap())).collect()
                    }
                };
                for (flavour, verdict) in flavours {
                    visit(&Recorded {
                        id: case["id"].as_str().unwrap(),
                        peer,
                        flavour,
                        verdict,
                        plain,
                        case,
                        input: &entry["input"],
                    });
                }
            }
        }
    }
}

/// How many verdicts were met, and why others were not asked for.
#[derive(Default)]
pub struct Counts {
    agreed: BTreeMap<String, usize>,
    left_out: BTreeMap<&'static str, usize>,
    differ: Vec<String>,
}

impl Counts {
    pub fn compare(&mut self, recorded: &Recorded<'_>, took: bool, more: &str) {
        if took == recorded.passed() {
            *self.agreed.entry(recorded.semantics()).or_default() += 1;
        } else {
            let Recorded { verdict, input, .. } = recorded;
            self.differ.push(format!("{}: {input}, they {verdict} {more}", recorded.name()));
        }
    }

    pub fn leave(&mut self, why: &'static str) {
        *self.left_out.entry(why).or_default() += 1;
    }

    pub fn agreed(&self) -> usize {
        self.agreed.values().sum()
    }

    /// Prints the counts past the test runner, which keeps what a passing test prints to itself.
    ///
    /// # Panics
    /// If a verdict differs.
    pub fn close(&self, title: &str) {
        let left: usize = self.left_out.values().sum();
        let mut text = format!("{title}: {} agree, {left} left out\n", self.agreed());
        for (semantics, n) in &self.agreed {
            text += &format!("  {n:>4} agree     {semantics}\n");
        }
        for (why, n) in &self.left_out {
            text += &format!("  {n:>4} left out  {why}\n");
        }
        let _ = std::io::stderr().write_all(text.as_bytes());
        let n = self.differ.len();
        assert!(n == 0, "{n} differ:\n{}", self.differ.join("\n"));
    }
}
