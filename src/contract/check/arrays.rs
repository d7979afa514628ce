//! Features of arrays: what shape is left after each step.

use super::fault;
use super::features::{Flow, finite};
use crate::contract::quote::quote;
use crate::contract::schema::{Contract, Input, InputType, Missing};
use crate::contract::step::{Feature, Resampling, Step};
use crate::error::Result;
use crate::limits::MAX_LIST_LENGTH;
use crate::tensor::DType;

/// Follows an array through the steps of a feature.
pub(super) fn flow(feature: &Feature, input: &Input, path: &str) -> Result<Flow> {
    let at = format!("{path}.steps");
    if matches!(input.missing, Missing::Allow | Missing::Impute) {
        let message = format!("{} may be missing, and no step handles it", quote(&input.name));
        return Err(fault(at, message).with_help("reject or escalate a missing array at the input"));
    }
    let mut shape = input.shape.clone().unwrap_or_default();
    let mut whole = !matches!(input.dtype, Some(DType::Float32 | DType::Float64));
    let mut last = false;
    for (n, step) in feature.steps.iter().enumerate() {
        let at = format!("{path}.steps[{n}].{}", step.name());
        if last {
            return Err(fault(at, "no step follows `channels_first`"));
        }
        whole = apply(step, &mut shape, whole, input.dtype, &at)?;
        last = matches!(step, Step::ChannelsFirst {});
    }
    let lengths: Option<Vec<u32>> = shape.iter().copied().collect();
    let Some(shape) = lengths else {
        return Err(fault(at, "a dimension is still open, and a model's input is not")
            .with_help("fix it in the input's `shape`, or add `resize` or `center_crop`"));
    };
    let width = shape.iter().try_fold(1usize, |n, length| n.checked_mul(*length as usize));
    let width = width.filter(|n| *n > 0 && *n <= MAX_LIST_LENGTH).ok_or_else(|| {
        fault(at, format!("the result has none or more than {MAX_LIST_LENGTH} elements"))
    })?;
    let kind = if whole { InputType::Integer } else { InputType::Number };
    Ok(Flow { kind, width, missing: false, unseen: false, values: None, shape })
}

/// Lengths of the dimensions of a checked contract's feature; `None` unless it comes from an array.
pub(crate) fn array_shape(contract: &Contract, feature: &Feature) -> Option<Vec<usize>> {
    let (_, input) = contract.input(&feature.from)?;
    if input.kind != InputType::Array {
        return None;
    }
    let flow = flow(feature, input, "").ok()?;
    Some(flow.shape.iter().map(|n| *n as usize).collect())
}

/// Whether the elements are still whole numbers after the step.
fn apply(
    step: &Step,
    shape: &mut Vec<Option<u32>>,
    whole: bool,
    dtype: Option<DType>,
    at: &str,
) -> Result<bool> {
    if let Step::Normalize { divisor, mean, std } = step {
        normalize(*divisor, mean, std, shape.last().copied().flatten(), at)?;
        return Ok(false);
    }
    let size = |length: u32, name: &str| {
        if length > 0 && length as usize <= MAX_LIST_LENGTH {
            return Ok(Some(length));
        }
        Err(fault(format!("{at}.{name}"), format!("from 1 to {MAX_LIST_LENGTH} pixels")))
    };
    let [height, width, channels] = shape.as_mut_slice() else {
        let message = "the step takes height, width and channels of an image";
        let known = matches!(
            step,
            Step::Resize { .. }
                | Step::CenterCrop { .. }
                | Step::Channels { .. }
                | Step::ChannelsFirst {}
        );
        let message =
            if known { message } else { "the step takes one value, and an array arrives" };
        return Err(fault(at, message));
    };
    match step {
        Step::Resize { height: h, width: w, shortest, method } => {
            match (h, w, shortest) {
                (Some(h), Some(w), None) => {
                    (*height, *width) = (size(*h, "height")?, size(*w, "width")?);
                }
                (None, None, Some(side)) => {
                    size(*side, "shortest")?;
                    (*height, *width) = match (*height, *width) {
                        (Some(h), Some(w)) => {
                            let (h, w) = shortest_side(h, w, *side);
                            (size(h, "shortest")?, size(w, "shortest")?)
                        }
                        _ => (None, None),
                    };
                }
                _ => return Err(fault(at, "either `height` and `width`, or `shortest` alone")),
            }
            Ok(match method {
                Resampling::Nearest => whole,
                Resampling::Bilinear => false,
                Resampling::BilinearAntialias => whole && dtype == Some(DType::Uint8),
            })
        }
        Step::CenterCrop { height: h, width: w } => {
            let (h, w) = (size(*h, "height")?, size(*w, "width")?);
            if height.is_some_and(|have| Some(have) < h) || width.is_some_and(|have| Some(have) < w)
            {
                return Err(fault(at, "the image is smaller than what is cut out of it"));
            }
            (*height, *width) = (h, w);
            Ok(whole)
        }
        Step::Channels { take } => {
            let Some(have) = *channels else {
                return Err(fault(at, "the number of channels is open: fix it in the `shape`"));
            };
            if take.is_empty() || take.len() > have as usize || take.iter().any(|c| *c >= have) {
                let message = format!("from 1 to {have} channels, numbered from 0");
                return Err(fault(format!("{at}.take"), message));
            }
            *channels = u32::try_from(take.len()).ok();
            Ok(whole)
        }
        Step::ChannelsFirst {} => {
            shape.rotate_right(1);
            Ok(whole)
        }
        _ => Err(fault(at, "the step takes one value, and an array arrives")),
    }
}

/// Height and width when the shorter side gets this length: torchvision's
/// `_compute_resized_output_size`.
pub(crate) fn shortest_side(height: u32, width: u32, side: u32) -> (u32, u32) {
    let (short, long) = (height.min(width), height.max(width));
    let other = u64::from(side) * u64::from(long) / u64::from(short.max(1));
    let other = u32::try_from(other).unwrap_or(u32::MAX);
    if height <= width { (side, other) } else { (other, side) }
}

fn normalize(divisor: f64, mean: &[f64], std: &[f64], last: Option<u32>, at: &str) -> Result<()> {
    finite(Some(divisor), at, "divisor")?;
    if divisor == 0.0 {
        return Err(fault(format!("{at}.divisor"), "a divisor of 0 divides by 0"));
    }
    for (list, name) in [(mean, "mean"), (std, "std")] {
        let one_each = last.is_some_and(|n| list.len() == n as usize);
        if list.len() > 1 && !one_each {
            let message = "one number, or one for each element of the last dimension";
            return Err(fault(format!("{at}.{name}"), message));
        }
        for x in list {
            finite(Some(*x), at, name)?;
            if name == "std" && *x == 0.0 {
                return Err(fault(format!("{at}.std"), "a deviation of 0 divides by 0"));
            }
        }
    }
    Ok(())
}
