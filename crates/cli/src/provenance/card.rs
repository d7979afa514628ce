//! The model card: what only people know. Headings follow Mitchell et al., "Model Cards for Model
//! Reporting" (2019).

use driftline::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What only people know of a model; every member may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Card {
    /// What the model is for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intended_use: Vec<String>,
    /// What it must not be used for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub out_of_scope: Vec<String>,
    /// For whom it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Where it is known to fail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// What to weigh against what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tradeoffs: Vec<String>,
    /// Risks to people, and what was done about them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ethics: Vec<String>,
    /// What it was trained on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub training_data: Vec<String>,
    /// What it was evaluated on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evaluation_data: Vec<String>,
    /// Measured figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// Whom to ask.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Contact>,
    /// Papers, pages, tickets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// Anything else, by heading.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, String>,
}

/// A measured figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Such as `accuracy`.
    pub name: String,
    /// Its value, finite.
    pub value: f64,
    /// The part of the data that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<String>,
    /// Lower end of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper end of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
}

/// Somebody to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// A person, team or desk.
    pub name: String,
    /// Where mail goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Card {
    /// Refuses figures that are none.
    pub fn check(&self) -> Result<()> {
        for (i, metric) in self.metrics.iter().enumerate() {
            let numbers = [Some(metric.value), metric.lower, metric.upper];
            let finite = numbers.iter().flatten().all(|x| x.is_finite());
            if !finite || metric.lower.zip(metric.upper).is_some_and(|(a, b)| a > b) {
                let message =
                    format!("the metric `{}` is not finite or its interval empty", metric.name);
                return Err(
                    Error::new(ErrorCode::BadInput, message).at_path(format!("metrics[{i}]"))
                );
            }
        }
        Ok(())
    }
}
