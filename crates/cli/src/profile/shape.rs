//! What a text looks like: personal data, numbers and dates in disguise, ways to write *missing*.

use driftline::contract::{TimeFault, parse_rfc3339};
use std::net::IpAddr;

/// A form that a text may have; one text may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(usize)]
pub enum Shape {
    /// An e-mail address, anywhere in the text.
    Email,
    /// A telephone number with its punctuation.
    Phone,
    /// An IPv4 or IPv6 address.
    Ip,
    /// 13 to 19 digits of a payment card, check digit right (Luhn, ISO/IEC 7812-1).
    Card,
    /// An account number with right check digits (ISO 13616).
    Iban,
    /// `123-45-6789`.
    SocialSecurity,
    /// Two or three capitalised words.
    Person,
    /// A number that JSON would not write so: `1,234`, `$5`, `12%`, `+1`, `.5`, ` 7`, `1,5`.
    Number,
    /// Digits after a leading zero.
    LeadingZero,
    /// RFC 3339's date and time but for the offset.
    NoOffset,
    /// Date and time with a space between them.
    Spaced,
    /// `2013-07-01`.
    Date,
    /// `7/1/2013`, `1.7.2013`.
    SlashedDate,
    /// `yes`, `No`, `TRUE`, `t`.
    BooleanWord,
    /// White space at either end.
    Untrimmed,
    /// Outside ASCII.
    NonAscii,
}

/// How many shapes there are.
pub const SHAPES: usize = Shape::NonAscii as usize + 1;

/// How data say *missing* besides leaving the cell empty.
const MISSING: &[&str] = &[
    "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "null", "NULL", "Null",
    "None", "nil", "\\N", "-", "--", "?", ".",
];

/// The spelling, if the text is one of *missing*; white space alone is one too.
pub fn missing(text: &str) -> Option<&'static str> {
    if text.len() > 4 {
        return text.trim_ascii().is_empty().then_some("white space");
    }
    let spelled = MISSING.iter().find(|m| **m == text).copied();
    spelled.or_else(|| text.trim_ascii().is_empty().then_some("white space"))
}

/// Calls `found` with every shape of the text.
pub fn shapes(text: &str, mut found: impl FnMut(Shape)) {
    let bytes = text.as_bytes();
    if !text.is_ascii() {
        found(Shape::NonAscii);
    }
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        found(Shape::Untrimmed);
    }
    if bytes.contains(&b'@') && has_email(text) {
        found(Shape::Email);
    }
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        if is_boolean(trimmed) {
            found(Shape::BooleanWord);
        }
        if is_person(trimmed) {
            found(Shape::Person);
        }
        if trimmed.contains("::") && trimmed.parse::<IpAddr>().is_ok() {
            found(Shape::Ip);
        }
        return;
    }
    if trimmed.len() > 64 {
        return;
    }
    if let Some(shape) = date(trimmed) {
        found(shape);
        return;
    }
    if digits == 1 && matches!(trimmed, "0" | "1") {
        return;
    }
    if bytes.iter().any(|b| matches!(b, b'.' | b':')) && trimmed.parse::<IpAddr>().is_ok() {
        found(Shape::Ip);
    } else if is_social_security(trimmed) {
        found(Shape::SocialSecurity);
    } else if is_card(trimmed) {
        found(Shape::Card);
    } else if is_phone(trimmed, digits) {
        found(Shape::Phone);
    } else if digits >= 2 && is_iban(trimmed) {
        found(Shape::Iban);
    } else if trimmed.len() > 1 && trimmed.starts_with('0') && digits == trimmed.len() {
        found(Shape::LeadingZero);
    } else if is_number(trimmed) {
        found(Shape::Number);
    }
}

/// Whether an integer's digits are those of a payment card.
pub fn is_card_number(number: i64) -> bool {
    (1_000_000_000_000..=9_223_372_036_854_775_807).contains(&number)
        && is_card(&number.to_string())
}

fn has_email(text: &str) -> bool {
    let local = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
    let domain = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
    text.match_indices('@').any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + 1..));
        let after = after.unwrap_or_default();
        let end = after.find(|c| !domain(c)).unwrap_or(after.len());
        let host = after.get(..end).unwrap_or_default().trim_end_matches(['.', '-']);
        before.ends_with(local)
            && host.rsplit_once('.').is_some_and(|(name, top)| {
                !name.is_empty() && top.len() >= 2 && top.chars().all(char::is_alphabetic)
            })
    })
}

fn is_boolean(text: &str) -> bool {
    const WORDS: &[&str] = &["true", "false", "yes", "no", "y", "n", "t", "f"];
    text.len() <= 5 && WORDS.iter().any(|w| w.eq_ignore_ascii_case(text))
}

/// Two or three words such as `Ada Lovelace` or `J. S. Bach`, none of them one of those that names
/// of places and firms have.
fn is_person(text: &str) -> bool {
    const OTHER: &[&str] = &[
        "Inc",
        "Ltd",
        "LLC",
        "Co",
        "Corp",
        "Company",
        "University",
        "School",
        "College",
        "Street",
        "Road",
        "Avenue",
        "Airport",
        "Airlines",
        "Air",
        "Airways",
        "County",
        "City",
        "Field",
        "International",
        "Regional",
        "Municipal",
        "Park",
        "Center",
        "Centre",
        "Hospital",
        "Bank",
        "The",
        "Of",
        "And",
        "New",
        "North",
        "South",
        "East",
        "West",
        "Lake",
        "Island",
        "Bay",
    ];
    if text.len() < 5 || text.len() > 40 {
        return false;
    }
    let mut words = 0;
    for word in text.split(' ') {
        words += 1;
        let mut chars = word.trim_end_matches('.').chars();
        let capital = chars.next().is_some_and(char::is_uppercase);
        let rest = chars.as_str();
        let lower = rest.chars().all(|c| c.is_alphabetic() || "'’-".contains(c))
            && (rest.is_empty() || rest.chars().any(char::is_lowercase));
        if !capital || !lower || OTHER.contains(&word.trim_end_matches('.')) {
            return false;
        }
    }
    (2..=3).contains(&words)
}

fn date(text: &str) -> Option<Shape> {
    let bytes = text.as_bytes();
    let iso = matches!(bytes, [y, _, _, _, b'-', _, _, b'-', _, _, ..] if y.is_ascii_digit());
    if iso {
        if bytes.len() == 10 {
            let whole = format!("{text}T00:00:00Z");
            return parse_rfc3339(&whole).is_ok().then_some(Shape::Date);
        }
        return match parse_rfc3339(text) {
            Err(TimeFault::NoOffset) => Some(Shape::NoOffset),
            _ if bytes.get(10) == Some(&b' ') => {
                let with_t = text.replacen(' ', "T", 1);
                let fine = matches!(parse_rfc3339(&with_t), Ok(_) | Err(TimeFault::NoOffset));
                fine.then_some(Shape::Spaced)
            }
            _ => None,
        };
    }
    let day = text.split(' ').next().unwrap_or_default();
    let parts: Vec<&str> = day.split(['/', '.', '-']).collect();
    let separators = day.bytes().filter(|b| matches!(b, b'/' | b'.' | b'-')).count();
    let number = |p: &str, most: u32| p.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n));
    match parts.as_slice() {
        [a, b, year]
            if separators == 2
                && a.len() <= 2
                && b.len() <= 2
                && matches!(year.len(), 2 | 4)
                && ((number(a, 12) && number(b, 31)) || (number(a, 31) && number(b, 12)))
                && year.bytes().all(|c| c.is_ascii_digit()) =>
        {
            Some(Shape::SlashedDate)
        }
        _ => None,
    }
}

fn is_social_security(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    matches!(groups.as_slice(), [a, b, c] if (a.len(), b.len(), c.len()) == (3, 2, 4))
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

fn is_card(text: &str) -> bool {
    let digits: Vec<u8> =
        text.bytes().filter(|b| !matches!(b, b' ' | b'-')).map(|b| b.wrapping_sub(b'0')).collect();
    if !(13..=19).contains(&digits.len())
        || digits.iter().any(|d| *d > 9)
        || !matches!(digits.first(), Some(2..=6))
    {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let d = u32::from(*d);
            if i % 2 == 0 { d } else { (2 * d) / 10 + (2 * d) % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_phone(text: &str, digits: usize) -> bool {
    if !(8..=15).contains(&digits)
        || !text.bytes().all(|b| b.is_ascii_digit() || b"+-(). /".contains(&b))
    {
        return false;
    }
    let groups = text.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).count();
    let plus = text.starts_with('+') && !text.contains('.');
    plus || text.starts_with('(') || (digits >= 9 && groups >= 3)
}

fn is_iban(text: &str) -> bool {
    let compact: Vec<u8> = text.bytes().filter(|b| *b != b' ').collect();
    let [a, b, c, d, rest @ ..] = compact.as_slice() else { return false };
    let head = a.is_ascii_uppercase() && b.is_ascii_uppercase();
    if !head || !c.is_ascii_digit() || !d.is_ascii_digit() || !(11..=30).contains(&rest.len()) {
        return false;
    }
    let mut remainder = 0u32;
    for byte in rest.iter().chain([a, b, c, d]) {
        remainder = match byte {
            b'0'..=b'9' => remainder * 10 + u32::from(byte - b'0'),
            b'A'..=b'Z' => remainder * 100 + u32::from(byte - b'A' + 10),
            _ => return false,
        } % 97;
    }
    remainder == 1
}

fn is_number(text: &str) -> bool {
    let text = text.trim_start_matches(['$', '€', '£', '¥', '+', '-', ' ', '(']);
    let text = text.trim_end_matches(['%', '€', '$', ')', ' ']);
    !text.is_empty()
        && text.bytes().any(|b| b.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b',' | b'.' | b'\'' | b' ' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Shape> {
        let mut all = Vec::new();
        shapes(text, |s| all.push(s));
        all
    }

    #[test]
    fn personal_data_are_known() {
        for (text, shape) in [
            ("ada@example.org", Shape::Email),
            ("write to ada.l+x@mail.example.org, please", Shape::Email),
            ("+49 30 901820", Shape::Phone),
            ("(212) 555-0123", Shape::Phone),
            ("212-555-0123", Shape::Phone),
            ("192.168.0.1", Shape::Ip),
            ("2001:db8::1", Shape::Ip),
            ("4111 1111 1111 1111", Shape::Card),
            ("5555555555554444", Shape::Card),
            ("GB82 WEST 1234 5698 7654 32", Shape::Iban),
            ("123-45-6789", Shape::SocialSecurity),
            ("Ada Lovelace", Shape::Person),
            ("J. S. Bach", Shape::Person),
        ] {
            assert_eq!(of(text), [shape], "{text}");
        }
        assert!(is_card_number(4_111_111_111_111_111) && !is_card_number(4_111_111_111_111_112));
    }

    #[test]
    fn what_only_looks_alike_is_left() {
        for text in [
            "@handle",
            "a@b",
            "N14228",
            "12:30",
            "BOEING",
            "Endeavor Air Inc.",
            "JFK Airport",
            "GB82 WEST 1234 5698 7654 33",
            "777-200",
            "A320-232",
            "",
        ] {
            assert_eq!(of(text), [], "{text}");
        }
        assert_eq!(of("1.2.3.400"), [Shape::Number]);
        assert_eq!(of("4111111111111112"), [Shape::Number]);
    }

    #[test]
    fn numbers_and_dates_in_disguise_are_known() {
        for (text, shape) in [
            ("1,234", Shape::Number),
            ("$5", Shape::Number),
            ("12%", Shape::Number),
            (".5", Shape::Number),
            ("007", Shape::LeadingZero),
            ("2013-07-01", Shape::Date),
            ("2013-07-01T12:30:00", Shape::NoOffset),
            ("2013-07-01 12:30:00", Shape::Spaced),
            ("7/1/2013", Shape::SlashedDate),
            ("31.12.99", Shape::SlashedDate),
            ("Yes", Shape::BooleanWord),
            ("São", Shape::NonAscii),
        ] {
            assert_eq!(of(text), [shape], "{text}");
        }
        assert_eq!(of(" 7"), [Shape::Untrimmed, Shape::Number]);
        assert_eq!(
            (missing("NA"), missing("  "), missing("x")),
            (Some("NA"), Some("white space"), None)
        );
    }
}
