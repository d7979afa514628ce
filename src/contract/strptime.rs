//! Dates and times in a given form, as Python's `strptime` reads them, and in people's forms.

use super::time::days_in_month;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A form, checked for directives that this reader does not have.
#[derive(Clone, Debug)]
pub(crate) struct Form(Box<[Piece]>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    /// One character as it is.
    Plain(char),
    /// Any amount of white space, but some.
    Space,
    Directive(char),
}

impl Form {
    /// Reads the form; `Err` holds the directive that is not known.
    pub fn new(format: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            let piece = match c {
                '%' => match chars.next() {
                    Some('%') => Piece::Plain('%'),
                    Some(d) if "YymdjHIpMSfzaAbB".contains(d) => Piece::Directive(d),
                    Some('T') => {
                        for d in ['H', 'M'] {
                            pieces.extend([Piece::Directive(d), Piece::Plain(':')]);
                        }
                        Piece::Directive('S')
                    }
                    Some('F') => {
                        for d in ['Y', 'm'] {
                            pieces.extend([Piece::Directive(d), Piece::Plain('-')]);
                        }
                        Piece::Directive('d')
                    }
                    other => return Err(format!("%{}", other.map_or(String::new(), String::from))),
                },
                c if c.is_whitespace() => {
                    if pieces.last() == Some(&Piece::Space) {
                        continue;
                    }
                    Piece::Space
                }
                c => Piece::Plain(c),
            };
            pieces.push(piece);
        }
        Ok(Self(pieces.into()))
    }

    /// Whether the whole text has the form and names a day that exists.
    pub fn matches(&self, text: &str) -> bool {
        let mut read = Fields::default();
        let mut rest = text;
        for piece in &self.0 {
            let after = match piece {
                Piece::Plain(c) => rest.chars().next().and_then(|found| {
                    let same = found == *c || found.to_lowercase().eq(c.to_lowercase());
                    same.then(|| rest.get(found.len_utf8()..).unwrap_or_default())
                }),
                Piece::Space => {
                    let trimmed = rest.trim_start();
                    (trimmed.len() < rest.len()).then_some(trimmed)
                }
                Piece::Directive(d) => read.directive(*d, rest),
            };
            match after {
                Some(after) => rest = after,
                None => return false,
            }
        }
        rest.is_empty() && read.day_exists()
    }
}

#[derive(Default)]
struct Fields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
}

impl Fields {
    /// Reads a directive off the text; what is left, or `None` if it does not stand there.
    fn directive<'a>(&mut self, directive: char, text: &'a str) -> Option<&'a str> {
        let (value, rest) = match directive {
            'Y' => number(text, 4, 4, 1, 9_999)?,
            'y' => number(text, 2, 2, 0, 99)?,
            'm' => number(text, 1, 2, 1, 12)?,
            'd' => number(text, 1, 2, 1, 31)?,
            'j' => number(text, 1, 3, 1, 366)?,
            'H' => number(text, 1, 2, 0, 23)?,
            'I' => number(text, 1, 2, 1, 12)?,
            'M' => number(text, 1, 2, 0, 59)?,
            // Python takes 60 and 61
            'S' => number(text, 1, 2, 0, 61)?,
            'f' => number(text, 1, 6, 0, 999_999)?,
            'p' => (0, name(text, &["am", "pm"], 2)?.1),
            'a' => (0, name(text, &DAYS, 3)?.1),
            'A' => (0, name(text, &DAYS, usize::MAX)?.1),
            'b' => name(text, &MONTHS, 3)?,
            'B' => name(text, &MONTHS, usize::MAX)?,
            'z' => (0, offset(text)?),
            _ => return None,
        };
        match directive {
            'Y' => self.year = Some(value),
            // POSIX: 69 to 99 are of the 20th century
            'y' => self.year = Some(if value < 69 { 2_000 + value } else { 1_900 + value }),
            'm' | 'b' | 'B' => self.month = Some(value),
            'd' => self.day = Some(value),
            'j' => self.day_of_year = Some(value),
            _ => {}
        }
        Some(rest)
    }

    fn day_exists(&self) -> bool {
        // without a year Python takes 1900
        let year = self.year.unwrap_or(1_900);
        let days = if days_in_month(year, 2) == 29 { 366 } else { 365 };
        self.day.is_none_or(|d| d <= days_in_month(year, self.month.unwrap_or(1)))
            && self.day_of_year.is_none_or(|d| d <= days)
    }
}

fn number(text: &str, fewest: usize, most: usize, low: i64, high: i64) -> Option<(i64, &str)> {
    let n = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    // as a regular expression would: fewer digits if more do not fit
    (fewest..=n).rev().find_map(|n| {
        let (digits, rest) = text.split_at_checked(n)?;
        let value = digits.parse().ok()?;
        (low..=high).contains(&value).then_some((value, rest))
    })
}

/// The number, from 1, of the name that the text begins with; names cut to `length` letters.
fn name<'a>(text: &'a str, names: &[&str], length: usize) -> Option<(i64, &'a str)> {
    names.iter().zip(1..).find_map(|(name, i)| {
        let name = name.get(..length.min(name.len()))?;
        let (head, rest) = text.split_at_checked(name.len())?;
        head.eq_ignore_ascii_case(name).then_some((i, rest))
    })
}

/// `Z`, `+0100`, `+01:00`, with seconds too if they are there.
fn offset(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some(rest);
    }
    let text = text.strip_prefix(['+', '-'])?;
    let (_, rest) = number(text, 2, 2, 0, 23)?;
    let colon = rest.strip_prefix(':');
    let (_, rest) = number(colon.unwrap_or(rest), 2, 2, 0, 59)?;
    let seconds = if colon.is_some() { rest.strip_prefix(':') } else { Some(rest) };
    Some(seconds.and_then(|s| number(s, 2, 2, 0, 59)).map_or(rest, |(_, rest)| rest))
}

/// RFC 3339's `full-date`, alone or followed by `T` and a time, with or without an offset.
pub(crate) fn is_date(text: &str) -> bool {
    use super::time::{TimeFault, parse_rfc3339};
    let with_time = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    matches!(parse_rfc3339(&with_time), Ok(_) | Err(TimeFault::NoOffset | TimeFault::OutOfRange))
}

/// Whether the text is made of what dates are made of, about as Python's dateutil judges: some
/// number or name of a month or day, at most three numbers of a date, a clock's time, a zone.
pub(crate) fn is_lenient_date(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "am", "pm", "a", "p", "t", "z", "utc", "gmt", "at", "on", "and", "of", "st", "nd", "rd",
        "th", "h", "m", "s", "hour", "hours", "minute", "minutes", "second", "seconds",
    ];
    let (mut numbers, mut named, mut clock) = (0, false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let piece = |of: fn(char) -> bool| rest.find(|c| !of(c)).unwrap_or(rest.len());
        let n = if c.is_ascii_digit() {
            let n = piece(|c| c.is_ascii_digit());
            let time = rest.get(n..).is_some_and(|r| r.starts_with(':'));
            if time || clock {
                let limit = if clock { 59 } else { 23 };
                if n > 2
                    || rest.get(..n).and_then(|d| d.parse::<u32>().ok()).is_none_or(|v| v > limit)
                {
                    return false;
                }
                named = true;
            } else {
                numbers += 1;
            }
            clock = time;
            if n > 14 {
                return false;
            }
            n
        } else if c.is_alphabetic() {
            let n = piece(char::is_alphabetic);
            let word = rest.get(..n).unwrap_or_default().to_ascii_lowercase();
            let of = |names: &[&str]| {
                names.iter().any(|name| *name == word || name.get(..3) == Some(word.as_str()))
            };
            if of(&MONTHS) || of(&DAYS) {
                named = true;
            } else if !WORDS.contains(&word.as_str()) {
                return false;
            }
            n
        } else if matches!(c, ' ' | '/' | '-' | '.' | ',' | ':' | '+' | '\'') {
            // an offset after a time is no part of the date
            if matches!(c, '+' | '-') && named {
                numbers = 0;
            }
            1
        } else {
            return false;
        };
        rest = rest.get(n..).unwrap_or_default();
    }
    (named || numbers > 0) && numbers <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_python_reads_them() {
        let reads = |format: &str, text: &str| Form::new(format).unwrap().matches(text);
        assert!(reads("%Y-%m-%d %H:%M:%S", "2024-01-02 03:04:05"));
        assert!(reads("%Y-%m-%d", "2024-1-2"));
        assert!(reads("%Y%m%d", "20240229"));
        assert!(!reads("%Y%m%d", "20230229"));
        assert!(!reads("%Y-%m-%d", "2024-01-02 "));
        assert!(!reads("%Y-%m-%d", "24-01-02"));
        assert!(!reads("%Y-%m-%d", "2024-13-02"));
        assert!(reads("%d %B %Y", "5  march 2024"));
        assert!(reads("%a, %d %b %y", "Tue, 5 MAR 24"));
        assert!(reads("%I:%M %p", "12:30 pm"));
        assert!(!reads("%I:%M %p", "13:30 pm"));
        assert!(reads("%H:%M:%S.%f", "23:59:59.5"));
        assert!(!reads("%j", "367"));
        assert!(!reads("%d", "日本"));
        for (text, good) in [
            ("2024-01-01T00:00:00+0100", true),
            ("2024-01-01T00:00:00+01:00", true),
            ("2024-01-01T00:00:00Z", true),
            ("2024-01-01T00:00:00", false),
            ("2024-01-01T00:00:00+1", false),
        ] {
            assert_eq!(reads("%Y-%m-%dT%H:%M:%S%z", text), good, "{text}");
        }
        assert_eq!(Form::new("%Y %Q").unwrap_err(), "%Q");
        assert_eq!(Form::new("100%").unwrap_err(), "%");
    }

    #[test]
    fn dates_strict_and_lenient() {
        for (text, strict, lenient) in [
            ("2024-01-01", true, true),
            ("2024-01-01T00:00:00Z", true, true),
            ("2024-01-01T00:00:00", true, true),
            ("2024-01-01T10:00:00+01:00", true, true),
            ("1/2/3", false, true),
            ("May 5", false, true),
            ("10", false, true),
            ("12:00", false, true),
            ("noon", false, false),
            ("", false, false),
            ("2023-02-29", false, true),
            ("99:99", false, false),
            ("日本", false, false),
        ] {
            assert_eq!((is_date(text), is_lenient_date(text)), (strict, lenient), "{text}");
        }
    }
}
