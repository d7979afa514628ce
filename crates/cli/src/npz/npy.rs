//! One array in NumPy's `.npy` format, versions 1 to 3.
//!
//! <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

use driftline::tensor::{Tensor, TensorData, element_count};
use driftline::{Error, ErrorCode, Result};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Bytes of one character of NumPy's text arrays: UTF-32.
const CHARACTER: usize = 4;

/// Reads an array; big-endian and column-major ones too.
///
/// # Errors
/// [`ErrorCode::BadInput`], [`ErrorCode::UnsupportedType`], [`ErrorCode::InputTooLarge`].
pub fn decode(bytes: &[u8]) -> Result<Tensor> {
    let (header, body) = split(bytes).ok_or_else(|| bad("the array's header is broken"))?;
    let descr = quoted(header, "descr").ok_or_else(|| {
        Error::new(ErrorCode::UnsupportedType, "arrays of records are not supported")
    })?;
    let fortran = field(header, "fortran_order").is_some_and(|v| v.starts_with("True"));
    let shape = shape(header).ok_or_else(|| bad("the array's shape is broken"))?;
    let count = element_count(&shape)?;
    let little = !descr.starts_with('>');
    let kind = descr.trim_start_matches(['<', '>', '|', '=']);
    let data = match kind {
        "f4" => TensorData::Float32(numbers(body, count, little, f32::from_le_bytes)?),
        "f8" => TensorData::Float64(numbers(body, count, little, f64::from_le_bytes)?),
        "i8" => TensorData::Int64(numbers(body, count, little, i64::from_le_bytes)?),
        "i4" => TensorData::Int32(numbers(body, count, little, i32::from_le_bytes)?),
        "i2" => TensorData::Int16(numbers(body, count, little, i16::from_le_bytes)?),
        "i1" => TensorData::Int8(numbers(body, count, little, i8::from_le_bytes)?),
        "u8" => TensorData::Uint64(numbers(body, count, little, u64::from_le_bytes)?),
        "u4" => TensorData::Uint32(numbers(body, count, little, u32::from_le_bytes)?),
        "u2" => TensorData::Uint16(numbers(body, count, little, u16::from_le_bytes)?),
        "u1" => TensorData::Uint8(numbers(body, count, little, u8::from_le_bytes)?),
        "b1" => {
            let bytes: Vec<u8> = numbers(body, count, little, u8::from_le_bytes)?;
            if bytes.iter().any(|b| *b > 1) {
                return Err(bad("a boolean is neither 0 nor 1"));
            }
            TensorData::Bool(bytes.iter().map(|b| *b == 1).collect())
        }
        _ if kind.starts_with('U') => TensorData::String(texts(body, count, little, kind)?),
        _ => {
            return Err(Error::new(
                ErrorCode::UnsupportedType,
                format!("arrays of element type `{descr}` are not supported"),
            )
            .with_help("save it as float32, float64, an integer type, bool or str"));
        }
    };
    let data = if fortran && shape.len() > 1 { row_major(data, &shape) } else { data };
    Tensor::new(shape, data)
}

fn bad(message: &str) -> Error {
    Error::new(ErrorCode::BadInput, message)
}

fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = if version[0] == 1 {
        let (l, rest) = rest.split_first_chunk::<2>()?;
        (usize::from(u16::from_le_bytes(*l)), rest)
    } else {
        let (l, rest) = rest.split_first_chunk::<4>()?;
        (u32::from_le_bytes(*l) as usize, rest)
    };
    let (header, body) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, body))
}

/// What follows a key of the header, a Python dictionary.
fn field<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = header.split_once(&format!("'{key}'"))?;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

fn quoted<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    field(header, key)?.strip_prefix('\'')?.split('\'').next()
}

fn shape(header: &str) -> Option<Vec<usize>> {
    let (inner, _) = field(header, "shape")?.strip_prefix('(')?.split_once(')')?;
    inner.split(',').map(str::trim).filter(|d| !d.is_empty()).map(|d| d.parse().ok()).collect()
}

fn numbers<T, const N: usize>(
    body: &[u8],
    count: usize,
    little: bool,
    read: fn([u8; N]) -> T,
) -> Result<Vec<T>> {
    if body.len() != count * N {
        return Err(bad("the array's length does not fit its shape"));
    }
    let (chunks, _) = body.as_chunks::<N>();
    Ok(chunks
        .iter()
        .map(|chunk| {
            let mut chunk = *chunk;
            if !little {
                chunk.reverse();
            }
            read(chunk)
        })
        .collect())
}

fn texts(body: &[u8], count: usize, little: bool, kind: &str) -> Result<Vec<String>> {
    let width: usize = kind
        .get(1..)
        .and_then(|w| w.parse().ok())
        .ok_or_else(|| bad("the text width is broken"))?;
    let total = count.checked_mul(width).ok_or_else(|| bad("the text width is broken"))?;
    if total.checked_mul(CHARACTER) != Some(body.len()) {
        return Err(bad("the array's length does not fit its shape"));
    }
    if width == 0 {
        return Ok(vec![String::new(); count]);
    }
    let codes = numbers(body, total, little, u32::from_le_bytes)?;
    codes
        .chunks(width)
        .map(|text| {
            let end = text.iter().rposition(|c| *c != 0).map_or(0, |i| i + 1);
            text.iter()
                .take(end)
                .map(|c| char::from_u32(*c).ok_or_else(|| bad("the text is no Unicode")))
                .collect()
        })
        .collect()
}

fn row_major(data: TensorData, shape: &[usize]) -> TensorData {
    match data {
        TensorData::Float32(v) => TensorData::Float32(reorder(&v, shape)),
        TensorData::Float64(v) => TensorData::Float64(reorder(&v, shape)),
        TensorData::Int64(v) => TensorData::Int64(reorder(&v, shape)),
        TensorData::Int32(v) => TensorData::Int32(reorder(&v, shape)),
        TensorData::Int16(v) => TensorData::Int16(reorder(&v, shape)),
        TensorData::Int8(v) => TensorData::Int8(reorder(&v, shape)),
        TensorData::Uint64(v) => TensorData::Uint64(reorder(&v, shape)),
        TensorData::Uint32(v) => TensorData::Uint32(reorder(&v, shape)),
        TensorData::Uint16(v) => TensorData::Uint16(reorder(&v, shape)),
        TensorData::Uint8(v) => TensorData::Uint8(reorder(&v, shape)),
        TensorData::Bool(v) => TensorData::Bool(reorder(&v, shape)),
        TensorData::String(v) => TensorData::String(reorder(&v, shape)),
    }
}

/// Column-major elements in row-major order.
fn reorder<T: Clone>(from: &[T], shape: &[usize]) -> Vec<T> {
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(from.len());
    for _ in 0..from.len() {
        let mut stride = 1;
        let mut at = 0;
        for (i, d) in index.iter().zip(shape) {
            at += i * stride;
            stride *= d;
        }
        out.extend(from.get(at).cloned());
        for (i, d) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *d {
                break;
            }
            *i = 0;
        }
    }
    out
}

/// Writes an array, little-endian and row-major.
pub fn encode(tensor: &Tensor) -> Vec<u8> {
    let (descr, body) = match tensor.data() {
        TensorData::Float32(v) => ("<f4".to_owned(), bytes(v, |x| x.to_le_bytes())),
        TensorData::Float64(v) => ("<f8".to_owned(), bytes(v, |x| x.to_le_bytes())),
        TensorData::Int64(v) => ("<i8".to_owned(), bytes(v, |x| x.to_le_bytes())),
        TensorData::Int32(v) => ("<i4".to_owned(), bytes(v, |x| x.to_le_bytes())),
        TensorData::Int16(v) => ("<i2".to_owned(), bytes(v, |x| x.to_le_bytes())),
        TensorData::Int8(v) => ("|i1".to_owned(), bytes(v, |x| x.to_le_bytes())),
        TensorData::Uint64(v) => ("<u8".to_owned(), bytes(v, |x| x.to_le_bytes())),
        TensorData::Uint32(v) => ("<u4".to_owned(), bytes(v, |x| x.to_le_bytes())),
        TensorData::Uint16(v) => ("<u2".to_owned(), bytes(v, |x| x.to_le_bytes())),
        TensorData::Uint8(v) => ("|u1".to_owned(), v.clone()),
        TensorData::Bool(v) => ("|b1".to_owned(), v.iter().map(|b| u8::from(*b)).collect()),
        TensorData::String(v) => {
            let width = v.iter().map(|t| t.chars().count()).max().unwrap_or(0).max(1);
            let mut out = Vec::with_capacity(v.len() * width * CHARACTER);
            for text in v {
                let codes = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(width);
                out.extend(codes.flat_map(u32::to_le_bytes));
            }
            (format!("<U{width}"), out)
        }
    };
    let dims: String = tensor.shape().iter().map(|d| format!("{d}, ")).collect();
    let dims =
        if tensor.shape().len() == 1 { dims.trim_end() } else { dims.trim_end_matches(", ") };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({dims}), }}");
    // the data begin at a multiple of 64
    let used = MAGIC.len() + 4 + header.len() + 1;
    header.extend(std::iter::repeat_n(' ', used.next_multiple_of(64) - used));
    header.push('\n');
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&[1, 0]);
    out.extend_from_slice(&(header.len() as u16).to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(&body);
    out
}

fn bytes<T: Copy, const N: usize>(values: &[T], write: fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|v| write(*v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `np.save` of `np.asfortranarray(np.arange(6, dtype='>i4').reshape(2, 3))`, made by hand.
    #[test]
    fn column_major_and_big_endian_arrays_are_read() {
        let mut file = MAGIC.to_vec();
        let header = "{'descr': '>i4', 'fortran_order': True, 'shape': (2, 3), }\n";
        file.extend_from_slice(&[1, 0, header.len() as u8, 0]);
        file.extend_from_slice(header.as_bytes());
        for i in [0i32, 3, 1, 4, 2, 5] {
            file.extend_from_slice(&i.to_be_bytes());
        }
        let tensor = decode(&file).unwrap();
        assert_eq!(tensor.shape(), [2, 3]);
        assert_eq!(tensor.data(), &TensorData::Int32(vec![0, 1, 2, 3, 4, 5]));
    }

    #[test]
    fn damage_is_refused() {
        let good = encode(&Tensor::new(vec![3], TensorData::Float32(vec![1.0; 3])).unwrap());
        assert!(decode(&good).is_ok());
        for cut in [0, 5, 9, 40, good.len() - 1] {
            assert!(decode(&good[..cut]).is_err(), "{cut}");
        }
        let text = String::from_utf8_lossy(&good[..100]).into_owned();
        for (from, to) in [("(3,)", "(4,)"), ("<f4", "<c8"), ("(3,)", "(-1")] {
            assert!(text.contains(from));
            let at = good.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
            let mut bad = good.clone();
            bad[at..at + to.len()].copy_from_slice(to.as_bytes());
            assert!(decode(&bad).is_err(), "{to}");
        }
    }
}
