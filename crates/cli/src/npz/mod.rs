//! Raw tensors in NumPy's archive: a zip of `NAME.npy` files.

mod npy;

use crate::output::{io_error, write_file};
use driftline::limits::MAX_NPZ_ARRAY_BYTES;
use driftline::tensor::Tensor;
use driftline::{Error, ErrorCode, Result};
use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Reads every array of an archive, in the archive's order.
///
/// # Errors
/// [`ErrorCode::Io`], [`ErrorCode::BadInput`] naming the array, [`ErrorCode::UnsupportedType`]
/// for an element type that no tensor has.
pub fn read(path: &Path) -> Result<Vec<(String, Tensor)>> {
    let file = File::open(path).map_err(|e| io_error(path, &e))?;
    let named = |e: Error| e.in_file(path.display().to_string());
    let mut archive = ZipArchive::new(file).map_err(|e| {
        named(Error::new(ErrorCode::BadInput, format!("the file is no npz archive: {e}")))
    })?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let entry = archive
            .by_index(index)
            .map_err(|e| named(Error::new(ErrorCode::BadInput, e.to_string())))?;
        let file =
            entry.name().map_err(|e| named(Error::new(ErrorCode::BadInput, e.to_string())))?;
        let Some(name) = file.strip_suffix(".npy").map(str::to_owned) else { continue };
        let mut bytes = Vec::new();
        let size = entry.take(MAX_NPZ_ARRAY_BYTES + 1).read_to_end(&mut bytes).map_err(|e| {
            let message = format!("the array cannot be unpacked: {e}");
            named(Error::new(ErrorCode::BadInput, message).at_path(&*name))
        })?;
        if size as u64 > MAX_NPZ_ARRAY_BYTES {
            let error = Error::new(ErrorCode::InputTooLarge, "the array is too large");
            return Err(named(error.at_path(name)));
        }
        let tensor = npy::decode(&bytes).map_err(|e| named(e.at_path(&*name)))?;
        arrays.push((name, tensor));
    }
    Ok(arrays)
}

/// Writes arrays; the same arrays always give the same bytes.
///
/// # Errors
/// [`ErrorCode::Io`].
pub fn write(path: &Path, arrays: &[(String, Tensor)]) -> Result<()> {
    let fault = |e: String| Error::new(ErrorCode::Io, e).in_file(path.display().to_string());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // the default date is 1980-01-01, not today
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .large_file(true);
    for (name, tensor) in arrays {
        archive.start_file(format!("{name}.npy"), options).map_err(|e| fault(e.to_string()))?;
        archive.write_all(&npy::encode(tensor)).map_err(|e| fault(e.to_string()))?;
    }
    let bytes = archive.finish().map_err(|e| fault(e.to_string()))?.into_inner();
    write_file(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use driftline::tensor::TensorData;

    #[test]
    fn arrays_come_back_and_the_bytes_are_stable() {
        let dir = tempfile::tempdir().unwrap();
        let arrays = vec![
            (
                "x".to_owned(),
                Tensor::new(vec![2, 2], TensorData::Float32(vec![1.0, f32::NAN, -0.0, 3.5]))
                    .unwrap(),
            ),
            (
                "s".to_owned(),
                Tensor::new(vec![2, 1], TensorData::String(vec!["é😀".into(), String::new()]))
                    .unwrap(),
            ),
            (
                "b".to_owned(),
                Tensor::new(vec![3], TensorData::Bool(vec![true, false, true])).unwrap(),
            ),
            ("i".to_owned(), Tensor::new(vec![], TensorData::Int64(vec![i64::MIN])).unwrap()),
        ];
        let (a, b) = (dir.path().join("a.npz"), dir.path().join("b.npz"));
        write(&a, &arrays).unwrap();
        write(&b, &arrays).unwrap();
        assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
        let back = read(&a).unwrap();
        assert_eq!(back.len(), 4);
        assert_eq!(format!("{back:?}"), format!("{arrays:?}"));
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.npz");
        std::fs::write(&path, b"PK\x03\x04 cut").unwrap();
        assert_eq!(read(&path).unwrap_err().code(), ErrorCode::BadInput);
        assert_eq!(read(&dir.path().join("none.npz")).unwrap_err().code(), ErrorCode::Io);
    }
}
