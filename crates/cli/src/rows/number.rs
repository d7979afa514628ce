//! Numbers as JSON writes them, for the cells of a CSV file.

use driftline::contract::Value;

/// What [`Value::Other`] says of an integer that 64 bits cannot hold.
const HUGE_INTEGER: &str = "integer beyond 64 bits";

/// Reads the whole text as a number of RFC 8259; `None` if it is none. An integer stays one.
pub fn parse(text: &str) -> Option<Value<'static>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = split_digits(digits);
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    if rest.is_empty() && text != "-0" {
        return Some(text.parse().map_or(Value::Other(HUGE_INTEGER), Value::Integer));
    }
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => match split_digits(fraction) {
            ("", _) => return None,
            (_, rest) => rest,
        },
        None => rest,
    };
    let rest = match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => match split_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
        {
            ("", _) => return None,
            (_, rest) => rest,
        },
        None => rest,
    };
    if rest.is_empty() { text.parse().ok().map(Value::Number) } else { None }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_numbers_are_numbers() {
        assert_eq!(parse("12"), Some(Value::Integer(12)));
        assert_eq!(parse("-7"), Some(Value::Integer(-7)));
        assert_eq!(parse("9007199254740993"), Some(Value::Integer(9_007_199_254_740_993)));
        assert_eq!(parse("1.50"), Some(Value::Number(1.5)));
        assert_eq!(parse("1e3"), Some(Value::Number(1000.0)));
        assert_eq!(parse("0"), Some(Value::Integer(0)));
        assert!(matches!(parse("-0"), Some(Value::Number(x)) if x.is_sign_negative()));
        assert_eq!(parse("92233720368547758080"), Some(Value::Other(HUGE_INTEGER)));
        assert!(matches!(parse("1e999"), Some(Value::Number(x)) if x.is_infinite()));
        for bad in [
            "", " 1", "1 ", "+1", "01", ".5", "5.", "1e", "1_000", "1,5", "0x10", "NaN", "nan",
            "inf", "Infinity", "-", "1.2.3", "९",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
