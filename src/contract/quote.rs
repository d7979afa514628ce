//! User input inside messages: cut short, nothing that could confuse a terminal or a log.

use crate::limits::MAX_QUOTED_CHARS;

/// The text in backticks, cut to [`MAX_QUOTED_CHARS`] characters.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * MAX_QUOTED_CHARS) + 2);
    out.push('`');
    push_cut(&mut out, text);
    out.push('`');
    out
}

/// The text without backticks, cut to [`MAX_QUOTED_CHARS`] characters.
pub(crate) fn cut(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * MAX_QUOTED_CHARS));
    push_cut(&mut out, text);
    out
}

/// A foreign message without its full stop and control characters, at most 400 characters.
pub(crate) fn plain(message: &str) -> String {
    message
        .trim_end_matches('.')
        .chars()
        .take(400)
        .map(|c| if unsafe_to_show(c) && c != '`' { ' ' } else { c })
        .collect()
}

fn push_cut(out: &mut String, text: &str) {
    for (n, c) in text.chars().enumerate() {
        if n == MAX_QUOTED_CHARS {
            out.push('…');
            return;
        }
        if unsafe_to_show(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
}

/// Control characters, the message's own quote, and what turns the direction of the text around.
pub(crate) fn unsafe_to_show(c: char) -> bool {
    c.is_control()
        || c == '`'
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_controlling_text_is_tamed() {
        assert_eq!(quote("JFK"), "`JFK`");
        assert_eq!(quote("a\u{1b}[31m\n"), r"`a\u{1b}[31m\u{a}`");
        assert_eq!(quote("x`y"), r"`x\u{60}y`");
        let long = quote(&"é".repeat(1_000));
        assert_eq!(long.chars().count(), MAX_QUOTED_CHARS + 3);
        assert!(long.ends_with("…`"));
    }
}
