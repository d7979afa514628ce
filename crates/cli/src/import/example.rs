//! The input example beside an MLmodel file: rows that the model's authors hold for good, tried on
//! the contract.

use super::{Imported, Left, bad};
use driftline::Result;
use driftline::contract::{RecordReader, Validator, Violation};
use driftline::limits::MAX_EXAMPLE_ROWS;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::path::{Component, Path, PathBuf};

/// Violations that are told.
const MAX_TOLD: usize = 5;

#[derive(Deserialize)]
struct MlModel {
    saved_input_example_info: Option<Info>,
}

#[derive(Deserialize)]
struct Info {
    artifact_path: String,
}

/// Name of the example's file beside the MLmodel file; none where it would lie elsewhere.
pub fn named(text: &str) -> Option<PathBuf> {
    let model: MlModel = serde_saphyr::from_str(text).ok()?;
    let path = PathBuf::from(model.saved_input_example_info?.artifact_path);
    let inside = path.components().all(|c| matches!(c, Component::Normal(_)));
    inside.then_some(path)
}

/// Notes which rows of the example the contract refuses.
///
/// # Errors
/// [`driftline::ErrorCode::BadInput`] if the file is no JSON.
pub fn compare(imported: &mut Imported, file: &Path, text: &str) -> Result<()> {
    let example: Json = serde_json::from_str(text).map_err(|_| bad("input example in JSON"))?;
    let file = file.display();
    let mut note = |path: String, why: String| imported.notes.push(Left { path, why });
    let Some(rows) = rows(&example) else {
        note(file.to_string(), "the example is no table, and was not tried".to_owned());
        return Ok(());
    };
    let reader = RecordReader::new(&imported.contract);
    let validator = Validator::new(&imported.contract)?;
    let (mut told, mut refused) = (Vec::new(), 0usize);
    for (at, row) in rows.iter().take(MAX_EXAMPLE_ROWS).enumerate() {
        let text = Json::Object(row.clone()).to_string();
        let mut violations: Vec<Violation> = Vec::new();
        validator.validate(reader.read_json(&text)?, &mut violations);
        refused += usize::from(!violations.is_empty());
        let path = |v: &Violation| format!("{file} row {} `{}`", at + 1, v.input);
        told.extend(violations.into_iter().map(|v| (path(&v), v.message)));
    }
    let more = told.len().saturating_sub(MAX_TOLD);
    for (path, why) in told.into_iter().take(MAX_TOLD) {
        note(path, format!("the model's own example is refused: {why}"));
    }
    if more > 0 {
        note(
            file.to_string(),
            format!("{more} violations more; {refused} rows break the contract"),
        );
    }
    Ok(())
}

/// The rows of a table as pandas writes it by columns and data, or as a list of objects.
fn rows(example: &Json) -> Option<Vec<Map<String, Json>>> {
    if let Some(list) = example.as_array() {
        return list.iter().map(|row| row.as_object().cloned()).collect();
    }
    let names: Option<Vec<&str>> =
        example.get("columns")?.as_array()?.iter().map(Json::as_str).collect();
    let names = names?;
    let row = |row: &Json| {
        let cells = row.as_array().filter(|cells| cells.len() == names.len())?;
        Some(names.iter().map(|n| (*n).to_owned()).zip(cells.iter().cloned()).collect())
    };
    example.get("data")?.as_array()?.iter().map(row).collect()
}
