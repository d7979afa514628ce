use super::*;
use crate::bundle::{BundleWriter, RuntimeKind};
use proptest::prelude::*;

fn sample() -> (Vec<u8>, String) {
    let mut writer = BundleWriter::new("sample", RuntimeKind::Plan);
    writer.part("policy", "application/json", b"{}".to_vec()).unwrap();
    writer.part("contract", "application/json", b"{\"a\":1}".to_vec()).unwrap();
    writer.part("model", "application/octet-stream", vec![7; 33]).unwrap();
    writer.part("zones/America/New_York", "application/tzif", b"TZif".to_vec()).unwrap();
    writer.finish().unwrap()
}

fn code(bytes: &[u8]) -> ErrorCode {
    Bundle::read(bytes).unwrap_err().code()
}

#[test]
fn parts_come_back_under_the_same_identity() {
    let (bytes, identity) = sample();
    let bundle = Bundle::read(&bytes).unwrap();
    assert_eq!(bundle.identity(), identity);
    assert_eq!(bundle.part("contract").unwrap(), b"{\"a\":1}");
    assert_eq!(bundle.zones().collect::<Vec<_>>(), [("America/New_York", &b"TZif"[..])]);
    assert_eq!(bundle.part("golden").unwrap_err().code(), ErrorCode::BundlePart);
    assert_eq!(sample(), (bytes, identity), "the same parts must give the same bytes");
}

#[test]
fn parts_are_aligned() {
    let (bytes, _) = sample();
    let bundle = Bundle::read(&bytes).unwrap();
    let base = bytes.as_ptr() as usize;
    for part in &bundle.parts {
        assert_eq!((part.as_ptr() as usize - base) % 16, 0);
    }
}

#[test]
fn every_truncation_is_refused() {
    let (bytes, _) = sample();
    for length in 0..bytes.len() {
        let found = code(&bytes[..length]);
        let expected =
            if length == 0 { ErrorCode::BundleSyntax } else { ErrorCode::BundleTruncated };
        assert_eq!(found, expected, "cut to {length} bytes");
    }
}

#[test]
fn appended_bytes_are_refused() {
    let (mut bytes, _) = sample();
    bytes.push(0);
    assert_eq!(code(&bytes), ErrorCode::BundleAltered);
}

#[test]
fn a_changed_part_is_named() {
    let (mut bytes, _) = sample();
    let at = bytes.windows(7).position(|w| w == b"{\"a\":1}").unwrap();
    bytes[at + 5] = b'2';
    let error = Bundle::read(&bytes).unwrap_err();
    assert_eq!(error.code(), ErrorCode::BundleAltered);
    assert!(error.message().contains("`contract`"), "{error}");
}

#[test]
fn a_part_given_twice_is_refused() {
    let mut writer = BundleWriter::new("x", RuntimeKind::Plan);
    writer.part("model", "a/b", vec![]).unwrap();
    let twice = writer.part("model", "a/b", vec![]).unwrap_err();
    assert_eq!(twice.code(), ErrorCode::BundleDuplicate);
}

#[test]
fn a_missing_part_is_refused() {
    let writer = BundleWriter::new("x", RuntimeKind::Plan);
    assert_eq!(writer.finish().unwrap_err().code(), ErrorCode::BundlePart);
}

#[test]
fn a_manifest_that_claims_too_much_is_refused_before_it_is_read() {
    let (mut bytes, _) = sample();
    bytes[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(code(&bytes), ErrorCode::BundleTooLarge);
}

#[test]
fn a_later_format_is_refused() {
    let (mut bytes, _) = sample();
    bytes[8] = 2;
    assert_eq!(code(&bytes), ErrorCode::FormatVersion);
}

/// Rewrites the manifest and the length before it; the parts stay.
fn with_manifest(edit: impl Fn(&str) -> String) -> Vec<u8> {
    let (bytes, _) = sample();
    let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let json = edit(std::str::from_utf8(&bytes[16..16 + length]).unwrap());
    let mut out = bytes[..12].to_vec();
    out.extend_from_slice(&(json.len() as u32).to_le_bytes());
    out.extend_from_slice(json.as_bytes());
    let old = (16 + length).next_multiple_of(16);
    out.resize(out.len().next_multiple_of(16), 0);
    out.extend_from_slice(&bytes[old..]);
    out
}

#[test]
fn hostile_manifests_are_refused() {
    let cases: [(&str, &str, ErrorCode); 5] = [
        ("\"name\":\"model\"", "\"name\":\"contract\"", ErrorCode::BundleDuplicate),
        ("\"bytes\":33", "\"bytes\":4294967296000", ErrorCode::BundleTooLarge),
        ("\"bytes\":33", "\"bytes\":34", ErrorCode::BundleAltered),
        ("driftline.bundle/1", "driftline.bundle/9", ErrorCode::FormatVersion),
        ("{\"format\"", "[{\"format\"", ErrorCode::BundleSyntax),
    ];
    for (from, to, expected) in cases {
        let bytes = with_manifest(|json| {
            assert!(json.contains(from), "{json}");
            json.replacen(from, to, 1)
        });
        assert_eq!(code(&bytes), expected, "{from} → {to}");
    }
}

proptest! {
    #[test]
    fn one_flipped_bit_anywhere_is_noticed(at in any::<proptest::sample::Index>(), bit in 0u8..8) {
        let (mut bytes, identity) = sample();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        // a flip inside the manifest may leave a readable bundle: then its identity is another
        if let Ok(bundle) = Bundle::read(&bytes) {
            prop_assert_ne!(bundle.identity(), identity);
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Bundle::read(&bytes);
    }
}
