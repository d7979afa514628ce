//! The runtimes' WebAssembly and the npm package around it.

use crate::setup;
use crate::shell::{at, cargo, root, run, say, target};
use anyhow::{Context, Result};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// One of the runtimes that packages carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavor {
    /// Plans of trees, linear models and dense networks, without what few of their contracts need.
    Tabular,
    /// Every plan.
    Plan,
    /// With tract, for the rest.
    Tract,
}

impl Flavor {
    /// Features of the library; the first says whether it has its default ones.
    fn features(self) -> (bool, &'static [&'static str]) {
        match self {
            Self::Tabular => (false, &[]),
            Self::Plan => (true, &[]),
            Self::Tract => (true, &["tract"]),
        }
    }

    /// The folder in pkg/ that the package is written to; the binding goes to `runtime` in it.
    fn dist(self) -> &'static str {
        match self {
            Self::Tabular => "dist-tabular",
            Self::Plan => "dist",
            Self::Tract => "dist-tract",
        }
    }
}

/// What the binary may use, by name: `--all-features` would let wasm-opt emit instructions that
/// engines refuse.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// A function that is called from one place is not moved there: engines compile each function when it
/// is first called, and most are not for a given model.
const LEAVE_CALLS: &str = "--one-caller-inline-max-function-size=50";

#[derive(clap::Args)]
pub struct Args {
    /// Quick to build, large and slow to run; for work on the bindings
    #[arg(long)]
    quick: bool,
    /// The runtime with tract, into pkg/dist-tract; takes minutes
    #[arg(long)]
    tract: bool,
}

pub fn main(args: &Args) -> Result<()> {
    if args.tract {
        return build(!args.quick, Flavor::Tract);
    }
    plans(!args.quick)
}

/// Builds the two runtimes of plans, of which `driftline build` takes the smaller one that will do.
pub fn plans(full: bool) -> Result<()> {
    build(full, Flavor::Tabular)?;
    build(full, Flavor::Plan)
}

/// What this process has built: stages ask for it again and again, and no source changes between.
static BUILT: Mutex<Vec<(bool, Flavor)>> = Mutex::new(Vec::new());

/// Builds runtime and package, once a process.
pub fn build(full: bool, flavor: Flavor) -> Result<()> {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !built.contains(&(full, flavor)) {
        package(full, flavor)?;
        // the other kind of build has gone into the same folder
        built.retain(|(_, other)| *other != flavor);
        built.push((full, flavor));
    }
    Ok(())
}

fn package(full: bool, flavor: Flavor) -> Result<()> {
    setup::wasm_target()?;
    setup::npm_packages("xtask/js")?;
    setup::npm_packages("pkg")?;
    let dist = flavor.dist();
    let runtime = at("pkg").join(dist).join("runtime");
    let bound = bind(full, flavor.features(), &runtime)?;
    let built = at(format!("pkg/{dist}/template/index.js"));
    if bound || !built.exists() || changed_since(&built)? {
        say(&format!("npm run build in pkg/, into {dist}/"));
        run(crate::shell::npm("pkg").args(["run", "--silent", "build", "--", dist]))?;
    }
    // the command's build script watches all, and would run each time if one were missing
    for flavor in [Flavor::Tabular, Flavor::Plan, Flavor::Tract] {
        let dist = at("pkg").join(flavor.dist());
        fs::create_dir_all(&dist).with_context(|| format!("`{}`", dist.display()))?;
    }
    Ok(())
}

/// Whether a source of the package is newer than what was built of it.
fn changed_since(built: &Path) -> Result<bool> {
    let since = fs::metadata(built)?.modified()?;
    let mut folders = vec![at("pkg/src"), at("pkg/template"), at("pkg/scripts")];
    let newer = |path: &Path| Ok::<bool, anyhow::Error>(fs::metadata(path)?.modified()? > since);
    if newer(&at("pkg/package.json"))? || newer(&at("pkg/tsconfig.json"))? {
        return Ok(true);
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if newer(&path)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Builds the binding of bare models, for measurements; its folder.
pub fn raw(flavor: Flavor) -> Result<PathBuf> {
    setup::wasm_target()?;
    setup::npm_packages("xtask/js")?;
    let out = target().join("raw").join(flavor.dist());
    let (default, features) = flavor.features();
    bind(true, (default, &[features, &["raw"]].concat()), &out)?;
    Ok(out)
}

/// Builds the binding; whether it is another one than before.
fn bind(full: bool, (default, features): (bool, &[&str]), out: &Path) -> Result<bool> {
    let profile = if full { "wasm" } else { "dev" };
    let features = [if default { &["default"][..] } else { &[] }, features].concat().join(",");
    say(&format!("runtime: cargo rustc --profile {profile} for wasm32, features [{features}]"));
    let tools = setup::wasm_tools()?;
    // a cdylib has one name whatever its features, so that in one folder each would undo the other
    let folder = if features.is_empty() { "none".to_owned() } else { features.replace(',', "-") };
    let folder = target().join("runtimes").join(folder);
    run(cargo()
        // only with the one crate type does link-time optimisation reach across the crates
        .args(["rustc", "--package", "driftline", "--lib", "--crate-type", "cdylib"])
        .args(["--target", "wasm32-unknown-unknown", "--profile", profile])
        .args(["--no-default-features", "--features", &features])
        .args(["--config", &remap()?])
        .arg("--target-dir")
        .arg(&folder))?;
    let kind = if full { "wasm" } else { "debug" };
    let linked = folder.join("wasm32-unknown-unknown").join(kind).join("driftline.wasm");

    let (wasm, stamp) = (out.join("driftline_bg.wasm"), out.join(".linked.wasm"));
    if setup::same(&linked, &stamp) && wasm.exists() {
        return Ok(false);
    }
    fs::create_dir_all(out).with_context(|| format!("`{}` cannot be made", out.display()))?;
    say("runtime: wasm-bindgen");
    let mut bindgen = crate::shell::command(tools);
    bindgen.arg("bindgen").arg(&linked).args(["--target", "web", "--out-name", "driftline"]);
    bindgen.arg("--out-dir").arg(out);
    if full {
        bindgen.args(["--remove-name-section", "--remove-producers-section"]);
    }
    run(&mut bindgen)?;
    if full {
        say("runtime: wasm-opt");
        run(crate::shell::command(at("xtask/js/node_modules/.bin/wasm-opt"))
            .args(["-Os", "--strip-debug", LEAVE_CALLS])
            .args(FEATURES)
            .arg(&wasm)
            .arg("--output")
            .arg(&wasm))?;
    }
    setup::copy(&linked, &stamp)?;
    Ok(true)
}

/// Takes this machine's folders out of the panic messages: they tell where somebody built, and the
/// same source would give another file elsewhere.
fn remap() -> Result<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let home = home.context("neither CARGO_HOME nor a home folder is known")?;
    Ok(format!(
        "target.wasm32-unknown-unknown.rustflags=[\"--remap-path-prefix={}=cargo\", \
         \"--remap-path-prefix={}=driftline\"]",
        home.display(),
        root().display()
    ))
}
