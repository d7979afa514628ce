//! What the host declares beside the bundle: segments and metrics.

use crate::contract::{Value, parse_json};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_METRICS, MAX_NAME_BYTES, MAX_SEGMENT_KEYS, MAX_SEGMENT_VALUES};

/// Keys by which records are counted apart, and numbers that outcomes may bring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Segments with the values that have cells of their own; all others share one.
    pub segments: Vec<(String, Vec<String>)>,
    /// Metrics, such as `conversion`, `revenue` or `refund`.
    pub metrics: Vec<String>,
}

impl Declared {
    /// Reads `{"segments": {"country": ["US", "DE"]}, "metrics": ["revenue"]}`; both may be absent.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`] with the path; [`ErrorCode::InputTooLarge`] past a limit.
    pub fn from_json(text: &str) -> Result<Self> {
        let Value::Object(members) =
            parse_json(text.as_bytes(), ErrorCode::BadUsage, "declaration")?
        else {
            return bad("", "the declaration is no object");
        };
        let mut declared = Self::default();
        for (name, value) in &members {
            match (&**name, value) {
                ("segments", Value::Object(keys)) => {
                    for (key, values) in keys {
                        let path = format!("segments.{key}");
                        let values = names(values, &path, MAX_SEGMENT_VALUES)?;
                        declared.segments.push((key.to_string(), values));
                    }
                }
                ("metrics", list) => declared.metrics = names(list, "metrics", MAX_METRICS)?,
                _ => return bad(name, "a declaration has `segments`, an object, and `metrics`"),
            }
        }
        let keys: Vec<String> = declared.segments.iter().map(|(key, _)| key.clone()).collect();
        check(&keys, "segments", MAX_SEGMENT_KEYS)?;
        Ok(declared)
    }
}

fn names(value: &Value<'_>, path: &str, most: usize) -> Result<Vec<String>> {
    let Value::List(items) = value else { return bad(path, "this is no list of names") };
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        let Value::Text(text) = item else { return bad(path, "a name is no text") };
        names.push(text.to_string());
    }
    check(&names, path, most)?;
    Ok(names)
}

fn check(names: &[String], path: &str, most: usize) -> Result<()> {
    if names.len() > most {
        let message = format!("there are more than {most} names");
        return Err(Error::new(ErrorCode::InputTooLarge, message).at_path(path));
    }
    let unfit = |name: &String| name.is_empty() || name.len() > MAX_NAME_BYTES;
    if names.iter().any(unfit) {
        return bad(path, "a name is empty or too long");
    }
    let twice = names.iter().enumerate().any(|(i, name)| names.iter().take(i).any(|n| n == name));
    if twice { bad(path, "a name stands twice") } else { Ok(()) }
}

fn bad<T>(path: &str, message: &str) -> Result<T> {
    let error = Error::new(ErrorCode::BadUsage, message);
    Err(if path.is_empty() { error } else { error.at_path(path) }.with_help(
        "declare for example {\"segments\": {\"arm\": [\"a\", \"b\"]}, \"metrics\": [\"revenue\"]}",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_declaration_is_refused_with_its_path() {
        let code = |text: &str| {
            let error = Declared::from_json(text).unwrap_err();
            (error.code(), error.place().path.clone())
        };
        let at = |path: &str| (ErrorCode::BadUsage, Some(path.to_owned()));
        assert_eq!(code("[]"), (ErrorCode::BadUsage, None));
        assert_eq!(code(r#"{"segment": {}}"#), at("segment"));
        assert_eq!(code(r#"{"segments": {"a": "b"}}"#), at("segments.a"));
        assert_eq!(code(r#"{"segments": {"a": [1]}}"#), at("segments.a"));
        assert_eq!(code(r#"{"metrics": ["a", "a"]}"#), at("metrics"));
        assert_eq!(code(r#"{"metrics": [""]}"#), at("metrics"));
        let many: Vec<String> = (0..100).map(|n| format!("\"{n}\"")).collect();
        let many = format!(r#"{{"segments": {{"a": [{}]}}}}"#, many.join(","));
        assert_eq!(code(&many), (ErrorCode::InputTooLarge, Some("segments.a".to_owned())));
        let keys: Vec<String> = (0..9).map(|n| format!("\"{n}\": []")).collect();
        let keys = format!(r#"{{"segments": {{{}}}}}"#, keys.join(","));
        assert_eq!(code(&keys), (ErrorCode::InputTooLarge, Some("segments".to_owned())));
        let good = r#"{"segments": {"arm": ["a", "b"]}, "metrics": ["revenue"]}"#;
        let good = Declared::from_json(good).unwrap();
        assert_eq!(good.segments, [("arm".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
        assert_eq!(good.metrics, ["revenue"]);
    }
}
