//! Steps that take one value and need nothing but it.

use super::fault;
use super::features::{Flow, expect, finite, numeric};
use crate::contract::scalar::Scalar;
use crate::contract::schema::InputType;
use crate::contract::step::Step;
use crate::error::Result;
use crate::limits::{MAX_CATEGORIES, MAX_FEATURES};

/// Follows a value through a step.
pub(super) fn apply(flow: &mut Flow, step: &Step, at: &str) -> Result<()> {
    match step {
        Step::StandardScale { mean: center, scale } | Step::RobustScale { center, scale } => {
            finite(Some(*center), at, "mean")?;
            finite(Some(*scale), at, "scale")?;
            if *scale == 0.0 {
                return Err(fault(format!("{at}.scale"), "a scale of 0 divides by 0"));
            }
            numeric(flow, 1, at)
        }
        Step::MinMaxScale { minimum, maximum } => {
            finite(Some(*minimum), at, "minimum")?;
            finite(Some(*maximum), at, "maximum")?;
            if minimum >= maximum || !(maximum - minimum).is_finite() {
                return Err(fault(format!("{at}.minimum"), "`minimum` must lie below `maximum`"));
            }
            numeric(flow, 1, at)
        }
        Step::Clip { minimum, maximum } => {
            finite(*minimum, at, "minimum")?;
            finite(*maximum, at, "maximum")?;
            if minimum.is_none() && maximum.is_none() {
                return Err(fault(at, "a clip needs `minimum` or `maximum`"));
            }
            if minimum.zip(*maximum).is_some_and(|(low, high)| low > high) {
                return Err(fault(format!("{at}.minimum"), "`minimum` is above `maximum`"));
            }
            numeric(flow, 1, at)
        }
        Step::Log { base, offset } => {
            finite(*base, at, "base")?;
            finite(Some(*offset), at, "offset")?;
            if base.is_some_and(|b| b <= 0.0 || b == 1.0) {
                return Err(fault(format!("{at}.base"), "the base must be above 0 and not 1"));
            }
            numeric(flow, 1, at)
        }
        Step::BoxCox { lambda } | Step::YeoJohnson { lambda } => {
            finite(Some(*lambda), at, "lambda")?;
            numeric(flow, 1, at)
        }
        Step::Cyclic { period } => {
            finite(Some(*period), at, "period")?;
            if *period <= 0.0 {
                return Err(fault(format!("{at}.period"), "the period must be above 0"));
            }
            numeric(flow, 2, at)
        }
        Step::Quantile { quantiles, .. } => {
            rising(quantiles, false, &format!("{at}.quantiles"))?;
            numeric(flow, 1, at)
        }
        Step::Bins { edges } => {
            rising(edges, true, &format!("{at}.edges"))?;
            numeric(flow, 1, at)?;
            flow.kind = InputType::Integer;
            flow.values = Some((0..edges.len() as i64 - 1).map(Scalar::Integer).collect());
            Ok(())
        }
        Step::Hash { buckets, .. } => {
            textual(flow, at)?;
            check_buckets(*buckets, at)?;
            flow.becomes(InputType::Integer, 1);
            Ok(())
        }
        Step::HashTokens { buckets, ngrams, .. } => {
            textual(flow, at)?;
            check_buckets(*buckets, at)?;
            if ngrams.0 == 0 || ngrams.0 > ngrams.1 || ngrams.1 > 16 {
                return Err(fault(
                    format!("{at}.ngrams"),
                    "from 1 to at most 16, the shortest first",
                ));
            }
            flow.becomes(InputType::Number, *buckets as usize);
            Ok(())
        }
        Step::TextLength {} => {
            textual(flow, at)?;
            flow.becomes(InputType::Integer, 1);
            Ok(())
        }
        Step::Epoch { .. } => {
            expect(flow, flow.kind == InputType::Timestamp, "a timestamp", at)?;
            flow.becomes(InputType::Number, 1);
            Ok(())
        }
        _ => numeric(flow, 1, at),
    }
}

fn textual(flow: &Flow, at: &str) -> Result<()> {
    let holds = matches!(flow.kind, InputType::Text | InputType::Category);
    expect(flow, holds, "a text", at)
}

fn check_buckets(buckets: u32, at: &str) -> Result<()> {
    if buckets == 0 || buckets as usize > MAX_FEATURES {
        return Err(fault(format!("{at}.buckets"), format!("from 1 to {MAX_FEATURES} buckets")));
    }
    Ok(())
}

fn rising(list: &[f64], strictly: bool, path: &str) -> Result<()> {
    if list.len() < 2 || list.len() > MAX_CATEGORIES {
        return Err(fault(path, "the list needs two numbers or more"));
    }
    for (n, pair) in list.windows(2).enumerate() {
        let [a, b] = pair else { continue };
        if !a.is_finite() || !b.is_finite() || a > b || (strictly && a == b) {
            return Err(fault(format!("{path}[{}]", n + 1), "the numbers must be finite and rise"));
        }
    }
    Ok(())
}
