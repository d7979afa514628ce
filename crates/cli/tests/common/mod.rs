//! Runs the command in a directory of its own.

// each test binary uses a part of this
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A file of the flights example.
pub fn flights(name: &str) -> String {
    repository().join("examples/flights").join(name).display().to_string()
}

/// A directory that is removed afterwards; the command runs inside it.
pub struct Desk {
    directory: TempDir,
}

/// What the command answered.
#[derive(Debug)]
pub struct Answer {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn run(&self, args: &[&str]) -> Answer {
        self.run_with(args, "")
    }

    /// Runs with this on standard input.
    pub fn run_with(&self, args: &[&str], input: &str) -> Answer {
        self.write("stdin", input);
        let stdin = fs::File::open(self.path("stdin")).unwrap();
        let output: Output = Command::new(env!("CARGO_BIN_EXE_driftline"))
            .args(args)
            .current_dir(self.directory.path())
            .env("DRIFTLINE_RUNTIME", self.runtime())
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::from(stdin))
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Answer {
            status: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// A runtime as small as can be: an empty module, and the templates of the repository.
    fn runtime(&self) -> PathBuf {
        let runtime = self.path("runtime");
        if !runtime.exists() {
            self.write("runtime/driftline_bg.wasm", b"\0asm\x01\0\0\0");
            for name in ["index.js", "node.js", "index.cjs", "api.d.ts", "api.d.cts"] {
                self.write(&format!("runtime/{name}"), format!("// {name}\n"));
            }
            for name in ["index.d.ts.in", "package.json.in"] {
                let from = repository().join("pkg/template").join(name);
                fs::copy(from, runtime.join(name)).unwrap();
            }
        }
        runtime
    }

    /// Builds the flights bundle; `more` are further arguments.
    pub fn build_flights(&self, more: &[&str]) -> Answer {
        let (model, contract) = (flights("model.onnx"), flights("contract.yaml"));
        let (policy, baseline) = (flights("policy.yaml"), flights("baseline.json"));
        let mut args = vec!["build", &*model, "--contract", &*contract];
        args.extend(["--policy", &*policy, "--baseline", &*baseline, "-o", "dist"]);
        args.extend(more);
        self.run(&args)
    }
}

impl Answer {
    /// The error that `--json` printed.
    pub fn error(&self) -> serde_json::Value {
        assert_eq!(self.status, 2, "{self:?}");
        serde_json::from_str(&self.err).unwrap_or_else(|e| panic!("{e}: {}", self.err))
    }

    /// The error's code.
    pub fn code(&self) -> String {
        self.error()["code"].as_str().unwrap().to_owned()
    }

    /// Line and column of the error's place.
    pub fn place(&self) -> (u64, u64) {
        let place = &self.error()["place"];
        (place["line"].as_u64().unwrap(), place["column"].as_u64().unwrap())
    }

    /// Standard output as one JSON value a line.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    pub fn good(self) -> Self {
        assert_eq!(self.status, 0, "{}\n{}", self.out, self.err);
        self
    }
}
