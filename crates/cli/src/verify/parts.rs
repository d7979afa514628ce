//! The parts of a bundle against its manifest, each by name, where the reader stops at the first.

use super::{Finding, Status};
use driftline::bundle::{Bundle, MAGIC, Manifest, identity_of, sha256_hex};

/// Bytes before the manifest, and the multiple at which each part begins.
const HEADER: usize = 16;

/// The identity as the manifest's bytes give it, and a finding for each part.
pub fn check(bytes: &[u8]) -> (Option<String>, Vec<Finding>) {
    let mut all = Vec::new();
    let Some((manifest, json)) = manifest(bytes) else {
        let why = Bundle::read(bytes).err().map_or_else(String::new, |e| e.to_string());
        all.push(Finding::of("manifest", Status::Differs, why));
        return (None, all);
    };
    let mut offset = HEADER + json.len();
    for entry in &manifest.parts {
        let what = format!("part `{}`", entry.name);
        let start = offset.next_multiple_of(HEADER);
        let end = usize::try_from(entry.bytes).ok().and_then(|n| start.checked_add(n));
        let stated = format!("sha256:{}", entry.sha256);
        let Some(body) = end.and_then(|end| bytes.get(start..end)) else {
            all.push(Finding::of(what, Status::Differs, "the bundle ends before it does"));
            break;
        };
        all.push(Finding::compare(what, &stated, &format!("sha256:{}", sha256_hex(body))));
        offset = start + body.len();
    }
    // gaps, order, what is missing and what follows are the reader's business
    if all.iter().all(|f| f.status == Status::Holds)
        && let Err(error) = Bundle::read(bytes)
    {
        all.push(Finding::of("bundle", Status::Differs, error.to_string()));
    }
    (Some(identity_of(json)), all)
}

fn manifest(bytes: &[u8]) -> Option<(Manifest, &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let length = header.last_chunk::<4>().map(|l| u32::from_le_bytes(*l))?;
    let json = rest.get(..usize::try_from(length).ok()?)?;
    if !bytes.starts_with(&MAGIC) {
        return None;
    }
    Some((serde_json::from_slice(json).ok()?, json))
}
