//! The engine beside ONNX Runtime, on models of the zoo that are marked for it.

use crate::shell::{at, cargo, command, npm, run, say, target};
use crate::test::engine_data;
use crate::{flights, setup, wasm};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const JS: &str = "xtask/engine-bench";

#[derive(clap::Args)]
pub struct Args {
    /// Rounds of each measurement; minimum and median are printed
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(3..=1000))]
    rounds: u32,
    /// Only models whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// Measure the tract runtime too; building it takes minutes
    #[arg(long)]
    tract: bool,
    /// Measure in headless Chromium too
    #[arg(long)]
    chromium: bool,
}

pub fn main(args: &Args) -> Result<()> {
    flights::build()?;
    // with the features of the whole workspace, as everywhere
    run(cargo().args(["build", "--workspace", "--example", "compile"]))?;
    let mut runtimes = BTreeMap::from([("plan", wasm::raw(wasm::Flavor::Plan)?)]);
    if args.tract {
        runtimes.insert("tract", wasm::raw(wasm::Flavor::Tract)?);
    }
    if !at(JS).join("node_modules/onnxruntime-web").exists() {
        // without scripts: one would fetch GPU libraries from elsewhere
        run(npm(JS).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    }
    let python = setup::python(setup::ENGINE_REQUIREMENTS)?;
    let zoo = engine_data(&python, "zoo")?;
    let models = models(&zoo, &args.only, args.tract)?;
    let flights_onnx = at("examples/flights/model.onnx");
    let out = target().join("engine-bench");
    let flights_plan = compile(&flights_onnx, &out, "flights", "plan")?;
    let plan = json!({
        "models": models,
        "runtimes": runtimes,
        "flights": {
            "package": at(flights::PACKAGE),
            "onnx": flights_onnx,
            "compiled": flights_plan,
            "rows": at("examples/flights/rows.mjs"),
            "data": at("examples/flights/production.csv.gz"),
            "features": 18,
        },
    });
    let file = target().join("engine-bench.json");
    fs::write(&file, serde_json::to_vec(&plan)?)
        .with_context(|| format!("`{}` cannot be written", file.display()))?;
    say("engines in Node.js");
    let rounds = args.rounds.to_string();
    run(command("node").arg(format!("{JS}/report.mjs")).arg(&file).arg(&rounds))?;
    if args.chromium {
        say("engines in Chromium");
        let browser = setup::browser()?;
        run(command("node")
            .arg(format!("{JS}/chromium.mjs"))
            .arg(&file)
            .arg(&rounds)
            .env("CHROMIUM", browser.chromium))?;
    }
    Ok(())
}

/// Compiles each model that is marked for speed.
fn models(zoo: &Path, only: &str, tract: bool) -> Result<Vec<Value>> {
    let index: Vec<Value> = serde_json::from_str(&fs::read_to_string(zoo.join("index.json"))?)?;
    let out = target().join("engine-bench");
    fs::create_dir_all(&out)?;
    let mut models = Vec::new();
    for entry in index.iter().filter(|e| e["speed"] == true) {
        let name = entry["name"].as_str().context("a model has no name")?;
        if !name.contains(only) {
            continue;
        }
        let onnx = zoo.join(name).join("model.onnx");
        let mut compiled = BTreeMap::from([("plan", compile(&onnx, &out, name, "plan")?)]);
        if tract {
            compiled.insert("tract", compile(&onnx, &out, name, "tract")?);
        }
        let inputs = entry["inputs"].as_array().context("a model has no inputs")?;
        models.push(json!({
            "name": name,
            "onnx": onnx,
            "inputs": zoo.join(name).join("inputs.npz"),
            "names": inputs.iter().map(|i| i["name"].clone()).collect::<Vec<_>>(),
            "compiled": compiled,
        }));
    }
    Ok(models)
}

fn compile(onnx: &Path, out: &Path, name: &str, kind: &str) -> Result<PathBuf> {
    let file = out.join(format!("{name}.{kind}"));
    let program = target().join("debug/examples/compile");
    run(command(program).arg(onnx).arg(kind).arg(&file))?;
    Ok(file)
}
