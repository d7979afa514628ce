//! Numbers as JSON writes them, for the cells of a CSV file.

use driftline::contract::Value;
use std::str::FromStr;

/// What [`Value::Other`] says of an integer that 64 bits cannot hold.
const HUGE_INTEGER: &str = "integer beyond 64 bits";

/// A number as it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Without fraction and exponent.
    Integer(i64),
    /// The same, where 64 bits do not hold it.
    Huge,
    Float(f64),
}

/// The powers of ten that binary64 holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Reads the whole text as a number of RFC 8259; `None` if it is none. An integer stays one.
pub fn read(text: &[u8]) -> Option<Number> {
    let negative = text.first() == Some(&b'-');
    let digits = text.get(usize::from(negative)..).unwrap_or_default();
    let mut number = 0u64;
    let whole = run(digits, &mut number);
    if whole == 0 || (whole > 1 && digits.first() == Some(&b'0')) {
        return None;
    }
    let rest = digits.get(whole..).unwrap_or_default();
    // up to 18 digits have no carry out of 63 bits
    let signed = |n: u64| if negative { -(n as i64) } else { n as i64 };
    if rest.is_empty() && text != b"-0" {
        return Some(match whole {
            ..=18 => Number::Integer(signed(number)),
            _ => standard(text).map_or(Number::Huge, Number::Integer),
        });
    }
    let mut fraction = 0;
    let rest = match rest.split_first() {
        Some((b'.', after)) => {
            fraction = run(after, &mut number);
            if fraction == 0 {
                return None;
            }
            after.get(fraction..).unwrap_or_default()
        }
        _ => rest,
    };
    if rest.is_empty() {
        // both are exact, and one division rounds once (W. Clinger 1990)
        let exact = TENS.get(fraction).filter(|_| whole + fraction <= 15);
        return match exact {
            Some(ten) => {
                let x = number as f64 / ten;
                Some(Number::Float(if negative { -x } else { x }))
            }
            None => standard(text).map(Number::Float),
        };
    }
    let Some((b'e' | b'E', exponent)) = rest.split_first() else { return None };
    let exponent = match exponent.split_first() {
        Some((b'+' | b'-', digits)) => digits,
        _ => exponent,
    };
    let all = !exponent.is_empty() && exponent.iter().all(u8::is_ascii_digit);
    if all { standard(text).map(Number::Float) } else { None }
}

/// The same as a value of a record.
pub fn parse(text: &str) -> Option<Value<'static>> {
    read(text.as_bytes()).map(|number| match number {
        Number::Integer(i) => Value::Integer(i),
        Number::Huge => Value::Other(HUGE_INTEGER),
        Number::Float(x) => Value::Number(x),
    })
}

/// What the standard library reads; all bytes are of a number.
fn standard<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Counts the digits at the beginning, and appends them to the number; past 19 of them it is
/// meaningless.
#[inline]
fn run(bytes: &[u8], number: &mut u64) -> usize {
    let mut digits = 0;
    for byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        *number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        digits += 1;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn numbers_are_those_of_the_standard_library(text in "-?[0-9]{1,20}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
            let digits = text.trim_start_matches('-');
            let zero = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
            let whole = digits.bytes().all(|b| b.is_ascii_digit()) && text != "-0";
            let wanted = match text.parse::<i64>() {
                _ if zero => None,
                Ok(i) if whole => Some(Number::Integer(i)),
                Err(_) if whole => Some(Number::Huge),
                _ => Some(Number::Float(text.parse().unwrap())),
            };
            prop_assert_eq!(read(text.as_bytes()), wanted, "{}", text);
        }

        #[test]
        fn short_decimals_are_rounded_once(whole in 0u32..100_000, fraction in "[0-9]{1,10}") {
            let text = format!("-{whole}.{fraction}");
            prop_assert_eq!(read(text.as_bytes()), Some(Number::Float(text.parse().unwrap())));
        }
    }
}
