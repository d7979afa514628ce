//! What the counts say.

use super::models::{ask, json_of, unknown};
use super::query::{Identity, Parameters};
use crate::Collector;
use crate::problem::Problem;
use crate::report::{self, Grain, Question};
use crate::trust::{Right, authorize};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;

const GRAINS: [(&str, Grain); 4] =
    [("hour", Grain::Hour), ("day", Grain::Day), ("week", Grain::Week), ("month", Grain::Month)];

/// A whole span of time, in windows as few as may be.
fn whole(asked: &mut Parameters) -> Result<Question, Problem> {
    let (from, to) = (asked.hour("from")?, asked.hour("to")?);
    Ok(Question { from, to, grain: Grain::Month, ..Question::default() })
}

/// Drift, answers, performance and outcomes over time.
pub async fn report(
    State(collector): State<Arc<Collector>>,
    Identity(identity): Identity,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    let mut asked = Parameters::read(&query, &["from", "to", "grain", "segment", "layout"])?;
    let question = Question {
        from: asked.hour("from")?,
        to: asked.hour("to")?,
        grain: asked.word("grain", &GRAINS)?.unwrap_or(Grain::Day),
        segment: asked.text("segment"),
        layout: asked.text("layout"),
    };
    let read = ask(collector, move |store| report::read(store, &identity, &question));
    json_of(&read.await?.ok_or_else(unknown)?.map_err(Problem::unprocessable)?)
}

/// What one version does otherwise than another over the same time.
pub async fn compare(
    State(collector): State<Arc<Collector>>,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    let mut asked = Parameters::read(&query, &["a", "b", "from", "to"])?;
    let (a, b) = (asked.needed("a")?, asked.needed("b")?);
    let question = whole(&mut asked)?;
    let read = ask(collector, move |store| report::compare(store, (&a, &b), &question));
    json_of(&read.await?.ok_or_else(unknown)?.map_err(Problem::unprocessable)?)
}

/// What moved since the baseline over a whole span, for each layout and each way of noise.
pub async fn drift(
    State(collector): State<Arc<Collector>>,
    Identity(identity): Identity,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    let question = whole(&mut Parameters::read(&query, &["from", "to"])?)?;
    let read = ask(collector, move |store| report::read_all(store, &identity, &question));
    let reports: Result<Vec<_>, _> = read.await?.into_iter().collect();
    let reports = reports.map_err(Problem::unprocessable)?;
    if reports.is_empty() {
        return Err(unknown());
    }
    let layouts = reports.iter().map(|report| {
        let groups = report.groups.iter().map(|group| {
            let inputs = group.total.as_ref().map(|total| total.inputs.as_slice());
            json!({
                "mode": group.mode,
                "epsilon": group.epsilon,
                "bound": group.bound,
                "inputs": inputs.unwrap_or_default(),
            })
        });
        json!({ "layout": report.layout, "groups": groups.collect::<Vec<_>>() })
    });
    json_of(&json!({ "layouts": layouts.collect::<Vec<_>>() }))
}
