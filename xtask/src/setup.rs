//! What a fresh machine lacks: the wasm target, npm packages, a browser, Python packages.
//!
//! Everything is installed once, and again when the file that pins it changes.

use crate::shell::{at, cargo, command, find, npm, read, run, say, target};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Oldest Node.js that the packages here run on.
const NODE_MAJOR: u32 = 20;

#[derive(clap::Args)]
pub struct Args {
    /// Also Chromium with its driver, and the Python packages of the engine tests
    #[arg(long)]
    all: bool,
}

pub fn main(args: &Args) -> Result<()> {
    wasm_target()?;
    for dir in ["xtask/js", "pkg", "www", "tests"] {
        npm_packages(dir)?;
    }
    wasm_tools()?;
    if args.all {
        browser()?;
        if at(ENGINE_REQUIREMENTS).exists() {
            python(ENGINE_REQUIREMENTS)?;
        }
    }
    Ok(())
}

/// What the tests against other engines install.
pub const ENGINE_REQUIREMENTS: &str = "tests/engine/requirements.txt";

/// Adds the compilation target.
pub fn wasm_target() -> Result<()> {
    if find(&["rustup"]).is_none() {
        // a toolchain from elsewhere brings its targets along; rustc names a missing one
        return Ok(());
    }
    let installed = read(command("rustup").args(["target", "list", "--installed"]))?;
    if installed.lines().any(|name| name == WASM_TARGET) {
        return Ok(());
    }
    say("rustup target add wasm32-unknown-unknown");
    run(command("rustup").args(["target", "add", WASM_TARGET]))
}

/// Installs a folder's npm packages as its lock file pins them.
pub fn npm_packages(dir: &str) -> Result<()> {
    node()?;
    let lock = at(dir).join("package-lock.json");
    let stamp = at(dir).join("node_modules/.driftline-lock");
    if same(&lock, &stamp) {
        return Ok(());
    }
    say(&format!("npm ci in {dir}/"));
    run(npm(dir).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))?;
    copy(&lock, &stamp)
}

fn node() -> Result<()> {
    const HELP: &str = "install Node.js 20 or newer with npm, such as Debian's nodejs and npm";
    if find(&["node"]).is_none() || find(&["npm"]).is_none() {
        bail!("`node` and `npm` are needed; {HELP}");
    }
    let version = read(command("node").arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    if major.parse::<u32>().is_ok_and(|major| major >= NODE_MAJOR) {
        return Ok(());
    }
    bail!("Node.js {} is too old; {HELP}", version.trim())
}

/// wasm-bindgen and its test runner; the path of the program.
pub fn wasm_tools() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--workspace", "--bin", "wasm-tools"]))?;
    Ok(target().join("debug/wasm-tools"))
}

/// Chromium and its driver.
pub struct Browser {
    pub chromium: PathBuf,
    pub driver: PathBuf,
}

/// Finds the browser, or installs Debian's.
pub fn browser() -> Result<Browser> {
    if let Some(found) = find_browser() {
        return Ok(found);
    }
    const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];
    let root = read(command("id").arg("-u"))?.trim() == "0";
    if !root || find(&["apt-get"]).is_none() {
        bail!(
            "Chromium with chromedriver is needed; on Debian: sudo apt-get install {}",
            PACKAGES.join(" ")
        );
    }
    say("apt-get install chromium chromium-driver");
    run(command("apt-get").args(["update", "-qq"]))?;
    run(command("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(PACKAGES))?;
    find_browser().context("apt-get installed chromium, but it is not on the path")
}

fn find_browser() -> Option<Browser> {
    Some(Browser {
        chromium: find(&["chromium", "chromium-browser", "google-chrome"])?,
        driver: find(&["chromedriver"])?,
    })
}

/// The virtual environment of the engine tests, with the packages of a requirements file; the path
/// of its interpreter.
pub fn python(requirements: &str) -> Result<PathBuf> {
    python_in(requirements, ".driftline/venv")
}

/// The same in a folder of its own.
pub fn python_in(requirements: &str, folder: &str) -> Result<PathBuf> {
    let venv = at(folder);
    let python = venv.join("bin/python");
    let (pinned, stamp) = (at(requirements), venv.join("driftline-requirements.txt"));
    if same(&pinned, &stamp) && python.exists() {
        return Ok(python);
    }
    let Some(system) = find(&["python3.11", "python3"]) else {
        bail!("`python3` with its venv module is needed to compare with other programs");
    };
    say(&format!("pip install -r {requirements} into {folder}"));
    run(command(system).args(["-m", "venv", "--clear"]).arg(&venv))?;
    run(command(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&pinned))?;
    copy(&pinned, &stamp)?;
    Ok(python)
}

/// Whether the stamp holds what the file holds.
pub fn same(file: &Path, stamp: &Path) -> bool {
    matches!((fs::read(file), fs::read(stamp)), (Ok(a), Ok(b)) if a == b)
}

/// Makes the stamp.
pub fn copy(file: &Path, stamp: &Path) -> Result<()> {
    fs::copy(file, stamp)
        .map(|_| ())
        .with_context(|| format!("`{}` could not be copied", file.display()))
}
