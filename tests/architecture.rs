//! The shape of the library holds: one way of imports, no ambient state, no platform mathematics,
//! short files.
//!
//! The sources are read as token streams, so that paths inside macro calls count and those inside
//! comments and literals do not.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// May be imported by every module; each of them only by those after it.
const FOUNDATIONS: &[&str] = &["error", "limits", "sorted", "stats", "tensor"];

/// The way of the data; then those that assemble it; then the leaf.
const WAY: &[&str] = &[
    "contract",
    "preprocess",
    "model",
    "decision",
    "summary",
    "privacy",
    "beacon",
    "drift",
    "bundle",
    "gate",
    "wasm",
];

/// What would let the host's state into the core, as paths.
const AMBIENT: &[&[&str]] = &[
    &["std", "env"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time", "Instant"],
    &["std", "time", "SystemTime"],
];

/// Methods of floats whose last bit the platform decides; `libm` decides it everywhere alike.
const PLATFORM_MATH: &[&str] = &[
    "exp", "exp2", "exp_m1", "ln", "ln_1p", "log", "log2", "log10", "powf", "powi", "sin", "cos",
    "tan", "sin_cos", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh",
    "atanh", "cbrt", "hypot",
];

/// The only places that may name the kernels.
const KERNELS: &[&str] = &["model/plan/", "stats/"];

/// The only place that may name tract.
const TRACT: &str = "model/tract/";

/// No file by hand is longer.
const MAX_LINES: usize = 600;

#[derive(Debug, PartialEq, Eq)]
struct Fault {
    file: String,
    line: usize,
    what: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Names that `lib.rs` re-exports, with the module they come from.
type Reexports = BTreeMap<String, String>;

fn reexports(lib: &str) -> Reexports {
    fn walk(tree: &syn::UseTree, module: Option<&str>, out: &mut Reexports) {
        match (tree, module) {
            (syn::UseTree::Path(path), Some(module)) => walk(&path.tree, Some(module), out),
            (syn::UseTree::Path(path), None) if path.ident == "crate" || path.ident == "self" => {
                walk(&path.tree, None, out);
            }
            (syn::UseTree::Path(path), None) => {
                walk(&path.tree, Some(&path.ident.to_string()), out);
            }
            (syn::UseTree::Name(name), Some(module)) => {
                out.insert(name.ident.to_string(), module.to_owned());
            }
            (syn::UseTree::Rename(name), Some(module)) => {
                out.insert(name.rename.to_string(), module.to_owned());
            }
            (syn::UseTree::Group(group), module) => {
                group.items.iter().for_each(|tree| walk(tree, module, out));
            }
            _ => {}
        }
    }
    let mut out = Reexports::new();
    for item in syn::parse_file(lib).expect("lib.rs parses").items {
        if let syn::Item::Use(item) = item {
            walk(&item.tree, None, &mut out);
        }
    }
    out
}

/// Whether `from` may import `to`, both top-level modules.
fn may_import(from: &str, to: &str) -> bool {
    if from == to {
        return true;
    }
    let rank = |name: &str| {
        let all = FOUNDATIONS.iter().chain(WAY);
        all.clone().position(|module| *module == name)
    };
    match (rank(from), rank(to)) {
        (Some(from), Some(to)) => to < from,
        _ => false,
    }
}

struct Scan<'a> {
    file: &'a str,
    /// Top-level module of the file.
    top: &'a str,
    reexports: &'a Reexports,
    faults: Vec<Fault>,
}

impl Scan<'_> {
    fn fault(&mut self, token: &TokenTree, what: String) {
        let line = token.span().start().line;
        self.faults.push(Fault { file: self.file.to_owned(), line, what });
    }

    /// `depth`: modules between the crate's root and here, the file's own top module included.
    fn stream(&mut self, stream: TokenStream, depth: usize) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut inner = depth;
        for (i, token) in tokens.iter().enumerate() {
            let rest = &tokens[i..];
            match token {
                TokenTree::Group(group) => {
                    self.stream(group.stream(), inner);
                    inner = depth;
                }
                TokenTree::Ident(ident) => {
                    let starts_path = i == 0 || !is_path_separator(&tokens[..i]);
                    match ident.to_string().as_str() {
                        "mod" => inner = depth + 1,
                        "crate" => self.imports(rest),
                        "super" if starts_path => self.supers(rest, depth),
                        "driftline_kernels"
                            if KERNELS.iter().any(|place| self.file.starts_with(place)) => {}
                        name if name.starts_with("driftline_") => {
                            self.fault(token, format!("`{name}` is a leaf, not for the core"));
                        }
                        name if name.starts_with("tract_") && !self.file.starts_with(TRACT) => {
                            self.fault(token, format!("`{name}` is for `{TRACT}` alone"));
                        }
                        _ => {}
                    }
                    if starts_path {
                        self.ambient(rest);
                    }
                    if i > 0 && is_char(&tokens[i - 1], '.') {
                        self.platform_math(rest);
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => inner = depth,
                _ => {}
            }
        }
    }

    /// `rest` starts with `crate`, or is what follows a `super` that leads to the root.
    fn imports(&mut self, rest: &[TokenTree]) {
        for token in after_separator(&rest[1..]) {
            let TokenTree::Ident(ident) = &token else { continue };
            let name = ident.to_string();
            if name == "self" {
                continue;
            }
            let target = self.reexports.get(&name).unwrap_or(&name).clone();
            let known = FOUNDATIONS.contains(&target.as_str()) || WAY.contains(&target.as_str());
            if !known {
                self.fault(&token, format!("`{name}` is no module of the way"));
            } else if !may_import(self.top, &target) {
                self.fault(&token, format!("`{}` imports from `{target}`", self.top));
            }
        }
    }

    fn supers(&mut self, rest: &[TokenTree], depth: usize) {
        let mut rest = rest;
        let mut level = depth;
        while let Some(TokenTree::Ident(ident)) = rest.first() {
            if ident != "super" {
                return;
            }
            level = level.saturating_sub(1);
            if level == 0 {
                return self.imports(rest);
            }
            if !is_path_separator(&rest[1..3.min(rest.len())]) {
                return;
            }
            rest = &rest[3..];
        }
    }

    fn ambient(&mut self, rest: &[TokenTree]) {
        for path in AMBIENT {
            if reaches(rest, path) {
                let what = format!("`{}` lets the host's state in", path.join("::"));
                self.fault(&rest[0], what);
            }
        }
    }

    fn platform_math(&mut self, rest: &[TokenTree]) {
        if let [TokenTree::Ident(name), TokenTree::Group(arguments), ..] = rest
            && arguments.delimiter() == Delimiter::Parenthesis
            && PLATFORM_MATH.contains(&name.to_string().as_str())
        {
            self.fault(&rest[0], format!("`.{name}()` rounds as the platform likes; use `libm`"));
        }
    }
}

fn is_char(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

/// Whether the tokens end in `::`.
fn is_path_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [.., TokenTree::Punct(a), TokenTree::Punct(b)]
        if a.as_char() == ':' && a.spacing() == Spacing::Joint && b.as_char() == ':')
}

/// The first names after a `::`: one, or those of a brace group.
fn after_separator(rest: &[TokenTree]) -> Vec<TokenTree> {
    if rest.len() < 3 || !is_path_separator(&rest[..2]) {
        return Vec::new();
    }
    match &rest[2] {
        TokenTree::Group(group) => {
            let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
            tokens
                .split(|token| is_char(token, ','))
                .filter_map(|entry| entry.first().cloned())
                .collect()
        }
        token => vec![token.clone()],
    }
}

/// Whether the tokens name `path`, also through brace groups.
fn reaches(rest: &[TokenTree], path: &[&str]) -> bool {
    let (Some(TokenTree::Ident(first)), Some((head, tail))) = (rest.first(), path.split_first())
    else {
        return false;
    };
    if first != head {
        return false;
    }
    if tail.is_empty() {
        return true;
    }
    if rest.len() < 4 || !is_path_separator(&rest[1..3]) {
        return false;
    }
    match &rest[3] {
        TokenTree::Group(group) => {
            let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
            tokens.split(|token| is_char(token, ',')).any(|entry| reaches(entry, tail))
        }
        _ => reaches(&rest[3..], tail),
    }
}

/// Checks one source; `file` is its path from `src/`.
fn check(file: &str, source: &str, reexports: &Reexports) -> Vec<Fault> {
    let path = Path::new(file);
    let mut modules: Vec<String> =
        path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if modules.last().is_some_and(|name| name == "mod") {
        modules.pop();
    }
    let top = modules.first().expect("a path").clone();
    let stream: TokenStream = source.parse().unwrap_or_else(|e| panic!("{file}: {e}"));
    let mut scan = Scan { file, top: &top, reexports, faults: Vec::new() };
    if !FOUNDATIONS.contains(&top.as_str()) && !WAY.contains(&top.as_str()) {
        let what = format!("`{top}` has no place in the way");
        scan.faults.push(Fault { file: file.to_owned(), line: 1, what });
    }
    scan.stream(stream, modules.len());
    let lines = source.lines().count();
    if lines > MAX_LINES {
        let what = format!("{lines} lines, more than {MAX_LINES}");
        scan.faults.push(Fault { file: file.to_owned(), line: lines, what });
    }
    scan.faults
}

fn sources(dir: &Path, ends: &[&str], out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let generated = ["target", "node_modules", "dist", "dist-tabular", "dist-tract"]
            .contains(&name.as_str());
        if path.is_dir() && !generated && !name.starts_with('.') {
            sources(&path, ends, out);
        } else if path.extension().is_some_and(|e| ends.iter().any(|end| e == *end)) {
            out.push(path);
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_library_keeps_its_shape() {
    let src = root().join("src");
    let reexports = reexports(&fs::read_to_string(src.join("lib.rs")).expect("lib.rs"));
    let mut files = Vec::new();
    sources(&src, &["rs"], &mut files);
    let mut faults = Vec::new();
    for path in files {
        let name = path.strip_prefix(&src).expect("inside").to_string_lossy().into_owned();
        if name != "lib.rs" {
            faults.extend(check(&name, &fs::read_to_string(&path).expect("a source"), &reexports));
        }
    }
    let listed: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "\n{}", listed.join("\n"));
}

#[test]
fn no_file_is_long() {
    let mut files = Vec::new();
    for dir in ["src", "crates", "xtask", "tests", "benches", "fuzz", "pkg", "www", "examples"] {
        let dir = root().join(dir);
        if dir.is_dir() {
            sources(&dir, &["rs", "ts", "js", "mjs", "py", "css", "html"], &mut files);
        }
    }
    assert!(files.len() > 5, "only {} files found", files.len());
    for path in files {
        let lines = fs::read_to_string(&path).expect("a source").lines().count();
        assert!(lines <= MAX_LINES, "{}: {lines} lines", path.display());
    }
}

#[test]
fn the_leaves_are_not_depended_on() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the root manifest");
    let package = manifest.split_once("[package]").expect("a root package").1;
    for name in ["driftline-", "tract", "clap", "tokio"] {
        let depends = package.lines().any(|line| {
            // tract is a feature that the plan runtime does not have; the kernels are part of it
            let optional = line.starts_with("tract") && line.contains("optional = true");
            let known = line.starts_with("tract = [") || line.starts_with("driftline-kernels.");
            line.starts_with(name) && !optional && !known
        });
        assert!(!depends, "the root package depends on `{name}`");
    }
}

#[test]
fn a_made_up_breach_is_found() {
    let reexports = reexports("mod gate;\npub use error::{Error, Result};\npub use gate::Gate;\n");
    let found = |file: &str, source: &str| -> Vec<String> {
        check(file, source, &reexports).iter().map(ToString::to_string).collect()
    };
    let one = |file: &str, source: &str, expected: &str| {
        assert_eq!(found(file, source), [format!("{file}:{expected}")], "{source}");
    };
    one("contract/mod.rs", "use crate::model::Plan;", "1: `contract` imports from `model`");
    one("contract/a.rs", "\nuse crate::{error, gate};", "2: `contract` imports from `gate`");
    one("contract/a.rs", "use crate::Gate;", "1: `contract` imports from `gate`");
    one("model/a.rs", "fn f() { crate::gate::g() }", "1: `model` imports from `gate`");
    one("model/a.rs", "m!(crate::wasm::x);", "1: `model` imports from `wasm`");
    one("model/a.rs", "use super::super::drift::x;", "1: `model` imports from `drift`");
    one("gate.rs", "use super::wasm;", "1: `gate` imports from `wasm`");
    one("limits.rs", "use crate::tensor::T;", "1: `limits` imports from `tensor`");
    one("gate.rs", "use crate::nowhere;", "1: `nowhere` is no module of the way");
    one("extra.rs", "", "1: `extra` has no place in the way");
    one("model/plan/a.rs", "use tract_nnef::x;", "1: `tract_nnef` is for `model/tract/` alone");
    assert!(found("model/tract/mod.rs", "use tract_nnef::x;").is_empty());
    one("gate.rs", "use driftline_cli::x;", "1: `driftline_cli` is a leaf, not for the core");
    one("gate.rs", "use std::{fmt, fs};", "1: `std::fs` lets the host's state in");
    one("gate.rs", "fn f() { std::env::var(\"A\"); }", "1: `std::env` lets the host's state in");
    one("gate.rs", "use std::time::{Duration, Instant};", {
        "1: `std::time::Instant` lets the host's state in"
    });
    one("gate.rs", "fn f(x: f64) { x.exp(); }", {
        "1: `.exp()` rounds as the platform likes; use `libm`"
    });
    one("gate.rs", &"\n".repeat(601), "601: 601 lines, more than 600");

    for (file, source) in [
        ("gate.rs", "use crate::{Result, decision::Decider, bundle::{Bundle, wasm}};"),
        ("gate.rs", "mod tests { use super::*; fn f() { super::wasm(); } }"),
        ("gate.rs", "mod tests; use crate::error::Error;"),
        ("model/plan/mod.rs", "use super::super::contract::x; pub(crate) fn f() {}"),
        ("model/plan/mod.rs", "pub(super) fn f() {} pub(in crate::model) fn g() {}"),
        ("wasm/mod.rs", "use crate::gate::Gate;"),
        ("drift.rs", "// use crate::wasm;\n/// crate::gate\nconst A: &str = \"crate::gate\";"),
        ("drift.rs", "fn f(x: f64) { libm::exp(x); self.exp; x.sqrt(); }"),
    ] {
        assert_eq!(found(file, source), Vec::<String>::new(), "{source}");
    }
}
