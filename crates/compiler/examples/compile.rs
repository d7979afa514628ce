//! Compiles ONNX models without a contract, for measurements: `compile MODEL.onnx plan|tract OUT`.

#![allow(clippy::print_stdout)]

use driftline_compiler::{Options, Runtime, compile};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, runtime, out] = args.as_slice() else {
        eprintln!("usage: compile MODEL.onnx plan|tract OUT");
        return ExitCode::from(2);
    };
    let runtime = if runtime == "tract" { Runtime::Tract } else { Runtime::Plan };
    let made = std::fs::read(model).map_err(|e| e.to_string()).and_then(|onnx| {
        let options = Options { runtime: Some(runtime), ..Options::default() };
        let compiled = compile(&onnx, &options).map_err(|e| e.to_string())?;
        std::fs::write(out, compiled.plan).map_err(|e| e.to_string())
    });
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{model}: {error}");
            ExitCode::FAILURE
        }
    }
}
