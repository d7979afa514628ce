//! What a bundle was made from, computed again in a folder that has it.

use super::folder::Folder;
use super::{Finding, Status};
use crate::provenance::dvc::{self, File, Tracked, single};
use crate::provenance::mlflow::Difference;
use crate::provenance::{Environment, Git, Provenance, Run, git};
use driftline::Result;
use driftline::bundle::Reference;
use driftline::contract::Contract;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

const NOT_THERE: &str = "no file of this name is in the folder";

/// The references by SHA-256, whose files are looked for by name.
pub fn references(all: &[Reference], folder: &Folder) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for reference in all.iter().filter(|r| r.digest.starts_with("sha256:")) {
        let what = format!("{} `{}`", reference.role, reference.name);
        findings.push(located(&what, &reference.name, &reference.digest, folder)?.0);
    }
    Ok(findings)
}

/// The file of this name that has the digest; else the first one, which differs.
fn located(
    what: &str,
    name: &str,
    digest: &str,
    folder: &Folder,
) -> Result<(Finding, Option<PathBuf>)> {
    let mut first = None;
    for path in folder.named(name) {
        let found = single(path)?.sha256;
        let finding = Finding::compare(what, digest, &found).noted(folder.shown(path));
        if finding.status == Status::Holds {
            return Ok((finding, Some(path.clone())));
        }
        first = first.or_else(|| Some((finding, Some(path.clone()))));
    }
    let missing = Finding::of(what, Status::Unreachable, NOT_THERE).stated(digest);
    Ok(first.unwrap_or((missing, None)))
}

/// Everything that the part `provenance` says of files.
pub fn provenance(
    stated: &Provenance,
    contract: &Contract,
    folder: &Folder,
) -> Result<Vec<Finding>> {
    let mut all = Vec::new();
    if let Some(git) = &stated.git {
        all.extend(commit(git, folder.root()));
    }
    for file in &stated.dvc {
        dvc_file(file, folder, &mut all)?;
    }
    for run in &stated.mlflow {
        mlflow(run, contract, folder, &mut all)?;
    }
    for environment in &stated.environment {
        packages(environment, folder, &mut all)?;
    }
    Ok(all)
}

/// What is said when no folder is given.
pub fn unreachable(references: &[Reference], stated: Option<&Provenance>) -> Vec<Finding> {
    let why = "no folder is given with `--against`";
    let of = |r: &Reference| {
        Finding::of(format!("{} `{}`", r.role, r.name), Status::Unreachable, why).stated(&r.digest)
    };
    let mut all: Vec<Finding> = references.iter().map(of).collect();
    let inputs = stated.iter().flat_map(|p| &p.dvc).flat_map(|f| &f.tracked).filter(|t| t.input);
    all.extend(inputs.map(|t| {
        Finding::of(format!("data `{}`", t.path), Status::Unreachable, why).stated(&t.digest)
    }));
    all
}

fn commit(stated: &Git, root: &Path) -> Vec<Finding> {
    const COMMIT: &str = "git commit";
    const TREE: &str = "git work tree";
    let found = match git::has(root, &stated.commit) {
        Err(why) => Finding::of(COMMIT, Status::Unreachable, why).stated(&stated.commit),
        Ok(true) => Finding::compare(COMMIT, &stated.commit, &stated.commit),
        Ok(false) if git::shallow(root) => {
            let why = "the repository holds a part of the history only";
            Finding::of(COMMIT, Status::Unreachable, why).stated(&stated.commit)
        }
        Ok(false) => {
            let why = "the repository has no such commit";
            Finding::of(COMMIT, Status::Differs, why).stated(&stated.commit)
        }
    };
    let there = found.status == Status::Holds;
    let mut all = vec![found];
    if stated.dirty {
        let why = "it was built from changes that no commit has";
        all.push(Finding::of(TREE, Status::Unreachable, why));
    } else if there && let Ok(now) = git::read(root) {
        all.push(if now.commit == stated.commit {
            let word = |dirty: bool| if dirty { "changed" } else { "clean" };
            Finding::compare(TREE, word(stated.dirty), word(now.dirty))
        } else {
            Finding::of(TREE, Status::Unreachable, format!("{} is checked out", now.commit))
        });
    }
    all
}

fn dvc_file(stated: &File, folder: &Folder, all: &mut Vec<Finding>) -> Result<()> {
    let what = format!("dvc `{}`", stated.name);
    let (finding, path) = located(&what, &stated.name, &stated.digest, folder)?;
    let same = finding.status == Status::Holds;
    all.push(finding);
    let base = path.as_deref().and_then(Path::parent).unwrap_or(folder.root());
    let base = stated.base(base);
    if let (false, Some(path)) = (same, &path) {
        // which of its lines were changed
        match File::read(path) {
            Ok(now) => changed(stated, &now, all),
            Err(e) => all.push(Finding::of(what, Status::Differs, e.to_string())),
        }
    }
    for tracked in &stated.tracked {
        all.push(data(tracked, &base, folder)?);
    }
    for (source, values) in &stated.params {
        params(source, values, &base, all);
    }
    Ok(())
}

/// The entries of a DVC file that are otherwise than when the bundle was built.
fn changed(stated: &File, now: &File, all: &mut Vec<Finding>) {
    let key = |t: &Tracked| (t.stage.clone(), t.path.clone());
    for tracked in &stated.tracked {
        let what = format!("`{}` in `{}`", tracked.path, stated.name);
        let Some(entry) = now.tracked.iter().find(|t| key(t) == key(tracked)) else {
            all.push(Finding::of(what, Status::Differs, "it is no longer tracked"));
            continue;
        };
        let entry = Tracked { sha256: tracked.sha256.clone(), ..entry.clone() };
        if entry != *tracked {
            let of = |t: &Tracked| {
                let size = t.size.map_or(String::new(), |n| format!(", {n} bytes"));
                format!("{}{size}", t.digest)
            };
            let mut finding = Finding::compare(what, &of(tracked), &of(&entry));
            finding.status = Status::Differs;
            all.push(finding);
        }
    }
    for (file, values) in &stated.params {
        for (name, value) in values {
            let found = now.params.get(file).and_then(|v| v.get(name)).unwrap_or(&Json::Null);
            if found != value {
                let what = format!("parameter `{name}` in `{}`", stated.name);
                all.push(Finding::compare(what, &value.to_string(), &found.to_string()));
            }
        }
    }
}

fn data(tracked: &Tracked, base: &Path, folder: &Folder) -> Result<Finding> {
    let what = format!("data `{}`", tracked.path);
    if let Some(content) = tracked.content(base, folder.root())? {
        let stated = match &tracked.sha256 {
            Some(sha256) => format!("{} {sha256}", tracked.digest),
            None => tracked.digest.clone(),
        };
        return Ok(match tracked.differs(&content) {
            Some((kind, stated, found)) => Finding::compare(what, &stated, &found).noted(kind),
            None => Finding::compare(what, &stated, &stated),
        });
    }
    // without the data, DVC's cache may have the list of a directory
    if let Some(list) = tracked.cached_list(folder.root()) {
        let md5 = format!("md5:{}.dir", single(&list)?.md5);
        return Ok(Finding::compare(what, &tracked.digest, &md5).noted("its list in DVC's cache"));
    }
    let why = if dvc::is_plain(&tracked.path) {
        "the data is not in the folder"
    } else {
        "the data lies outside the folder"
    };
    Ok(Finding::of(what, Status::Unreachable, why).stated(&tracked.digest))
}

fn params(
    source: &str,
    values: &std::collections::BTreeMap<String, Json>,
    base: &Path,
    all: &mut Vec<Finding>,
) {
    let what = |name: &str| format!("parameter `{name}` of `{source}`");
    let path = base.join(source);
    let yaml = matches!(path.extension().and_then(|e| e.to_str()), Some("yaml" | "yml" | "json"));
    if !yaml || !dvc::is_plain(source) || !path.is_file() {
        let why = "the file is not in the folder, or is neither YAML nor JSON";
        let of = |name: &String| Finding::of(what(name), Status::Unreachable, why);
        all.extend(values.keys().map(of));
        return;
    }
    match crate::provenance::references::parse::<Json>(&path, "YAML") {
        Err(e) => all.push(Finding::of(format!("`{source}`"), Status::Differs, e.to_string())),
        Ok(now) => {
            for (name, value) in values {
                // DVC names a nested value by the keys with dots between them
                let found = name.split('.').try_fold(&now, |v, key| v.get(key));
                let found = found.unwrap_or(&Json::Null);
                let same =
                    found == value || found.as_f64().is_some_and(|x| Some(x) == value.as_f64());
                let shown = if same { value } else { found };
                all.push(Finding::compare(what(name), &value.to_string(), &shown.to_string()));
            }
        }
    }
}

fn mlflow(
    stated: &Run,
    contract: &Contract,
    folder: &Folder,
    all: &mut Vec<Finding>,
) -> Result<()> {
    let what = format!("mlflow `{}`", stated.name);
    let (finding, path) = located(&what, &stated.name, &stated.digest, folder)?;
    all.push(finding);
    let Some(path) = path else { return Ok(()) };
    let now = match Run::read(&path, contract) {
        Ok(now) => now,
        Err(e) => {
            all.push(Finding::of(what, Status::Differs, e.to_string()));
            return Ok(());
        }
    };
    let fields = [
        ("run_id", &stated.run_id, &now.run_id),
        ("model_uuid", &stated.model_uuid, &now.model_uuid),
        ("mlflow_version", &stated.mlflow_version, &now.mlflow_version),
        ("utc_time_created", &stated.utc_time_created, &now.utc_time_created),
    ];
    let none = || "nothing".to_owned();
    for (name, stated, found) in fields {
        if stated != found {
            let [a, b] = [stated, found].map(|v| v.clone().unwrap_or_else(none));
            all.push(Finding::compare(format!("{what} {name}"), &a, &b));
        }
    }
    let what = format!("{what} signature");
    let mut same = true;
    for (list, other, is_stated) in [
        (&stated.differences, &now.differences, true),
        (&now.differences, &stated.differences, false),
    ] {
        for difference in list.iter().filter(|d| !other.contains(d)) {
            same = false;
            let text = words(difference);
            let (a, b) = if is_stated { (text, none()) } else { (none(), text) };
            let what = format!("{what}, {} of `{}`", difference.what.as_str(), difference.input);
            all.push(Finding::compare(what, &a, &b));
        }
    }
    if same {
        let note = match stated.differences.len() {
            0 => "as the contract".to_owned(),
            n => format!("differs from the contract in {n} places, as stated"),
        };
        all.push(Finding::of(what, Status::Holds, note));
    }
    Ok(())
}

/// What the signature says against what the contract says.
pub fn words(difference: &Difference) -> String {
    let of = |said: &Option<String>| said.clone().unwrap_or_else(|| "nothing".into());
    format!("{} against {}", of(&difference.signature), of(&difference.contract))
}

fn packages(stated: &Environment, folder: &Folder, all: &mut Vec<Finding>) -> Result<()> {
    let what = format!("environment `{}`", stated.name);
    // the file itself is among the references; here which versions of it were changed
    let (finding, path) = located(&what, &stated.name, &stated.digest, folder)?;
    let (Status::Differs, Some(path)) = (finding.status, path) else { return Ok(()) };
    let now = Environment::read(&path)?;
    for package in &stated.packages {
        if now.packages.contains(package) {
            continue;
        }
        let same =
            |p: &&crate::provenance::Package| p.name == package.name && p.marker == package.marker;
        let found = now.packages.iter().find(same).map_or("nothing", |p| &*p.version);
        let what = format!("package `{}` of `{}`", package.name, stated.name);
        all.push(Finding::compare(what, &package.version, found));
    }
    Ok(())
}
