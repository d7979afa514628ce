//! `driftline run`: raw tensors in NumPy's archives.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, flights};
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;

/// An archive of one float32 matrix, as `numpy.savez` writes it.
fn npz(name: &str, rows: usize, columns: usize, values: &[f32]) -> Vec<u8> {
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut array = b"\x93NUMPY\x01\0".to_vec();
    array.extend_from_slice(&(header.len() as u16).to_le_bytes());
    array.extend_from_slice(header.as_bytes());
    array.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
    archive.write_all(&array).unwrap();
    archive.finish().unwrap().into_inner()
}

/// The float32 elements of an array.
fn floats(archive: &[u8], name: &str) -> Vec<f32> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut bytes = Vec::new();
    archive.by_name(&format!("{name}.npy")).unwrap().read_to_end(&mut bytes).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[start..].chunks(4).map(|c| f32::from_le_bytes(c.try_into().unwrap())).collect()
}

/// Features and scores of the golden rows, as Python computed them.
fn golden() -> (Vec<f32>, Vec<f64>, usize) {
    let mut csv = csv::Reader::from_path(flights("golden_expected.csv")).unwrap();
    let header = csv.headers().unwrap().clone();
    let (mut features, mut late, mut rows) = (Vec::new(), Vec::new(), 0);
    for row in csv.records() {
        let row = row.unwrap();
        rows += 1;
        for (name, cell) in header.iter().zip(&row) {
            if name.starts_with("f_") {
                features.push(cell.parse::<f64>().unwrap() as f32);
            } else if name == "p_late" {
                late.push(cell.parse().unwrap());
            }
        }
    }
    (features, late, rows)
}

#[test]
fn the_model_and_its_bundle_compute_what_training_computed() {
    let desk = Desk::new();
    let (features, late, rows) = golden();
    desk.write("x.npz", npz("input", rows, 18, &features));
    desk.build_flights(&["--no-package"]).good();
    let model = flights("model.onnx");
    for (model, outputs) in [(&*model, "a.npz"), ("dist/flights-delay.driftline", "b.npz")] {
        let run = desk.run(&["run", model, "--inputs", "x.npz", "--outputs", outputs]).good();
        assert!(run.out.contains(&format!("plan, {rows} rows")), "{}", run.out);
        let scores = floats(&desk.read(outputs), "probabilities");
        assert_eq!(scores.len(), rows * 2);
        for (got, want) in scores.chunks(2).zip(&late) {
            assert!((f64::from(got[1]) - want).abs() <= 1e-6, "{got:?} {want}");
        }
    }
    assert_eq!(desk.read("a.npz"), desk.read("b.npz"));
}

#[test]
fn arrays_that_do_not_fit_are_named() {
    let desk = Desk::new();
    let model = flights("model.onnx");
    let run =
        |file: &str| desk.run(&["run", &model, "--inputs", file, "--outputs", "y.npz", "--json"]);
    desk.write("name.npz", npz("imput", 1, 18, &[0.0; 18]));
    assert_eq!(run("name.npz").code(), "model_mismatch");
    assert!(run("name.npz").error()["message"].as_str().unwrap().contains("`input`"));
    desk.write("width.npz", npz("input", 2, 9, &[0.0; 18]));
    assert_eq!(run("width.npz").code(), "model_mismatch");
    desk.write("text.npz", "no archive");
    assert_eq!(run("text.npz").code(), "bad_input");
    assert_eq!(run("none.npz").code(), "io");
    assert!(!desk.path("y.npz").exists());
}
