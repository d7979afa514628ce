//! What the counts say.

use super::models::{ask, hour, json_of, unknown};
use crate::Collector;
use crate::problem::Problem;
use crate::report::{self, Grain, Question};
use crate::trust::{Right, authorize};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use driftline::ErrorCode;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// What a report is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    from: Option<String>,
    to: Option<String>,
    grain: Option<String>,
    segment: Option<String>,
    layout: Option<String>,
}

impl Asked {
    fn question(self) -> Result<Question, Problem> {
        let grain = match self.grain.as_deref() {
            None | Some("day") => Grain::Day,
            Some("hour") => Grain::Hour,
            Some("week") => Grain::Week,
            Some("month") => Grain::Month,
            Some(_) => {
                let message = "`grain` is none of `hour`, `day`, `week` and `month`";
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return Err(Problem::new(status, ErrorCode::BadUsage, message));
            }
        };
        Ok(Question {
            from: hour("from", self.from.as_deref())?,
            to: hour("to", self.to.as_deref())?,
            grain,
            segment: self.segment,
            layout: self.layout,
        })
    }
}

/// A span of time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Between {
    from: Option<String>,
    to: Option<String>,
}

/// Drift, answers, performance and outcomes over time.
pub async fn report(
    State(collector): State<Arc<Collector>>,
    Path(identity): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    let question = asked.question()?;
    let read = ask(collector, move |store| report::read(store, &identity, &question));
    json_of(&read.await?.ok_or_else(unknown)?.map_err(Problem::unprocessable)?)
}

/// Two identities and a span of time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    a: String,
    b: String,
    from: Option<String>,
    to: Option<String>,
}

/// What one version does otherwise than another over the same time.
pub async fn compare(
    State(collector): State<Arc<Collector>>,
    Query(versions): Query<Versions>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    let question = Question {
        from: hour("from", versions.from.as_deref())?,
        to: hour("to", versions.to.as_deref())?,
        grain: Grain::Month,
        ..Question::default()
    };
    let Versions { a, b, .. } = versions;
    let read = ask(collector, move |store| report::compare(store, (&a, &b), &question));
    json_of(&read.await?.ok_or_else(unknown)?.map_err(Problem::unprocessable)?)
}

/// What moved since the baseline over a whole span, for each layout and each way of noise.
pub async fn drift(
    State(collector): State<Arc<Collector>>,
    Path(identity): Path<String>,
    Query(between): Query<Between>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    let question = Question {
        from: hour("from", between.from.as_deref())?,
        to: hour("to", between.to.as_deref())?,
        grain: Grain::Month,
        ..Question::default()
    };
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
