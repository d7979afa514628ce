//! Instants: RFC 3339 text, strictly, and JavaScript's milliseconds.

/// An instant: whole seconds since 1970-01-01T00:00:00Z, rounded down, and the nanoseconds after
/// them in [0, 1 000 000 000).
///
/// Seconds lie in [`Instant::MIN`]`.seconds` ..= [`Instant::MAX`]`.seconds`, so that the instant
/// has a date in years 0000 to 9999 in every zone but the first and last days' edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Seconds since 1970-01-01T00:00:00Z, rounded down.
    pub seconds: i64,
    /// Nanoseconds after `seconds`, below 1 000 000 000.
    pub nanoseconds: u32,
}

impl Instant {
    /// 0000-01-01T00:00:00Z, where RFC 3339's years begin.
    pub const MIN: Self = Self { seconds: -62_167_219_200, nanoseconds: 0 };
    /// 9999-12-30T21:59:59.999999999Z, the last second whose local time is in year 9999 at every
    /// offset that zone rules may have.
    pub const MAX: Self = Self { seconds: 253_402_207_199, nanoseconds: 999_999_999 };

    /// The instant so many milliseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`TimeFault::Malformed`] for NaN (an invalid `Date`) and for fractions,
    /// [`TimeFault::OutOfRange`] outside years 0000 to 9999.
    pub fn from_millis(ms: f64) -> Result<Self, TimeFault> {
        if !ms.is_finite() || ms != libm::trunc(ms) {
            return Err(TimeFault::Malformed("an invalid date"));
        }
        if ms.abs() > 1e15 {
            return Err(TimeFault::OutOfRange);
        }
        let ms = ms as i64;
        let nanoseconds = ms.rem_euclid(1_000) as u32 * 1_000_000;
        Self { seconds: ms.div_euclid(1_000), nanoseconds }.in_range()
    }

    /// Seconds as binary64, the fraction included, rounded once.
    pub fn as_seconds(self) -> f64 {
        self.seconds as f64 + f64::from(self.nanoseconds) / 1e9
    }

    fn in_range(self) -> Result<Self, TimeFault> {
        if (Self::MIN..=Self::MAX).contains(&self) { Ok(self) } else { Err(TimeFault::OutOfRange) }
    }
}

/// Why a text is no timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFault {
    /// Another shape, or a field that no clock shows; says which.
    Malformed(&'static str),
    /// All of it is right, but there is no offset.
    NoOffset,
    /// The instant lies outside years 0000 to 9999.
    OutOfRange,
}

/// Parses RFC 3339's `date-time`: `2013-07-01T12:30:00Z`, `2013-07-01T08:30:00.250-04:00`.
///
/// `t` and `z` may be lower case as RFC 3339 §5.6 says; the separator is never a space, which the
/// RFC leaves to applications. At most nine digits of fraction, since more would be lost. Second
/// 60 is refused: which minute has a leap second is not decidable without a table that changes,
/// and moving the instant would be a silent repair. `-00:00` is UTC, as in the RFC. Names of zones
/// in brackets (RFC 9557) are refused.
///
/// # Errors
/// Why not; see [`TimeFault`].
pub fn parse_rfc3339(text: &str) -> Result<Instant, TimeFault> {
    const SHAPE: TimeFault = TimeFault::Malformed("not of the form 2013-07-01T12:30:00Z");
    let b = text.as_bytes();
    let (Some(head), Some(rest)) = (b.get(..19), b.get(19..)) else {
        return Err(SHAPE);
    };
    let &[
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T' | b't',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
    ] = head
    else {
        return Err(SHAPE);
    };
    let two = |a, b| Some(digit(a)? * 10 + digit(b)?);
    let fields = (|| {
        let year = two(y1, y2)? * 100 + two(y3, y4)?;
        Some((year, two(m1, m2)?, two(d1, d2)?, two(h1, h2)?, two(n1, n2)?, two(s1, s2)?))
    })();
    let (year, month, day, hour, minute, second) = fields.ok_or(SHAPE)?;
    if !(1..=12).contains(&month) {
        return Err(TimeFault::Malformed("the month is not 01 to 12"));
    }
    if day < 1 || day > days_in_month(year, month) {
        return Err(TimeFault::Malformed("the month has no such day"));
    }
    if hour > 23 || minute > 59 {
        return Err(TimeFault::Malformed("the clock has no such hour or minute"));
    }
    if second > 59 {
        return Err(TimeFault::Malformed("the second is not 00 to 59; leap seconds are not taken"));
    }
    let (nanoseconds, rest) = fraction(rest)?;
    let offset = match *rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (h, m) = two(h1, h2).zip(two(m1, m2)).ok_or(SHAPE)?;
            if h > 23 || m > 59 {
                return Err(TimeFault::Malformed("the offset is not within ±23:59"));
            }
            let seconds = h * 3_600 + m * 60;
            if sign == b'-' { -seconds } else { seconds }
        }
        [] => return Err(TimeFault::NoOffset),
        _ => return Err(TimeFault::Malformed("the offset is neither Z nor of the form +01:00")),
    };
    let seconds =
        days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    Instant { seconds, nanoseconds }.in_range()
}

fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

fn fraction(rest: &[u8]) -> Result<(u32, &[u8]), TimeFault> {
    let [b'.', digits @ ..] = rest else {
        return Ok((0, rest));
    };
    let n = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if n == 0 {
        return Err(TimeFault::Malformed("the fraction has no digits"));
    }
    if n > 9 {
        return Err(TimeFault::Malformed("the fraction has more than nine digits"));
    }
    let (number, rest) = digits.split_at(n);
    let value = number.iter().fold(0u32, |v, b| v * 10 + u32::from(b - b'0'));
    Ok((value * 10u32.pow(9 - n as u32), rest))
}

pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
/// H. Hinnant, *chrono-compatible low-level date algorithms*, `days_from_civil`.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        parse_rfc3339(text).unwrap().seconds
    }

    #[test]
    fn the_same_instant_in_three_spellings() {
        assert_eq!(at("2013-07-01T12:30:00Z"), 1_372_681_800);
        assert_eq!(at("2013-07-01T08:30:00-04:00"), 1_372_681_800);
        assert_eq!(at("2013-07-01t12:30:00z"), 1_372_681_800);
        assert_eq!(Instant::from_millis(1_372_681_800_000.0).unwrap().seconds, 1_372_681_800);
        assert_eq!(at("2013-07-01T12:30:00-00:00"), 1_372_681_800);
    }

    #[test]
    fn fractions_keep_nine_digits_and_refuse_more() {
        let t = parse_rfc3339("1969-12-31T23:59:59.000000001Z").unwrap();
        assert_eq!((t.seconds, t.nanoseconds), (-1, 1));
        assert_eq!(parse_rfc3339("1970-01-01T00:00:00.25Z").unwrap().nanoseconds, 250_000_000);
        for bad in ["1970-01-01T00:00:00.1234567890Z", "1970-01-01T00:00:00.Z"] {
            assert!(matches!(parse_rfc3339(bad), Err(TimeFault::Malformed(_))), "{bad}");
        }
        assert_eq!(Instant::from_millis(-1.0).unwrap().nanoseconds, 999_000_000);
    }

    #[test]
    fn no_offset_is_told_apart_from_damage() {
        assert_eq!(parse_rfc3339("2013-07-01T08:30:00"), Err(TimeFault::NoOffset));
        assert_eq!(parse_rfc3339("2013-07-01T08:30:00.5"), Err(TimeFault::NoOffset));
    }

    #[test]
    fn whatever_is_not_rfc_3339_is_refused() {
        for bad in [
            "",
            "2013",
            "2013-07-01",
            "2013-07-01 12:30:00Z",
            "2013-7-1T12:30:00Z",
            "2013-07-01T12:30Z",
            "2013-07-01T24:00:00Z",
            "2013-07-01T12:60:00Z",
            "2016-12-31T23:59:60Z",
            "2013-02-29T00:00:00Z",
            "2013-13-01T00:00:00Z",
            "2013-00-01T00:00:00Z",
            "2013-01-00T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2013-07-01T12:30:00+0400",
            "2013-07-01T12:30:00+04",
            "2013-07-01T12:30:00+24:00",
            "2013-07-01T12:30:00Z[America/New_York]",
            "2013-07-01T12:30:00-04:00[UTC]",
            "2013-07-01T12:30:00,5Z",
            " 2013-07-01T12:30:00Z",
            "2013-07-01T12:30:00Z ",
            "+2013-07-01T12:30:00Z",
            "٢٠١٣-07-01T12:30:00Z",
            "2013-07-01T12:30:00−04:00",
        ] {
            assert!(matches!(parse_rfc3339(bad), Err(TimeFault::Malformed(_))), "{bad}");
        }
        assert_eq!(at("2000-02-29T00:00:00Z"), 951_782_400);
    }

    #[test]
    fn the_ends_of_time() {
        assert_eq!(parse_rfc3339("0000-01-01T00:00:00Z").unwrap(), Instant::MIN);
        assert_eq!(parse_rfc3339("9999-12-30T21:59:59.999999999Z").unwrap(), Instant::MAX);
        assert_eq!(parse_rfc3339("0000-01-01T00:00:00+00:01"), Err(TimeFault::OutOfRange));
        assert_eq!(parse_rfc3339("9999-12-31T23:59:59Z"), Err(TimeFault::OutOfRange));
        for ms in [f64::NAN, f64::INFINITY, 0.5] {
            assert!(matches!(Instant::from_millis(ms), Err(TimeFault::Malformed(_))));
        }
        assert_eq!(Instant::from_millis(8.64e15), Err(TimeFault::OutOfRange));
    }
}
