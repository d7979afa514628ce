//! The bundle inside a WebAssembly module: one custom section at the end.
//!
//! Section layout from the WebAssembly core specification 2.0, §5.5.

use crate::error::{Error, ErrorCode, Result};

/// Name of the custom section.
pub const SECTION: &str = "driftline.bundle";

const HEADER: [u8; 8] = *b"\0asm\x01\0\0\0";
const CUSTOM: u8 = 0;

/// The bundle that a module carries.
///
/// # Errors
/// [`ErrorCode::BundleMissing`] if it carries none, [`ErrorCode::BundleDuplicate`] if more than
/// one, [`ErrorCode::BundleSyntax`] if the bytes are no module.
pub fn extract(wasm: &[u8]) -> Result<&[u8]> {
    find(wasm)?.ok_or_else(|| {
        Error::new(ErrorCode::BundleMissing, format!("there is no custom section `{SECTION}`"))
    })
}

/// The module with the bundle appended as its last section.
///
/// # Errors
/// [`ErrorCode::BundleDuplicate`] if the module carries a bundle already,
/// [`ErrorCode::BundleSyntax`] if the bytes are no module, [`ErrorCode::BundleTooLarge`] past
/// what a section can hold.
pub fn embed(wasm: &[u8], bundle: &[u8]) -> Result<Vec<u8>> {
    if find(wasm)?.is_some() {
        return Err(duplicate());
    }
    let too_large = |_| Error::new(ErrorCode::BundleTooLarge, "no section can hold the bundle");
    let payload = 1 + SECTION.len() + bundle.len();
    let mut out = Vec::with_capacity(wasm.len() + payload + 8);
    out.extend_from_slice(wasm);
    out.push(CUSTOM);
    write_u32(&mut out, u32::try_from(payload).map_err(too_large)?);
    write_u32(&mut out, u32::try_from(SECTION.len()).map_err(too_large)?);
    out.extend_from_slice(SECTION.as_bytes());
    out.extend_from_slice(bundle);
    Ok(out)
}

fn find(wasm: &[u8]) -> Result<Option<&[u8]>> {
    let mut rest = wasm.strip_prefix(&HEADER).ok_or_else(not_a_module)?;
    let mut found = None;
    while let Some((id, after)) = rest.split_first() {
        let (length, after) = read_u32(after)?;
        let (body, after) = after.split_at_checked(length as usize).ok_or_else(not_a_module)?;
        rest = after;
        if *id != CUSTOM {
            continue;
        }
        let (length, body) = read_u32(body)?;
        let (name, payload) = body.split_at_checked(length as usize).ok_or_else(not_a_module)?;
        if name == SECTION.as_bytes() && found.replace(payload).is_some() {
            return Err(duplicate());
        }
    }
    Ok(found)
}

/// Unsigned LEB128 of at most 32 bits.
fn read_u32(bytes: &[u8]) -> Result<(u32, &[u8])> {
    let mut value = 0u32;
    let mut rest = bytes;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, after) = rest.split_first().ok_or_else(not_a_module)?;
        rest = after;
        let low = u32::from(byte & 0x7f);
        if shift == 28 && low > 0x0f {
            return Err(not_a_module());
        }
        value |= low << shift;
        if byte & 0x80 == 0 {
            return Ok((value, rest));
        }
    }
    Err(not_a_module())
}

fn write_u32(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn not_a_module() -> Error {
    Error::new(ErrorCode::BundleSyntax, "the bytes are no WebAssembly module")
}

fn duplicate() -> Error {
    Error::new(
        ErrorCode::BundleDuplicate,
        format!("there is more than one custom section `{SECTION}`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_embedded_is_extracted(bundle in proptest::collection::vec(any::<u8>(), 0..40_000)) {
            let wasm = embed(&HEADER, &bundle).unwrap();
            prop_assert_eq!(extract(&wasm).unwrap(), &bundle[..]);
        }

        #[test]
        fn any_bytes_are_answered(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut wasm = HEADER.to_vec();
            wasm.extend(tail);
            let _ = extract(&wasm);
        }
    }

    #[test]
    fn two_sections_are_refused() {
        let one = embed(&HEADER, b"x").unwrap();
        assert_eq!(embed(&one, b"y").unwrap_err().code(), ErrorCode::BundleDuplicate);
        let mut two = one.clone();
        two.extend_from_slice(&one[HEADER.len()..]);
        assert_eq!(extract(&two).unwrap_err().code(), ErrorCode::BundleDuplicate);
    }

    #[test]
    fn no_section_and_no_module_are_told_apart() {
        assert_eq!(extract(&HEADER).unwrap_err().code(), ErrorCode::BundleMissing);
        assert_eq!(extract(b"\x89DRIFTL\n").unwrap_err().code(), ErrorCode::BundleSyntax);
        let cut = embed(&HEADER, &[7; 300]).unwrap();
        assert_eq!(extract(&cut[..cut.len() - 1]).unwrap_err().code(), ErrorCode::BundleSyntax);
    }
}
