//! Numpy's archives of arrays: a zip of `.npy` files, stored as `numpy.savez` does.

use driftline::tensor::{Tensor, TensorData};
use std::collections::BTreeMap;
use std::path::Path;

/// Arrays by name.
pub type Arrays = BTreeMap<String, Tensor>;

/// Reads an archive; element types that the engine does not carry come as empty f32.
pub fn read(path: &Path) -> Arrays {
    let zip = std::fs::read(path).unwrap();
    let u16_at = |at: usize| u16::from_le_bytes(zip[at..at + 2].try_into().unwrap()) as usize;
    let u32_at = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().unwrap()) as usize;
    // the directory stands at the end and has the sizes, which the files' own headers may leave out
    let end = (0..=zip.len() - 22).rev().find(|at| zip[*at..].starts_with(b"PK\x05\x06")).unwrap();
    let (count, mut at) = (u16_at(end + 10), u32_at(end + 16));
    let mut arrays = Arrays::new();
    for _ in 0..count {
        assert!(
            zip[at..].starts_with(b"PK\x01\x02") && u16_at(at + 10) == 0,
            "not stored: {path:?}"
        );
        let (size, name_len) = (u32_at(at + 20), u16_at(at + 28));
        let header = u32_at(at + 42);
        let name = std::str::from_utf8(&zip[at + 46..at + 46 + name_len]).unwrap();
        let data = header + 30 + u16_at(header + 26) + u16_at(header + 28);
        let name = name.strip_suffix(".npy").unwrap().to_owned();
        arrays.insert(name, npy(&zip[data..data + size]));
        at += 46 + name_len + u16_at(at + 30) + u16_at(at + 32);
    }
    arrays
}

fn npy(bytes: &[u8]) -> Tensor {
    assert!(bytes.starts_with(b"\x93NUMPY"));
    let (len, start) = if bytes[6] == 1 {
        (u16::from_le_bytes(bytes[8..10].try_into().unwrap()) as usize, 10)
    } else {
        (u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize, 12)
    };
    // {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
    let header = std::str::from_utf8(&bytes[start..start + len]).unwrap();
    let after = |key: &str| header.split_once(key).unwrap().1;
    let descr = after("'descr': '").split('\'').next().unwrap();
    let shape: Vec<usize> = after("'shape': (")
        .split(')')
        .next()
        .unwrap()
        .split(',')
        .filter_map(|n| n.trim().parse().ok())
        .collect();
    let data = elements(descr, &bytes[start + len..]);
    let data = if after("'fortran_order': ").starts_with("True") && shape.len() > 1 {
        row_major(&shape, data)
    } else {
        data
    };
    let shape = if data.is_empty() && !shape.contains(&0) { vec![0] } else { shape };
    Tensor::new(shape, data).unwrap()
}

fn elements(descr: &str, bytes: &[u8]) -> TensorData {
    macro_rules! numbers {
        ($t:ty) => {
            bytes
                .chunks_exact(size_of::<$t>())
                .map(|b| <$t>::from_le_bytes(b.try_into().unwrap()))
                .collect()
        };
    }
    match descr.trim_start_matches(['<', '|', '=']) {
        "f4" => TensorData::Float32(numbers!(f32)),
        "f8" => TensorData::Float64(numbers!(f64)),
        "i8" => TensorData::Int64(numbers!(i64)),
        "i4" => TensorData::Int32(numbers!(i32)),
        "i2" => TensorData::Int16(numbers!(i16)),
        "i1" => TensorData::Int8(numbers!(i8)),
        "u8" => TensorData::Uint64(numbers!(u64)),
        "u4" => TensorData::Uint32(numbers!(u32)),
        "u2" => TensorData::Uint16(numbers!(u16)),
        "u1" => TensorData::Uint8(bytes.to_vec()),
        "b1" => TensorData::Bool(bytes.iter().map(|b| *b != 0).collect()),
        text if text.starts_with('U') => {
            let width = text[1..].parse::<usize>().unwrap() * 4;
            let read = |b: &[u8]| {
                let codes: Vec<u32> =
                    b.chunks_exact(4).map(|c| u32::from_le_bytes(c.try_into().unwrap())).collect();
                let end = codes.iter().rposition(|c| *c != 0).map_or(0, |i| i + 1);
                codes[..end].iter().map(|c| char::from_u32(*c).unwrap()).collect()
            };
            TensorData::String(bytes.chunks_exact(width).map(read).collect())
        }
        _ => TensorData::Float32(vec![]),
    }
}

/// Column-major elements in row-major order.
fn row_major(shape: &[usize], data: TensorData) -> TensorData {
    let index = |mut i: usize| {
        let mut at = 0;
        for (axis, n) in shape.iter().enumerate().rev() {
            at += i % n * shape[..axis].iter().product::<usize>();
            i /= n;
        }
        at
    };
    match data {
        TensorData::Float32(v) => TensorData::Float32((0..v.len()).map(|i| v[index(i)]).collect()),
        TensorData::Float64(v) => TensorData::Float64((0..v.len()).map(|i| v[index(i)]).collect()),
        TensorData::Int64(v) => TensorData::Int64((0..v.len()).map(|i| v[index(i)]).collect()),
        TensorData::Int32(v) => TensorData::Int32((0..v.len()).map(|i| v[index(i)]).collect()),
        TensorData::Bool(v) => TensorData::Bool((0..v.len()).map(|i| v[index(i)]).collect()),
        other => panic!("{:?} in column-major order", other.dtype()),
    }
}
