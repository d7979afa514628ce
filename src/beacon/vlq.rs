//! Base64 VLQ, as in source maps (ECMA-426): five bits a character, low ones first, the sixth says
//! that more follow; the lowest bit of a number is its sign.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends a number.
pub fn push(text: &mut String, value: i64) {
    let mut rest = u128::from(value.unsigned_abs()) << 1 | u128::from(value < 0);
    loop {
        let more = rest > 0x1f;
        let digit = (rest & 0x1f) as usize | usize::from(more) << 5;
        text.push(char::from(ALPHABET.get(digit).copied().unwrap_or(b'A')));
        rest >>= 5;
        if !more {
            return;
        }
    }
}

/// The numbers of a text: at most `most`, none beyond ±`bound`; `None` for anything else.
pub fn read(text: &str, most: usize, bound: u64) -> Option<Vec<i64>> {
    let mut values = Vec::with_capacity(text.len().min(most));
    let (mut value, mut shift) = (0u128, 0u32);
    for byte in text.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        value |= u128::from(digit & 0x1f) << shift;
        if digit & 0x20 != 0 {
            shift += 5;
            if shift > 65 {
                return None;
            }
            continue;
        }
        let size = u64::try_from(value >> 1).ok().filter(|size| *size <= bound)?;
        let size = i64::try_from(size).ok()?;
        if values.len() == most {
            return None;
        }
        values.push(if value & 1 == 1 { -size } else { size });
        (value, shift) = (0, 0);
    }
    (shift == 0).then_some(values)
}
