//! The model card as tables; `export::html` lays them out.

use super::Told;
use crate::export::{Section, Sheet};
use crate::provenance::{Card, Provenance};
use crate::verify::against::words;
use driftline::Result;

/// The card: what people said, where it comes from, what it holds, and the contract's data sheet.
///
/// # Errors
/// Those of the data sheet.
pub fn sheet(told: &Told<'_>) -> Result<Sheet> {
    let mut sheet = Sheet::new(told.contract, Some((told.identity, told.policy)))?;
    let mut sections = Vec::new();
    if let Some(provenance) = told.provenance {
        if let Some(card) = &provenance.card {
            sections.extend(people(card));
        }
        sections.push(origin(provenance));
        sections.extend(data(provenance));
        sections.extend(signature(provenance));
        sections.extend(packages(provenance));
    }
    sections.push(parts(told));
    sections.append(&mut sheet.sections);
    Ok(Sheet { sections, ..sheet })
}

fn section(
    title: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<String>>,
) -> Option<Section> {
    (!rows.is_empty()).then(|| Section { title, text: String::new(), columns, rows })
}

fn people(card: &Card) -> Vec<Section> {
    let lists = [
        ("Intended use", &card.intended_use),
        ("Not for", &card.out_of_scope),
        ("Users", &card.users),
        ("Limits", &card.limits),
        ("Trade-offs", &card.tradeoffs),
        ("Ethics", &card.ethics),
        ("Training data", &card.training_data),
        ("Evaluation data", &card.evaluation_data),
        ("Links", &card.links),
    ];
    let mut rows: Vec<Vec<String>> = lists
        .iter()
        .flat_map(|(name, list)| list.iter().map(|text| vec![(*name).to_owned(), text.clone()]))
        .collect();
    rows.extend(card.contacts.iter().map(|c| {
        let email = c.email.as_ref().map_or(String::new(), |e| format!(" <{e}>"));
        vec!["Contact".into(), format!("{}{email}", c.name)]
    }));
    rows.extend(card.more.iter().map(|(name, text)| vec![name.clone(), text.clone()]));
    let figures = card.metrics.iter().map(|m| {
        let interval = match (m.lower, m.upper) {
            (None, None) => String::new(),
            (a, b) => {
                let end = |x: Option<f64>| x.map_or("…".to_owned(), |x| x.to_string());
                format!("{} to {}", end(a), end(b))
            }
        };
        vec![m.name.clone(), m.value.to_string(), interval, m.slice.clone().unwrap_or_default()]
    });
    let figures = figures.collect();
    let told = section("What it is for", &["Heading", "Text"], rows);
    let measured = section("Measured", &["Metric", "Value", "Interval", "Of"], figures);
    told.into_iter().chain(measured).collect()
}

fn origin(provenance: &Provenance) -> Section {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: Option<String>| {
        rows.extend(value.map(|value| vec![name.to_owned(), value]));
    };
    row("Author", provenance.author.clone());
    row("Created", provenance.created.clone());
    row("Licence", provenance.licence.clone());
    row(
        "Commit",
        provenance.git.as_ref().map(|git| {
            let changed = if git.dirty { ", with changes that no commit has" } else { "" };
            format!("{}{changed}", git.commit)
        }),
    );
    for run in &provenance.mlflow {
        row("MLflow run", run.run_id.clone());
        row("MLflow model", run.model_uuid.clone());
    }
    let columns = &["What", "Value"];
    Section { title: "Where it comes from", text: String::new(), columns, rows }
}

fn data(provenance: &Provenance) -> Option<Section> {
    let tracked = provenance.dvc.iter().flat_map(|f| f.tracked.iter().map(move |t| (f, t)));
    let rows = tracked.map(|(file, t)| {
        let stage = t.stage.clone().unwrap_or_default();
        let size = t.size.map_or(String::new(), |n| n.to_string());
        let sha256 = t.sha256.clone().unwrap_or_else(|| "not computed".into());
        vec![t.path.clone(), file.name.clone(), stage, size, t.digest.clone(), sha256]
    });
    section(
        "Data",
        &["Path", "DVC file", "Stage", "Bytes", "DVC's digest", "SHA-256"],
        rows.collect(),
    )
}

fn signature(provenance: &Provenance) -> Option<Section> {
    let all = provenance.mlflow.iter().flat_map(|run| &run.differences);
    let rows = all.map(|d| vec![d.input.clone(), d.what.as_str().to_owned(), words(d)]);
    section(
        "MLflow's signature against the contract",
        &["Input", "What", "Differs"],
        rows.collect(),
    )
}

fn packages(provenance: &Provenance) -> Option<Section> {
    let rows = provenance.environment.iter().flat_map(|e| {
        let pinned = e.packages.iter().map(|p| (p.name.clone(), p.version.clone()));
        let open = e.open.iter().map(|line| (line.clone(), "not pinned".to_owned()));
        pinned.chain(open).map(|(name, version)| vec![name, version, e.name.clone()])
    });
    section("Training environment", &["Package", "Version", "File"], rows.collect())
}

fn parts(told: &Told<'_>) -> Section {
    let row = |name: &str, what: String, digest: String| vec![name.to_owned(), what, digest];
    let manifest = told.manifest;
    let mut rows: Vec<Vec<String>> = manifest
        .parts
        .iter()
        .map(|p| row(&p.name, format!("part, {} bytes", p.bytes), format!("sha256:{}", p.sha256)))
        .collect();
    let made = manifest.references.iter();
    rows.extend(made.map(|r| row(&r.name, format!("made from: {}", r.role), r.digest.clone())));
    let runtime = &manifest.runtime;
    let text = format!(
        "Compiled by driftline {} for the {} runtime.",
        runtime.version,
        runtime.kind.as_str()
    );
    Section { title: "Parts", text, columns: &["Name", "What", "Digest"], rows }
}
