//! Numpy's archives of arrays.

use driftline::tensor::{Tensor, TensorData};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// Arrays by name.
pub type Arrays = BTreeMap<String, Tensor>;

/// Reads an archive; element types that the engine does not carry come as empty f32.
pub fn read(path: &Path) -> Arrays {
    let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut arrays = Arrays::new();
    for i in 0..archive.len() {
        let entry = archive.by_index(i).unwrap();
        let name = entry.name().strip_suffix(".npy").unwrap().to_owned();
        let npy = npyz::NpyFile::new(entry).unwrap();
        let shape: Vec<usize> = npy.shape().iter().map(|n| *n as usize).collect();
        assert!(npy.order() == npyz::Order::C || shape.len() < 2, "{name} is in Fortran order");
        let npyz::DType::Plain(ty) = npy.dtype() else { panic!("{name} has a structured type") };
        let data = match ty.to_string().trim_start_matches(['<', '|', '=']) {
            "f4" => TensorData::Float32(npy.into_vec().unwrap()),
            "f8" => TensorData::Float64(npy.into_vec().unwrap()),
            "i8" => TensorData::Int64(npy.into_vec().unwrap()),
            "i4" => TensorData::Int32(npy.into_vec().unwrap()),
            "u1" => TensorData::Uint8(npy.into_vec().unwrap()),
            "b1" => TensorData::Bool(npy.into_vec().unwrap()),
            text if text.starts_with('U') => TensorData::String(npy.into_vec().unwrap()),
            _ => {
                arrays.insert(name, Tensor::new(vec![0], TensorData::Float32(vec![])).unwrap());
                continue;
            }
        };
        arrays.insert(name, Tensor::new(shape, data).unwrap());
    }
    arrays
}
