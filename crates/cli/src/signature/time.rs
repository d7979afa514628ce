//! Times in statements have one spelling, so that they compare as texts.

use driftline::{Error, ErrorCode, Result};
use jiff::Timestamp;

/// How a time is spelled, to the second and in UTC.
const FORM: &str = "%Y-%m-%dT%H:%M:%SZ";

/// Checks that a text is spelled so.
pub fn check(text: &str) -> Result<()> {
    if given(text).is_ok_and(|spelled| spelled == text) {
        return Ok(());
    }
    let message = format!("`{}` is not a time as 2013-06-03T00:00:00Z", super::signed::clip(text));
    Err(Error::new(ErrorCode::BadUsage, message))
}

/// A time that somebody gave, spelled so: any RFC 3339 time of whole seconds.
pub fn given(text: &str) -> Result<String> {
    let fault = || {
        let message = format!("`{}` is no RFC 3339 time", super::signed::clip(text));
        Error::new(ErrorCode::BadUsage, message).with_help("such as 2013-06-03T00:00:00Z")
    };
    let time: Timestamp = text.parse().map_err(|_| fault())?;
    if time.subsec_nanosecond() != 0 || !(0..=9999).contains(&year(time)) {
        return Err(fault());
    }
    Ok(spelled(time))
}

/// The system's time.
pub fn now() -> String {
    spelled(Timestamp::now())
}

/// A time of so many seconds since 1970.
pub fn of_seconds(seconds: i64) -> Result<String> {
    let time = Timestamp::from_second(seconds);
    time.map(spelled).map_err(|e| Error::new(ErrorCode::BadUsage, e.to_string()))
}

fn spelled(time: Timestamp) -> String {
    time.strftime(FORM).to_string()
}

fn year(time: Timestamp) -> i16 {
    time.to_zoned(jiff::tz::TimeZone::UTC).year()
}
