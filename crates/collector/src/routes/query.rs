//! What stands behind the `?`: names that the path knows, each once, with values that fit.

use crate::MS_PER_HOUR;
use crate::problem::Problem;
use axum::extract::{FromRequestParts, Path, RawQuery};
use axum::http::StatusCode;
use axum::http::request::Parts;
use driftline::ErrorCode;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Characters of a name that nobody knows that are told back.
const MAX_TOLD: usize = 64;

/// Parameters by name, decoded.
#[derive(Debug)]
pub struct Parameters(BTreeMap<&'static str, String>);

impl Parameters {
    /// Reads what was given; `known`: the names that the path takes.
    ///
    /// # Errors
    /// 400 [`ErrorCode::BadUsage`] for another name, a name that comes twice, one without a value, and
    /// bytes that are no percent-encoded UTF-8.
    pub fn read(query: &RawQuery, known: &[&'static str]) -> Result<Self, Problem> {
        let mut all = BTreeMap::new();
        let pairs = query.0.as_deref().unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').map_or((pair, None), |(n, v)| (n, Some(v)));
            let decoded = decode(name);
            let found = known.iter().find(|known| decoded.as_deref() == Some(**known));
            let name = *found.ok_or_else(|| unknown(decoded.as_deref().unwrap_or(name), known))?;
            let value = value.ok_or_else(|| bad(format!("`{name}` has no value")))?;
            let value = decode(value)
                .ok_or_else(|| bad(format!("the value of `{name}` is no percent-encoded UTF-8")))?;
            if all.insert(name, value).is_some() {
                return Err(bad(format!("`{name}` is given twice")));
            }
        }
        Ok(Self(all))
    }

    /// For paths that take none.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn none(query: &RawQuery) -> Result<(), Problem> {
        Self::read(query, &[]).map(|_| ())
    }

    /// A text, if it was given.
    pub fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// A text that must be given.
    ///
    /// # Errors
    /// 400 [`ErrorCode::BadUsage`] without it.
    pub fn needed(&mut self, name: &str) -> Result<String, Problem> {
        self.text(name).ok_or_else(|| bad(format!("the parameter `{name}` is missing")))
    }

    /// Holds that nothing is left which does not go with a parameter that was taken.
    ///
    /// # Errors
    /// 400 [`ErrorCode::BadUsage`] for what is left.
    pub fn end(self, taken: &str) -> Result<(), Problem> {
        match self.0.keys().next() {
            Some(name) => Err(bad(format!("`{name}` does not go with `{taken}`"))),
            None => Ok(()),
        }
    }

    /// An integer from 0.
    ///
    /// # Errors
    /// 400 [`ErrorCode::BadUsage`] for what is none of 32 bits.
    pub fn number(&mut self, name: &str) -> Result<Option<u32>, Problem> {
        let number = |text: String| {
            // no sign, which `parse` would take
            let plain = text.bytes().all(|b| b.is_ascii_digit());
            let number = text.parse().ok().filter(|_| plain);
            number.ok_or_else(|| bad(format!("`{name}` is no integer from 0 to {}", u32::MAX)))
        };
        self.text(name).map(number).transpose()
    }

    /// One of several words.
    ///
    /// # Errors
    /// 400 [`ErrorCode::BadUsage`] for another.
    pub fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if let Some((_, found)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*found));
        }
        Err(bad(format!("`{name}` is none of {}", list(words.iter().map(|(word, _)| *word)))))
    }

    /// A number between 0 and 1.
    ///
    /// # Errors
    /// 400 [`ErrorCode::BadUsage`] for what is none in (0, 1).
    pub fn share(&mut self, name: &str) -> Result<Option<f64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(share) if share > 0.0 && share < 1.0 => Ok(Some(share)),
            _ => Err(bad(format!("`{name}` is no number between 0 and 1"))),
        }
    }

    /// The second since 1970 of an instant.
    ///
    /// # Errors
    /// 400 [`ErrorCode::BadUsage`] for what is no RFC 3339.
    pub fn second(&mut self, name: &str) -> Result<Option<i64>, Problem> {
        Ok(self.instant(name)?.map(|ms| ms.div_euclid(1_000)))
    }

    /// The hour since 1970 of an instant.
    ///
    /// # Errors
    /// As [`Self::second`].
    pub fn hour(&mut self, name: &str) -> Result<Option<i64>, Problem> {
        Ok(self.instant(name)?.map(|ms| ms.div_euclid(MS_PER_HOUR)))
    }

    fn instant(&mut self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let at = text.parse::<Timestamp>().map(Timestamp::as_millisecond);
        at.map(Some)
            .map_err(|_| bad(format!("`{name}` is no instant such as 2026-11-22T08:00:00Z")))
    }
}

/// The identity in the path.
#[derive(Debug)]
pub struct Identity(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<String>::from_request_parts(parts, state).await;
        read.map(|Path(identity)| Self(identity))
            .map_err(|_| bad("the `identity` in the path is no percent-encoded UTF-8".to_owned()))
    }
}

fn unknown(name: &str, known: &[&str]) -> Problem {
    let told: String = name.chars().filter(|c| !c.is_control()).take(MAX_TOLD).collect();
    let takes = match known {
        [] => "which takes none".to_owned(),
        _ => format!("which takes {}", list(known.iter().copied())),
    };
    bad(format!("`{told}` is no parameter of this path, {takes}"))
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for word in words {
        let _ = write!(text, "{}`{word}`", if text.is_empty() { "" } else { ", " });
    }
    text
}

/// Parameters that do not fit.
pub fn bad(message: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ErrorCode::BadUsage, message)
        .help("docs/collector.md lists the paths and their parameters")
}

/// The text of `application/x-www-form-urlencoded`, as browsers write it; nothing is made up for
/// what is broken.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => (digit(rest.next()?)? << 4) | digit(rest.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(query: &str) -> Result<Parameters, String> {
        let query = RawQuery(Some(query.to_owned()));
        Parameters::read(&query, &["from", "n"]).map_err(|problem| problem.detail().to_owned())
    }

    #[test]
    fn values_are_decoded_as_browsers_encode_them() {
        let mut found = read("from=2013-06-01T00%3a00%3A00%2B01%3A00&&n=7&").unwrap();
        assert_eq!(found.hour("from").unwrap(), Some(380_567));
        assert_eq!(found.number("n").unwrap(), Some(7));
        assert_eq!(read("fr%6Fm=a+b%C3%A9=").unwrap().text("from").unwrap(), "a bé=");
        assert!(Parameters::none(&RawQuery(None)).is_ok());
        assert!(Parameters::none(&RawQuery(Some(String::new()))).is_ok());
    }

    #[test]
    fn each_fault_names_its_parameter() {
        for (fault, query, message) in [
            ("unknown", "form=1", "`form` is no parameter of this path, which takes `from`, `n`"),
            (
                "another case",
                "From=1",
                "`From` is no parameter of this path, which takes `from`, `n`",
            ),
            (
                "a name that is no UTF-8",
                "%ff=1",
                "`%ff` is no parameter of this path, which takes `from`, `n`",
            ),
            ("twice", "n=1&n=1", "`n` is given twice"),
            ("no value", "n", "`n` has no value"),
            ("half an escape", "from=%4", "the value of `from` is no percent-encoded UTF-8"),
            ("no hexadecimal digit", "from=%+1", "the value of `from` is no percent-encoded UTF-8"),
            ("no UTF-8", "from=%FF", "the value of `from` is no percent-encoded UTF-8"),
        ] {
            assert_eq!(read(query).unwrap_err(), message, "{fault}");
        }
        let long = read(&"x".repeat(5_000)).unwrap_err();
        assert!(long.len() < 150, "{long}");
        for number in ["", "-1", "+1", "1.0", "4294967296", "١"] {
            let problem = read(&format!("n={number}")).unwrap().number("n").unwrap_err();
            assert_eq!(problem.detail(), "`n` is no integer from 0 to 4294967295", "{number}");
        }
        let problem = read("n=b").unwrap().word("n", &[("a", 1), ("c", 2)]).unwrap_err();
        assert_eq!(problem.detail(), "`n` is none of `a`, `c`");
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(text in ".*") {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            prop_assert_eq!(read(&format!("from={encoded}")).unwrap().text("from").unwrap(), text);
        }

        #[test]
        fn any_query_has_an_answer(text in ".*") {
            let _ = read(&text);
        }
    }
}
