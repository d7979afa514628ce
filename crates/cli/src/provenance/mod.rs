//! Where a bundle comes from, as its part `provenance`: what was given, and what was read from the
//! files that were given. Nothing is read unasked, and the wasm never reads the part.

mod card;
pub mod dvc;
mod environment;
pub mod git;
mod licence;
pub mod mlflow;
pub mod references;

pub use card::Card;
pub use environment::{Environment, Package};
pub use git::Git;
pub use mlflow::Run;

use crate::assemble::Sources;
use crate::definition::Source;
use crate::signature::time;
use driftline::contract::Contract;
use driftline::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Value of the part's `format`.
pub const FORMAT: &str = "driftline.provenance/1";
/// Name of the part.
pub const PART: &str = "provenance";

/// Longest name of an author, in bytes.
const MAX_AUTHOR_BYTES: usize = 1_024;

/// Where a bundle comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Always `driftline.provenance/1`.
    pub format: String,
    /// Who built it, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When, as given: `2013-06-03T00:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The model's licence as an SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// The commit of the source code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<Git>,
    /// Files of DVC, with what they track.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dvc: Vec<dvc::File>,
    /// MLflow's runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mlflow: Vec<Run>,
    /// What the training ran with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<Environment>,
    /// The model card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
}

impl Provenance {
    /// Reads the part of a bundle.
    ///
    /// # Errors
    /// [`ErrorCode::BundlePart`], or [`ErrorCode::FormatVersion`] for another format.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let fault = |text: String| Error::new(ErrorCode::BundlePart, text).at_path(PART);
        let read: serde_json::Value = serde_json::from_slice(bytes)
            .map_err(|e| fault(format!("the part is no JSON: {e}")))?;
        if read.get("format").and_then(|f| f.as_str()) != Some(FORMAT) {
            let message = format!("the part's format is not `{FORMAT}`");
            return Err(Error::new(ErrorCode::FormatVersion, message).at_path(PART));
        }
        serde_json::from_value(read).map_err(|e| fault(format!("the part cannot be read: {e}")))
    }
}

/// Gathers what was asked for; `None` if nothing was.
///
/// # Errors
/// What is wrong with one of the files or arguments, and [`ErrorCode::ProvenanceMismatch`] where a
/// file is not as its DVC file says.
pub fn collect(sources: &Sources, contract: &Contract) -> Result<Option<Provenance>> {
    let mut all = Provenance { format: FORMAT.into(), ..Provenance::default() };
    if let Some(author) = &sources.author {
        let bad = author.is_empty()
            || author.len() > MAX_AUTHOR_BYTES
            || author.chars().any(char::is_control);
        if bad {
            return Err(Error::new(
                ErrorCode::BadUsage,
                "the author is empty, too long or no line",
            )
            .in_file("--author"));
        }
        all.author = Some(author.clone());
    }
    all.created = sources.created.as_deref().map(time::given).transpose()?;
    all.licence = sources.licence.as_deref().map(licence::check).transpose()?;
    all.card = sources.card.as_deref().map(card).transpose()?;
    for given in &sources.provenance {
        match references::Kind::of(given) {
            references::Kind::Git(folder) => all.git = Some(git::read(folder)?),
            references::Kind::Dvc(path) => all.dvc.push(dvc::File::read(path)?.examined(path)?),
            references::Kind::Mlflow(path) => all.mlflow.push(Run::read(path, contract)?),
            references::Kind::Requirements(path) => all.environment.push(Environment::read(path)?),
            references::Kind::File(..) => {}
        }
    }
    all.dvc.sort_by(|a, b| a.name.cmp(&b.name));
    all.mlflow.sort_by(|a, b| (&a.run_id, &a.model_uuid).cmp(&(&b.run_id, &b.model_uuid)));
    all.environment.sort_by(|a, b| a.name.cmp(&b.name));
    let asked = all != Provenance { format: FORMAT.into(), ..Provenance::default() };
    Ok(asked.then_some(all))
}

fn card(path: &Path) -> Result<Card> {
    let source = Source::read(path, ErrorCode::BadInput)?;
    let card: Card = source.value()?;
    card.check().map_err(|e| source.locate(e))?;
    Ok(card)
}

#[cfg(test)]
mod tests;
