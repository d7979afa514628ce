//! Regular expressions that mean the same to the crate `regex` and to ECMA-262 with the flag `u`.

use driftline::contract::Anchor;

/// The expression for JSON Schema, which searches; none if it uses what the two read differently.
pub fn portable(pattern: &str, anchor: Anchor, python: bool) -> Option<String> {
    let body = translate(pattern, python)?;
    Some(match anchor {
        Anchor::Search => body,
        Anchor::Start => format!("^(?:{body})"),
        Anchor::Full => format!("^(?:{body})$"),
    })
}

fn translate(pattern: &str, python: bool) -> Option<String> {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            // classes of letters, digits and white space, and anchors, differ
            '\\' => match chars.next()? {
                e if "^$\\.*+?()[]{}|/".contains(e) => out.extend([c, e]),
                e @ ('n' | 'r' | 't' | 'f' | 'v') => out.extend([c, e]),
                // a hyphen is escaped only in a class with the flag `u`
                '-' if class => out.push_str("\\-"),
                '-' => out.push('-'),
                'd' if class => out.push_str("\\p{Nd}"),
                'd' => out.push_str("\\p{Nd}"),
                _ => return None,
            },
            '[' if class => return None,
            '[' => {
                class = true;
                out.push(c);
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // a bracket right after the opening one is read differently
                if chars.peek() == Some(&']') {
                    return None;
                }
            }
            ']' if class => {
                class = false;
                out.push(c);
            }
            // set operations of the crate
            '&' | '~' | '-' if class && chars.peek() == Some(&c) => return None,
            _ if class => out.push(c),
            '.' => out.push_str("[^\\n]"),
            '(' if chars.peek() == Some(&'?') => {
                chars.next();
                chars.next_if_eq(&':')?;
                out.push_str("(?:");
            }
            // Python's `$` also stands before a last line feed
            '$' if python && chars.peek().is_none() && !pattern.contains('|') => {
                out.push_str("\\n?$");
            }
            '$' if python => return None,
            '{' => {
                let counted = chars.clone().take_while(|c| *c != '}').collect::<String>();
                let plain = counted.chars().all(|c| c.is_ascii_digit() || c == ',')
                    && counted.starts_with(|c: char| c.is_ascii_digit());
                if !plain {
                    return None;
                }
                out.push(c);
            }
            ']' => return None,
            _ => out.push(c),
        }
    }
    (!class).then_some(out)
}

/// The expression of a SQL `LIKE` pattern.
pub fn like(pattern: &str) -> String {
    let mut out = String::from("^");
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => out.push_str("[\\s\\S]*"),
            '_' => out.push_str("[\\s\\S]"),
            '\\' => plain(chars.next().unwrap_or('\\'), &mut out),
            c => plain(c, &mut out),
        }
    }
    out.push('$');
    out
}

fn plain(c: char, out: &mut String) {
    if "^$\\.*+?()[]{}|/".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_both_read_alike_is_carried() {
        let search = |p| portable(p, Anchor::Search, false);
        assert_eq!(search(r"^[A-Z]{3}\d+$").unwrap(), r"^[A-Z]{3}\p{Nd}+$");
        assert_eq!(search("a.c").unwrap(), r"a[^\n]c");
        assert_eq!(search(r"(?:a|b)\-c").unwrap(), "(?:a|b)-c");
        for other in [r"\w+", r"\bx", "(?i)a", r"\Aa", "[[:alpha:]]", "[a&&b]", "{", "[]a]", "a{x}"]
        {
            assert_eq!(search(other), None, "{other}");
        }
        assert_eq!(portable("a|b", Anchor::Full, false).unwrap(), "^(?:a|b)$");
        assert_eq!(portable("^a$", Anchor::Search, true).unwrap(), r"^a\n?$");
        assert_eq!(portable("^a$|b", Anchor::Search, true), None);
        assert_eq!(like(r"5_.%\%"), r"^5[\s\S]\.[\s\S]*%$");
    }
}
