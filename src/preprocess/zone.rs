//! Time zone rules that travel with the contract.

use super::tzif::Zone;
use crate::contract::{Instant, is_utc};
use crate::error::{Error, ErrorCode, Result};
use std::collections::BTreeMap;

/// Rules of the zones that a contract names, from TZif files (RFC 9636) of version 2, 3 or 4.
///
/// The host's own rules are never asked: production uses those that training used.
#[derive(Clone, Debug, Default)]
pub struct ZoneRules {
    zones: BTreeMap<String, Zone>,
}

impl ZoneRules {
    /// Reads the TZif bytes of each zone, by IANA name.
    ///
    /// # Errors
    /// [`ErrorCode::BadZoneRules`] naming the zone whose bytes are damaged.
    #[inline(never)]
    pub fn new(files: BTreeMap<String, Vec<u8>>) -> Result<Self> {
        let mut zones = BTreeMap::new();
        for (name, bytes) in files {
            let bad = |why: &str| {
                Error::new(ErrorCode::BadZoneRules, format!("the rules of `{name}` {why}"))
                    .at_path(format!("zones/{name}"))
            };
            if !matches!(bytes.get(..5), Some([b'T', b'Z', b'i', b'f', b'2'..=b'4'])) {
                return Err(bad("are no TZif file of version 2 to 4"));
            }
            let zone = Zone::read(&bytes).ok_or_else(|| bad("are damaged"))?;
            zones.insert(name, zone);
        }
        Ok(Self { zones })
    }

    /// The rules of a zone; those of UTC are always there.
    pub(super) fn get(&self, name: &str) -> Result<Zone> {
        if is_utc(name) {
            return Ok(Zone::utc());
        }
        self.zones.get(name).cloned().ok_or_else(|| {
            Error::new(ErrorCode::UnknownZone, format!("the rules of `{name}` are not at hand"))
        })
    }
}

/// Offset from UTC at the instant, in seconds, east positive.
pub(super) fn offset_at(zone: &Zone, instant: Instant) -> Option<i64> {
    zone.offset(instant.seconds)
}
