//! Patterns: regular expressions in linear time, and SQL's `LIKE`.

use super::clause::Anchor;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    #[cfg(feature = "regex")]
    regex: regex::Regex,
}

impl Pattern {
    /// Compiles the expression.
    #[cfg(feature = "regex")]
    pub fn new(pattern: &str, anchor: Anchor, python: bool) -> Result<Self, String> {
        // the expression alone first, so that nothing closes the group around it
        let alone = if python { from_python(pattern) } else { pattern.to_owned() };
        let compile = |text: &str| {
            regex::RegexBuilder::new(text).size_limit(crate::limits::MAX_REGEX_BYTES).build()
        };
        compile(&alone).map_err(|e| why(&e))?;
        let anchored = match anchor {
            Anchor::Search => alone,
            Anchor::Start => format!(r"\A(?:{alone})"),
            Anchor::Full => format!(r"\A(?:{alone})\z"),
        };
        Ok(Self { regex: compile(&anchored).map_err(|e| why(&e))? })
    }

    /// Refuses: this build has no engine.
    #[cfg(not(feature = "regex"))]
    pub fn new(_: &str, _: Anchor, _: bool) -> Result<Self, String> {
        Err("this runtime is built without regular expressions".to_owned())
    }

    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        #[cfg(feature = "regex")]
        return self.regex.is_match(text);
        #[cfg(not(feature = "regex"))]
        {
            let _ = text;
            false
        }
    }
}

#[cfg(feature = "regex")]
fn why(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().rfind(|l| !l.trim().is_empty()).unwrap_or_default();
    super::quote::plain(last.trim().trim_start_matches("error: "))
}

/// Rewrites what Python reads otherwise: `$` matches before a last line feed too, and `\Z` only at
/// the end.
#[cfg(feature = "regex")]
fn from_python(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    let mut class = 0usize;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('Z') if class == 0 => out.push_str(r"\z"),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            '$' if class == 0 => out.push_str(r"(?:\n?\z)"),
            '[' => {
                class += 1;
                out.push('[');
            }
            ']' => {
                class = class.saturating_sub(1);
                out.push(']');
            }
            c => out.push(c),
        }
    }
    out
}

/// A `LIKE` pattern.
#[derive(Clone, Debug)]
pub(crate) struct Like(Box<[LikePiece]>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum LikePiece {
    Any,
    One,
    Plain(char),
}

impl Like {
    pub fn new(pattern: &str) -> Self {
        let mut chars = pattern.chars();
        let mut pieces = Vec::new();
        while let Some(c) = chars.next() {
            pieces.push(match c {
                '%' => LikePiece::Any,
                '_' => LikePiece::One,
                '\\' => LikePiece::Plain(chars.next().unwrap_or('\\')),
                c => LikePiece::Plain(c),
            });
        }
        pieces.dedup_by(|a, b| *a == LikePiece::Any && *b == LikePiece::Any);
        Self(pieces.into())
    }

    /// Whether the whole text matches; at most pattern × text steps.
    pub fn matches(&self, text: &str) -> bool {
        let mut pieces = &*self.0;
        let mut chars = text.chars();
        // where to go on when a guess about the last `%` was too short
        let mut retry: Option<(&[LikePiece], std::str::Chars<'_>)> = None;
        loop {
            let before = chars.clone();
            let step = match pieces.split_first() {
                Some((LikePiece::Any, rest)) => {
                    retry = Some((rest, chars.clone()));
                    pieces = rest;
                    continue;
                }
                Some((LikePiece::One, rest)) => chars.next().map(|_| rest),
                Some((LikePiece::Plain(c), rest)) => {
                    chars.next().filter(|found| found == c).map(|_| rest)
                }
                None if before.as_str().is_empty() => return true,
                None => None,
            };
            match (step, &mut retry) {
                (Some(rest), _) => pieces = rest,
                (None, Some((after, from))) => {
                    if from.next().is_none() {
                        return false;
                    }
                    pieces = after;
                    chars = from.clone();
                }
                (None, None) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_patterns_match_the_whole_text() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("%", "", true),
            ("a%", "abc", true),
            ("a%", "ba", false),
            ("%b%", "abc", true),
            ("_b_", "äbc", true),
            ("_b_", "ab", false),
            ("a%c%e", "abcde", true),
            ("a%c%e", "abcdef", false),
            ("%aab", "aaaaab", true),
            (r"50\%", "50%", true),
            (r"50\%", "500", false),
            ("A", "a", false),
            ("日%", "日本", true),
        ] {
            assert_eq!(Like::new(pattern).matches(text), matches, "{pattern} on {text}");
        }
        let evil = Like::new(&"%a".repeat(30));
        assert!(!evil.matches(&("a".repeat(29) + &"b".repeat(10_000))));
    }

    #[cfg(feature = "regex")]
    #[test]
    fn expressions_know_anchors_unicode_and_python() {
        let m = |p: &str, anchor, python, text: &str| {
            Pattern::new(p, anchor, python).unwrap().matches(text)
        };
        assert!(m("B", Anchor::Search, false, "ABC"));
        assert!(!m("B", Anchor::Start, false, "ABC"));
        assert!(m("A|AB", Anchor::Full, false, "AB"));
        assert!(m(r"^\w+$", Anchor::Search, false, "日本é"));
        assert!(!m(r"^\d$", Anchor::Search, false, "1\n"));
        assert!(m(r"^\d$", Anchor::Search, true, "1\n"));
        assert!(!m(r"^\d\Z", Anchor::Search, true, "1\n"));
        assert!(m(r"^[$]$", Anchor::Search, true, "$"));
        for look_around in [r"^(?=.*\d)", r"(?<!a)b", r"(a)\1", "(", "a{1000000}"] {
            assert!(Pattern::new(look_around, Anchor::Search, false).is_err(), "{look_around}");
        }
        assert!(Pattern::new("a)(b", Anchor::Full, false).is_err());
        let text = "a".repeat(100_000);
        assert!(!m("^(a+)+b$", Anchor::Search, false, &text));
    }
}
