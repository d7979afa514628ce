//! What the transport says of a beacon; the rest comes from the gate.

use super::envelope::{Host, Mode, is_uuid, plain};
use crate::contract::{Value, parse_json};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{
    DEFAULT_CONTRIBUTION, EPSILON_AGGREGATED_MILLI, EPSILON_RANDOMIZED_MILLI, MS_PER_HOUR,
};
use crate::privacy::Epsilon;

/// Checked words of the transport. None of them is text of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Random UUID of the beacon.
    pub id: String,
    /// What is to be done to the counts.
    pub mode: Mode,
    /// Start of the window, in milliseconds since 1970.
    pub start_ms: f64,
    /// End of the window.
    pub end_ms: f64,
    /// Where the gate runs.
    pub host: Host,
    /// Version of the package.
    pub sdk: String,
    /// Random name of the sender.
    pub instance: Option<String>,
    /// Number of the beacon among the sender's.
    pub seq: Option<u32>,
    /// Distinct clients of the window, if the transport counts them.
    pub users: Option<u64>,
    /// Share of the records that were counted, in (0, 1].
    pub rate: f64,
    /// In `randomized` mode: the block that the client answers about on this day.
    pub feature: Option<u32>,
    /// Write key.
    pub key: Option<String>,
    /// ε; of a day in `randomized` mode, of the window in `aggregated` mode.
    pub epsilon: Epsilon,
    /// Records that the transport lets one client contribute to the window.
    pub bound: u32,
}

impl Header {
    /// Reads `{"id", "mode", "start_ms", "end_ms", "host", "sdk"}` and, as far as they are there,
    /// `instance`, `seq`, `users`, `rate`, `feature`, `key`, `epsilon`, `bound`; null counts as absent.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`] with the member.
    pub fn from_json(text: &str) -> Result<Self> {
        let Value::Object(members) = parse_json(text.as_bytes(), ErrorCode::BadUsage, "header")?
        else {
            return Err(Error::new(ErrorCode::BadUsage, "the header is no object"));
        };
        const KNOWN: [&str; 14] = [
            "id", "mode", "start_ms", "end_ms", "host", "sdk", "instance", "seq", "users", "rate",
            "feature", "key", "epsilon", "bound",
        ];
        if let Some((name, _)) = members.iter().find(|(name, _)| !KNOWN.contains(&&**name)) {
            return Err(bad("this is no member of a header").at_path(name.to_string()));
        }
        let get = |name: &str| {
            let found = members.iter().find(|(member, _)| member == name);
            found.map(|(_, value)| value).filter(|value| !matches!(value, Value::Null))
        };
        let text = |name: &str| match get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.to_string())),
            Some(_) => Err(bad("this is no text").at_path(name)),
        };
        let number = |name: &str| match get(name) {
            None => Ok(None),
            Some(Value::Integer(n)) => Ok(Some(*n as f64)),
            Some(Value::Number(x)) if x.is_finite() => Ok(Some(*x)),
            Some(_) => Err(bad("this is no number").at_path(name)),
        };
        let whole = |name: &str| match number(name)? {
            None => Ok(None),
            Some(x) if x >= 0.0 && x <= f64::from(u32::MAX) && x % 1.0 == 0.0 => Ok(Some(x as u32)),
            Some(_) => Err(bad("this is no whole number of 32 bits").at_path(name)),
        };
        let checked = |name: &str, ok: &dyn Fn(&str) -> bool| match text(name)? {
            Some(text) if !ok(&text) => Err(bad("this has another form").at_path(name)),
            text => Ok(text),
        };
        let needed = |name: &str| bad("this is missing").at_path(name);

        let mode = text("mode")?.as_deref().and_then(Mode::parse).ok_or_else(|| needed("mode"))?;
        let usual = match mode {
            Mode::Randomized => EPSILON_RANDOMIZED_MILLI,
            _ => EPSILON_AGGREGATED_MILLI,
        };
        let epsilon = match number("epsilon")? {
            None => Epsilon::from_milli(usual)?,
            // only what thousandths can say, so that the promise is the number that was asked for
            Some(epsilon) => {
                let milli = libm::round(epsilon * 1_000.0);
                if !(1.0..=1e9).contains(&milli) || (milli / 1_000.0 - epsilon).abs() > 1e-9 {
                    return Err(bad("ε is no number of thousandths above 0").at_path("epsilon"));
                }
                Epsilon::from_milli(milli as u32)?
            }
        };
        let (start, end) = (number("start_ms")?, number("end_ms")?);
        let (start_ms, end_ms) = start.zip(end).ok_or_else(|| needed("start_ms"))?;
        if !(0.0..=4e15).contains(&start_ms)
            || !(start_ms..=start_ms + 8_784.0 * MS_PER_HOUR).contains(&end_ms)
        {
            return Err(bad("this is no window of at most a year").at_path("end_ms"));
        }
        let rate = number("rate")?.unwrap_or(1.0);
        if !(0.001..=1.0).contains(&rate) {
            return Err(bad("a rate lies within 0.001 and 1").at_path("rate"));
        }
        Ok(Self {
            id: checked("id", &is_uuid)?.ok_or_else(|| needed("id"))?,
            mode,
            start_ms,
            end_ms,
            host: text("host")?.as_deref().and_then(Host::parse).ok_or_else(|| needed("host"))?,
            sdk: checked("sdk", &|t| plain(t, 32, ".+-"))?.ok_or_else(|| needed("sdk"))?,
            instance: checked("instance", &|t| plain(t, 64, "-"))?,
            seq: whole("seq")?,
            users: whole("users")?.map(u64::from),
            rate,
            feature: whole("feature")?,
            key: checked("key", &|t| plain(t, 128, "_.-"))?,
            epsilon,
            bound: whole("bound")?.unwrap_or(DEFAULT_CONTRIBUTION),
        })
    }
}

fn bad(message: &str) -> Error {
    Error::new(ErrorCode::BadUsage, message)
}
