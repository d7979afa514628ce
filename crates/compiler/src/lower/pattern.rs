//! Regular expressions that describe words: runs of one class of characters.
//!
//! What vectorizers are exported with is of this kind: `[a-zA-Z0-9_]+`, `(?u)\b\w\w+\b`, `[a-z]{3,}`,
//! `.`. Anything else is refused rather than approximated. Classes mean what they mean in RE2: `\w`,
//! `\d` and `\s` are ASCII's.

use driftline::model::plan::words::{Class, Words};

/// The words that an expression finds, one after the other; `None` if it is of another kind.
pub(super) fn parse(expression: &str) -> Option<Words> {
    let rest = expression.strip_prefix("(?u)").unwrap_or(expression);
    let (bounded, mut rest) = match rest.strip_prefix(r"\b") {
        Some(inner) => (true, inner.strip_suffix(r"\b")?),
        None => (false, rest),
    };
    let mut all: Option<Class> = None;
    let (mut least, mut most) = (0u32, 0u32);
    while !rest.is_empty() {
        let (class, after) = class(rest)?;
        if *all.get_or_insert(class) != class {
            return None;
        }
        let ((low, high), after) = repetition(after)?;
        least = least.checked_add(low)?;
        most = most.saturating_add(high);
        rest = after;
    }
    let class = all?;
    let sound = least > 0 && least <= most && (!bounded || class.is_within(&Class::WORD));
    sound.then_some(Words { class, least, most, bounded })
}

const EMPTY: Class = Class { ascii: 0, others: false };

fn of(chars: impl IntoIterator<Item = u8>) -> u128 {
    chars.into_iter().fold(0, |bits, c| bits | 1 << (c & 127))
}

fn not(class: Class) -> Class {
    Class { ascii: !class.ascii, others: !class.others }
}

/// `\w` and the like.
fn named(letter: char) -> Option<Class> {
    let class = match letter.to_ascii_lowercase() {
        'w' => Class::WORD,
        'd' => Class { ascii: of(b'0'..=b'9'), ..EMPTY },
        's' => Class { ascii: of(*b"\t\n\x0c\r "), ..EMPTY },
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { not(class) } else { class })
}

/// A class at the start of an expression, and what follows it.
fn class(text: &str) -> Option<(Class, &str)> {
    let mut chars = text.chars();
    match chars.next()? {
        '.' => Some((Class { ascii: !of(*b"\n"), others: true }, chars.as_str())),
        '\\' => Some((named(chars.next()?)?, chars.as_str())),
        '[' => set(chars.as_str()),
        _ => None,
    }
}

/// What stands between brackets, after the first of them.
fn set(text: &str) -> Option<(Class, &str)> {
    let (negated, text) = match text.strip_prefix('^') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut all = EMPTY;
    let mut chars = text.chars();
    let mut first = true;
    loop {
        let low = match chars.next()? {
            ']' if !first => break,
            '[' if chars.as_str().starts_with(':') => return None,
            '\\' => match escaped(chars.next()?)? {
                Ok(class) => {
                    all.ascii |= class.ascii;
                    all.others |= class.others;
                    first = false;
                    continue;
                }
                Err(c) => c,
            },
            c => c,
        };
        first = false;
        let mut high = low;
        let mut ahead = chars.clone();
        if ahead.next() == Some('-') && !ahead.as_str().starts_with(']') {
            high = match ahead.next()? {
                '\\' => escaped(ahead.next()?)?.err()?,
                c => c,
            };
            chars = ahead;
        }
        let (low, high) = (u8::try_from(low).ok()?, u8::try_from(high).ok()?);
        if !low.is_ascii() || !high.is_ascii() || low > high {
            return None;
        }
        all.ascii |= of(low..=high);
    }
    Some((if negated { not(all) } else { all }, chars.as_str()))
}

/// A class, or as error the character that a backslash makes plain; `None` for other escapes.
fn escaped(c: char) -> Option<Result<Class, char>> {
    match c {
        'n' => Some(Err('\n')),
        't' => Some(Err('\t')),
        'r' => Some(Err('\r')),
        c if c.is_ascii_punctuation() => Some(Err(c)),
        c => named(c).map(Ok),
    }
}

/// How often, and what follows: once if nothing is said. Repetitions that may be empty or that
/// prefer to be short are of another kind.
fn repetition(text: &str) -> Option<((u32, u32), &str)> {
    let (counts, rest) = if let Some(rest) = text.strip_prefix('+') {
        ((1, u32::MAX), rest)
    } else if let Some(rest) = text.strip_prefix('*') {
        ((0, u32::MAX), rest)
    } else if let Some(rest) = text.strip_prefix('?') {
        ((0, 1), rest)
    } else if let Some(rest) = text.strip_prefix('{') {
        let (inner, rest) = rest.split_once('}')?;
        let counts = match inner.split_once(',') {
            None => (inner.parse().ok()?, inner.parse().ok()?),
            Some((low, "")) => (low.parse().ok()?, u32::MAX),
            Some((low, high)) => (low.parse().ok()?, high.parse().ok()?),
        };
        (counts, rest)
    } else {
        return Some(((1, 1), text));
    };
    (!rest.starts_with(['?', '+', '*', '{'])).then_some((counts, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vectorizers_use_is_read() {
        let word = Words { class: Class::WORD, least: 1, most: u32::MAX, bounded: false };
        assert_eq!(parse("[a-zA-Z0-9_]+"), Some(word));
        assert_eq!(parse(r"\w+"), Some(word));
        assert_eq!(parse(r"[\w]+"), Some(word));
        assert_eq!(parse(r"(?u)\b\w\w+\b"), Some(Words { least: 2, bounded: true, ..word }));
        assert_eq!(parse(r"\w{2,}"), Some(Words { least: 2, ..word }));
        assert_eq!(parse(r"\w{2}\w?"), Some(Words { least: 2, most: 3, ..word }));
        let any = parse(".").unwrap();
        assert!(any.class.has('é') && any.class.has(' ') && !any.class.has('\n'));
        let no_space = parse(r"[^\s,]+").unwrap().class;
        assert!(no_space.has('é') && no_space.has('-') && !no_space.has(' ') && !no_space.has(','));
        let odd = parse(r"[\]a-c-]+").unwrap().class;
        assert!(odd.has(']') && odd.has('b') && odd.has('-') && !odd.has('d'));
        let digit = parse(r"\b\d+\b").unwrap();
        assert!(digit.bounded && digit.class.has('7') && !digit.class.has('a'));
    }

    #[test]
    fn other_kinds_are_left() {
        for expression in [
            "",
            "a+",
            "[a-z]*",
            "[a-z]+?",
            r"\bab",
            r"\b\w+",
            r"\w+\d",
            "[é]+",
            "(a|b)+",
            "[z-a]",
            "[a-z",
            r"\b[a-z ]+\b",
            "[[:alpha:]]+",
            r"\p{L}+",
            "[a-z]{2,1}",
            "^[a-z]+",
            "[a-z]+$",
        ] {
            assert_eq!(parse(expression), None, "{expression}");
        }
    }
}
